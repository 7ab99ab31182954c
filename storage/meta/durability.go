package meta

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// durability knows up to which ticket the WAL is on disk, and whether it can be trusted.
type durability struct {
	mu      sync.Mutex
	ticket  uint64
	last    CommitSeq
	err     error
	changed chan struct{} // closed and replaced at every change
}

func (d *durability) init() { d.changed = make(chan struct{}) }

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

// poison remembers the first I/O error; every later one is told as that.
func (d *durability) poison(cause error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = fmt.Errorf("%w: %w", ErrPoisoned, cause)
		d.broadcastLocked()
	}
	return d.err
}

func (d *durability) broadcastLocked() {
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *durability) poisoned() error {
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

// fatalLogger is Pebble's logger: a fatal error poisons the store and ends the goroutine.
type fatalLogger struct{ s *PebbleStore }

func (l fatalLogger) Infof(string, ...interface{}) {}

func (l fatalLogger) Errorf(format string, args ...interface{}) {
	l.s.logger.Error("metadata store", "error", fmt.Sprintf(format, args...))
}

func (l fatalLogger) Fatalf(format string, args ...interface{}) {
	err := l.s.durable.poison(fmt.Errorf(format, args...))
	l.s.logger.Error("metadata store stopped", "error", err)
	runtime.Goexit()
}
