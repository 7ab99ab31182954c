package rangecache

import (
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/clock"
)

const (
	// packShare: a pack is so small a part of the limit, within bounds, or has one entry that is longer.
	packShare = 16
	leastPack = 64 << 10
	mostPack  = 64 << 20
	// longestShare: an entry is so small a part of the limit, or is not kept.
	longestShare = 2
	// queueBytes may wait to be written.
	queueBytes = 32 << 20
	// leastEntry: of so many bytes each there may be as many entries as the limit has room for.
	leastEntry = 4 << 10
)

// Config of a Cache.
type Config struct {
	Dir    string       // its own; made if absent
	Limit  int64        // bytes of its files together
	Logger *slog.Logger // nil = discard
	Clock  clock.Clock  // nil = the machine's
	// Free is the free space of the disk; below twice Reserve nothing is written, and old packs go. nil =
	// endless.
	Free    func() (int64, error)
	Reserve int64
}

// Cache keeps ranges of objects in files. It is safe for concurrent use.
type Cache struct {
	cfg      Config
	packSize int64
	queue    chan item
	loaded   chan struct{}

	queued                                   atomic.Int64
	hits, misses, damaged, dropped, failures atomic.Int64
	written                                  atomic.Int64

	mu struct {
		sync.RWMutex
		index   map[string]map[int64]location
		entries int64
		packs   []*pack // oldest first
		bytes   int64
	}
}

// location is where the bytes of an entry are.
type location struct {
	pack   *pack
	at     int64
	length int64
	crc    uint32
}

// item is an entry on its way to a pack.
type item struct {
	object   string
	position int64
	data     []byte
}

// Stats of a Cache; counters since Open unless a gauge.
type Stats struct {
	Bytes, Entries int64 // gauges
	Hits, Misses   int64
	Damaged        int64 // entries whose bytes were not what was written
	Dropped        int64 // ranges that were not kept because the disk did not keep up, or too long for the limit
	Written        int64 // bytes
	Failures       int64 // of writing
}

// Open makes the directory and looks what is there; Run reads it.
func Open(cfg Config) (*Cache, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real{}
	}
	c := &Cache{cfg: cfg, packSize: min(max(cfg.Limit/packShare, leastPack), mostPack), queue: make(chan item, 4096), loaded: make(chan struct{})}
	c.mu.index = map[string]map[int64]location{}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cache of ranges: %w", err)
	}
	if err := os.Chmod(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cache of ranges: %w", err)
	}
	packs, err := findPacks(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("cache of ranges: %w", err)
	}
	c.mu.packs = packs
	for _, p := range packs {
		c.mu.bytes += p.size
	}
	return c, nil
}

// Loaded is closed once Run has read what was there.
func (c *Cache) Loaded() <-chan struct{} { return c.loaded }

// Stats may be called at any time.
func (c *Cache) Stats() Stats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return Stats{
		Bytes: c.mu.bytes, Entries: c.mu.entries, Hits: c.hits.Load(), Misses: c.misses.Load(), Damaged: c.damaged.Load(),
		Dropped: c.dropped.Load(), Written: c.written.Load(), Failures: c.failures.Load(),
	}
}

// Get returns the bytes of an object from position on, length of them as they were Put; nil if they are not there, or
// not as they were written. The bytes are the caller's.
func (c *Cache) Get(object string, position, length int64) []byte {
	at, old, ok := c.find(object, position)
	if !ok || at.length != length {
		c.misses.Add(1)
		return nil
	}
	data := make([]byte, length)
	if _, err := at.pack.file.ReadAt(data, at.at); err != nil || crc32.Checksum(data, castagnoli) != at.crc {
		if c.forget(object, position, at) { // else its pack was removed meanwhile
			c.damaged.Add(1)
		}
		c.misses.Add(1)
		return nil
	}
	c.hits.Add(1)
	if old {
		c.Put(object, position, data)
	}
	return data
}

// Has tells whether something of an object is there.
func (c *Cache) Has(object string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.mu.index[object]) > 0
}

// find looks an entry up; old tells that its pack is among those that go next.
func (c *Cache) find(object string, position int64) (at location, old, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	at, ok = c.mu.index[object][position]
	if !ok {
		return at, false, false
	}
	quarter := len(c.mu.packs) / 4
	return at, quarter > 0 && c.mu.bytes > c.cfg.Limit/2 && at.pack.number < c.mu.packs[quarter].number, true
}

// Put keeps data as the bytes of an object from position on, if there is room. It does not wait; data must not change
// afterwards.
func (c *Cache) Put(object string, position int64, data []byte) {
	n := int64(len(data))
	if n == 0 {
		return
	}
	if n > min(MaxEntryBytes, c.cfg.Limit/longestShare) || len(object) > maxKeyLength {
		c.dropped.Add(1)
		return
	}
	if c.queued.Add(n) > queueBytes {
		c.queued.Add(-n)
		c.dropped.Add(1)
		return
	}
	select {
	case c.queue <- item{object, position, data}:
	default:
		c.queued.Add(-n)
		c.dropped.Add(1)
	}
}

// forget removes an entry that is still at a place.
func (c *Cache) forget(object string, position int64, at location) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgetLocked(object, position, at.pack)
}

func (c *Cache) forgetLocked(object string, position int64, of *pack) bool {
	ranges := c.mu.index[object]
	if ranges[position].pack != of || of == nil {
		return false
	}
	delete(ranges, position)
	c.mu.entries--
	if len(ranges) == 0 {
		delete(c.mu.index, object)
	}
	return true
}

// note makes an entry known; one of its place that was there is forgotten.
func (c *Cache) noteLocked(object string, position int64, at location) {
	ranges := c.mu.index[object]
	if ranges == nil {
		ranges = map[int64]location{}
		c.mu.index[object] = ranges
	}
	if _, there := ranges[position]; !there {
		c.mu.entries++
	}
	ranges[position] = at
	at.pack.held = append(at.pack.held, place{object, position})
}
