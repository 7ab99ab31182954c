package expr

import (
	"cmp"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
)

// node computes a column for the rows of sel. The column is the node's or the batch's, valid
// until the next Eval. Rows that fail are reported to x.
type node interface {
	eval(x *run, sel []int32) *delta.Column
}

// run is the state of one Eval.
type run struct {
	env      *Env
	in       *delta.Batch
	n        int
	identity []int32
	// failures counts the rows in errs; failed has their bits.
	failures int
	failed   []uint64
	errs     delta.RowErrors
}

func (x *run) begin(in *delta.Batch) {
	x.in, x.n = in, in.Len
	if x.failures > 0 {
		clear(x.failed)
	}
	x.failures = 0
	x.errs = x.errs[:0]
}

// all is the selection of the first n rows. It is shared and only read.
func (x *run) all(n int) []int32 {
	for i := len(x.identity); i < n; i++ {
		x.identity = append(x.identity, int32(i))
	}
	return x.identity[:n]
}

// fail records that row has err for an answer. A row fails once.
func (x *run) fail(e delta.RowError) {
	words := (x.n + 63) / 64
	if len(x.failed) < words {
		x.failed = append(x.failed, make([]uint64, words-len(x.failed))...)
	}
	if delta.Bit(x.failed, e.Row) {
		return
	}
	delta.SetBit(x.failed, e.Row)
	x.failures++
	x.errs = append(x.errs, e)
}

// live appends to buf the rows of sel that have not failed; it is sel itself while none has.
func (x *run) live(buf, sel []int32) []int32 {
	if x.failures == 0 {
		return sel
	}
	for _, row := range sel {
		if !delta.Bit(x.failed, row) {
			buf = append(buf, row)
		}
	}
	return buf
}

// takeErrors returns the failed rows in order, valid until the next begin.
func (x *run) takeErrors() delta.RowErrors {
	if len(x.errs) > 1 {
		slices.SortFunc(x.errs, func(a, b delta.RowError) int { return cmp.Compare(a.Row, b.Row) })
	}
	return x.errs
}
