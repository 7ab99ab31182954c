package state

import (
	"sync"
	"sync/atomic"
	"weak"

	"github.com/tributary-db/tributary/storage/state/pack"
)

// TierConfig is what a Tier needs.
type TierConfig struct {
	Dir string
	// Limit is the memory that state may take, Used what it takes now.
	Limit int64
	Used  func() int64
	// Charge takes memory for the cache of blocks, or gives it back; it cannot fail. It must be safe
	// for concurrent use.
	Charge func(bytes int64)
	// Room tells whether so many bytes may be written to the disk now; nil = always. It must be safe for
	// concurrent use.
	Room func(bytes int64) bool
	// OpenFiles is how many packs stay open at rest.
	OpenFiles int
}

// Tier is the local disk below the memory of all arrangements of a process. When memory runs short,
// chunks that nobody read lately become cold: their blocks go to packs and come back one by one
// through a cache. Nothing in it outlives the process. Safe for concurrent use.
//
//	used, of Limit   0 ─────────── 5/8 ──── 3/4 ──── 7/8 ──── 1
//	                                │        │        └ who asks for more puts chunks away itself
//	                                │        └ the pool begins to put chunks away
//	                                └ and ends
type Tier struct {
	cfg   TierConfig
	packs *pack.Store
	// turn is held by who puts chunks away.
	turn chan struct{}
	// building is memory of runs in the making, which nobody has charged yet.
	building atomic.Int64
	counts   tierCounts

	sets struct {
		sync.Mutex
		all  []weak.Pointer[RunSet]
		hand int // where the next search begins
		// distant are chunks of a checkpoint that are brought nearer, in this order.
		distant []*distant
	}
	cached struct {
		sync.Mutex
		line  []cachedBlock // those that came first are looked at first
		bytes int64
	}
}

// cachedBlock is a place in the cache's line.
type cachedBlock struct {
	chunk weak.Pointer[coldChunk]
	block int
	bytes int64
}

type tierCounts struct {
	chunks, linked, warmed, fetched, written, hits, reads, readBytes, evictions, failed, reread atomic.Uint64
}

// TierStats are counters and gauges of a Tier.
type TierStats struct {
	Chunks      uint64 // put on disk
	Written     uint64 // bytes of these
	Linked      uint64 // chunks that left memory without being written: a checkpoint has them, or they were on disk before
	Warmed      uint64 // chunks of a checkpoint that came into memory
	Fetched     uint64 // chunks of a checkpoint that were copied to the local disk
	Hits        uint64 // blocks read from the cache
	Reads       uint64 // blocks read from disk
	ReadBytes   uint64
	Evictions   uint64 // blocks that left the cache
	Failed      uint64 // reads and writes that failed
	Reread      uint64 // chunks that are read from a checkpoint, as the local disk has them no more
	CachedBytes int64
	Disk        pack.Stats
}

// packBytes is the size of a pack; tests make it small.
var packBytes = int64(64 << 20)

// minCold is the size from which a chunk is worth a place on disk.
var minCold = int64(32 << 10)

// NewTier makes a tier in a directory, and removes what an earlier process left there.
func NewTier(cfg TierConfig) (*Tier, error) {
	packs, err := pack.Open(pack.Config{Dir: cfg.Dir, PackBytes: packBytes, OpenFiles: cfg.OpenFiles})
	if err != nil {
		return nil, err
	}
	return &Tier{cfg: cfg, packs: packs, turn: make(chan struct{}, 1)}, nil
}

// Close removes the files. What is on disk cannot be read any more.
func (t *Tier) Close() { t.packs.Close() }

// Stats are the counters now.
func (t *Tier) Stats() TierStats {
	c := &t.counts
	s := TierStats{
		Chunks: c.chunks.Load(), Linked: c.linked.Load(), Warmed: c.warmed.Load(), Fetched: c.fetched.Load(), Written: c.written.Load(), Hits: c.hits.Load(), Reads: c.reads.Load(),
		ReadBytes: c.readBytes.Load(), Evictions: c.evictions.Load(), Failed: c.failed.Load(), Reread: c.reread.Load(), Disk: t.packs.Stats(),
	}
	t.cached.Lock()
	defer t.cached.Unlock()
	s.CachedBytes = t.cached.bytes
	return s
}

func (t *Tier) used() int64 { return t.cfg.Used() + t.building.Load() }

// isShort: there is less memory than there should be.
func (t *Tier) isShort() bool { return t != nil && t.used() > t.cfg.Limit/4*3 }

// hasRoom: so many bytes more do not make who asks for memory wait for room.
func (t *Tier) hasRoom(bytes int64) bool { return t == nil || t.used()+bytes <= t.cfg.Limit/8*7 }

// leastOpen is worth a run of its own however little memory there is.
const leastOpen = 256 << 10

// openBytes is how many bytes of rows a head collects before it makes a run of them. Nobody but its writer can put them
// on disk, and every dataflow in its tick has some: where memory is small they must not be all of it.
func (t *Tier) openBytes() int64 {
	if t == nil {
		return chunkBytes
	}
	return min(chunkBytes, max(leastOpen, t.cfg.Limit/64))
}

// charge takes memory from an account; if there is little, somebody's rows go to disk.
func (t *Tier) charge(account func(bytes int64) error, bytes int64) error {
	err := account(bytes)
	if bytes > 0 && t != nil && (err != nil || t.isFull()) {
		t.relieve(bytes)
		if err != nil {
			err = account(bytes)
		}
	}
	return err
}

