package parquet

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Reader reads the rows of a file, in order. Not safe for concurrent use.
type Reader struct {
	footer *footer
	schema *arrow.Schema
	group  int   // the next one
	left   int64 // rows of the group at hand
	cols   []*chunkReader
	memory memory
}

// Open reads the footer of a file of size bytes, whose other bytes Next reads as it needs them.
// charge is told how many bytes the Reader will have before it takes them; its error ends the
// call.
func Open(in io.ReaderAt, size int64, charge func(total int64) error) (*Reader, error) {
	r := &Reader{memory: memory{charge: charge}}
	var err error
	if r.footer, err = readFooter(in, size, r.memory.take); err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(r.footer.columns))
	for i := range r.footer.columns {
		c := &r.footer.columns[i]
		fields[i] = arrow.Field{Name: c.name, Type: c.typ, Nullable: c.optional}
		r.cols = append(r.cols, &chunkReader{column: c, in: in, memory: &r.memory})
	}
	r.schema = arrow.NewSchema(fields, nil)
	return r, nil
}

// Schema of the records.
func (r *Reader) Schema() *arrow.Schema { return r.schema }

// Next is the next rows, 1 to 8,192, borrowed until the call after; io.EOF at the end. After an
// error there is nothing more to read.
func (r *Reader) Next() (arrow.Record, error) {
	for r.left == 0 {
		if r.group == len(r.footer.groups) {
			return nil, io.EOF
		}
		g := &r.footer.groups[r.group]
		r.group++
		r.left = g.rows
		for i, c := range r.cols {
			if g.rows > 0 {
				c.begin(g.chunks[i], g.rows)
			}
		}
	}
	n := int(min(r.left, maxRows))
	for _, c := range r.cols {
		if c.ready() == 0 {
			if err := c.fill(); err != nil {
				return nil, err
			}
		}
		n = min(n, c.ready())
	}
	columns := make([]arrow.Array, len(r.cols))
	for i, c := range r.cols {
		columns[i] = array.NewSlice(c.rows, int64(c.used), int64(c.used+n))
		c.used += n
	}
	r.left -= int64(n)
	return array.NewRecord(r.schema, columns, int64(n)), nil
}
