package state

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
)

// checkColumns: a scan of some columns has the rows of one of all, and nothing of the others.
func checkColumns(t *rapid.T, a *RunSet, w View) {
	wanted := []int{}
	for k := range a.order.types {
		if rapid.Bool().Draw(t, "wanted") {
			wanted = append(wanted, k)
		}
	}
	rows := func(columns []int) (out []string) {
		c, err := w.Scan(context.Background(), Range{Columns: columns})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var d delta.Batch
		for more := true; more; {
			if _, more, err = c.Next(context.Background(), &d); err != nil {
				t.Fatal(err)
			}
			if columns != nil && len(d.Cols) > 0 {
				for k := range d.Cols {
					if !slices.Contains(columns, k) && d.Cols[k].Data != nil {
						t.Fatalf("column %d has values", k)
					}
				}
			}
			for _, i := range liveRows(&d) {
				row := []byte(fmt.Sprint(d.Weight(i), " "))
				for _, k := range wanted {
					row = delta.AppendRow(row, d.Cols[k:k+1], i)
				}
				out = append(out, string(row))
			}
		}
		return out
	}
	if some, all := rows(wanted), rows(nil); !slices.Equal(some, all) {
		t.Fatalf("columns %v of %d: %x, want %x", wanted, len(a.order.types), some, all)
	}
}

// checkBounds: a scan with bounds has every row that meets them, with its weight, and none that is not there.
func checkBounds(t *rapid.T, a *RunSet, w View) {
	var bounds []Bound
	for k, typ := range a.order.types {
		if !Bounded(typ) {
			continue
		}
		some := func(n int) *delta.Column {
			b := delta.NewBuilder(typ)
			for range n {
				appendValue(b, rapid.IntRange(1, 5).Draw(t, "bound"))
			}
			c := b.Column()
			return &c
		}
		b := Bound{Column: k, Nulls: rapid.Bool().Draw(t, "nulls")}
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			continue
		case 1:
			b.Low = some(1)
		case 2:
			b.High = some(1)
		case 3:
			b.Low = some(1)
			b.High = b.Low
		case 4:
			b.Any = some(2)
		}
		bounds = append(bounds, b)
	}
	rows := func(rng Range) map[string]int64 {
		c, err := w.Scan(context.Background(), rng)
		if err != nil {
			t.Fatal(err)
		}
		return drain(t, a.order, c, true)
	}
	all, got := rows(Range{}), rows(Range{Bounds: bounds})
	for _, weight := range all {
		if weight < 0 {
			return // Head, in the midst of a tick
		}
	}
	wanted, meet := map[string]int64{}, map[string]bool{}
	for _, rng := range []Range{{}, {Bounds: bounds}} {
		c, err := w.Scan(context.Background(), rng)
		if err != nil {
			t.Fatal(err)
		}
		var d delta.Batch
		for more := true; more; {
			if _, more, err = c.Next(context.Background(), &d); err != nil {
				t.Fatal(err)
			}
			for _, i := range liveRows(&d) {
				image := string(delta.AppendRow(nil, d.Cols, i))
				meet[image] = meets(&d, i, bounds)
				if meet[image] && rng.Bounds == nil {
					wanted[image] = d.Weight(i)
				}
			}
		}
		c.Close()
	}
	for image, weight := range wanted {
		if got[image] != weight {
			t.Fatalf("bounds %+v: row %x %d times, want %d", bounds, image, got[image], weight)
		}
	}
	for image, weight := range got {
		if weight < 1 {
			t.Fatalf("bounds %+v: row %x %d times", bounds, image, weight)
		}
		if meet[image] && wanted[image] == 0 {
			t.Fatalf("bounds %+v: row %x, which is not there", bounds, image)
		}
	}
}

// meets tells row by row what bounds say.
func meets(d *delta.Batch, row int32, bounds []Bound) bool {
	for _, b := range bounds {
		c := &d.Cols[b.Column]
		if c.Null(row) {
			if !b.Nulls {
				return false
			}
			continue
		}
		if b.Low != nil && delta.CompareKey(c, row, b.Low, 0) < 0 || b.High != nil && delta.CompareKey(c, row, b.High, 0) > 0 {
			return false
		}
		found := b.Any == nil
		for i := 0; !found && i < b.Any.Len; i++ {
			found = delta.CompareKey(c, row, b.Any, int32(i)) == 0
		}
		if !found {
			return false
		}
	}
	return true
}

// BenchmarkScanOfRuns reads a million rows in three runs: one behind another, or among each other.
func BenchmarkScanOfRuns(b *testing.B) {
	for _, among := range []bool{false, true} {
		for _, columns := range [][]int{nil, {1}} {
			b.Run(fmt.Sprintf("among each other %v/columns %v", among, columns), func(b *testing.B) {
				a := NewArrangement(benchTypes, []int{0}, Options{})
				made := delta.NewBatchBuilder(benchTypes)
				at := int64(0)
				for v, rows := range []int64{700_000, 200_000, 100_000} {
					made.Clear()
					for ; rows > 0; rows-- {
						at++
						key := at
						if among {
							key = at * 2654435761 % (1 << 40)
						}
						delta.Append(made.Cols[0], key)
						delta.Append(made.Cols[1], at)
						made.Cols[2].AppendString("some text of a row")
						made.End(1)
					}
					d := made.Batch()
					if err := a.Append(&d); err != nil {
						b.Fatal(err)
					}
					if err := a.Publish(CommitSeq(v + 1)); err != nil {
						b.Fatal(err)
					}
				}
				w, err := a.At(3)
				if err != nil {
					b.Fatal(err)
				}
				defer w.Release()
				for b.Loop() {
					c, err := w.Scan(context.Background(), Range{Columns: columns})
					if err != nil {
						b.Fatal(err)
					}
					var d delta.Batch
					n := 0
					for more := true; more; {
						if _, more, err = c.Next(context.Background(), &d); err != nil {
							b.Fatal(err)
						}
						n += d.Rows()
					}
					if n != int(at) {
						b.Fatalf("%d rows", n)
					}
				}
				b.ReportMetric(float64(b.N)*float64(at)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
