package flow

import (
	"context"
	"sync"
)

// barrier makes the shards of an operator that puts nothing out before it has seen everything wait for
// each other between the two: rows that fail are told before any row that comes of all.
type barrier struct {
	mu struct {
		sync.Mutex
		missing int
	}
	open chan struct{} // closed when nobody is missing
}

func newBarrier(shards int) *barrier {
	b := &barrier{open: make(chan struct{})}
	b.mu.missing = shards
	return b
}

// wait waits until every shard is here.
func (b *barrier) wait(ctx context.Context) error {
	b.mu.Lock()
	if b.mu.missing--; b.mu.missing == 0 {
		close(b.open)
	}
	b.mu.Unlock()
	select {
	case <-b.open:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
