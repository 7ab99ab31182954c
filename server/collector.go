package server

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// collectorRoom is how much the heap may grow, at least, before it is collected. By itself Go collects a heap of
// 15 MB each time that 15 MB were allocated, which is some hundred short transactions: a sixth of their CPU.
const collectorRoom = 64 << 20

// A large heap is mostly rows of tables and views, in which the collector finds no pointers: to collect it often costs
// little, and keeps memory near to what is charged. It grows by as much as lives in it, but from largeGrowth on
// by half of that.
const largeGrowth = 256 << 20

// What GOGC may be.
const minPercent, maxPercent = 50, 800

// percentFor is the GOGC for a heap of which live bytes live, that may grow by room in any case.
func percentFor(live, room int64) int {
	growth := max(room, min(live, largeGrowth))
	return int(min(max(growth*100/max(live, 1), minPercent), maxPercent))
}

// collector sets GOGC anew behind every collection.
type collector struct {
	room int64

	mu      sync.Mutex
	percent int
	stopped bool
	before  int
}

// startCollector keeps room bytes free before the heap is collected.
func startCollector(room int64) *collector {
	c := &collector{room: room, percent: 100}
	c.before = debug.SetGCPercent(c.percent)
	c.watch()
	return c
}

// watch is called again by the next collection.
func (c *collector) watch() {
	sentinel := new([16]byte) // not shared with other small objects, which might keep it alive
	runtime.AddCleanup(sentinel, func(c *collector) {
		if c.adjust() {
			c.watch()
		}
	}, c)
}

// adjust sets what the heap that is left asks for; false once it was stopped.
func (c *collector) adjust() bool {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := percentFor(int64(live[0].Value.Uint64()), c.room)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	// why not each little change: setting it stops the world.
	if d := percent - c.percent; d > c.percent/8 || -d > c.percent/8 || d != 0 && (percent == 100 || percent == minPercent) {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
	return true
}

// stop puts things back as they were.
func (c *collector) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.stopped = true
		debug.SetGCPercent(c.before)
	}
}
