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
