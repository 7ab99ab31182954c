package admission

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const mib = 1 << 20

// grab asks in the background and tells through the channel.
func grab(ctx context.Context, b *Budget, peer string, bytes int64) <-chan func() {
	got := make(chan func(), 1)
	go func() {
		defer close(got)
		if release, err := b.Acquire(ctx, peer, bytes); err == nil {
			got <- release
		}
	}()
	synctest.Wait()
	return got
}

func has(got <-chan func()) func() {
	select {
	case release := <-got:
		return release
	default:
		return nil
	}
}

func TestPeerTakesItsShareAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(256 * mib)
		ctx := t.Context()
		var held []func()
		for range 4 {
			if r := has(grab(ctx, b, "attacker", 16*mib)); r != nil {
				held = append(held, r)
			}
		}
		if len(held) != 4 {
			t.Fatalf("%d of 4 frames of a quarter's quarter", len(held))
		}
		fifth := grab(ctx, b, "attacker", 16*mib)
		if has(fifth) != nil {
			t.Fatal("a peer holds more than a quarter")
		}
		// Others pass by, with large frames and small ones, and so do the peer's own small ones.
		for _, other := range []struct {
			peer  string
			bytes int64
		}{{"canary", 64 * mib}, {"canary", 1000}, {"attacker", 1000}, {"third", 100 * mib}} {
			if r := has(grab(ctx, b, other.peer, other.bytes)); r == nil {
				t.Fatalf("%+v waits", other)
			} else {
				r()
			}
		}
		held[0]()
		synctest.Wait()
		if r := has(fifth); r == nil {
			t.Fatal("room came back and nobody got it")
		} else {
			r()
		}
		for _, r := range held {
			r()
		}
		if s := b.Stats(); s.Used != 0 || s.Peers != 0 || s.Waiting != 0 || s.Waited != 1 {
			t.Fatalf("left over: %+v", s)
		}
	})
}

func TestArrivalOrderAndLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(256 * mib)
		first := has(grab(t.Context(), b, "a", 150*mib)) // larger than its share: alone
		ctx, cancel := context.WithCancel(t.Context())
		leaves := grab(ctx, b, "b", 60*mib)
		stays := grab(t.Context(), b, "c", 60*mib)
		small := grab(t.Context(), b, "d", Free)
		if has(leaves) != nil || has(stays) != nil {
			t.Fatal("more than three quarters for large frames")
		}
		if r := has(small); r == nil {
			t.Fatal("a small frame waits for large ones")
		} else {
			r()
		}
		cancel()
		synctest.Wait()
		first()
		synctest.Wait()
		if r := has(stays); r == nil {
			t.Fatal("who stood behind one that left waits on")
		} else {
			r()
		}
		if _, err := b.Acquire(ctx, "b", 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("ended context: %v", err)
		}
		if s := b.Stats(); s.Used != 0 || s.Peers != 0 || s.Waiting != 0 {
			t.Fatalf("left over: %+v", s)
		}
	})
}

// TestRandomUse holds the bounds and gives everybody room in the end, whatever the order.
func TestRandomUse(t *testing.T) {
	const size = 16 * mib
	b := New(size)
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(worker)))
			for range 400 {
				ctx, cancel := context.WithCancel(context.Background())
				if r.IntN(4) == 0 {
					cancel()
				}
				n := r.Int64N(2 * Free)
				if r.IntN(3) == 0 {
					n = r.Int64N(6 * mib)
				}
				release, err := b.Acquire(ctx, string(rune('a'+worker%5)), n)
				if s := b.Stats(); s.Used > size+6*mib {
					t.Errorf("%d bytes given out of %d", s.Used, size)
				}
				if err == nil {
					release()
					release()
				}
				cancel()
			}
		})
	}
	all.Wait()
	if s := b.Stats(); s.Used != 0 || s.Peers != 0 || s.Waiting != 0 {
		t.Fatalf("left over: %+v", s)
	}
}

func TestPace(t *testing.T) {
	start := time.Unix(1000, 0)
	p := Pace{Since: start}
	if d := p.Deadline(start, 0, 256<<10); d != start.Add(6*time.Second) {
		t.Errorf("first step: %v", d.Sub(start))
	}
	// 10 MiB came in a second: the next MiB has 9 s, not 49.
	if d := p.Deadline(start.Add(time.Second), 10*mib, 11*mib); d != start.Add(10*time.Second) {
		t.Errorf("after a quick start: %v", d.Sub(start))
	}
	// 1 MiB came in 8 s; one at that pace is late in the end.
	if d := p.Deadline(start.Add(40*time.Second), 8*mib, 9*mib); d != start.Add(41*time.Second) {
		t.Errorf("slow all the time: %v", d.Sub(start))
	}
}
