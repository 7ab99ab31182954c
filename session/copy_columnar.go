package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

const (
	// maxArrowRecord bounds the memory of one record of COPY FROM (FORMAT arrow).
	maxArrowRecord = 64 << 20
	// copyChunk is the size of a CopyData message of a columnar format.
	copyChunk = 64 << 10
)

// copyToColumnar is COPY TO STDOUT (FORMAT arrow | parquet).
func (s *Session) copyToColumnar(ctx context.Context, q *plan.Query, pin *lane.Pin, format columnar.Format, w face.Writer) error {
	fields := make([]columnar.Field, len(q.Fields))
	for i, f := range q.Fields {
		fields[i] = columnar.Field{Name: f.Name, Type: sqltype.BaseOf(f.Type)}
	}
	chunks := &chunkWriter{w: w}
	out, err := columnar.NewWriter(chunks, format, fields)
	if err != nil {
		return err
	}
	if err := w.CopyOut(len(fields), face.Binary); err != nil {
		return err
	}
	if err := s.db.Runtime.Query(ctx, q, s.runAt(pin.Version(), nil), flow.OutFunc(out.Write)); err != nil {
		return err
	}
	if err := errors.Join(out.Close(), chunks.flush()); err != nil {
		return err
	}
	if err := w.CopyDone(); err != nil {
		return err
	}
	return w.Complete("COPY " + strconv.FormatInt(out.Rows(), 10))
}

// chunkWriter sends a stream of bytes as CopyData messages.
type chunkWriter struct {
	w   face.Writer
	buf []byte
}

func (c *chunkWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(c.buf)+len(p) >= copyChunk {
		k := copyChunk - len(c.buf)
		c.buf = append(c.buf, p[:k]...)
		p = p[k:]
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	c.buf = append(c.buf, p...)
	return n, nil
}

func (c *chunkWriter) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	err := c.w.CopyData(c.buf)
	c.buf = c.buf[:0]
	return err
}

// copyStream reads the client's CopyData messages as a stream of bytes.
type copyStream struct {
	ctx  context.Context
	in   face.CopyIn
	rest []byte
}

func (c *copyStream) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		var err error
		if c.rest, err = c.in.Next(c.ctx); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// arrow is COPY FROM STDIN (FORMAT arrow).
func (c *copyIn) arrow(ctx context.Context, data face.CopyIn) error {
	r, err := columnar.NewReader(&copyStream{ctx: ctx, in: data}, maxArrowRecord)
	if err != nil {
		return err
	}
	defer r.Close()
	return c.records(ctx, r)
}

// parquet is COPY FROM STDIN (FORMAT parquet). What says where its columns are is at a file's end:
// all of it lies in a temporary run before the first row is read.
func (c *copyIn) parquet(ctx context.Context, data face.CopyIn) error {
	if c.s.db.Temp == nil {
		return unsupported("COPY FROM in format parquet without a data directory")
	}
	file := c.s.db.Temp.File(c.s.set.bytes("temp_file_limit"))
	defer file.Close()
	run := file.NewBytes()
	for {
		chunk, err := data.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if _, err := run.Write(chunk); err != nil {
			return err
		}
	}
	held := c.s.hold()
	defer held.drop()
	r, err := columnar.NewParquetReader(run, run.Size(), held.set)
	if err != nil {
		return err
	}
	defer r.Close()
	return c.records(ctx, r)
}

// records writes the rows of r, whose fields are the columns by name.
func (c *copyIn) records(ctx context.Context, r *columnar.Reader) error {
	at, err := c.match(r.Names())
	if err != nil {
		return err
	}
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return c.flush(ctx)
		}
		if err != nil {
			return err
		}
		for from := 0; from < rec.Rows(); from += copyRows {
			if err := c.record(ctx, rec, at, from, min(from+copyRows, rec.Rows())); err != nil {
				return err
			}
		}
	}
}

// match finds the field of each column to copy; every field must belong to one.
func (c *copyIn) match(names []string) ([]int, error) {
	at := make([]int, len(c.columns))
	for i, col := range c.columns {
		name := c.rel.Columns[col].Name
		if at[i] = slices.Index(names, name); at[i] < 0 {
			return nil, sqlerr.New(sqlerr.BadCopyFileFormat, "missing data for column %q", name)
		}
	}
	for i, name := range names {
		if !slices.Contains(at, i) {
			return nil, sqlerr.New(sqlerr.BadCopyFileFormat, "field %q is no column to copy", name)
		}
	}
	return at, nil
}

// record writes rows [from, to) of rec.
func (c *copyIn) record(ctx context.Context, rec columnar.Record, at []int, from, to int) error {
	for i, col := range c.columns {
		if err := rec.Append(c.rows.Cols[col], c.rel.Columns[col].Type, at[i], from, to, c.env); err != nil {
			var e *sqlerr.Error
			if errors.As(err, &e) && e.Context == "" {
				e.Context = fmt.Sprintf("COPY %s, column %s, rows %d to %d", c.rel.Name, c.rel.Columns[col].Name, c.total+1, c.total+int64(to-from))
			}
			return err
		}
	}
	for range to - from {
		if err := c.fillDefaults(); err != nil {
			return err
		}
		c.rows.End(1)
	}
	c.total += int64(to - from)
	if c.rows.Len() < copyRows && c.rows.Size() < copyBytes {
		return nil
	}
	return c.flush(ctx)
}
