package state

import (
	"slices"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
)

// Limits of blocks and chunks; variables so that tests reach them with little data.
var (
	// blockRows is the most rows of a block. Cursors yield blocks, so it is also the size of the
	// batches that operators see.
	blockRows = 1024
	// blockBytes closes a block of wide rows. A row that is larger is a block of its own.
	blockBytes = 256 << 10
	// chunkRows and chunkBytes close a chunk.
	chunkRows  = 1 << 16
	chunkBytes = int64(16 << 20)
)

// block is consecutive rows of a run, all columns side by side: what is read, merged and written
// at once. Immutable.
type block struct {
	cols    []delta.Column
	weights []int64 // nil: every weight is 1
	n       int32
	// coded, where not all columns were read, is the block as it lies on disk; see complete.
	coded []byte
	zones atomic.Pointer[zones]
}

func (b *block) weight(i int32) int64 {
	if b.weights == nil {
		return 1
	}
	return b.weights[i]
}

// bytes is the memory of a block.
func (b *block) bytes() int64 {
	size := int64(8*cap(b.weights) + 64)
	for i := range b.cols {
		size += columnBytes(&b.cols[i])
	}
	return size
}

// ownColumn is what b collected, in memory that fits; b can be cleared and used again.
func ownColumn(b *delta.Builder) delta.Column {
	c := b.Column()
	c.Data, c.Var, c.Valid = cloneAligned(c.Data), slices.Clip(slices.Clone(c.Var)), slices.Clip(slices.Clone(c.Valid))
	return c
}
