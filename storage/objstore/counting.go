package objstore

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/latency"
)

// OpCounts counts one operation of a store. Bytes are object bytes moved.
type OpCounts struct {
	Requests, Errors, Bytes int64
}

// Counts of a Counting store. A refused condition and a missing object are answers, no errors.
type Counts struct {
	Put, Upload, Get, Stat, List, Delete OpCounts
}

// Counting passes every call on and counts it. The counters of one operation are read one after
// the other, not as one.
type Counting struct {
	inner                                Store
	clock                                clock.Clock
	put, upload, get, stat, list, delete opCounter
}

type opCounter struct {
	requests, errors, bytes atomic.Int64
	latency                 latency.Histogram
}

var _ Store = (*Counting)(nil)

// NewCounting wraps s. Closing it closes s.
func NewCounting(s Store) *Counting { return &Counting{inner: s, clock: clock.Real{}} }

// Close closes the wrapped store.
func (c *Counting) Close() error { return Close(c.inner) }

// Counts since the start.
func (c *Counting) Counts() Counts {
	return Counts{
		Put: c.put.read(), Upload: c.upload.read(), Get: c.get.read(),
		Stat: c.stat.read(), List: c.list.read(), Delete: c.delete.read(),
	}
}

// Latencies of the operations that are one request: time to the answer, tries again included.
func (c *Counting) Latencies() map[string]latency.Snapshot {
	return map[string]latency.Snapshot{
		"put": c.put.latency.Snapshot(), "get": c.get.latency.Snapshot(),
		"stat": c.stat.latency.Snapshot(), "delete": c.delete.latency.Snapshot(),
	}
}

func (c *Counting) timed(o *opCounter, began time.Time) { o.latency.Observe(c.clock.Now().Sub(began)) }

func (o *opCounter) read() OpCounts {
	return OpCounts{Requests: o.requests.Load(), Errors: o.errors.Load(), Bytes: o.bytes.Load()}
}

func (o *opCounter) add(bytes int64, err error) {
	o.requests.Add(1)
	o.fail(err)
	if err == nil {
		o.bytes.Add(bytes)
	}
}

func (o *opCounter) fail(err error) {
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrPrecondition) && !errors.Is(err, ErrRange) {
		o.errors.Add(1)
	}
}

// Put implements Store.
func (c *Counting) Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error) {
	defer c.timed(&c.put, c.clock.Now())
	info, err := c.inner.Put(ctx, key, parts, cond)
	c.put.add(sizeOf(parts), err)
	return info, err
}

// Create implements Store.
func (c *Counting) Create(ctx context.Context, key string) (Upload, error) {
	u, err := c.inner.Create(ctx, key)
	c.upload.add(0, err)
	if err != nil {
		return nil, err
	}
	return &countingUpload{Upload: u, counter: &c.upload}, nil
}

type countingUpload struct {
	Upload
	counter *opCounter
}

func (u *countingUpload) Write(p []byte) (int, error) {
	n, err := u.Upload.Write(p)
	u.counter.bytes.Add(int64(n))
	u.counter.fail(err)
	return n, err
}

func (u *countingUpload) Commit() (ObjectInfo, error) {
	info, err := u.Upload.Commit()
	u.counter.fail(err)
	return info, err
}

// GetRange implements Store.
func (c *Counting) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	defer c.timed(&c.get, c.clock.Now())
	n, err := c.inner.GetRange(ctx, key, off, dst)
	c.get.add(int64(n), err)
	return n, err
}

// Stat implements Store.
func (c *Counting) Stat(ctx context.Context, key string) (ObjectInfo, error) {
	defer c.timed(&c.stat, c.clock.Now())
	info, err := c.inner.Stat(ctx, key)
	c.stat.add(0, err)
	return info, err
}

// List implements Store; one ranging over it counts as one request.
func (c *Counting) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		c.list.requests.Add(1)
		for info, err := range c.inner.List(ctx, prefix, after) {
			c.list.fail(err)
			if !yield(info, err) {
				return
			}
		}
	}
}

// Delete implements Store.
func (c *Counting) Delete(ctx context.Context, keys ...string) error {
	defer c.timed(&c.delete, c.clock.Now())
	err := c.inner.Delete(ctx, keys...)
	c.delete.add(0, err)
	return err
}
