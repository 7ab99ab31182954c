package log

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWaitedPartitions holds who is woken to what filters say, in any order, with topics named twice.
func TestWaitedPartitions(t *testing.T) {
	topics := []TopicID{{1}, {2}, {3}}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var w waiters
		w.init()
		var all []*waiter
		for range 1 + r.IntN(4) {
			x := &waiter{woken: make(chan struct{})}
			for range 1 + r.IntN(3) {
				f := TopicFilter{Topic: topics[r.IntN(len(topics))]}
				for range r.IntN(6) { // none: all of them
					f.Partitions = append(f.Partitions, int32(r.IntN(10)))
				}
				x.filter.Topics = append(x.filter.Topics, f)
			}
			w.add(x)
			all = append(all, x)
		}
		p := Partition{Topic: topics[r.IntN(len(topics))], Index: int32(r.IntN(10))}
		var want []*waiter
		for _, x := range all {
			if x.filter.has(p) {
				want = append(want, x)
			}
		}
		w.wake(&applied{partitions: []*partition{{id: p}}})
		for i, x := range all {
			woken := false
			select {
			case <-x.woken:
				woken = true
			default:
				w.remove(x)
			}
			if woken != slices.Contains(want, x) {
				t.Fatalf("seed %d: waiter %d with %v is woken by %v: %v", seed, i, x.filter, p, woken)
			}
		}
		if len(w.byTopic) != 0 {
			t.Fatalf("seed %d: %v is left", seed, w.byTopic)
		}
	}
}
