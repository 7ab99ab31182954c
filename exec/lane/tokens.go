package lane

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
)

// slice is how long a tick keeps its token while others wait for one.
const slice = 10 * time.Millisecond

// tokens is who may use a processor: a running tick needs one of them. Whoever has used its slice
// gives it up where it breathes and goes behind the others, with its stack standing. A member that
// somebody waits for goes before those that nobody asks.
//
// Nobody looks at a clock for that: while somebody waits, a goroutine makes those whose slice is over
// look up (meter.Attend).
type tokens struct {
	clock clock.Clock
	spawn func(func())
	mu    struct {
		sync.Mutex
		free     int
		holders  map[*member]struct{}
		queue    []*turn // those in a hurry first
		queued   map[*member]*turn
		watching bool
	}
}

// turn is a place in the queue.
type turn struct {
	of      *member
	hurried bool
	ready   chan struct{}
}

func newTokens(n int, c clock.Clock, spawn func(func())) *tokens {
	t := &tokens{clock: c, spawn: spawn}
	t.mu.holders = map[*member]struct{}{}
	t.mu.free = n
	t.mu.queued = map[*member]*turn{}
	return t
}

// take waits for a token.
func (t *tokens) take(ctx context.Context, m *member, hurried bool) error {
	t.mu.Lock()
	if t.mu.free > 0 && len(t.mu.queue) == 0 {
		t.mu.free--
		t.heldLocked(m)
		t.mu.Unlock()
		return nil
	}
	mine := &turn{of: m, hurried: hurried, ready: make(chan struct{})}
	t.placeLocked(mine)
	t.mu.queued[m] = mine
	if !t.mu.watching {
		t.mu.watching = true
		t.spawn(t.watch)
	}
	t.mu.Unlock()
	select {
	case <-mine.ready:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.mu.queued, m)
	if i := slices.Index(t.mu.queue, mine); i >= 0 {
		t.mu.queue = slices.Delete(t.mu.queue, i, i+1)
	} else {
		t.giveLocked(m) // it was given meanwhile
	}
	return context.Cause(ctx)
}

// placeLocked puts a turn behind those that are as much in a hurry.
func (t *tokens) placeLocked(mine *turn) {
	at := len(t.mu.queue)
	if mine.hurried {
		at = 0
		for at < len(t.mu.queue) && t.mu.queue[at].hurried {
			at++
		}
	}
	t.mu.queue = slices.Insert(t.mu.queue, at, mine)
}

// hurry moves a member that waits for a token to those that somebody waits for.
func (t *tokens) hurry(m *member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.mu.queued[m]
	if mine == nil || mine.hurried {
		return
	}
	i := slices.Index(t.mu.queue, mine)
	t.mu.queue = slices.Delete(t.mu.queue, i, i+1)
	mine.hurried = true
	t.placeLocked(mine)
}

func (t *tokens) heldLocked(m *member) {
	m.tokenSince = t.clock.Now()
	t.mu.holders[m] = struct{}{}
}

// watch makes ticks whose slice is over look up, as long as somebody waits.
func (t *tokens) watch() {
	for {
		<-t.clock.After(slice)
		t.mu.Lock()
		if len(t.mu.queue) == 0 {
			t.mu.watching = false
			t.mu.Unlock()
			return
		}
		now := t.clock.Now()
		for m := range t.mu.holders {
			if now.Sub(m.tokenSince) >= slice {
				m.meter.Attend()
			}
		}
		t.mu.Unlock()
	}
}

// attend makes the tick of a member look up, if it is running.
func (t *tokens) attend(m *member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.mu.holders[m]; ok {
		m.meter.Attend()
	}
}

// give hands the token of a member on.
func (t *tokens) give(m *member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveLocked(m)
}

func (t *tokens) giveLocked(m *member) {
	delete(t.mu.holders, m)
	if len(t.mu.queue) == 0 {
		t.mu.free++
		return
	}
	next := t.mu.queue[0]
	t.mu.queue = t.mu.queue[1:]
	delete(t.mu.queued, next.of)
	t.heldLocked(next.of)
	close(next.ready)
}

// waiting reports whether somebody waits for a token.
func (t *tokens) waiting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.mu.queue) > 0
}
