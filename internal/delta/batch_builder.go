package delta

import (
	"slices"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// BatchBuilder collects rows with weights and row errors, dense, in memory it reuses.
type BatchBuilder struct {
	Cols    []*Builder
	n       int
	weights []int64
	unit    bool // every weight is +1
	errs    RowErrors
	sel     []int32
	cols    []Column
}

// NewBatchBuilder is an empty builder of rows of these types.
func NewBatchBuilder(types []sqltype.OID) *BatchBuilder {
	b := &BatchBuilder{Cols: make([]*Builder, len(types)), unit: true}
	columns := make([]Builder, len(types))
	for i, t := range types {
		columns[i].Reset(t)
		b.Cols[i] = &columns[i]
	}
	return b
}

// Len is the number of rows, errors among them.
func (b *BatchBuilder) Len() int { return b.n }

// Size is the number of bytes held.
func (b *BatchBuilder) Size() int {
	n := 8 * len(b.weights)
	for _, c := range b.Cols {
		n += c.Size()
	}
	return n
}

// Clear empties b; batches made from it are dead.
func (b *BatchBuilder) Clear() {
	for _, c := range b.Cols {
		c.Clear()
	}
	b.n, b.unit, b.weights, b.errs = 0, true, b.weights[:0], b.errs[:0]
}

// Truncate drops the rows behind the first n, of a builder without row errors.
func (b *BatchBuilder) Truncate(n int) {
	for _, c := range b.Cols {
		c.Truncate(n)
	}
	if len(b.weights) > n {
		b.weights = b.weights[:n]
	}
	b.n = n
}

// End ends a row whose values the caller appended to every one of Cols.
func (b *BatchBuilder) End(weight int64) {
	b.n++
	b.weights = append(b.weights, weight)
	b.unit = b.unit && weight == 1
}

// AppendRow appends one row of columns.
func (b *BatchBuilder) AppendRow(cols []Column, row int32, weight int64) {
	for i, c := range b.Cols {
		c.AppendFrom(&cols[i], row)
	}
	b.End(weight)
}

// AppendError appends a row that is an error; e.Row is the builder's to set.
func (b *BatchBuilder) AppendError(e RowError, weight int64) {
	for _, c := range b.Cols {
		c.AppendNull()
	}
	e.Row = int32(b.n)
	b.errs = append(b.errs, e)
	b.End(weight)
}

// AppendBatch appends the live rows and the errors of in, whose columns have b's types.
func (b *BatchBuilder) AppendBatch(in *Batch) {
	for i, c := range b.Cols {
		c.Gather(&in.Cols[i], in.Sel)
	}
	b.n += in.Rows()
	switch {
	case in.Weights == nil:
		for range in.Rows() {
			b.weights = append(b.weights, 1)
		}
	case in.Sel == nil:
		b.weights = append(b.weights, in.Weights[:in.Len]...)
		b.unit = false
	default:
		for _, row := range in.Sel {
			b.weights = append(b.weights, in.Weights[row])
		}
		b.unit = false
	}
	for _, e := range in.Errs {
		b.AppendError(e, in.Weight(e.Row))
	}
}

// Batch is what was collected, borrowed until Clear or the next append.
func (b *BatchBuilder) Batch() Batch {
	b.cols = slices.Grow(b.cols[:0], len(b.Cols))
	for _, c := range b.Cols {
		b.cols = append(b.cols, c.Column())
	}
	out := Batch{Len: b.n, Cols: b.cols, Errs: b.errs}
	if !b.unit {
		out.Weights = b.weights
	}
	if len(b.errs) > 0 {
		b.sel = b.sel[:0]
		next := 0
		for i := range int32(b.n) {
			if next < len(b.errs) && b.errs[next].Row == i {
				next++
				continue
			}
			b.sel = append(b.sel, i)
		}
		if b.sel == nil {
			b.sel = []int32{}
		}
		out.Sel = b.sel
	}
	return out
}
