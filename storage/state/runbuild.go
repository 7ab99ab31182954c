package state

import (
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
)

// runBuilder makes a run of rows that come in order. It can be used again after finish.
type runBuilder struct {
	order *RowOrder
	tier  *Tier // nil: everything stays in memory
	cols  []*delta.Builder
	rows  picked // the block in the making

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
		b.rows.reads(o.types, i)
	}
	return b
}

// add appends a row of blk, which must come behind what was added. It reports whether a block was
// ended by it.
func (b *runBuilder) add(blk *block, row int32, weight int64) (ended bool) {
	bytes := b.rows.bytesOf(blk, row)
	if n := b.rows.len(); n > 0 && (n >= blockRows || b.rows.bytes+bytes > blockBytes) {
		b.endBlock()
		ended = true
	}
	b.rows.add(blk, row, weight, bytes)
	return ended
}

// endBlock copies the rows added, a column at a time.
func (b *runBuilder) endBlock() {
	if b.rows.len() == 0 {
		return
	}
	if b.n+b.rows.len() > chunkRows {
		b.endChunk()
	}
	made := &block{n: int32(b.rows.len()), cols: make([]delta.Column, len(b.cols))}
	for i, c := range b.cols {
		c.Clear()
		b.rows.copy(c, i)
		made.cols[i] = ownColumn(c)
		if c.Size() > maxPooled {
			b.cols[i] = delta.NewBuilder(c.Type())
		}
	}
	if !allOne(b.rows.weights) {
		made.weights = slices.Clip(slices.Clone(b.rows.weights))
	}
	b.rows.clear()
	b.blocks = append(b.blocks, made)
	b.n += int(made.n)
	b.size += made.bytes()
	if b.size >= chunkBytes {
		b.endChunk()
	}
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
	b.rows.letGo()
	b.blocks, b.n, b.size = nil, 0, 0
	b.chunks, b.fresh = nil, 0
}