// isFull: who asks for memory makes room first.
func (t *Tier) isFull() bool { return t != nil && t.used() > t.cfg.Limit/8*7 }

// built takes note of a chunk that was made, which goes to disk at once if memory is short. It gives
// the bytes that are in the making from then on, for settled.
func (t *Tier) built(o *RowOrder, c *chunk) int64 {
	if t == nil {
		return 0
	}
	size := c.size.Load()
	if size >= minCold && t.used()+size > t.cfg.Limit/4*3 {
		// On a full disk it stays in memory.
		if cold, _ := t.write(o, c); cold != nil {
			c.become(cold)
			size = 0
		}
	}
	t.building.Add(size)
	return size
}

// settled: so many bytes are no more in the making.
func (t *Tier) settled(bytes int64) {
	if t != nil {
		t.building.Add(-bytes)
	}
}

// become makes a chunk cold, and tells how much memory it gave back.
func (c *chunk) become(cold *coldChunk) (freed int64) {
	c.cold.Store(cold)
	freed = c.size.Swap(cold.size) - cold.size
	c.hot.Store(nil)
	return freed
}

// watch makes the chunks of a be put away when memory is short.
func (t *Tier) watch(a *RunSet) {
	if t == nil {
		return
	}
	t.sets.Lock()
	defer t.sets.Unlock()
	t.sets.all = append(t.sets.all, weak.Make(a))
}

// relieve puts chunks away until there is room for so many bytes more, or nothing is left to put away.
func (t *Tier) relieve(bytes int64) {
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	if want := t.used() + bytes - t.cfg.Limit/8*5; want > 0 {
		t.putAway(want)
	}
}

// step puts some chunks away if memory is short, or rewrites a pack that is mostly dead. It reports
// whether there may be more to do.
func (t *Tier) step() bool {
	if t == nil {
		return false
	}
	if !t.isShort() {
		moved, err := t.packs.Compact()
		if err != nil {
			t.counts.failed.Add(1)
		}
		return moved
	}
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	want := t.used() - t.cfg.Limit/8*5
	return t.putAway(min(want, chunkBytes)) > 0 && t.isShort()
}

// putAway makes chunks cold, first those that nobody read since the last time, and tells what it
// freed. REQUIRES: t.turn held.
func (t *Tier) putAway(want int64) (freed int64) {
	for _, any := range []bool{false, true} {
		sets := t.inTurn()
		for i, a := range sets {
			if freed >= want {
				t.advance(i)
				return freed
			}
			freed += a.putAway(t, want-freed, any)
		}
	}
	if freed < want {
		freed += t.evict(0)
	}
	return freed
}

// inTurn are the arrangements that are alive, from the hand on.
func (t *Tier) inTurn() (out []*RunSet) {
	t.sets.Lock()
	defer t.sets.Unlock()
	alive := t.sets.all[:0]
	hand := 0
	for i, p := range t.sets.all {
		a := p.Value()
		if a == nil {
			continue
		}
		if i < t.sets.hand {
			hand++
		}
		alive = append(alive, p)
		out = append(out, a)
	}
	clear(t.sets.all[len(alive):])
	t.sets.all, t.sets.hand = alive, hand
	if hand >= len(out) {
		return out
	}
	return append(out[hand:len(out):len(out)], out[:hand]...)
}

func (t *Tier) advance(n int) {
	t.sets.Lock()
	defer t.sets.Unlock()
	if len(t.sets.all) > 0 {
		t.sets.hand = (t.sets.hand + n) % len(t.sets.all)
	}
}

// cache takes a block that was read into the cache's line.
func (t *Tier) cache(c *coldChunk, k int, bytes int64) {
	c.rest.cached.Add(bytes)
	t.cached.Lock()
	t.cached.line = append(t.cached.line, cachedBlock{weak.Make(c), k, bytes})
	t.cached.bytes += bytes
	full := t.cached.bytes > t.cfg.Limit/4
	t.cached.Unlock()
	t.cfg.Charge(bytes)
	if full {
		t.evict(t.cfg.Limit / 4)
	}
}

// uncache gives bytes back that were in the cache.
func (t *Tier) uncache(bytes int64) {
	t.cached.Lock()
	t.cached.bytes -= bytes
	t.cached.Unlock()
	t.cfg.Charge(-bytes)
}

// evict drops blocks from the cache until it has at most limit bytes: those first that were not read
// again since they came, or since the last time.
func (t *Tier) evict(limit int64) (freed int64) {
	t.cached.Lock()
	for n := 2 * len(t.cached.line); n > 0 && len(t.cached.line) > 0 && t.cached.bytes > limit; n-- {
		at := t.cached.line[0]
		t.cached.line = t.cached.line[1:]
		c := at.chunk.Value()
		if c == nil {
			continue // its bytes were given back, or are about to be
		}
		if c.blocks[at.block].used.Swap(false) {
			t.cached.line = append(t.cached.line, at)
			continue
		}
		c.blocks[at.block].cached.Store(nil)
		c.rest.cached.Add(-at.bytes)
		t.cached.bytes -= at.bytes
		freed += at.bytes
		t.counts.evictions.Add(1)
	}
	t.cached.Unlock()
	t.cfg.Charge(-freed)
	return freed
}
