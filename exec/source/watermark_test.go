package source

import (
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

func flat() state.Flat {
	return state.NewFlat([]sqltype.OID{sqltype.Int4}, []state.CellType{state.CellInt64, state.CellInt64}, state.Options{})
}

func over(t *testing.T, f state.Flat, delay, idle int64) *watermark {
	t.Helper()
	w, err := openWatermarkOn(f, delay, idle)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWatermarkSteps(t *testing.T) {
	const none = exec.NoWatermark
	w := over(t, flat(), 10, 1000)
	for i, s := range []struct {
		partition  int32
		at, commit int64
		want       int64
	}{
		{0, none, 1, none},  // a record without time says nothing
		{0, 100, 2, 90},     // the only partition decides
		{0, 80, 3, 90},      // never back
		{1, 50, 4, 90},      // a new partition starts where the watermark is
		{0, 300, 5, 90},     // the slowest decides
		{1, 200, 6, 190},    //
		{0, none, 7, 190},   //
		{1, 500, 8, 290},    // now partition 0
		{1, 600, 1008, 590}, // partition 0 was last at 7: idle
		{0, 400, 1009, 590}, // it wakes up behind: no step back
		{0, 700, 1010, 590}, // and holds again
	} {
		if err := w.observe(s.partition, s.at, s.commit); err != nil {
			t.Fatal(err)
		}
		if w.now != s.want {
			t.Fatalf("step %d: %d, want %d", i, w.now, s.want)
		}
	}
}

// TestWatermarkIsState: wherever a tick, or a restart, cuts the records, the watermark after
// each is the same; it never goes back, and is never ahead of a partition that is not idle.
func TestWatermarkIsState(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		delay, idle := int64(r.IntN(50)), int64(20+r.IntN(200))
		f := flat()
		whole, cut := over(t, flat(), delay, idle), over(t, f, delay, idle)
		largest, commits := map[int32]int64{}, map[int32]int64{}
		last, commit := int64(exec.NoWatermark), int64(1)
		for range 200 {
			p := int32(r.IntN(4))
			at := commit + int64(r.IntN(100)) - 50
			if r.IntN(8) == 0 {
				at = exec.NoWatermark
			}
			commit += int64(r.IntN(30))
			if r.IntN(3) == 0 {
				cut = over(t, f, delay, idle)
			}
			if err := whole.observe(p, at, commit); err != nil {
				t.Fatal(err)
			}
			if err := cut.observe(p, at, commit); err != nil {
				t.Fatal(err)
			}
			if whole.now != cut.now || whole.now < last {
				t.Fatalf("seed %d: %d whole, %d cut, %d before", seed, whole.now, cut.now, last)
			}
			if _, known := commits[p]; !known {
				largest[p] = exec.NoWatermark
			}
			largest[p], commits[p] = max(largest[p], at), commit
			if whole.now > last {
				high := int64(exec.NoWatermark)
				for q, c := range commits {
					if c >= commit-idle {
						high = max(high, largest[q])
					}
				}
				if whole.now > high-delay {
					t.Fatalf("seed %d: watermark %d, the largest time is %d", seed, whole.now, high)
				}
			}
			last = whole.now
		}
	}
}
