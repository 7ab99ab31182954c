package oneshot

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// writer is the session's writer in front of a Result.
type writer struct {
	out      Result
	data     io.Reader
	tag      string
	affected int64
}

func (w *writer) Fields(fields []face.Field) error { return w.out.Columns(fields) }

func (w *writer) Rows(b *delta.Batch) error {
	if len(b.Errs) > 0 {
		return b.Errs[0].Err
	}
	return w.out.Rows(b)
}

func (w *writer) Complete(tag string) error {
	w.tag = tag
	w.affected += affected(tag)
	return nil
}

func (w *writer) Suspended() error { return nil } // only under a row limit
func (w *writer) Empty() error     { return nil }
func (w *writer) Flush() error     { return w.out.Flush() }

func (w *writer) CopyIn(int, face.Format) (face.CopyIn, error) {
	if w.data == nil {
		return nil, errCopy
	}
	return &copyIn{in: w.data, buf: make([]byte, 64<<10)}, nil
}

func (w *writer) CopyOut(int, face.Format) error { return errCopy }
func (w *writer) CopyData([]byte) error          { return errCopy }
func (w *writer) CopyDone() error                { return errCopy }

var errCopy = sqlerr.New(sqlerr.FeatureNotSupported, "COPY FROM STDIN and COPY TO STDOUT need the PostgreSQL protocol").
	WithHint("Here a SELECT gives its rows in the format asked for.")

// copyIn cuts a reader into chunks.
type copyIn struct {
	in  io.Reader
	buf []byte
}

func (c *copyIn) Next(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		n, err := c.in.Read(c.buf)
		if n > 0 {
			return c.buf[:n], nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil, io.EOF
			}
			return nil, err
		}
	}
}

// Columns are the result columns for a columnar format.
func Columns(fields []face.Field) []columnar.Field {
	out := make([]columnar.Field, len(fields))
	for i, f := range fields {
		out[i] = columnar.Field{Name: f.Name, Type: f.Type}
	}
	return out
}
