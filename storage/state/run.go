package state

import (
	"math/bits"
	"sort"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
)

// unpublished is the version of rows in the head: after every other.
const unpublished = ^CommitSeq(0)

// run is rows of an arrangement, sorted by (RowOrder, seq), immutable once built.
//
// INVARIANT: no two entries have both one image and one seq, and no weight is 0 (checked by
// runBuilder.finish, and by verify when a run is read back).
type run struct {
	cols    []delta.Column
	n       int
	seqs    []CommitSeq // nil: every entry has minSeq
	weights []int64     // nil: every weight is 1
	minSeq  CommitSeq
	maxSeq  CommitSeq
	// distinct: no image comes twice, so the entries need no consolidation among themselves.
	distinct bool
	// groups holds the first row of each key, then n.
	groups []int32
	// index is open addressing from a key's hash: tag in the high half, group+1 in the low; 0 =
	// free.
	index []uint64
	size  int64
	refs  atomic.Int32
}

func (r *run) seq(i int32) CommitSeq {
	if r.seqs == nil {
		return r.minSeq
	}
	return r.seqs[i]
}

func (r *run) weight(i int32) int64 {
	if r.weights == nil {
		return 1
	}
	return r.weights[i]
}

// makeIndex finds the key groups and hashes them.
func (r *run) makeIndex(o *RowOrder) {
	r.groups = r.groups[:0]
	for i := range int32(r.n) {
		if i == 0 || !o.sameKey(r.cols, i-1, i) {
			r.groups = append(r.groups, i)
		}
	}
	starts := r.groups
	r.groups = append(r.groups, int32(r.n))
	if len(starts) == 0 {
		return
	}
	hashes := make([]uint64, len(starts))
	delta.HashKeys(o.keyColumns(r.cols), r.n, starts, hashes)
	size := 1 << bits.Len(uint(len(starts)*2-1))
	r.index = make([]uint64, size)
	mask := uint64(size - 1)
	for g, h := range hashes {
		at := h & mask
		for r.index[at] != 0 {
			at = (at + 1) & mask
		}
		r.index[at] = h&^0xffffffff | uint64(g+1)
	}
}

func (o *RowOrder) keyColumns(cols []delta.Column) []delta.Column {
	keys := make([]delta.Column, o.keys)
	for k := range keys {
		keys[k] = cols[o.steps[k].col]
	}
	return keys
}

// find returns the rows whose key equals row j of keys, whose hash is h.
func (r *run) find(o *RowOrder, keys []delta.Column, j int32, h uint64) (lo, hi int32) {
	if len(r.index) == 0 {
		return 0, 0
	}
	mask := uint64(len(r.index) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		e := r.index[at]
		if e == 0 {
			return 0, 0
		}
		if (e^h)>>32 != 0 {
			continue
		}
		g := int32(uint32(e)) - 1
		if o.comparePrefix(r.cols, r.groups[g], keys, j) == 0 {
			return r.groups[g], r.groups[g+1]
		}
	}
}

// seek returns the rows whose first key columns equal eq, one-row columns.
func (r *run) seek(o *RowOrder, eq []delta.Column) (lo, hi int32) {
	if len(eq) == 0 {
		return 0, int32(r.n)
	}
	groups := len(r.groups) - 1
	from := sort.Search(groups, func(g int) bool { return o.comparePrefix(r.cols, r.groups[g], eq, 0) >= 0 })
	to := from + sort.Search(groups-from, func(g int) bool { return o.comparePrefix(r.cols, r.groups[from+g], eq, 0) > 0 })
	return r.groups[from], r.groups[to]
}

// bytes is the memory of a finished run.
func (r *run) bytes() int64 {
	size := int64(8*cap(r.seqs) + 8*cap(r.weights) + 4*cap(r.groups) + 8*len(r.index) + 256)
	for i := range r.cols {
		c := &r.cols[i]
		size += int64(cap(c.Data) + cap(c.Var) + 8*cap(c.Valid))
	}
	return size
}
