package op

import "github.com/tributary-db/tributary/internal/delta"

// canceller sums the weights of equal rows within a batch.
type canceller struct {
	hashes  []uint64
	first   map[uint64]int32
	weights []int64
	sel     []int32
}

// consolidate replaces b's Sel and Weights, keeping the first of rows with one image. Rows that
// share a hash but not the image stay apart.
func (c *canceller) consolidate(b *delta.Batch, sel []int32) {
	if cap(c.hashes) < len(sel) {
		c.hashes = make([]uint64, len(sel))
	}
	if c.first == nil {
		c.first = make(map[uint64]int32)
	}
	clear(c.first)
	hashes := c.hashes[:len(sel)]
	delta.HashKeys(b.Cols, b.Len, sel, hashes)
	c.weights = append(c.weights[:0], b.Weights...)
	for k, row := range sel {
		first, seen := c.first[hashes[k]]
		switch {
		case !seen:
			c.first[hashes[k]] = row
		case delta.CompareRows(b.Cols, first, b.Cols, row) == 0:
			c.weights[first] += c.weights[row]
			c.weights[row] = 0
		}
	}
	c.sel = none(c.sel)
	for _, row := range sel {
		if c.weights[row] != 0 {
			c.sel = append(c.sel, row)
		}
	}
	b.Sel, b.Weights = c.sel, c.weights
}
