package httpd

import (
	"bufio"
	"encoding/json"
	"io"
	"mime"
	"strings"

	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/server/oneshot"
)

// format is a form in which rows are answered.
type format struct {
	contentType string
	open        func(out io.Writer, fields []face.Field) (encoder, error)
}

// encoder writes rows in a format.
type encoder interface {
	rows(b *delta.Batch) error
	flush() error
	close() error
	// fail says in the format, where it has a way to, that the rows end with an error.
	fail(e *sqlerr.Error)
}

// formats in the order of preference; the first is for clients that take anything.
var formats = []format{
	{"application/x-ndjson", openJSON},
	{"text/csv", openCSV},
	{"application/vnd.apache.arrow.stream", openColumnar(columnar.Arrow)},
	{"application/vnd.apache.parquet", openColumnar(columnar.Parquet)},
}

// formatFor picks a format by an Accept header. Weights are not looked at: of several that are
// accepted the first that is written here counts.
func formatFor(accept string) (format, bool) {
	if strings.TrimSpace(accept) == "" {
		return formats[0], true
	}
	for item := range strings.SplitSeq(accept, ",") {
		kind, _, _ := mime.ParseMediaType(item)
		for _, f := range formats {
			whole, _, _ := strings.Cut(f.contentType, "/")
			if kind == f.contentType || kind == "*/*" || kind == whole+"/*" {
				return f, true
			}
		}
	}
	return format{}, false
}

func formatNames() string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.contentType
	}
	return strings.Join(names, ", ")
}

// eachRow calls write for every live row, as often as its weight says.
func eachRow(b *delta.Batch, write func(row int32) error) error {
	return b.EachRow(func(row int32) error {
		for range b.Weight(row) {
			if err := write(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// jsonRows is one JSON object a line, each row as row_to_json gives it.
type jsonRows struct {
	out   *bufio.Writer
	names [][]byte
	line  []byte
}

func openJSON(out io.Writer, fields []face.Field) (encoder, error) {
	j := &jsonRows{out: bufio.NewWriterSize(out, 64<<10)}
	for _, f := range fields {
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		j.names = append(j.names, name)
	}
	return j, nil
}

func (j *jsonRows) rows(b *delta.Batch) error {
	return eachRow(b, func(row int32) error {
		j.line = append(record.AppendJSON(j.line[:0], j.names, b.Cols, row), '\n')
		_, err := j.out.Write(j.line)
		return err
	})
}

func (j *jsonRows) flush() error { return j.out.Flush() }
func (j *jsonRows) close() error { return j.out.Flush() }

func (j *jsonRows) fail(e *sqlerr.Error) {
	// why errors are dropped: the client is gone then, or will be cut off in a moment.
	_ = json.NewEncoder(j.out).Encode(map[string]any{"error": problemOf(e)})
	_ = j.out.Flush()
}

// csvRows is what COPY … (FORMAT csv, HEADER) writes.
type csvRows struct {
	out    *bufio.Writer
	fields []face.Field
	line   []byte
	value  []byte
}

func openCSV(out io.Writer, fields []face.Field) (encoder, error) {
	c := &csvRows{out: bufio.NewWriterSize(out, 64<<10), fields: fields}
	for i, f := range fields {
		if i > 0 {
			c.line = append(c.line, ',')
		}
		c.line = record.AppendCSVField(c.line, []byte(f.Name), ',', len(fields) == 1)
	}
	_, err := c.out.Write(append(c.line, '\n'))
	return c, err
}

func (c *csvRows) rows(b *delta.Batch) error {
	return eachRow(b, func(row int32) error {
		c.line = c.line[:0]
		for i := range b.Cols {
			if i > 0 {
				c.line = append(c.line, ',')
			}
			if b.Cols[i].Null(row) {
				continue
			}
			c.value = c.fields[i].Encode(c.value[:0], &b.Cols[i], row)
			c.line = record.AppendCSVField(c.line, c.value, ',', len(b.Cols) == 1)
		}
		_, err := c.out.Write(append(c.line, '\n'))
		return err
	})
}

func (c *csvRows) flush() error       { return c.out.Flush() }
func (c *csvRows) close() error       { return c.out.Flush() }
func (c *csvRows) fail(*sqlerr.Error) { _ = c.out.Flush() } // CSV has no way to say it: the connection is cut

// columnarRows is an Arrow IPC stream or a Parquet file.
type columnarRows struct {
	w   *columnar.Writer
	out *bufio.Writer
}

func openColumnar(f columnar.Format) func(io.Writer, []face.Field) (encoder, error) {
	return func(out io.Writer, fields []face.Field) (encoder, error) {
		buffered := bufio.NewWriterSize(out, 256<<10)
		w, err := columnar.NewWriter(buffered, f, oneshot.Columns(fields))
		return &columnarRows{w, buffered}, err
	}
}

func (c *columnarRows) rows(b *delta.Batch) error { return c.w.Write(b) }

func (c *columnarRows) flush() error { return c.out.Flush() }

func (c *columnarRows) close() error {
	if err := c.w.Close(); err != nil {
		return err
	}
	return c.out.Flush()
}

func (c *columnarRows) fail(*sqlerr.Error) {} // without its end the stream is broken, and the connection is cut
