package group

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/meta"
)

// Coordinator is the Machine made safe for concurrent use, with a clock and durable.
type Coordinator struct {
	store meta.Store
	clock clock.Clock
	mu    struct {
		sync.Mutex
		machine *Machine
		closed  bool // no storer runs: nothing can become durable
	}
	wakeTimer  chan struct{} // a timer may have become the first; room for 1
	wakeStorer chan struct{} // stores wait; room for 1
}

// maxStoreBytes bounds the writes of one metadata transaction.
const maxStoreBytes = 4 << 20

// NewCoordinator has no groups until Load.
func NewCoordinator(store meta.Store, c clock.Clock, limits Limits, newID func() string) *Coordinator {
	co := &Coordinator{store: store, clock: c, wakeTimer: make(chan struct{}, 1), wakeStorer: make(chan struct{}, 1)}
	co.mu.machine = NewMachine(limits, newID)
	return co
}

// Load reads the groups that were stored. Call it once, before anything else.
func (c *Coordinator) Load(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.mu.machine
	err := c.store.Read(ctx, func(s meta.Snapshot) error {
		if err := scan(s, groupPrefix, func(key, value []byte) error {
			return m.restore(string(key[len(groupPrefix):]), value)
		}); err != nil {
			return err
		}
		if err := scan(s, offsetPrefix, func(key, value []byte) error {
			id, tp, err := parseOffsetKey(key)
			if err != nil {
				return err
			}
			return m.restoreOffset(id, tp, value)
		}); err != nil {
			return err
		}
		if err := scan(s, journalPrefix, m.restoreBound); err != nil {
			return err
		}
		if err := scan(s, sharePrefix, func(key, value []byte) error {
			id, tp, err := parseOffsetKey(append([]byte(offsetPrefix), key[len(sharePrefix):]...))
			if err != nil {
				return err
			}
			return m.restoreShare(id, tp, value)
		}); err != nil {
			return err
		}
		return scan(s, configPrefix, func(key, value []byte) error {
			set, err := decodeConfigs(value)
			m.setConfigs(string(key[len(configPrefix):]), set)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("load consumer groups: %w", err)
	}
	m.restored(c.clock.Now())
	return nil
}

func scan(s meta.Snapshot, prefix string, row func(key, value []byte) error) error {
	from := []byte(prefix)
	to := bytes.Clone(from)
	to[len(to)-1]++
	var rowErr error
	err := s.Scan(from, to, func(key, value []byte, _ uint64) bool {
		rowErr = row(key, value)
		return rowErr == nil
	})
	if rowErr != nil {
		return rowErr
	}
	return err
}

// Run drives timers and stores until ctx ends; what waits to be stored then is refused.
func (c *Coordinator) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { c.runTimers(ctx); return nil })
	g.Go(func() error { c.runStorer(ctx); return nil })
	return g.Wait()
}

// With calls fn with the machine and the time. fn must not block.
func (c *Coordinator) With(fn func(now time.Time, m *Machine)) {
	c.mu.Lock()
	fn(c.clock.Now(), c.mu.machine)
	c.afterLocked()
	c.mu.Unlock()
}

// afterLocked wakes who has something to do after an event.
// REQUIRES: c.mu held.
func (c *Coordinator) afterLocked() {
	if c.mu.closed {
		c.refuseLocked()
		return
	}
	if len(c.mu.machine.stores) > 0 {
		signal(c.wakeStorer)
	}
	signal(c.wakeTimer)
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

func (c *Coordinator) runTimers(ctx context.Context) {
	job.Label("group timers")
	var armed time.Time
	var timer <-chan time.Time
	for {
		c.mu.Lock()
		c.mu.machine.Tick(c.clock.Now())
		if len(c.mu.machine.stores) > 0 {
			signal(c.wakeStorer)
		}
		next, ok := c.mu.machine.NextTimer()
		c.mu.Unlock()
		switch {
		case !ok:
			timer, armed = nil, time.Time{}
		case timer == nil || next.Before(armed):
			timer, armed = c.clock.After(next.Sub(c.clock.Now())), next
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wakeTimer:
		case <-timer:
			timer = nil
		}
	}
}

// runStorer writes what the machine queued, in order, as much at once as waits.
func (c *Coordinator) runStorer(ctx context.Context) {
	job.Label("group store")
	var queue []Store
	for {
		c.mu.Lock()
		queue = append(queue, c.mu.machine.TakeStores()...)
		if ctx.Err() != nil {
			c.mu.closed = true
			finish(queue, c.clock.Now(), ErrNotAvailable)
			c.refuseLocked()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		if len(queue) == 0 {
			select {
			case <-ctx.Done():
			case <-c.wakeStorer:
			}
			continue
		}
		n, txn := take(queue)
		var err error
		if len(txn.Writes) > 0 {
			err = c.store.Commit(ctx, txn)
		}
		c.mu.Lock()
		finish(queue[:n], c.clock.Now(), err)
		c.afterLocked()
		c.mu.Unlock()
		queue = append(queue[:0], queue[n:]...)
	}
}

// take makes one transaction of the first stores of a queue. A key that is written twice keeps
// its last value.
func take(queue []Store) (n int, txn meta.Txn) {
	size := 0
	last := map[string]int{}
	for n = 0; n < len(queue) && (n == 0 || size < maxStoreBytes); n++ {
		for _, w := range queue[n].Writes {
			size += len(w.Key) + len(w.Value)
			if i, ok := last[string(w.Key)]; ok {
				txn.Writes[i] = w
				continue
			}
			last[string(w.Key)] = len(txn.Writes)
			txn.Writes = append(txn.Writes, w)
		}
	}
	return n, txn
}

func finish(stores []Store, now time.Time, err error) {
	for _, s := range stores {
		s.Done(now, err)
	}
}

// refuseLocked fails what can no longer be stored, and what that queues in turn.
// REQUIRES: c.mu held.
func (c *Coordinator) refuseLocked() {
	for i := 0; i < 100; i++ {
		stores := c.mu.machine.TakeStores()
		if len(stores) == 0 {
			return
		}
		finish(stores, c.clock.Now(), ErrNotAvailable)
	}
}
