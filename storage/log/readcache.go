package log

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

// chunksPerRange are read together: about 512 KiB.
const chunksPerRange = 16

// readCache keeps indexes and ranges read from objects, least recently used out first. One
// read per range is in flight; who comes meanwhile waits for it. Objects never change, so
// nothing in it is ever stale.
type readCache struct {
	store objstore.Store
	limit int64

	mu struct {
		sync.Mutex
		bytes   int64
		entries map[readKey]*list.Element // of *readEntry
		recent  *list.List                // front = newest
		flights map[readKey]*flight
	}
}

// readKey names a range of chunks of one partition's run, or (at indexKey) an index.
type readKey struct {
	object    string
	partition Partition
	at        int
}

const indexKey = -1

type readEntry struct {
	key   readKey
	value readValue
}

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

func newReadCache(store objstore.Store, limit int64) *readCache {
	c := &readCache{store: store, limit: limit}
	c.mu.entries = map[readKey]*list.Element{}
	c.mu.recent = list.New()
	c.mu.flights = map[readKey]*flight{}
	return c
}

func (c *readCache) size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.bytes
}

// get returns what is cached or loads it once for all who ask.
func (c *readCache) get(ctx context.Context, key readKey, load func() (readValue, error)) (readValue, error) {
	for {
		c.mu.Lock()
		if e := c.mu.entries[key]; e != nil {
			c.mu.recent.MoveToFront(e)
			c.mu.Unlock()
			return e.Value.(*readEntry).value, nil
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
	if f.err != nil || f.value.size > c.limit {
		return
	}
	c.mu.entries[key] = c.mu.recent.PushFront(&readEntry{key, f.value})
	c.mu.bytes += f.value.size
	for c.mu.bytes > c.limit {
		oldest := c.mu.recent.Back()
		e := c.mu.recent.Remove(oldest).(*readEntry)
		delete(c.mu.entries, e.key)
		c.mu.bytes -= e.value.size
	}
}

// index of an object.
func (c *readCache) index(ctx context.Context, object string) (*segment.Reader, error) {
	v, err := c.get(ctx, readKey{object: object, at: indexKey}, func() (readValue, error) {
		r, err := segment.Open(ctx, c.store, object)
		if err != nil {
			return readValue{}, err
		}
		size := int64(512)
		for i := range r.Runs() {
			run := &r.Runs()[i]
			size += 256 + int64(len(run.Chunks))*56 + int64(len(run.Visible))*24
		}
		return readValue{index: r, size: size}, nil
	})
	return v.index, err
}

// chunks returns the verified bytes of the range of chunks that holds chunk at, and the
// range's bounds [from, to).
func (c *readCache) chunks(ctx context.Context, r *segment.Reader, object string, p Partition, info *segment.RunInfo, at int, stats *counters) (data []byte, from, to int, err error) {
	from = at / chunksPerRange * chunksPerRange
	to = min(from+chunksPerRange, len(info.Chunks))
	v, err := c.get(ctx, readKey{object: object, partition: p, at: from}, func() (readValue, error) {
		data, err := r.ReadChunks(ctx, info, from, to, nil)
		stats.rangeReads.Add(1)
		stats.rangeBytes.Add(int64(len(data)))
		return readValue{data: data, size: int64(len(data)) + 128}, err
	})
	return v.data, from, to, err
}
