package log

import (
	"bytes"
	"slices"
	"testing"
)

// TestTxnsOfALostEnd: when the end of the log was lost, transactions that lay in it count as aborted in
// what is left, nothing is open any more, and the state can be saved and loaded.
func TestTxnsOfALostEnd(t *testing.T) {
	cut, abandoned := 0, 0
	for seed := range uint64(60) {
		s := newScribe(t, seed)
		for range 120 {
			groups := []*flushGroup{s.group(s.entry(), s.entry(), s.entry())}
			if s.rng.IntN(10) == 0 && len(s.f.inline) > 0 {
				groups = append(groups, s.swap())
			}
			s.commit(groups...)
		}
		f := s.f
		before := map[Partition]int64{}
		open := map[Partition]bool{}
		for _, topic := range f.topics {
			for _, p := range topic.partitions {
				before[p.id] = p.next
				open[p.id] = slices.ContainsFunc(p.runs, func(r run) bool { return r.block.key == "" }) &&
					slices.ContainsFunc(p.open, func(x openTxn) bool {
						return x.first < p.runs[slices.IndexFunc(p.runs, func(r run) bool { return r.block.key == "" })].base
					})
			}
		}
		f.dropInline()
		if len(f.txns.byName) > 0 {
			t.Fatalf("seed %d: transactional ids are left", seed)
		}
		for _, topic := range f.topics {
			for _, p := range topic.partitions {
				if p.next == before[p.id] {
					continue
				}
				cut++
				if len(p.open) > 0 || p.lastStable() != p.next {
					t.Fatalf("seed %d: open transactions are left: %+v", seed, p.open)
				}
				if open[p.id] {
					abandoned++
					if n := len(p.ended); n == 0 || p.ended[n-1].committed || p.ended[n-1].marker != p.next {
						t.Fatalf("seed %d: what was open is not aborted: %+v", seed, p.ended)
					}
				}
				if !slices.IsSortedFunc(p.ended, func(a, b span) int { return int(a.visibleAt) - int(b.visibleAt) }) {
					t.Fatalf("seed %d: not in the order of the ends: %+v", seed, p.ended)
				}
			}
		}
		again, err := decodeSnapshot(encoded(t, f), []Part{&sumPart{}})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encoded(t, again), encoded(t, f)) {
			t.Fatalf("seed %d: saved and loaded it is another state", seed)
		}
	}
	t.Logf("%d partitions were cut, %d with an open transaction before the cut", cut, abandoned)
	if abandoned == 0 {
		t.Error("nothing was tried")
	}
}
