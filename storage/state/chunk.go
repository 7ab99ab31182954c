package state

import (
	"math/bits"
	"slices"
	"sort"

	"github.com/tributary-db/tributary/internal/delta"
)

// chunk is consecutive blocks of a run, with an index from key to rows: what is kept, shared by
// runs and given back as one. Rows have numbers in a chunk, from 0. Immutable but for the fields
// of its owner.
//
// INVARIANT: rows ascend in the order of the arrangement, none comes twice, none has weight 0
// (made so by runBuilder, checked by verify when a chunk is read back).
type chunk struct {
	blocks []*block
	starts []int32 // number of the first row of each block, then the number of rows
	// groups are the first rows of the keys; nil when every row has a key of its own. A key may go
	// on in the next chunk.
	groups []uint16
	// index is open addressing from a key's hash: tag in the high half, the key's first row in the
	// low; 0 is free. nil when there are few rows: they are searched.
	index     []uint32
	rows      int64 // sum of the weights
	negatives int32 // rows with a weight below 0
	size      int64 // bytes

	// Of the arrangement that holds it, under its mutex: in how many places of the current
	// version the chunk is, and since which version.
	uses int
	born uint64
}

func (c *chunk) n() int32 { return c.starts[len(c.blocks)] }

// locate finds the block of a row, and the row's place in it.
func (c *chunk) locate(row int32) (k int, i int32) {
	// No block has more than blockRows rows, so this is at or before the right one.
	for k = min(int(row)/blockRows, len(c.blocks)-1); c.starts[k+1] <= row; k++ {
	}
	return k, row - c.starts[k]
}

func (c *chunk) compare(o *RowOrder, row int32, cols []delta.Column, j int32) int {
	k, i := c.locate(row)
	return o.Compare(c.blocks[k].cols, i, cols, j)
}

// compareKey compares the first key columns of a row with row j of keys.
func (c *chunk) compareKey(o *RowOrder, row int32, keys []delta.Column, j int32) int {
	k, i := c.locate(row)
	return o.comparePrefix(c.blocks[k].cols, i, keys, j)
}

// last row of a chunk, as columns and a row.
func (c *chunk) last() ([]delta.Column, int32) {
	b := c.blocks[len(c.blocks)-1]
	return b.cols, b.n - 1
}

// fewRows are searched without an index.
const fewRows = 8

// settle derives everything from the blocks.
func (c *chunk) settle(o *RowOrder) {
	c.starts = make([]int32, 1, len(c.blocks)+1)
	for _, b := range c.blocks {
		c.starts = append(c.starts, c.starts[len(c.starts)-1]+b.n)
		c.size += b.bytes()
		if b.weights == nil {
			c.rows += int64(b.n)
			continue
		}
		for _, w := range b.weights {
			c.rows += w
			if w < 0 {
				c.negatives++
			}
		}
	}
	groups := c.findGroups(o)
	if c.n() > fewRows {
		c.makeIndex(o, groups)
	}
	if len(groups) < int(c.n()) {
		c.groups = append(make([]uint16, 0, len(groups)), groups...)
	}
	c.size += int64(4*cap(c.starts) + 2*cap(c.groups) + 4*len(c.index) + 192)
}

// findGroups gives the first row of every key.
func (c *chunk) findGroups(o *RowOrder) []uint16 {
	groups := make([]uint16, 0, c.n())
	var before *block
	for k, b := range c.blocks {
		if before == nil || !o.sameKey(before.cols, before.n-1, b.cols, 0) {
			groups = append(groups, uint16(c.starts[k]))
		}
		for i := int32(1); i < b.n; i++ {
			if !o.sameKey(b.cols, i-1, b.cols, i) {
				groups = append(groups, uint16(c.starts[k]+i))
			}
		}
		before = b
	}
	return groups
}

// indexTag is the bits of a hash that stand beside a row; the lowest of them says that the place
// is taken.
func indexTag(h uint64) uint32 { return uint32(h>>48)<<16 | 1<<16 }

func (c *chunk) makeIndex(o *RowOrder, groups []uint16) {
	c.index = make([]uint32, 1<<bits.Len(uint(len(groups)*3/2)))
	mask := uint64(len(c.index) - 1)
	hashes := make([]uint64, 0, blockRows)
	rows := make([]int32, 0, blockRows)
	for k, b := range c.blocks {
		rows = rows[:0]
		for len(groups) > 0 && int32(groups[0]) < c.starts[k+1] {
			rows = append(rows, int32(groups[0])-c.starts[k])
			groups = groups[1:]
		}
		hashes = slices.Grow(hashes[:0], len(rows))[:len(rows)]
		delta.HashKeys(o.keyColumns(b.cols), int(b.n), rows, hashes)
		for i, h := range hashes {
			at := h & mask
			for c.index[at] != 0 {
				at = (at + 1) & mask
			}
			c.index[at] = indexTag(h) | uint32(c.starts[k]+rows[i])
		}
	}
}

// find gives the rows [lo, hi) whose key is row j of keys, whose hash is h.
func (c *chunk) find(o *RowOrder, keys []delta.Column, j int32, h uint64) (lo, hi int32) {
	if c.index == nil {
		n := c.n()
		lo = int32(sort.Search(int(n), func(i int) bool { return c.compareKey(o, int32(i), keys, j) >= 0 }))
		for hi = lo; hi < n && c.compareKey(o, hi, keys, j) == 0; hi++ {
		}
		return lo, hi
	}
	mask := uint64(len(c.index) - 1)
	tag := indexTag(h)
	for at := h & mask; ; at = (at + 1) & mask {
		e := c.index[at]
		if e == 0 {
			return 0, 0
		}
		if e&^0xffff != tag {
			continue
		}
		if lo = int32(e & 0xffff); c.compareKey(o, lo, keys, j) == 0 {
			return lo, c.groupEnd(lo)
		}
	}
}

// groupEnd is the end of the key that begins at row lo.
func (c *chunk) groupEnd(lo int32) int32 {
	if c.groups == nil {
		return min(lo+1, c.n())
	}
	g := sort.Search(len(c.groups), func(g int) bool { return int32(c.groups[g]) > lo })
	if g == len(c.groups) {
		return c.n()
	}
	return int32(c.groups[g])
}

// searchRow is the first row in [lo, hi) at or after row j of cols, hi if there is none.
func (c *chunk) searchRow(o *RowOrder, lo, hi int32, cols []delta.Column, j int32) int32 {
	return lo + int32(sort.Search(int(hi-lo), func(k int) bool { return c.compare(o, lo+int32(k), cols, j) >= 0 }))
}
