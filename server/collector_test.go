package server

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercentFor(t *testing.T) {
	for _, c := range []struct {
		live int64
		want int
	}{{0, maxPercent}, {1 << 20, maxPercent}, {16 << 20, 400}, {48 << 20, 133}, {64 << 20, 100}, {256 << 20, 100}, {384 << 20, 66}, {512 << 20, 50}, {1 << 40, 50}} {
		if got := percentFor(c.live, collectorRoom); got != c.want {
			t.Errorf("%d bytes live: %d, want %d", c.live, got, c.want)
		}
	}
}

// TestCollectorFollowsTheHeap: each collection sets what the next one waits for.
func TestCollectorFollowsTheHeap(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	c := startCollector(collectorRoom)
	set := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.percent
	}
	until := func(ok func(int) bool) {
		for !ok(set()) {
			runtime.GC()
			runtime.Gosched()
		}
	}
	until(func(p int) bool { return p > 100 })
	kept := make([]byte, largeGrowth-collectorRoom)
	until(func(p int) bool { return p == 100 })
	runtime.KeepAlive(kept)
	until(func(p int) bool { return p > 100 })
	c.stop()
	c.stop()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Fatalf("GOGC is %d behind stop, want 100", got)
	}
}
