package rpc

import (
	"context"
	"encoding/hex"
	"strconv"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/server/oneshot"
)

const (
	// rowsBytes is about how large an answer with rows may be.
	rowsBytes = 256 << 10
	// valueCost is what a value takes besides its text while an answer is made.
	valueCost = 100
)

// rows sends the rows of a statement, some at a time. The first answer has the columns.
type rows struct {
	s    *Server
	ctx  context.Context
	send func(columns []*tributaryv1.Column, rows []*tributaryv1.Row) error

	fields  []face.Field
	columns []*tributaryv1.Column
	rows    []*tributaryv1.Row
	bytes   int
	free    func() // of the room that an answer takes; nil = none is being made
	text    []byte
}

var _ oneshot.Result = (*rows)(nil)

func (r *rows) Columns(fields []face.Field) error {
	r.fields = fields
	r.columns = make([]*tributaryv1.Column, len(fields))
	for i, f := range fields {
		r.columns[i] = &tributaryv1.Column{Name: f.Name, Type: f.Type.String()}
	}
	return nil
}

func (r *rows) Rows(b *delta.Batch) error {
	return b.EachRow(func(row int32) error {
		for range b.Weight(row) {
			if err := r.row(b, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *rows) row(b *delta.Batch, row int32) (err error) {
	if r.free == nil {
		if r.free, err = r.s.room.Acquire(r.ctx, callOf(r.ctx).who.Peer, 2*rowsBytes); err != nil {
			return err
		}
	}
	out := &tributaryv1.Row{Values: make([]*tributaryv1.Value, len(r.fields))}
	for i := range r.fields {
		if out.Values[i], err = r.value(&r.fields[i], &b.Cols[i], row); err != nil {
			return err
		}
		r.bytes += valueCost + len(r.text)
	}
	r.rows = append(r.rows, out)
	if r.bytes >= rowsBytes {
		return r.Flush()
	}
	return nil
}

// value is a column's, from its text: the session writes those of all types.
func (r *rows) value(f *face.Field, c *delta.Column, row int32) (*tributaryv1.Value, error) {
	r.text = r.text[:0]
	if c.Null(row) {
		return &tributaryv1.Value{}, nil
	}
	r.text = f.Encode(r.text, c, row)
	text := string(r.text)
	switch f.Type.OID {
	case sqltype.Bool:
		return &tributaryv1.Value{Kind: &tributaryv1.Value_Bool{Bool: text == "t"}}, nil
	case sqltype.Int2, sqltype.Int4, sqltype.Int8:
		n, err := strconv.ParseInt(text, 10, 64)
		return &tributaryv1.Value{Kind: &tributaryv1.Value_Integer{Integer: n}}, err
	case sqltype.Float4:
		n, err := strconv.ParseFloat(text, 32)
		return &tributaryv1.Value{Kind: &tributaryv1.Value_Double{Double: n}}, err
	case sqltype.Float8:
		n, err := strconv.ParseFloat(text, 64)
		return &tributaryv1.Value{Kind: &tributaryv1.Value_Double{Double: n}}, err
	case sqltype.Bytea:
		raw, err := hex.DecodeString(text[len(`\x`):])
		return &tributaryv1.Value{Kind: &tributaryv1.Value_Bytes{Bytes: raw}}, err
	}
	return &tributaryv1.Value{Kind: &tributaryv1.Value_Text{Text: text}}, nil
}

// Flush sends what there is; before anything else the columns.
func (r *rows) Flush() error {
	if len(r.rows) == 0 && r.columns == nil {
		return nil
	}
	err := r.send(r.columns, r.rows)
	r.columns, r.rows, r.bytes = nil, nil, 0
	r.end()
	return err
}

// end gives the room back.
func (r *rows) end() {
	if r.free != nil {
		r.free()
		r.free = nil
	}
}
