package state

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
)

// chunk is consecutive blocks of a run, kept, shared by runs and given back as one. Rows have numbers
// in a chunk, from 0. It is made in memory (hot) and may be put on disk later (cold), for everybody
// who has it at once; its rows never change.
//
// INVARIANT: rows ascend in the order of the arrangement, none comes twice, none has weight 0
// (made so by runBuilder, checked by verify when a chunk is read back).
type chunk struct {
	starts    []int32 // number of the first row of each block, then the number of rows
	rows      int64   // sum of the weights
	negatives int32   // rows with a weight below 0

	// One of them is there, or both: cold is set before hot goes, and stays when hot comes back.
	hot  atomic.Pointer[hotChunk]
	cold atomic.Pointer[coldChunk]
	// saved is the piece that it is in a checkpoint, nil if it is in none.
	saved atomic.Pointer[savedChunk]
	data  int64 // bytes of the blocks in memory
	// size is the memory it takes now. It changes under the mutex of the arrangement that has it.
	size atomic.Int64

	// Of the arrangement that holds it, under its mutex: in how many places of the current
	// version the chunk is, and since which version.
	uses int
	born uint64
}

// newChunk derives everything from the blocks.
func newChunk(o *RowOrder, blocks []*block) *chunk {
	c := &chunk{starts: make([]int32, 1, len(blocks)+1)}
	for _, b := range blocks {
		c.starts = append(c.starts, c.starts[len(c.starts)-1]+b.n)
		c.data += b.bytes()
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
	h := newHotChunk(o, blocks, c.starts)
	c.hot.Store(h)
	c.size.Store(c.hotBytes(h))
	return c
}

// hotBytes is the memory of a chunk whose blocks are in memory.
func (c *chunk) hotBytes(h *hotChunk) int64 { return c.data + h.bytes() + int64(4*cap(c.starts)) + 192 }

func (c *chunk) n() int32 { return c.starts[len(c.starts)-1] }

// blockCount is the number of blocks.
func (c *chunk) blockCount() int { return len(c.starts) - 1 }

// block gives the k-th block. keep: it is likely to be read again. wanted are the columns that are read, nil = all; a
// block may have the others too.
func (c *chunk) block(k int, keep bool, wanted []bool) (*block, error) {
	if h := c.hot.Load(); h != nil {
		h.touch()
		return h.blocks[k], nil
	}
	return readCold(c, func(cold *coldChunk) (*block, error) { return cold.block(k, keep, wanted) })
}

// encoded gives the k-th block as it lies on disk: as it is, or with the opposite weights.
func (c *chunk) encoded(k int, sign int64) ([]byte, error) {
	if c.hot.Load() == nil && sign == 1 {
		return readCold(c, func(cold *coldChunk) ([]byte, error) { return cold.stored(k) })
	}
	b, err := c.block(k, false, nil)
	if err != nil {
		return nil, err
	}
	if sign == 1 {
		return encodeBlock(b), nil
	}
	opposite := &block{cols: b.cols, n: b.n, weights: make([]int64, b.n)}
	for i := range b.n {
		opposite.weights[i] = sign * b.weight(i)
	}
	return encodeBlock(opposite), nil
}

// locate finds the block of a row, and the row's place in it.
func (c *chunk) locate(row int32) (k int, i int32) {
	// No block has more than blockRows rows, so this is at or before the right one.
	for k = min(int(row)/blockRows, c.blockCount()-1); c.starts[k+1] <= row; k++ {
	}
	return k, row - c.starts[k]
}

// edge is where the key of the first row of block k stands, or, for the number of blocks, that of the
// last row of the chunk. Only key columns are sure to be there.
func (c *chunk) edge(k int) (cols []delta.Column, row int32, err error) {
	if h := c.hot.Load(); h == nil {
		index, err := readCold(c, (*coldChunk).lookup)
		if err != nil {
			return nil, 0, err
		}
		if index.fence != nil {
			return index.fence, int32(k), nil
		}
	}
	return c.edgeRow(k)
}

// edgeRow is edge with all columns.
func (c *chunk) edgeRow(k int) (cols []delta.Column, row int32, err error) {
	last := k == c.blockCount()
	if last {
		k--
	}
	b, err := c.block(k, true, nil)
	if err != nil {
		return nil, 0, err
	}
	if last {
		row = b.n - 1
	}
	return b.cols, row, nil
}

// bound is the first row whose first columns are at or behind row j of eq (after: behind it), the
// number of rows if there is none.
func (c *chunk) bound(o *RowOrder, eq []delta.Column, j int32, after bool) (int32, error) {
	reached := func(cols []delta.Column, i int32) bool {
		order := o.comparePrefix(cols, i, eq, j)
		return order > 0 || order == 0 && !after
	}
	k, err := search(c.blockCount(), func(k int) (bool, error) {
		cols, i, err := c.edge(k)
		return err == nil && reached(cols, i), err
	})
	if k == 0 || err != nil {
		return 0, err
	}
	// It is in the block before, or begins this one.
	b, err := c.block(k-1, true, nil)
	if err != nil {
		return 0, err
	}
	i, _ := search(int(b.n), func(i int) (bool, error) { return reached(b.cols, int32(i)), nil })
	return c.starts[k-1] + int32(i), nil
}

// find gives the rows [lo, hi) whose key is row j of keys, whose hash is h.
func (c *chunk) find(o *RowOrder, keys []delta.Column, j int32, h uint64) (lo, hi int32, err error) {
	if hot := c.hot.Load(); hot != nil {
		hot.touch()
		if hot.index != nil {
			lo, hi = hot.find(o, keys, j, h)
			return lo, hi, nil
		}
	} else {
		index, err := readCold(c, (*coldChunk).lookup)
		if err != nil || !index.mayHave(h) {
			return 0, 0, err
		}
	}
	if lo, err = c.bound(o, keys, j, false); lo == c.n() || err != nil {
		return 0, 0, err
	}
	if same, err := c.hasKey(o, lo, keys, j); !same || err != nil {
		return 0, 0, err
	}
	hi, err = c.bound(o, keys, j, true)
	return lo, hi, err
}

// findPrefix gives the rows [lo, hi) whose first key columns are row j of eq.
func (c *chunk) findPrefix(o *RowOrder, eq []delta.Column, j int32) (lo, hi int32, err error) {
	if lo, err = c.bound(o, eq, j, false); lo == c.n() || err != nil {
		return 0, 0, err
	}
	if same, err := c.hasKey(o, lo, eq, j); !same || err != nil {
		return 0, 0, err
	}
	// Nearly always they end in the block in which they begin.
	k, i := c.locate(lo)
	b, err := c.block(k, true, nil)
	if err != nil {
		return 0, 0, err
	}
	if o.comparePrefix(b.cols, b.n-1, eq, j) > 0 {
		n, _ := search(int(b.n-i), func(n int) (bool, error) { return o.comparePrefix(b.cols, i+int32(n), eq, j) > 0, nil })
		return lo, lo + int32(n), nil
	}
	hi, err = c.bound(o, eq, j, true)
	return lo, hi, err
}

// hasKey: the key of a row is row j of keys.
func (c *chunk) hasKey(o *RowOrder, row int32, keys []delta.Column, j int32) (bool, error) {
	k, i := c.locate(row)
	if i == 0 {
		cols, at, err := c.edge(k)
		return err == nil && o.comparePrefix(cols, at, keys, j) == 0, err
	}
	b, err := c.block(k, true, nil)
	return err == nil && o.comparePrefix(b.cols, i, keys, j) == 0, err
}

// weightIn is the weight of row j of cols, which can only be among the rows [lo, hi); 0 if it has none.
func (c *chunk) weightIn(o *RowOrder, lo, hi int32, cols []delta.Column, j int32) (int64, error) {
	from, _ := c.locate(lo)
	to, _ := c.locate(hi - 1)
	// The last block that begins at or before the row.
	k, err := search(to-from, func(k int) (bool, error) {
		at, i, err := c.edgeRow(from + k + 1)
		return err == nil && o.Compare(at, i, cols, j) > 0, err
	})
	if err != nil {
		return 0, err
	}
	b, err := c.block(from+k, true, nil)
	if err != nil {
		return 0, err
	}
	i, _ := search(int(b.n), func(i int) (bool, error) { return o.Compare(b.cols, int32(i), cols, j) >= 0, nil })
	if i == int(b.n) || o.Compare(b.cols, int32(i), cols, j) != 0 {
		return 0, nil
	}
	return b.weight(int32(i)), nil
}

// search is sort.Search over what may fail.
func search(n int, reached func(i int) (bool, error)) (int, error) {
	lo, hi := 0, n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		yes, err := reached(mid)
		switch {
		case err != nil:
			return 0, err
		case yes:
			hi = mid
		default:
			lo = mid + 1
		}
	}
	return lo, nil
}
