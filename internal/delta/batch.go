package delta

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Batch is rows with weights: a fragment of a Z-set, in columns.
//
// A Batch is borrowed: it is valid until the call it was passed to returns. Who keeps rows
// copies them. The receiver never writes into it, except that an operator may replace Sel,
// Weights and Cols of its own shallow copy.
type Batch struct {
	Len  int // physical rows in every column
	Cols []Column
	// Sel lists the live physical rows, ascending; nil = all of [0, Len). A row with an error
	// is never in Sel. A Batch whose Errs is not empty always has a Sel.
	Sel []int32
	// Weights by physical row, +1 insert, -1 delete; nil = all +1. Zero weights are legal.
	Weights []int64
	// Errs are rows that are an error instead of values.
	Errs RowErrors
	// From knows the record of the log behind each physical row, where there is one; nil = not
	// known. Only what never takes a row back passes it on, so that an error and its retraction
	// are always told alike.
	From Origins
}

// Origins gives the record that a physical row was made from.
type Origins interface {
	Origin(row int32) Origin
}

// Origin is a record of the log.
type Origin struct {
	Topic     string
	Partition int32
	Offset    int64
}

// RowError is a row whose evaluation failed. Its weight is Weights[Row].
type RowError struct {
	Row int32
	Err *sqlerr.Error
	// From is the record behind the row; nil = not known, or not one record.
	From *Origin
}

// RowErrors are ordered by Row; a row appears at most once.
type RowErrors []RowError

// Rows is the number of live rows.
func (b *Batch) Rows() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.Len
}

// Weight of physical row i.
func (b *Batch) Weight(i int32) int64 {
	if b.Weights == nil {
		return 1
	}
	return b.Weights[i]
}

// Size is about how many bytes the live rows take when they are copied.
func (b *Batch) Size() int64 {
	rows, size := int64(b.Rows()), int64(0)
	for i := range b.Cols {
		c := &b.Cols[i]
		switch vars := int64(len(c.Var)); {
		case vars == 0:
		case c.Const:
			size += rows * vars
		case b.Sel != nil && c.Phys == sqltype.PhysBytes:
			offs := Offsets(c)
			for _, row := range b.Sel {
				size += int64(offs[row+1] - offs[row])
			}
		default:
			size += vars
		}
		size += rows * int64(max(c.Phys.Size(), 4))
	}
	return size + 8*rows
}

// EachRow visits the live rows in order until visit returns an error, which it returns.
func (b *Batch) EachRow(visit func(row int32) error) error {
	if b.Sel != nil {
		for _, row := range b.Sel {
			if err := visit(row); err != nil {
				return err
			}
		}
		return nil
	}
	for row := range int32(b.Len) {
		if err := visit(row); err != nil {
			return err
		}
	}
	return nil
}
