package pgwire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxRow bounds one DataRow, as PostgreSQL's buffers do.
const maxRow = 1<<30 - 1

// writer is the face.Writer of a connection.
type writer struct {
	c      *conn
	fields []face.Field
	simple bool // the rows' description goes with them
	copies bool // between CopyOut and CopyDone
}

var _ face.Writer = (*writer)(nil)

func (w *writer) begin(simple bool) {
	w.fields, w.simple, w.copies = nil, simple, false
}

// Fields implements face.Writer.
func (w *writer) Fields(fields []face.Field) error {
	for i := range fields {
		if fields[i].Encode == nil {
			return fmt.Errorf("column %q has no encoder", fields[i].Name)
		}
	}
	if err := w.c.sayable(fields); err != nil {
		return err
	}
	if w.fields = fields; w.simple {
		if fields == nil {
			w.fields = []face.Field{}
		}
		w.c.out.rowDescription(w.fields)
	}
	return w.wrote()
}

// Rows implements face.Writer.
func (w *writer) Rows(b *delta.Batch) error {
	if len(b.Errs) > 0 {
		return b.Errs[0].Err
	}
	if len(b.Cols) != len(w.fields) {
		return fmt.Errorf("a row of %d columns was announced, one of %d written", len(w.fields), len(b.Cols))
	}
	if b.Sel == nil {
		for row := range int32(b.Len) {
			if err := w.row(b, row); err != nil {
				return err
			}
		}
		return nil
	}
	for _, row := range b.Sel {
		if err := w.row(b, row); err != nil {
			return err
		}
	}
	return nil
}

// row writes one row as many times as its weight says.
func (w *writer) row(b *delta.Batch, row int32) error {
	weight := b.Weight(row)
	if weight < 0 {
		return fmt.Errorf("a result has a row of weight %d", weight)
	}
	for range weight {
		if err := w.dataRow(b, row); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) dataRow(b *delta.Batch, row int32) error {
	out := &w.c.out
	at := out.begin('D')
	out.int16(len(b.Cols))
	buf := out.b
	for i := range b.Cols {
		col := &b.Cols[i]
		if col.Null(row) {
			buf = append(buf, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		size := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		buf = w.fields[i].Encode(buf, col, row)
		if w.c.charset != nil {
			var err error
			if buf, err = w.value(buf, size+4, &w.fields[i]); err != nil {
				out.dropOpen()
				return faceError{err}
			}
		}
		binary.BigEndian.PutUint32(buf[size:], uint32(len(buf)-size-4))
	}
	out.b = buf
	if len(buf)-at > maxRow {
		out.dropOpen()
		return faceError{sqlerr.New(sqlerr.ProgramLimitExceeded, "a row of the result is larger than %d bytes", maxRow)}
	}
	out.end(at)
	return w.wrote()
}

// Complete implements face.Writer.
func (w *writer) Complete(tag string) error {
	w.c.out.text('C', tag)
	return w.wrote()
}

// Suspended implements face.Writer.
func (w *writer) Suspended() error {
	w.c.out.empty('s')
	return w.wrote()
}

// Empty implements face.Writer.
func (w *writer) Empty() error {
	w.c.out.empty('I')
	return w.wrote()
}

// Flush implements face.Writer.
func (w *writer) Flush() error {
	if w.c.out.flush() != nil {
		return errGone
	}
	return nil
}

// wrote sends what has become much.
func (w *writer) wrote() error {
	if w.c.out.spill() != nil {
		return errGone
	}
	return nil
}

// CopyOut implements face.Writer.
func (w *writer) CopyOut(columns int, format face.Format) error {
	if err := w.c.copies(format); err != nil {
		return err
	}
	w.copyResponse('H', columns, format)
	w.copies = true
	return w.wrote()
}

// CopyData implements face.Writer.
func (w *writer) CopyData(data []byte) error {
	if !w.copies {
		return errors.New("copy data outside a copy")
	}
	if w.c.charset != nil && !plainASCII(data) {
		var err error
		if data, err = w.c.charset.FromUTF8(nil, data); err != nil {
			return faceError{err}
		}
	}
	at := w.c.out.begin('d')
	w.c.out.b = append(w.c.out.b, data...)
	w.c.out.end(at)
	return w.wrote()
}

// CopyDone implements face.Writer.
func (w *writer) CopyDone() error {
	w.copies = false
	w.c.out.empty('c')
	return w.wrote()
}

// CopyIn implements face.Writer.
func (w *writer) CopyIn(columns int, format face.Format) (face.CopyIn, error) {
	if err := w.c.copies(format); err != nil {
		return nil, err
	}
	w.copyResponse('G', columns, format)
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return &copyIn{c: w.c}, nil
}

func (w *writer) copyResponse(typ byte, columns int, format face.Format) {
	out := &w.c.out
	at := out.begin(typ)
	out.byte(byte(format))
	out.int16(columns)
	for range columns {
		out.int16(int(format))
	}
	out.end(at)
}
