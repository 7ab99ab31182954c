package state

import (
	"context"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
)

// TestStagedLargerThanMemory: what is prepared in pieces, joined now and then, goes to disk with what
// else needs memory, is read and linked from there, and the account is never exceeded.
func TestStagedLargerThanMemory(t *testing.T) {
	shrink(t, 64, 4<<10)
	chunkRows, chunkBytes = 1024, 64<<10
	smallDisk(t)
	const n, limit = 60_000, 1 << 20
	m := newMemory(t, limit)
	o := m.options()
	a := NewArrangement(textTypes, []int{0}, o)
	var ps []*Prepared
	for rows := pairs(n, textOf); len(rows) > 0; {
		b := delta.NewBatchBuilder(textTypes)
		k := min(2000, len(rows))
		for _, add := range rows[:k] {
			add(b)
		}
		rows = rows[k:]
		d := b.Batch()
		p, err := a.Prepare(&d, nil)
		if err != nil {
			t.Fatal(err)
		}
		if ps = append(ps, p); len(ps) == 8 {
			if p, err = a.Join(ps, nil); err != nil {
				t.Fatal(err)
			}
			ps = []*Prepared{p}
		}
		for _, p := range ps {
			p.Cool()
		}
	}
	hot := 0
	others := max(0, limit/4*3+1-m.used.Load())
	if err := m.charge(others); err != nil { // somebody else needs memory
		t.Fatal(err)
	}
	for _, p := range ps {
		p.Cool()
		for _, c := range p.run.chunks {
			if c.hot.Load() != nil && c.size.Load() >= minCold {
				hot++
			}
		}
	}
	if hot > 0 && m.tier.isShort() {
		t.Fatalf("%d chunks stay in memory, which is short", hot)
	}
	m.used.Add(-others)
	check := func(v View) {
		t.Helper()
		defer v.Release()
		if got := contentOf(t, v); len(got) != n {
			t.Fatalf("%d rows", len(got))
		}
		probeAll(t, v, n)
	}
	at := func() View {
		v, err := a.At(unreadable64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	check(With(at(), ps...))
	if err := a.Link(7, ps...); err != nil {
		t.Fatal(err)
	}
	for o.Merges.Step(context.Background()) {
	}
	check(at())
	if m.peak.Load() > limit {
		t.Fatalf("%d bytes were used of %d", m.peak.Load(), limit)
	}
	a.Free()
}
