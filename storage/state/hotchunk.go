package state

import (
	"math/bits"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
)

// hotChunk is a chunk in memory, with an index from key to rows.
type hotChunk struct {
	blocks []*block
	starts []int32 // the chunk's
	// groups are the first rows of the keys; nil when every row has a key of its own. A key may go
	// on in the next chunk.
	groups []uint16
	// index is open addressing from a key's hash: tag in the high half, the key's first row in the
	// low; 0 is free. nil when there are few rows: they are searched.
	index []uint32
	// used: somebody read it since the tier last looked.
	used atomic.Bool
}

func (h *hotChunk) touch() {
	if !h.used.Load() { // a load is free, a store takes the line from other readers
		h.used.Store(true)
	}
}

func newHotChunk(o *RowOrder, blocks []*block, starts []int32) *hotChunk {
	h := &hotChunk{blocks: blocks, starts: starts}
	h.settle(o)
	return h
}

// fewRows are searched without an index.
const fewRows = 8

func (h *hotChunk) settle(o *RowOrder) {
	groups := h.findGroups(o)
	n := int(h.starts[len(h.blocks)])
	if n > fewRows {
		h.makeIndex(o, groups)
	}
	if len(groups) < n {
		h.groups = append(make([]uint16, 0, len(groups)), groups...)
	}
}

func (h *hotChunk) bytes() int64 { return int64(2*cap(h.groups) + 4*len(h.index)) }

// findGroups gives the first row of every key.
func (h *hotChunk) findGroups(o *RowOrder) []uint16 {
	groups := make([]uint16, 0, h.starts[len(h.blocks)])
	var before *block
	for k, b := range h.blocks {
		if before == nil || !o.SameKey(before.cols, before.n-1, b.cols, 0) {
			groups = append(groups, uint16(h.starts[k]))
		}
		for i := int32(1); i < b.n; i++ {
			if !o.SameKey(b.cols, i-1, b.cols, i) {
				groups = append(groups, uint16(h.starts[k]+i))
			}
		}
		before = b
	}
	return groups
}

// indexTag is the bits of a hash that stand beside a row; the lowest of them says that the place
// is taken.
func indexTag(h uint64) uint32 { return uint32(h>>48)<<16 | 1<<16 }

func (h *hotChunk) makeIndex(o *RowOrder, groups []uint16) {
	h.index = make([]uint32, 1<<bits.Len(uint(len(groups)*3/2)))
	mask := uint64(len(h.index) - 1)
	h.eachKey(o, groups, func(hash uint64, row int32) {
		at := hash & mask
		for h.index[at] != 0 {
			at = (at + 1) & mask
		}
		h.index[at] = indexTag(hash) | uint32(row)
	})
}

// eachKey visits the keys of groups, by hash and first row.
func (h *hotChunk) eachKey(o *RowOrder, groups []uint16, visit func(hash uint64, row int32)) {
	most := min(len(groups), blockRows)
	hashes, rows := make([]uint64, 0, most), make([]int32, 0, most)
	for k, b := range h.blocks {
		rows = rows[:0]
		for len(groups) > 0 && int32(groups[0]) < h.starts[k+1] {
			rows = append(rows, int32(groups[0])-h.starts[k])
			groups = groups[1:]
		}
		hashes = slices.Grow(hashes[:0], len(rows))[:len(rows)]
		delta.HashKeys(o.keyColumns(b.cols), int(b.n), rows, hashes)
		for i, hash := range hashes {
			visit(hash, h.starts[k]+rows[i])
		}
	}
}

// find is the chunk's, by the index.
func (h *hotChunk) find(o *RowOrder, keys []delta.Column, j int32, hash uint64) (lo, hi int32) {
	mask := uint64(len(h.index) - 1)
	tag := indexTag(hash)
	for at := hash & mask; ; at = (at + 1) & mask {
		e := h.index[at]
		if e == 0 {
			return 0, 0
		}
		if e&^0xffff != tag {
			continue
		}
		lo = int32(e & 0xffff)
		k := min(int(lo)/blockRows, len(h.blocks)-1)
		for h.starts[k+1] <= lo {
			k++
		}
		if o.comparePrefix(h.blocks[k].cols, lo-h.starts[k], keys, j) == 0 {
			return lo, h.groupEnd(lo)
		}
	}
}

// groupEnd is the end of the key that begins at row lo.
func (h *hotChunk) groupEnd(lo int32) int32 {
	n := h.starts[len(h.blocks)]
	if h.groups == nil {
		return min(lo+1, n)
	}
	g := sort.Search(len(h.groups), func(g int) bool { return int32(h.groups[g]) > lo })
	if g == len(h.groups) {
		return n
	}
	return int32(h.groups[g])
}
