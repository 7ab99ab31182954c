package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// durability knows up to which ticket the WAL is on disk, and whether it can be trusted.
type durability struct {
	mu      sync.Mutex
	ticket  uint64
	last    CommitSeq
	err     error
	changed chan struct{} // closed and replaced at every change
	stopped chan struct{} // closed with the first error
}

func (d *durability) init() { d.changed, d.stopped = make(chan struct{}), make(chan struct{}) }

// reached says that the write with this ticket, and all before it, are durable.
func (d *durability) reached(ticket uint64, seq CommitSeq) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return
	}
	d.ticket = max(d.ticket, ticket)
	d.last = max(d.last, seq)
	d.broadcastLocked()
}

// stop remembers the first error; every later one is told as that. One of a sync outweighs one of
// a full disk.
func (d *durability) stop(kind, cause error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		close(d.stopped)
	}
	if d.err == nil || kind == ErrPoisoned && !errors.Is(d.err, ErrPoisoned) {
		d.err = fmt.Errorf("%w: %w", kind, cause)
		d.broadcastLocked()
	}
	return d.err
}

func (d *durability) broadcastLocked() {
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *durability) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *durability) lastSeq() CommitSeq {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

func (d *durability) wait(ctx context.Context, ticket uint64) error {
	for {
		d.mu.Lock()
		err, done, changed := d.err, d.ticket >= ticket, d.changed
		d.mu.Unlock()
		if err != nil || done {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
