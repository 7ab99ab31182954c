package latency

import (
	"testing"
	"time"
)

func TestSnapshot(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, 100 * time.Microsecond, 101 * time.Microsecond, time.Second, time.Hour} {
		h.Observe(d)
	}
	s := h.Snapshot()
	if s.Count != 5 || s.Below[.0001] != 2 || s.Below[.00025] != 3 || s.Below[1] != 4 || s.Below[30] != 4 {
		t.Errorf("%+v", s)
	}
	if want := (time.Hour + time.Second + 201*time.Microsecond).Seconds(); s.Seconds != want {
		t.Errorf("sum %v, want %v", s.Seconds, want)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h Histogram
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.Observe(3 * time.Millisecond)
		}
	})
}
