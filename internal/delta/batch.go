package delta

import "github.com/tributary-db/tributary/internal/sqlerr"

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
}

// RowError is a row whose evaluation failed. Its weight is Weights[Row].
type RowError struct {
	Row int32
	Err *sqlerr.Error
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
