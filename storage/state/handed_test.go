package state

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
)

// crowd is a Beside whose workers begin at any time, in any order, or never.
type crowd struct {
	mu    sync.Mutex
	rng   *rand.Rand
	work  sync.WaitGroup
	fails error // of breathe
}

func newCrowd(seed uint64) *crowd { return &crowd{rng: rand.New(rand.NewPCG(seed, 5))} }

func (c *crowd) Start(work func(breathe func() error)) bool {
	c.mu.Lock()
	kind, turns, fails := c.rng.IntN(6), c.rng.IntN(50), c.fails
	c.mu.Unlock()
	switch kind {
	case 0:
		return false // nobody is free
	case 1:
		return true // nobody comes
	}
	c.work.Go(func() {
		for range turns {
			runtime.Gosched()
		}
		work(func() error { return fails })
	})
	return true
}

func (c *crowd) Rows() int { return 0 }

func (c *crowd) Wait(wait func()) { wait() }

// TestHandedOver: what workers make of a head's rows is what the writer alone makes of them, run by run and chunk by
// chunk, whenever somebody looks; and what is charged for it comes back.
func TestHandedOver(t *testing.T) {
	shrink(t, 4, 256)
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 6))
		c := newCrowd(seed)
		var charged int64
		alone := NewArrangement(textTypes, []int{0}, Options{})
		among := NewArrangement(textTypes, []int{0}, Options{Beside: c, Account: func(n int64) error { charged += n; return nil }})
		for range 60 {
			b := delta.NewBatchBuilder(textTypes)
			for range rng.IntN(12) {
				row(rng.Int64N(40), []string{"a", "b", "longer"}[rng.IntN(3)], 1)(b)
			}
			d := b.Batch()
			for _, a := range []*RunSet{alone, among} {
				if err := a.Append(&d); err != nil {
					t.Fatal(err)
				}
			}
			switch rng.IntN(12) {
			case 0:
				alone.Head()
				among.Head()
				sameRuns(t, among.head.sealed, alone.head.sealed)
			case 1:
				alone.Discard()
				among.Discard()
			case 2:
				v := alone.current().seq + 1
				for _, a := range []*RunSet{alone, among} {
					if err := a.Publish(v); err != nil {
						t.Fatal(err)
					}
				}
				sameRuns(t, among.current().content, alone.current().content)
			}
		}
		among.Free()
		c.work.Wait()
		if charged != 0 {
			t.Fatalf("seed %d: %d bytes are charged in the end", seed, charged)
		}
	}
}

func sameRuns(t *testing.T, got, want []*run) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d runs, not %d", len(got), len(want))
	}
	for i, r := range want {
		if got[i].n != r.n || got[i].rows != r.rows || len(got[i].chunks) != len(r.chunks) {
			t.Fatalf("run %d: %d rows in %d chunks, not %d in %d", i, got[i].n, len(got[i].chunks), r.n, len(r.chunks))
		}
		for k, c := range r.chunks {
			for n := range c.blockCount() {
				a, err := got[i].chunks[k].block(n, false, nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := c.block(n, false, nil)
				if err != nil {
					t.Fatal(err)
				}
				if string(encodeBlock(a)) != string(encodeBlock(b)) {
					t.Fatalf("run %d, chunk %d, block %d is another", i, k, n)
				}
			}
		}
	}
}

// TestHandedOverFails: an error of a worker is the writer's, and is over with a Discard.
func TestHandedOverFails(t *testing.T) {
	shrink(t, 4, 256)
	failed := 0
	for seed := range uint64(50) {
		c := newCrowd(seed)
		c.fails = errors.New("for a reason")
		a := NewArrangement(textTypes, []int{0}, Options{Beside: c})
		var err error
		for i := int64(0); i < 100 && err == nil; i++ {
			b := delta.NewBatchBuilder(textTypes)
			for k := range int64(8) {
				row((i*8+k)*7919%1009, "text", 1)(b)
			}
			d := b.Batch()
			err = a.Append(&d)
		}
		if err == nil {
			err = a.Publish(1)
		}
		if err != nil && !errors.Is(err, c.fails) {
			t.Fatal(err)
		}
		if err != nil {
			failed++
		}
		a.Discard()
		c.work.Wait()
		c.fails = nil
		put(t, a, 2, row(1, "one", 1))
		if n := a.current().rows; err != nil && n != 1 {
			t.Fatalf("%d rows after a failure", n)
		}
	}
	if failed == 0 {
		t.Error("nothing failed")
	}
}

// TestHandedOverWithRoom: where memory is short nothing is handed over, as the writer would fill the next rows meanwhile.
func TestHandedOverWithRoom(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	for _, limit := range []int64{256 << 10, 64 << 20} {
		c := &counting{crowd: newCrowd(1)}
		m := newMemory(t, limit)
		o := m.options()
		o.Beside = c
		a := NewArrangement(textTypes, []int{0}, o)
		put(t, a, 1, pairs(2000, textOf)...)
		c.work.Wait()
		if handed := c.started > 0; handed != (limit > 1<<20) {
			t.Errorf("with %d bytes of memory %d parts were handed over", limit, c.started)
		}
		if n := a.current().rows; n != 2000 {
			t.Errorf("%d rows", n)
		}
	}
}

// counting is a crowd that counts what it is asked.
type counting struct {
	*crowd
	started int
}

func (c *counting) Start(work func(breathe func() error)) bool {
	c.started++
	return c.crowd.Start(work)
}
