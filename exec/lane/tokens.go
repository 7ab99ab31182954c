package lane

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/meter"
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
		holders  map[*worker]struct{}
		queue    []*turn // those in a hurry first
		watching bool
	}
}

// worker is a goroutine that needs a token: a member's own, or one that helps it.
type worker struct {
	of    *member
	meter *meter.Meter // of its work; set while it has no token
	since time.Time    // when it got its token; guarded by the tokens' mutex
}

// turn is a place in the queue.
type turn struct {
	of      *worker
	hurried bool
	ready   chan struct{}
}

func newTokens(n int, c clock.Clock, spawn func(func())) *tokens {
	t := &tokens{clock: c, spawn: spawn}
	t.mu.holders = map[*worker]struct{}{}
	t.mu.free = n
	return t
}

// take waits for a token.
func (t *tokens) take(ctx context.Context, w *worker, hurried bool) error {
	t.mu.Lock()
	if t.mu.free > 0 && len(t.mu.queue) == 0 {
		t.mu.free--
		t.heldLocked(w)
		t.mu.Unlock()
		return nil
	}
	mine := &turn{of: w, hurried: hurried, ready: make(chan struct{})}
	t.placeLocked(mine)
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
	if i := slices.Index(t.mu.queue, mine); i >= 0 {
		t.mu.queue = slices.Delete(t.mu.queue, i, i+1)
	} else {
		t.giveLocked(w) // it was given meanwhile
	}
	return context.Cause(ctx)
}

// try takes a token that is free and that nobody waits for.
func (t *tokens) try(w *worker) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.free == 0 || len(t.mu.queue) > 0 {
		return false
	}
	t.mu.free--
	t.heldLocked(w)
	return true
}

// spare is how many tokens nobody has or waits for.
func (t *tokens) spare() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, t.mu.free-len(t.mu.queue))
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

// hurry moves who works for m and waits for a token to those that somebody waits for.
func (t *tokens) hurry(m *member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var hurried []*turn
	t.mu.queue = slices.DeleteFunc(t.mu.queue, func(of *turn) bool {
		if of.hurried || of.of.of != m {
			return false
		}
		of.hurried, hurried = true, append(hurried, of)
		return true
	})
	for _, mine := range hurried {
		t.placeLocked(mine)
	}
}

func (t *tokens) heldLocked(w *worker) {
	w.since = t.clock.Now()
	t.mu.holders[w] = struct{}{}
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
		for w := range t.mu.holders {
			if now.Sub(w.since) >= slice {
				w.meter.Attend()
			}
		}
		t.mu.Unlock()
	}
}

// attend makes the tick of a member look up, if it is running.
func (t *tokens) attend(w *worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.mu.holders[w]; ok {
		w.meter.Attend()
	}
}

// give hands the token of a member on.
func (t *tokens) give(w *worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveLocked(w)
}

func (t *tokens) giveLocked(w *worker) {
	delete(t.mu.holders, w)
	if len(t.mu.queue) == 0 {
		t.mu.free++
		return
	}
	next := t.mu.queue[0]
	t.mu.queue = t.mu.queue[1:]
	t.heldLocked(next.of)
	close(next.ready)
}

// waiting reports whether somebody waits for a token.
func (t *tokens) waiting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.mu.queue) > 0
}
