package log

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/rangecache"
	"github.com/tributary-db/tributary/storage/segment"
)

const (
	// chunksPerRange are read together: about 512 KiB.
	chunksPerRange = 16
	rangeSize      = chunksPerRange * segment.ChunkBytes
)

// readCache keeps indexes and ranges read from objects, least recently used out first. One
// read per range is in flight; who comes meanwhile waits for it. Objects never change, so
// nothing in it is ever stale.
//
//	get ─► memory ─► a flight of somebody else ─► disk (if there is one) ─► object store
type readCache struct {
	store  objstore.Store
	disk   *rangecache.Cache // nil = none
	charge func(bytes int64) error
	room   chan struct{} // a place for each request to the store
	stats  *counters

	mu struct {
		sync.Mutex
		indexes, ranges leastRecent
		flights         map[readKey]*flight
	}
}

// readKey names a range of chunks of one partition's run, or (at indexKey) an index.
type readKey struct {
	object    string
	partition Partition
	at        int
}

const indexKey = -1

type readValue struct {
	index *segment.Reader
	data  []byte
	size  int64
}

type flight struct {
	done  chan struct{}
	value readValue
	err   error
}

// newReadCache makes a cache of limits.ReadCache bytes, a quarter of it for indexes. charge takes what is
// cached off an account, nil = none.
func newReadCache(cfg *Config, limits *Limits, stats *counters) *readCache {
	c := &readCache{store: cfg.Objects, disk: cfg.Disk, charge: cfg.Charge, room: make(chan struct{}, limits.ObjectReads), stats: stats}
	if c.charge == nil {
		c.charge = func(int64) error { return nil }
	}
	c.mu.indexes.init(limits.ReadCache / 4)
	c.mu.ranges.init(limits.ReadCache - limits.ReadCache/4)
	c.mu.flights = map[readKey]*flight{}
	return c
}

// close gives back what was charged.
func (c *readCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.charge(-c.mu.indexes.clear() - c.mu.ranges.clear()) // giving back never fails
}

func (c *readCache) size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.indexes.bytes + c.mu.ranges.bytes
}

// of is the list that holds what key names.
func (c *readCache) ofLocked(key *readKey) *leastRecent {
	if key.at == indexKey {
		return &c.mu.indexes
	}
	return &c.mu.ranges
}

// request waits for a place among the requests to the store.
func (c *readCache) request(ctx context.Context) error {
	select {
	case c.room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get returns what is cached or loads it once for all who ask.
func (c *readCache) get(ctx context.Context, key readKey, load func() (readValue, error)) (readValue, error) {
	for {
		c.mu.Lock()
		if v, ok := c.ofLocked(&key).get(key); ok {
			c.mu.Unlock()
			return v, nil
		}
		f := c.mu.flights[key]
		if f == nil {
			f = &flight{done: make(chan struct{})}
			c.mu.flights[key] = f
			c.mu.Unlock()
			f.value, f.err = load()
			c.land(key, f)
			return f.value, f.err
		}
		c.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return readValue{}, ctx.Err()
		}
		// why: the one who loaded may have been cancelled, or have read it beside others in vain; that is not
		// our error.
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) && !errors.Is(f.err, errNotGathered) {
			return f.value, f.err
		}
	}
}

func (c *readCache) land(key readKey, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.mu.flights, key)
	close(f.done)
	list := c.ofLocked(&key)
	if f.err != nil || f.value.size > list.limit {
		return
	}
	if c.charge(f.value.size) != nil { // what is old here makes room, if that is enough
		_ = c.charge(-list.shrink(list.bytes - f.value.size)) // giving back never fails
		if c.charge(f.value.size) != nil {
			return
		}
	}
	_ = c.charge(-list.add(key, f.value))
}

// cached tells whether what key names is there or on its way.
func (c *readCache) cached(key readKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.flights[key] != nil || c.ofLocked(&key).has(key)
}

// knownIndex is the index of an object if it is there.
func (c *readCache) knownIndex(object string) *segment.Reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, _ := c.mu.indexes.get(readKey{object: object, at: indexKey})
	return v.index
}

