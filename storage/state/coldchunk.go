package state

import (
	"errors"
	"runtime"
	"sync/atomic"

	"github.com/tributary-db/tributary/storage/state/pack"
)

// coldChunk is a chunk on disk: its blocks are a piece of a pack or of a checkpoint, each with a checksum, and come back
// through the tier's cache. What says where a key can be stays in memory.
type coldChunk struct {
	tier   *Tier
	order  *RowOrder
	blocks []coldBlock
	// index is read when it is asked for, of a chunk that a checkpoint has.
	index     atomic.Pointer[coldIndex]
	indexSize int64 // in the piece, behind the blocks
	size      int64 // memory of all this, the index with it
	rest      *coldRest
	// of, where it is not nil, is the chunk that this one is, with wider rows.
	of   *chunk
	wide *Widening
}

// coldBlock is a block on disk, in memory while it is in the cache.
type coldBlock struct {
	at, size int64 // in the piece
	cached   atomic.Pointer[block]
	used     atomic.Bool // since the cache last looked
}

// coldRest is what outlives a coldChunk that nobody refers to any more: it is given back then.
type coldRest struct {
	tier   *Tier
	source source
	cached atomic.Int64 // bytes in the cache
}

// source is the bytes of a chunk: a piece of a pack, or of a checkpoint.
type source interface {
	ReadAt(b []byte, at int64) error
	Release()
}

var _ source = (*pack.Piece)(nil)

func (r *coldRest) release() {
	r.source.Release()
	r.tier.uncache(r.cached.Load())
}

// errDiskFull keeps a chunk in memory: what the log needs of the disk is not taken.
var errDiskFull = errors.New("the disk is nearly full")

// newCold makes the cold form of a chunk whose blocks have these sizes.
func newCold(t *Tier, o *RowOrder, c *chunk, sizes []int64, from source) *coldChunk {
	made := &coldChunk{tier: t, order: o, blocks: make([]coldBlock, len(sizes))}
	at := int64(0)
	for k, size := range sizes {
		made.blocks[k].at, made.blocks[k].size = at, size
		at += size
	}
	made.size = coldBytes(c)
	made.rest = &coldRest{tier: t, source: from}
	runtime.AddCleanup(made, (*coldRest).release, made.rest)
	return made
}

// coldBytes is the memory of a cold chunk without its index.
func coldBytes(c *chunk) int64 { return int64(48*c.blockCount()+4*cap(c.starts)) + 320 }

// write makes the cold form of a chunk, nil if that frees no memory. One that was cold before, or is
// in a checkpoint that is near, is not written again.
func (t *Tier) write(o *RowOrder, c *chunk) (*coldChunk, error) {
	if cold := c.cold.Load(); cold != nil {
		t.counts.linked.Add(1)
		return cold, nil
	}
	if cold := t.linked(o, c); cold != nil {
		return cold, nil
	}
	hot := c.hot.Load()
	index := makeIndex(o, hot)
	if coldBytes(c)+index.bytes() >= c.size.Load() {
		return nil, nil
	}
	parts, sizes := make([][]byte, len(hot.blocks)), make([]int64, len(hot.blocks))
	total := int64(0)
	for k, b := range hot.blocks {
		parts[k] = encodeBlock(b)
		sizes[k] = int64(len(parts[k]))
		total += sizes[k]
	}
	if t.cfg.Room != nil && !t.cfg.Room(total) {
		t.counts.failed.Add(1)
		return nil, errDiskFull
	}
	piece, err := t.packs.Write(parts...)
	if err != nil {
		t.counts.failed.Add(1)
		return nil, unreadable(err)
	}
	made := newCold(t, o, c, sizes, piece)
	made.size += index.bytes()
	made.index.Store(index)
	t.counts.chunks.Add(1)
	t.counts.written.Add(uint64(total))
	return made, nil
}

// linked is the cold form of a chunk as a checkpoint on the local disk has it, nil if none has.
func (t *Tier) linked(o *RowOrder, c *chunk) *coldChunk {
	saved := c.saved.Load()
	if saved == nil || saved.indexSize == 0 || !saved.from.Local() || coldBytes(c)+saved.indexBytes >= c.size.Load() {
		return nil
	}
	from, err := saved.from.Open(saved.place)
	if err != nil {
		return nil // it is in no kept checkpoint any more
	}
	t.counts.linked.Add(1)
	return saved.cold(t, o, c, from)
}

// block gives the k-th block, from the cache or from disk.
func (c *coldChunk) block(k int, keep bool, wanted []bool) (*block, error) {
	if c.of != nil {
		return c.widenedBlock(k, keep)
	}
	from := &c.blocks[k]
	if b := from.cached.Load(); b != nil {
		c.tier.counts.hits.Add(1)
		if !from.used.Load() {
			from.used.Store(true)
		}
		return b, nil
	}
	if keep {
		wanted = nil
	}
	b, err := c.read(from, wanted)
	if err == nil && keep && from.cached.CompareAndSwap(nil, b) {
		c.tier.cache(c, k, b.bytes())
	}
	return b, err
}

// read reads a block from disk.
func (c *coldChunk) read(from *coldBlock, wanted []bool) (*block, error) {
	b, err := c.checked(from)
	if err != nil {
		return nil, err
	}
	return decodeBlock(b, c.order.types, wanted)
}

// stored gives the k-th block as it lies on disk.
func (c *coldChunk) stored(k int) ([]byte, error) {
	if c.of == nil {
		return c.checked(&c.blocks[k])
	}
	b, err := c.widenedBlock(k, false)
	if err != nil {
		return nil, err
	}
	return encodeBlock(b), nil
}

func (c *coldChunk) checked(from *coldBlock) ([]byte, error) {
	return c.readChecked(from.at, from.size, checkBlock)
}

// readChecked reads bytes, twice before they are given up: what the disk has may be good.
func (c *coldChunk) readChecked(at, size int64, check func([]byte) error) ([]byte, error) {
	b, err := c.readOnce(at, size, check)
	if err != nil {
		b, err = c.readOnce(at, size, check)
	}
	if err != nil {
		c.tier.counts.failed.Add(1)
		if of, saved := c.fromCheckpoint(); saved {
			of.Damaged()
		}
	}
	return b, err
}

func (c *coldChunk) readOnce(at, size int64, check func([]byte) error) ([]byte, error) {
	c.tier.counts.reads.Add(1)
	c.tier.counts.readBytes.Add(uint64(size))
	buf := alignedBytes(int(size))
	err := c.rest.source.ReadAt(buf, at)
	runtime.KeepAlive(c) // its source is not released before
	if err != nil {
		return nil, unreadable(err)
	}
	return buf, check(buf)
}

// lookup is the index of the chunk.
func (c *coldChunk) lookup() (*coldIndex, error) {
	if c.of != nil {
		return c.widenedIndex()
	}
	if index := c.index.Load(); index != nil {
		return index, nil
	}
	last := &c.blocks[len(c.blocks)-1]
	b, err := c.readChecked(last.at+last.size, c.indexSize, checkIndex)
	if err != nil {
		return nil, err
	}
	index, err := decodeIndex(b, c.order, len(c.blocks))
	if err == nil {
		c.index.Store(index)
	}
	return index, err
}
