package lane

import (
	"context"
	"runtime"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/meter"
)

// TestHelpersYield: a helper takes a token only while nobody waits for one, gives it up where it breathes when somebody
// does, and comes again behind them, unless its member is in a hurry.
func TestHelpersYield(t *testing.T) {
	r := &Runtime{cfg: Config{Shards: 4}, tokens: newTokens(2, clock.Real{}, func(func()) {})}
	r.ctx = t.Context()
	rel := &catalog.Relation{}
	large, quick, third := &member{rel: rel}, &member{rel: rel}, &member{rel: rel}
	for _, m := range []*member{large, quick, third} {
		m.worker.of, m.ctx = m, t.Context()
		m.worker.meter = meter.New(nil, nil)
	}
	take := func(m *member) (got chan struct{}) {
		got = make(chan struct{})
		before := r.tokens.queued()
		go func() {
			if err := r.tokens.take(t.Context(), &m.worker, false); err == nil {
				close(got)
			}
		}()
		for r.tokens.queued() == before {
			runtime.Gosched()
		}
		return got
	}
	if err := r.tokens.take(t.Context(), &large.worker, false); err != nil {
		t.Fatal(err)
	}
	c := &crew{r: r, m: large}
	if n := c.Ask(); n != 1 {
		t.Fatalf("%d helpers for one token that is free", n)
	}
	h := c.Helper(0).(*helper)
	h.worker.meter = meter.New(nil, nil)
	if !h.Try() {
		t.Fatal("a token is free")
	}
	if n := c.Ask(); n != 0 {
		t.Fatalf("%d helpers without a token", n)
	}
	first, second := take(quick), take(third)
	paused := make(chan error)
	go func() { paused <- h.pause(t.Context()) }()
	<-first // the helper gave it up
	for r.tokens.queued() < 2 {
		runtime.Gosched()
	}
	r.tokens.hurry(large)
	r.tokens.give(&quick.worker)
	if err := <-paused; err != nil || !h.holds {
		t.Fatalf("holds %v, %v", h.holds, err)
	}
	select {
	case <-second:
		t.Error("who is not in a hurry came first")
	default:
	}
	if other := (&helper{r: r, worker: worker{of: large}}); other.Try() {
		t.Error("a token was taken that somebody waits for")
	}
	h.Give()
	<-second
	h.Give() // has none
	r.tokens.give(&third.worker)
	r.tokens.give(&large.worker)
	if n := r.tokens.spare(); n != 2 {
		t.Errorf("%d tokens are free in the end", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.pause(ctx); err == nil {
		t.Error("a helper goes on behind the end of its tick")
	}
	c.Release(1, false)
	if busy := r.shards.busy.Load(); busy != 0 {
		t.Errorf("%d shards are busy", busy)
	}
}

func (t *tokens) queued() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.mu.queue)
}
