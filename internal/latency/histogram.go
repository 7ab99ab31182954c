package latency

import (
	"sort"
	"sync/atomic"
	"time"
)

// Bounds are the upper bounds of the buckets, in seconds; one more bucket is above the last.
var Bounds = [...]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Histogram counts durations. The zero value is ready; safe for concurrent use.
type Histogram struct {
	buckets [len(Bounds) + 1]atomic.Uint64
	nanos   atomic.Int64
}

// Observe counts d.
func (h *Histogram) Observe(d time.Duration) {
	h.buckets[sort.SearchFloat64s(Bounds[:], d.Seconds())].Add(1)
	h.nanos.Add(int64(d))
}

// Snapshot is a histogram at one moment: counts are of the durations at or below each bound.
type Snapshot struct {
	Count   uint64
	Seconds float64
	Below   map[float64]uint64
}

// Snapshot reads the counters one after the other.
func (h *Histogram) Snapshot() Snapshot {
	s := Snapshot{Seconds: time.Duration(h.nanos.Load()).Seconds(), Below: make(map[float64]uint64, len(Bounds))}
	for i, bound := range Bounds {
		s.Count += h.buckets[i].Load()
		s.Below[bound] = s.Count
	}
	s.Count += h.buckets[len(Bounds)].Load()
	return s
}
