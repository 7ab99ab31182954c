package session

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

const (
	// maxArrowRecord bounds the memory of one record of COPY FROM (FORMAT arrow).
	maxArrowRecord = 64 << 20
	// copyChunk is the size of a CopyData message of a columnar format.
	copyChunk = 64 << 10
)

// copyToColumnar is COPY TO STDOUT (FORMAT arrow | parquet).
func (s *Session) copyToColumnar(ctx context.Context, q *plan.Query, format columnar.Format, w face.Writer) error {
	fields := make([]columnar.Field, len(q.Fields))
	for i, f := range q.Fields {
		fields[i] = columnar.Field{Name: f.Name, Type: f.Type}
	}
	chunks := &chunkWriter{w: w}
	out, err := columnar.NewWriter(chunks, format, fields)
	if err != nil {
		return err
	}
	if err := w.CopyOut(len(fields), face.Binary); err != nil {
		return err
	}
	if err := s.runQuery(ctx, q, nil, flow.OutFunc(out.Write)); err != nil {
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

// arrow is COPY FROM STDIN (FORMAT arrow): the stream's fields are the columns by name.
func (c *copyIn) arrow(ctx context.Context, data face.CopyIn) error {
	r, err := columnar.NewReader(&copyStream{ctx: ctx, in: data}, maxArrowRecord)
	if err != nil {
		return err
	}
	defer r.Close()
	at, err := c.match(r.Names())
	if err != nil {
		return err
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
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
	return c.flush(ctx)
}
