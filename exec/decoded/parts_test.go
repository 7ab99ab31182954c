package decoded_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tributary-db/tributary/exec/decoded"
)

// TestParts: readers that share a range see each of its rows once, and the parts, put in the order of
// their numbers, are what one reader sees.
func TestParts(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { readParts(t, rand.New(rand.NewPCG(seed, 2))) })
	}
}

func readParts(t *testing.T, rng *rand.Rand) {
	l, rel, want := newFakeLog(rng), streamRelation(), wants[rng.IntN(len(wants))]
	for range rng.IntN(12) {
		l.commit([]int32{0, 2, 3}[rng.IntN(3):], 1+rng.IntN(3000), rng.IntN(4))
	}
	alone, err := decoded.Open(l, rel, want)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	whole := reader{feed: alone}
	whole.read(t, l.newest)

	var numbers atomic.Int64
	numbers.Store(5)
	parts := decoded.NewParts(l, topic, &numbers)
	var mu sync.Mutex
	rowsOf, seen := map[int64][]string{}, map[int64]int{}
	var readers sync.WaitGroup
	for who := range 1 + rng.IntN(4) {
		feed, err := decoded.OpenParts(parts, l, rel, want)
		if err != nil {
			t.Fatal(err)
		}
		defer feed.Close()
		readers.Go(func() {
			if err := feed.Begin(t.Context(), 0, l.newest); err != nil {
				t.Error(err)
				return
			}
			for more := true; more; {
				var rows decoded.Rows
				var err error
				if more, err = feed.Next(t.Context(), &rows); err != nil {
					t.Error(err)
					return
				}
				if feed.Part() < 0 && rows.Len == 0 {
					continue // there was no part for it
				}
				mu.Lock()
				if of, ok := seen[feed.Part()]; ok && of != who {
					t.Errorf("part %d is read by %d and %d", feed.Part(), of, who)
				}
				seen[feed.Part()] = who
				for i := range rows.Len {
					rowsOf[feed.Part()] = append(rowsOf[feed.Part()], fmt.Sprint(rows.Partitions[i], rows.Offsets[i], values(rows.Cols, int32(i))))
				}
				mu.Unlock()
			}
		})
	}
	readers.Wait()
	var got []string
	for part := int64(5); part < numbers.Load(); part++ {
		if _, ok := seen[part]; !ok {
			t.Errorf("no Next was of part %d", part)
		}
		got = append(got, rowsOf[part]...)
	}
	want1 := slices.DeleteFunc(whole.rows, func(row string) bool { return row[0] == 'c' }) // commits
	if !slices.Equal(got, want1) {
		t.Fatalf("%d rows in parts, %d alone", len(got), len(want1))
	}
}
