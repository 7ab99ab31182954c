package state

import (
	"context"
	"slices"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// checkRange compares a range of keys, forwards and backwards, with filtering a full scan.
func checkRange(t *rapid.T, a *RunSet, w View) {
	all := delta.NewBatchBuilder(a.order.types)
	c, _ := w.Scan(context.Background(), Range{})
	for more := true; more; {
		var d delta.Batch
		_, more, _ = c.Next(context.Background(), &d)
		all.AppendBatch(&d)
	}
	rows := all.Batch()
	r := Range{
		From: drawBound(t, a), Before: drawBound(t, a), Behind: rapid.Bool().Draw(t, "behind"), Through: rapid.Bool().Draw(t, "through"),
		Backward: rapid.Bool().Draw(t, "backward"), First: rapid.IntRange(0, 3).Draw(t, "first"),
	}
	var want []string
	for i := range int32(rows.Len) {
		if r.From != nil {
			if c := a.order.comparePrefix(rows.Cols, i, r.From, 0); c < 0 || c == 0 && r.Behind {
				continue
			}
		}
		if r.Before != nil {
			if c := a.order.comparePrefix(rows.Cols, i, r.Before, 0); c > 0 || c == 0 && !r.Through {
				continue
			}
		}
		want = append(want, string(delta.AppendRow(nil, rows.Cols, i)))
	}
	if r.Backward {
		slices.Reverse(want)
	}
	c, err := w.Scan(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for more := true; more; {
		var d delta.Batch
		_, more, err = c.Next(context.Background(), &d)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range liveRows(&d) {
			got = append(got, string(delta.AppendRow(nil, d.Cols, i)))
		}
	}
	c.Close()
	if !slices.Equal(got, want) {
		t.Fatalf("range %+v: got %d rows %x, want %d rows %x", r, len(got), got, len(want), want)
	}
}

// drawBound is some of the first key columns, nil for none.
func drawBound(t *rapid.T, a *RunSet) []delta.Column {
	n := rapid.IntRange(0, a.order.keys).Draw(t, "columns of the bound")
	if n == 0 {
		return nil
	}
	types := make([]sqltype.OID, n)
	for i := range types {
		types[i] = a.order.types[a.order.steps[i].col]
	}
	b := delta.NewBatchBuilder(types)
	for _, c := range b.Cols {
		appendValue(c, rapid.IntRange(0, 5).Draw(t, "bound"))
	}
	b.End(1)
	return b.Batch().Cols
}
