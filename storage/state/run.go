package state

import (
	"sort"

	"github.com/tributary-db/tributary/internal/delta"
)

// run is chunks whose rows ascend and are all different. Runs are immutable; several may hold one
// chunk. Weights may be below 0 over an older run.
type run struct {
	chunks    []*chunk
	n         int64 // rows
	rows      int64 // sum of the weights
	negatives int64 // rows with a weight below 0

	// merging: somebody is merging the run. Under the mutex of its arrangement.
	merging bool
}

func makeRun(chunks []*chunk) *run {
	r := &run{chunks: chunks}
	for _, c := range chunks {
		r.n += int64(c.n())
		r.rows += c.rows
		r.negatives += int64(c.negatives)
	}
	return r
}

// place is a row of a run.
type place struct {
	chunk int
	row   int32
}

// span is the rows [lo, hi) of a run; hi lies in the chunk of the last row, behind it.
type span struct{ lo, hi place }

func (s span) empty() bool { return s.hi.row == 0 }

// all rows of r.
func (r *run) all() span {
	if len(r.chunks) == 0 {
		return span{}
	}
	last := len(r.chunks) - 1
	return span{hi: place{last, r.chunks[last].n()}}
}

// find gives the rows whose key equals row j of keys, whose hash is h.
func (r *run) find(o *RowOrder, keys []delta.Column, j int32, h uint64) span {
	at := 0
	if len(r.chunks) > 1 {
		at = sort.Search(len(r.chunks), func(k int) bool {
			cols, i := r.chunks[k].last()
			return o.comparePrefix(cols, i, keys, j) >= 0
		})
		if at == len(r.chunks) {
			return span{}
		}
	}
	lo, hi := r.chunks[at].find(o, keys, j, h)
	if lo == hi {
		return span{}
	}
	s := span{lo: place{at, lo}, hi: place{at, hi}}
	for hi == r.chunks[at].n() && at+1 < len(r.chunks) {
		// The key was the last of the chunk and may go on in the next.
		at++
		next := r.chunks[at]
		if next.compareKey(o, 0, keys, j) != 0 {
			break
		}
		hi = next.groupEnd(0)
		s.hi = place{at, hi}
	}
	return s
}

// seek gives the rows whose first key columns equal eq, one-row columns.
func (r *run) seek(o *RowOrder, eq []delta.Column) span {
	if len(eq) == 0 {
		return r.all()
	}
	lo := r.bound(func(c *chunk, row int32) bool { return c.compareKey(o, row, eq, 0) >= 0 })
	hi := r.bound(func(c *chunk, row int32) bool { return c.compareKey(o, row, eq, 0) > 0 })
	if lo == hi {
		return span{}
	}
	if hi.row == 0 {
		hi.chunk--
		hi.row = r.chunks[hi.chunk].n()
	}
	return span{lo, hi}
}

// bound is the first row for which reached is true, one behind the last chunk if there is none.
func (r *run) bound(reached func(c *chunk, row int32) bool) place {
	at := sort.Search(len(r.chunks), func(k int) bool { return reached(r.chunks[k], r.chunks[k].n()-1) })
	if at == len(r.chunks) {
		return place{chunk: at}
	}
	c := r.chunks[at]
	return place{at, int32(sort.Search(int(c.n()), func(i int) bool { return reached(c, int32(i)) }))}
}

// weightOf is the weight of row j of cols in r, 0 if it has none; keys are its key columns, h
// their hash.
func (r *run) weightOf(o *RowOrder, cols []delta.Column, j int32, keys []delta.Column, h uint64) int64 {
	at := sort.Search(len(r.chunks), func(k int) bool {
		last, i := r.chunks[k].last()
		return o.Compare(last, i, cols, j) >= 0
	})
	if at == len(r.chunks) {
		return 0
	}
	c := r.chunks[at]
	lo, hi := c.find(o, keys, j, h)
	row := c.searchRow(o, lo, hi, cols, j)
	if row == hi || c.compare(o, row, cols, j) != 0 {
		return 0
	}
	k, i := c.locate(row)
	return c.blocks[k].weight(i)
}

func (o *RowOrder) keyColumns(cols []delta.Column) []delta.Column {
	keys := make([]delta.Column, o.keys)
	for k := range keys {
		keys[k] = cols[o.steps[k].col]
	}
	return keys
}