// index of an object of size bytes.
func (c *readCache) index(ctx context.Context, object string, size int64) (*segment.Reader, error) {
	v, err := c.get(ctx, readKey{object: object, at: indexKey}, func() (readValue, error) {
		if err := c.request(ctx); err != nil {
			return readValue{}, err
		}
		defer func() { <-c.room }()
		r, err := c.openIndex(ctx, c.store, object, size)
		if err != nil {
			return readValue{}, err
		}
		return indexValue(r), nil
	})
	return v.index, err
}

func indexValue(r *segment.Reader) readValue {
	held := int64(512)
	for i := range r.Runs() {
		run := &r.Runs()[i]
		held += 256 + int64(len(run.Chunks))*56 + int64(len(run.Visible))*24
	}
	return readValue{index: r, size: held}
}

// chunks returns the verified bytes of the range of chunks that holds chunk at, and the
// range's bounds [from, to).
func (c *readCache) chunks(ctx context.Context, r *segment.Reader, object string, p Partition, info *segment.RunInfo, at int) (data []byte, from, to int, err error) {
	w := wantOf(r, info, readKey{object: object, partition: p}, at)
	v, err := c.get(ctx, w.key, func() (readValue, error) {
		if data := c.fromDisk(&w); data != nil {
			return w.value(data), nil
		}
		if err := c.request(ctx); err != nil {
			return readValue{}, err
		}
		defer func() { <-c.room }()
		data, err := r.ReadChunks(ctx, info, w.from, w.to, nil)
		if err != nil {
			return readValue{}, err
		}
		c.took(&w, data)
		c.stats.rangeReads.Add(1)
		return w.value(data), nil
	})
	return v.data, w.from, w.to, err
}

// took counts a range that was read from its object, and keeps it on disk.
func (c *readCache) took(w *want, data []byte) {
	c.stats.rangeBytes.Add(int64(len(data)))
	if c.disk != nil {
		c.disk.Put(w.key.object, w.position, data)
	}
}

// fromDisk is the range as the disk has it, verified; nil if it does not.
func (c *readCache) fromDisk(w *want) []byte {
	if c.disk == nil {
		return nil
	}
	data := c.disk.Get(w.key.object, w.position, w.length)
	if data == nil || w.info.VerifyChunks(w.from, w.to, data) != nil {
		return nil
	}
	return data
}

// openIndex reads an index from an object, through the disk if there is one.
func (c *readCache) openIndex(ctx context.Context, from segment.RangeReader, object string, size int64) (*segment.Reader, error) {
	if c.disk == nil {
		r, err := segment.OpenSized(ctx, from, object, size)
		if err != nil {
			return nil, err
		}
		return r.On(c.store), nil
	}
	tails := &diskTails{cache: c, from: from}
	r, err := segment.OpenSized(ctx, tails, object, size)
	if errors.Is(err, segment.ErrCorrupt) {
		r, err = segment.OpenSized(ctx, from, object, size) // the disk's fault, perhaps
		tails.read = nil
	}
	if err != nil {
		return nil, err
	}
	tails.keep(object)
	return r.On(c.store), nil
}

// diskTails reads the end of an object, where its index is, from the disk or else the object.
type diskTails struct {
	cache *readCache
	from  segment.RangeReader
	read  []tail
}

type tail struct {
	position int64
	data     []byte
}

// GetRange implements segment.RangeReader.
func (t *diskTails) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	if data := t.cache.disk.Get(key, off, int64(len(dst))); data != nil {
		return copy(dst, data), nil
	}
	n, err := t.from.GetRange(ctx, key, off, dst)
	if err == nil && n == len(dst) {
		t.read = append(t.read, tail{off, slices.Clone(dst)})
	}
	return n, err
}

// keep puts on disk what was read of the store. REQUIRES: it was verified.
func (t *diskTails) keep(object string) {
	for _, read := range t.read {
		t.cache.disk.Put(object, read.position, read.data)
	}
}
