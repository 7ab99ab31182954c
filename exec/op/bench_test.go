package op_test

import (
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// keyed is n rows of (key below groups, value).
func keyed(n int, groups uint64) []delta.Batch {
	var out []delta.Batch
	seed := uint64(1)
	for done := 0; done < n; done += 4096 {
		keys, values := delta.NewColumn(i8, 4096), delta.NewColumn(i8, 4096)
		for i := range 4096 {
			seed = seed*6364136223846793005 + 1442695040888963407
			delta.Values[int64](&keys)[i] = int64((seed >> 33) % groups)
			delta.Values[int64](&values)[i] = int64(i)
		}
		out = append(out, delta.Batch{Len: 4096, Cols: []delta.Column{keys, values}})
	}
	return out
}

func BenchmarkGroupBy(b *testing.B) {
	for _, groups := range []uint64{1_000, 100_000} {
		for _, once := range []bool{true, false} {
			b.Run(fmt.Sprintf("groups=%d/once=%v", groups, once), func(b *testing.B) {
				leaf := exectest.Leaf(0, i8, i8)
				root := exectest.GroupBy(leaf, []int{0}, exectest.Agg("count", i8), exectest.Agg("sum", num, col(leaf, 1)))
				batches := keyed(1<<19, groups)
				ticker := exectest.NewTicker(b, root, once)
				rows := 0
				for b.Loop() {
					rows += ticker.Tick(batches)
				}
				b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	l, r := exectest.Leaf(0, i8, i8), exectest.Leaf(1, i8, i8)
	build, probe := keyed(100_000, 1<<40), keyed(1<<18, 1)
	// Each probing row meets one row built.
	for i := range probe {
		from := delta.Values[int64](&build[i%len(build)].Cols[0])
		copy(delta.Values[int64](&probe[i].Cols[0]), from)
	}
	root := exectest.Join(l, r, []int{0}, []int{0}, nil)
	rows := 0
	for b.Loop() {
		ticker := exectest.NewTicker(b, root, true)
		ticker.Tick(build, probe)
		rows += 1 << 18
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkTopN(b *testing.B) {
	leaf := exectest.Leaf(0, i8, i8)
	root := exectest.Top(leaf, 100, 0, plan.SortKey{Expr: col(leaf, 0), Desc: true})
	batches := keyed(1<<19, 1<<40)
	rows := 0
	for b.Loop() {
		rows += exectest.NewTicker(b, root, true).Tick(batches)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
