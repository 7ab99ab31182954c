package state

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/pack"
)

// coldChunk is a chunk on disk: its blocks are a piece of a pack, each with a checksum, and come back
// through the tier's cache. What says where a key can be stays in memory.
type coldChunk struct {
	tier   *Tier
	types  []sqltype.OID
	blocks []coldBlock
	// fence has the key of each block's first row, and of the last row of the chunk; other columns
	// are empty. nil when keys are wide: blocks are read instead.
	fence []delta.Column
	// filter says which keys are surely not there. nil: none is.
	filter []filterLine
	size   int64 // memory of all this
	rest   *coldRest
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
	piece  *pack.Piece
	cached atomic.Int64 // bytes in the cache
}

func (r *coldRest) release() {
	r.piece.Release()
	r.tier.uncache(r.cached.Load())
}

// errDiskFull keeps a chunk in memory: what the log needs of the disk is not taken.
var errDiskFull = errors.New("the disk is nearly full")

// write puts a chunk on disk; nil if that frees no memory.
func (t *Tier) write(o *RowOrder, c *chunk) (*coldChunk, error) {
	hot := c.hot.Load()
	made := &coldChunk{tier: t, types: o.types, blocks: make([]coldBlock, len(hot.blocks)), filter: makeFilter(o, hot), fence: makeFence(o, hot)}
	made.size = int64(40*len(made.blocks)+64*len(made.filter)+4*cap(c.starts)) + 256
	for i := range made.fence {
		made.size += int64(cap(made.fence[i].Data) + cap(made.fence[i].Var) + 8*cap(made.fence[i].Valid) + 96)
	}
	if made.size >= c.size.Load() {
		return nil, nil
	}
	parts := make([][]byte, len(hot.blocks))
	at := int64(0)
	for k, b := range hot.blocks {
		parts[k] = encodeBlock(b)
		made.blocks[k].at, made.blocks[k].size = at, int64(len(parts[k]))
		at += int64(len(parts[k]))
	}
	if t.cfg.Room != nil && !t.cfg.Room(at) {
		t.counts.failed.Add(1)
		return nil, errDiskFull
	}
	piece, err := t.packs.Write(parts...)
	if err != nil {
		t.counts.failed.Add(1)
		return nil, unreadable(err)
	}
	made.rest = &coldRest{tier: t, piece: piece}
	runtime.AddCleanup(made, (*coldRest).release, made.rest)
	t.counts.chunks.Add(1)
	t.counts.written.Add(uint64(at))
	return made, nil
}

// block gives the k-th block, from the cache or from disk.
func (c *coldChunk) block(k int, keep bool) (*block, error) {
	from := &c.blocks[k]
	if b := from.cached.Load(); b != nil {
		c.tier.counts.hits.Add(1)
		if !from.used.Load() {
			from.used.Store(true)
		}
		return b, nil
	}
	b, err := c.read(from)
	if err == nil && keep && from.cached.CompareAndSwap(nil, b) {
		c.tier.cache(c, k, b.bytes())
	}
	return b, err
}

// read reads a block from disk.
func (c *coldChunk) read(from *coldBlock) (*block, error) {
	b, err := c.checked(from)
	if err != nil {
		return nil, err
	}
	return decodeBlock(b, c.types)
}

// stored gives the k-th block as it lies on disk.
func (c *coldChunk) stored(k int) ([]byte, error) { return c.checked(&c.blocks[k]) }

// checked reads the bytes of a block, twice before they are given up: what the disk has may be good.
func (c *coldChunk) checked(from *coldBlock) ([]byte, error) {
	b, err := c.readOnce(from)
	if err != nil {
		b, err = c.readOnce(from)
	}
	if err != nil {
		c.tier.counts.failed.Add(1)
	}
	return b, err
}

func (c *coldChunk) readOnce(from *coldBlock) ([]byte, error) {
	c.tier.counts.reads.Add(1)
	c.tier.counts.readBytes.Add(uint64(from.size))
	buf := alignedBytes(int(from.size))
	err := c.rest.piece.ReadAt(buf, from.at)
	runtime.KeepAlive(c) // its piece is not released before
	if err != nil {
		return nil, unreadable(err)
	}
	return buf, checkBlock(buf)
}

// maxFence is the most bytes of keys that a chunk keeps in memory, by block.
const maxFence = 1 << 10

// makeFence collects the keys at the edges of blocks.
func makeFence(o *RowOrder, hot *hotChunk) []delta.Column {
	fence := make([]delta.Column, len(o.types))
	n := len(hot.blocks)
	wide := 0
	for _, s := range o.steps[:o.keys] {
		b := delta.NewBuilder(o.types[s.col])
		for _, from := range hot.blocks {
			b.AppendFrom(&from.cols[s.col], 0)
		}
		last := hot.blocks[n-1]
		b.AppendFrom(&last.cols[s.col], last.n-1)
		fence[s.col] = ownColumn(b)
		wide += b.Size()
	}
	if wide > (n+1)*maxFence {
		return nil
	}
	return fence
}

// filterLine is a cache line of a filter: a key sets a bit in each word of one line.
type filterLine [8]uint64

// filterSalts make the bits of a key in the words of its line independent.
var filterSalts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// keysPerLine: 12 bits a key, one absent key in 300 or so is not seen to be.
const keysPerLine = 42

func makeFilter(o *RowOrder, hot *hotChunk) []filterLine {
	if o.keys == 0 {
		return nil
	}
	groups := hot.groups
	if groups == nil {
		groups = make([]uint16, hot.starts[len(hot.blocks)])
		for i := range groups {
			groups[i] = uint16(i)
		}
	}
	filter := make([]filterLine, len(groups)/keysPerLine+1)
	hot.eachKey(o, slices.Clone(groups), func(hash uint64, _ int32) {
		line := &filter[lineOf(hash, len(filter))]
		for i, salt := range filterSalts {
			line[i] |= 1 << (uint32(hash) * salt >> 26)
		}
	})
	return filter
}

func lineOf(hash uint64, n int) int { return int(hash >> 32 * uint64(n) >> 32) }

// mayHave: the chunk may have a key of this hash.
func (c *coldChunk) mayHave(hash uint64) bool {
	if c.filter == nil {
		return true
	}
	line := &c.filter[lineOf(hash, len(c.filter))]
	for i, salt := range filterSalts {
		if line[i]&(1<<(uint32(hash)*salt>>26)) == 0 {
			return false
		}
	}
	return true
}
