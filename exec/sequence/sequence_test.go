package sequence_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/sequence"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

func counting(oid catalog.OID, start, by, low, high int64, cycle bool) *catalog.Relation {
	return &catalog.Relation{OID: oid, Name: "s", Kind: catalog.KindSequence, Sequence: &catalog.Sequence{
		Type: sqltype.Int8, Start: start, Increment: by, Min: low, Max: high, Cache: 1, Cycle: cycle,
	}}
}

// TestNoValueTwice: whatever is asked of a sequence by whom, over crashes and clean stops, with its
// definition changed between, no value is given twice, they go up, and a clean stop leaves no gap.
func TestNoValueTwice(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		l := logtest.Open(t)
		rel := counting(20000, 1+r.Int64N(5), 1+r.Int64N(3), 1, 1<<40, false)
		set := sequence.New(l)
		last, gap := rel.Sequence.Start-rel.Sequence.Increment, false
		for step := range 60 {
			switch r.IntN(10) {
			case 0: // a crash: what was ahead is lost
				set, gap = sequence.New(l), true
			case 1:
				if err := set.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				set = sequence.New(l)
			case 2:
				if err := set.Keep(rel); err != nil {
					t.Fatal(err)
				}
				rel = counting(20000, rel.Sequence.Start, 1+r.Int64N(40), 1, 1<<40, false)
				if given := last >= rel.Sequence.Start; !given {
					last = rel.Sequence.Start - rel.Sequence.Increment
				}
			default:
				values, err := set.Next(rel, 1+r.IntN(50))
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range values {
					if v <= last || !gap && v != last+rel.Sequence.Increment {
						t.Fatalf("seed %d step %d: %d comes after %d, by %d", seed, step, v, last, rel.Sequence.Increment)
					}
					last, gap = v, false
				}
				if at, given := set.Last(rel); at != last || !given {
					t.Fatalf("seed %d step %d: stands at %d %v, gave %d", seed, step, at, given, last)
				}
			}
		}
	}
}

// TestTwoWriters: two sets over one log, as two brokers would have them, give no value twice.
func TestTwoWriters(t *testing.T) {
	l := logtest.Open(t)
	rel := counting(20000, 1, 1, 1, 1<<40, false)
	var mu sync.Mutex
	seen := map[int64]bool{}
	var wg sync.WaitGroup
	for range 2 {
		set := sequence.New(l)
		for range 3 {
			wg.Go(func() {
				for range 50 {
					values, err := set.Next(rel, 7)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, v := range values {
						if seen[v] {
							t.Errorf("%d was given twice", v)
						}
						seen[v] = true
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
}

func TestBounds(t *testing.T) {
	l := logtest.Open(t)
	set := sequence.New(l)
	for i, c := range []struct {
		rel  *catalog.Relation
		want []int64
		ends bool
	}{
		{counting(1, 2, 2, 1, 6, false), []int64{2, 4, 6}, true},
		{counting(2, 2, 2, 1, 6, true), []int64{2, 4, 6, 1, 3, 5, 1}, false},
		{counting(3, -1, -1, -3, -1, false), []int64{-1, -2, -3}, true},
		{counting(4, -1, -2, -4, 0, true), []int64{-1, -3, 0, -2, -4, 0}, false},
		{counting(5, 1<<63-2, 1, 1, 1<<63-1, false), []int64{1<<63 - 2, 1<<63 - 1}, true},
		{counting(6, -1<<63+1, -3, -1<<63, 5, true), []int64{-1<<63 + 1, 5, 2}, false},
	} {
		for _, want := range c.want {
			got, err := set.Next(c.rel, 1)
			if err != nil || got[0] != want {
				t.Fatalf("case %d: %v %v, want %d", i, got, err, want)
			}
		}
		if _, err := set.Next(c.rel, 1); (err != nil) != c.ends || err != nil && sqlerr.CodeOf(err) != sqlerr.SequenceLimitExceeded {
			t.Fatalf("case %d: %v", i, err)
		}
		if err := set.Restart(c.rel, c.rel.Sequence.Min, false); err != nil {
			t.Fatal(err)
		}
		if got, err := set.Next(c.rel, 1); err != nil || got[0] != c.rel.Sequence.Min {
			t.Fatalf("case %d: %v %v after the restart", i, got, err)
		}
		if err := set.Restart(c.rel, c.rel.Sequence.Max, true); err != nil {
			t.Fatal(err)
		}
		if c.rel.Sequence.Max < 1<<63-1 {
			if err := set.Restart(c.rel, c.rel.Sequence.Max+1, true); sqlerr.CodeOf(err) != sqlerr.NumericValueOutOfRange {
				t.Fatal(err)
			}
		}
	}
}
