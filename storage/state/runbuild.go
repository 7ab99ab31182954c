package state

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// runBuilder makes a run of rows that come in order. It can be used again after finish.
type runBuilder struct {
	order *RowOrder
	tier  *Tier // nil: everything stays in memory
	cols  []*delta.Builder
	vars  []int // columns of values without a fixed length

	// The block in the making: rows not yet copied, and where each is.
	rows    []int32
	from    []*block
	weights []int64
	bytes   int // variable bytes of these rows

	blocks []*block // the chunk in the making
	n      int      // its rows
	size   int64    // its bytes
	chunks []*chunk
	fresh  int64 // bytes of these that the tier counts as in the making
}

func newRunBuilder(o *RowOrder, tier *Tier) *runBuilder {
	b := &runBuilder{order: o, tier: tier}
	for i, t := range o.types {
		b.cols = append(b.cols, delta.NewBuilder(t))
		if p := t.Phys(); p == sqltype.PhysBytes || p == sqltype.PhysNumeric {
			b.vars = append(b.vars, i)
		}
	}
	return b
}

// add appends a row of blk, which must come behind what was added. It reports whether a block was
// ended by it.
func (b *runBuilder) add(blk *block, row int32, weight int64) (ended bool) {
	bytes := 0
	for _, i := range b.vars {
		bytes += varBytes(&blk.cols[i], row)
	}
	if n := len(b.rows); n > 0 && (n >= blockRows || b.bytes+bytes > blockBytes) {
		b.endBlock()
		ended = true
	}
	b.rows = append(b.rows, row)
	b.from = append(b.from, blk)
	b.weights = append(b.weights, weight)
	b.bytes += bytes
	return ended
}

// varBytes is the length of a value without a fixed length.
func varBytes(c *delta.Column, row int32) int {
	if c.Phys == sqltype.PhysBytes {
		off := delta.Offsets(c)
		return int(off[row+1] - off[row])
	}
	if len(c.Var) == 0 || c.Null(row) {
		return 0
	}
	return len(c.Numeric(row).Big)
}

// endBlock copies the rows added, a column at a time.
func (b *runBuilder) endBlock() {
	if len(b.rows) == 0 {
		return
	}
	if b.n+len(b.rows) > chunkRows {
		b.endChunk()
	}
	made := &block{n: int32(len(b.rows)), cols: make([]delta.Column, len(b.cols))}
	for i, c := range b.cols {
		c.Clear()
		b.copyColumn(c, i)
		made.cols[i] = ownColumn(c)
		if c.Size() > maxPooled {
			b.cols[i] = delta.NewBuilder(c.Type())
		}
	}
	if !allOne(b.weights) {
		made.weights = append(make([]int64, 0, len(b.weights)), b.weights...)
	}
	b.rows, b.from, b.weights, b.bytes = b.rows[:0], b.from[:0], b.weights[:0], 0
	b.blocks = append(b.blocks, made)
	b.n += int(made.n)
	b.size += made.bytes()
	if b.size >= chunkBytes {
		b.endChunk()
	}
}

func allOne(weights []int64) bool {
	for _, w := range weights {
		if w != 1 {
			return false
		}
	}
	return true
}

func (b *runBuilder) endChunk() {
	if len(b.blocks) == 0 {
		return
	}
	c := newChunk(b.order, append(make([]*block, 0, len(b.blocks)), b.blocks...))
	b.fresh += b.tier.built(b.order, c)
	b.chunks = append(b.chunks, c)
	clear(b.blocks)
	b.blocks, b.n, b.size = b.blocks[:0], 0, 0
}

// isLarge: worth to be taken over by a merge, though a smaller chunk may then stand before it.
func (c *chunk) isLarge() bool {
	return int(c.n()) >= chunkRows/2 || c.data >= chunkBytes/2
}

// takeOver appends a chunk as it is.
func (b *runBuilder) takeOver(c *chunk) {
	b.endBlock()
	b.endChunk()
	b.chunks = append(b.chunks, c)
}

// finish gives the run.
func (b *runBuilder) finish() *run {
	b.endBlock()
	b.endChunk()
	r := makeRun(b.chunks)
	b.abandon()
	return r
}

// abandon lets go of everything.
func (b *runBuilder) abandon() {
	b.tier.settled(b.fresh) // who takes the run charges it
	clear(b.from[:cap(b.from)])
	b.rows, b.from, b.weights, b.bytes = b.rows[:0], b.from[:0], b.weights[:0], 0
	b.blocks, b.n, b.size = nil, 0, 0
	b.chunks, b.fresh = nil, 0
}

func (b *runBuilder) copyColumn(to *delta.Builder, i int) {
	if whole := b.wholeSource(); whole != nil {
		to.Gather(&whole.cols[i], b.rows)
		return
	}
	switch to.Type().Phys().Size() {
	case 8:
		to.Extend(len(b.rows))
		copyFixed(delta.Filled[int64](to), b.from, b.rows, i)
	case 4:
		to.Extend(len(b.rows))
		copyFixed(delta.Filled[int32](to), b.from, b.rows, i)
	default:
		for k, row := range b.rows {
			to.AppendFrom(&b.from[k].cols[i], row)
		}
		return
	}
	for k, row := range b.rows {
		if b.from[k].cols[i].Null(row) {
			to.SetNull(int32(k))
		}
	}
}

// wholeSource is the block that all rows come from, if it is one.
func (b *runBuilder) wholeSource() *block {
	for _, f := range b.from {
		if f != b.from[0] {
			return nil
		}
	}
	return b.from[0]
}

func copyFixed[T int32 | int64](dst []T, from []*block, rows []int32, col int) {
	for k, row := range rows {
		c := &from[k].cols[col]
		dst[k] = delta.Values[T](c)[row]
	}
}
