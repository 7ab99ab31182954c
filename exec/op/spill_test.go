package op_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/temprun"
)

// spilling are plans over leaves of (int8, int8 below 10, text, numeric, float8) whose operators put
// rows into temporary runs; keys have images, NULLs and more rows than others.
func spilling() map[string]plan.Node {
	leaf := func(n int) plan.Node { return exectest.Leaf(n, i8, i8, txt, num, f8) }
	a, b := leaf(0), leaf(1)
	by := func(n plan.Node, at int, desc, first bool) plan.SortKey {
		return plan.SortKey{Expr: col(n, at), Desc: desc, NullsFirst: first}
	}
	count, sum := exectest.Agg("count", i8), exectest.Agg("sum", num, col(a, 3))
	kinds, texts := exectest.Distinct(exectest.Agg("count", i8, col(a, 3))), exectest.Distinct(exectest.Agg("max", txt, col(a, 2)))
	sums := exectest.Distinct(exectest.Agg("sum", num, col(a, 3)))
	longest := exectest.Agg("max", txt, col(a, 2))
	kept := exectest.InOrder(exectest.Agg("array_agg", num.Array(), col(a, 3)), by(a, 2, true, false))
	joined := exectest.InOrder(exectest.Distinct(exectest.Agg("string_agg", txt, col(a, 2), col(a, 2))), by(a, 2, true, true))
	few := exectest.Where(count, less8(a, 0, 1))
	few.T = count.T
	crossed := exectest.Join(a, b, nil, nil, nil)
	crossed.(*plan.Join).Residual = exectest.Call(int8eq, boolean, col(crossed, 0), col(crossed, 5))
	plans := map[string]plan.Node{
		"sort":                    exectest.Sort(a, by(a, 3, false, false), by(a, 2, true, true)),
		"sort by a few values":    exectest.Sort(a, by(a, 1, true, false)),
		"top, a small window":     exectest.Top(a, 10, 3, by(a, 2, false, true)),
		"top, a large window":     exectest.Top(a, 15_000, 2_000, by(a, 3, true, false)),
		"top, no limit":           exectest.Top(a, -1, 7, by(a, 4, true, false)),
		"top of groups":           exectest.TopOf(a, []int{1}, 20, 3, false, by(a, 2, false, true)),
		"top of many groups":      exectest.TopOf(a, []int{3}, 1, 0, true, by(a, 1, false, true)),
		"over":                    exectest.Over(a, []int{2}, []plan.SortKey{by(a, 3, true, true)}, exectest.Window("row_number", i8), exectest.Window("sum", num, col(a, 1))),
		"over a few partitions":   exectest.Over(a, []int{1}, []plan.SortKey{by(a, 2, false, true)}, exectest.Window("lag", f8, col(a, 4)), exectest.Window("min", num, col(a, 3))),
		"except all":              exectest.SetOp(plan.Except, true, a, b),
		"top with ties":           exectest.TopOf(a, nil, 100, 10, true, by(a, 1, false, true)),
		"group by one":            exectest.GroupBy(a, []int{0}, count, sum, longest),
		"group by images":         exectest.GroupBy(a, []int{3, 4}, count, longest, few),
		"kept in few groups":      exectest.GroupBy(a, []int{1}, kept, joined, kinds, count),
		"kept in many groups":     exectest.GroupBy(a, []int{3, 0}, joined, kept),
		"kept without groups":     exectest.GroupBy(a, nil, joined, count),
		"distinct in few groups":  exectest.GroupBy(a, []int{1}, kinds, texts, sums, count),
		"distinct in many groups": exectest.GroupBy(a, []int{0}, kinds, sums, few),
		"distinct without groups": exectest.GroupBy(a, nil, kinds, sums, count),
		"distinct":                exectest.Unique(exectest.Union(a, b)),
		"join of texts":           exectest.Join(a, b, []int{2}, []int{2}, nil),
		"join of images":          exectest.Join(a, b, []int{3, 0}, []int{3, 0}, nil),
		"join of few keys":        exectest.GroupBy(exectest.Join(a, b, []int{1}, []int{1}, nil), []int{1}, count),
		"join without keys":       crossed,
		"one spills into another": exectest.Sort(exectest.GroupBy(exectest.Join(a, b, []int{0}, []int{0}, nil), []int{0, 3}, count), plan.SortKey{Expr: &plan.Column{Index: 2, T: count.T}}),
	}
	below := exectest.Call(int8eq, boolean, col(crossed, 1), col(crossed, 6))
	for name, kind := range joinKinds {
		plans[name+" join of images"] = exectest.JoinOf(kind, exectest.Filter(a, less8(a, 1, 0)), b, []int{3, 0}, []int{3, 0}, nil)
		plans[name+" join, residual"] = exectest.JoinOf(kind, a, b, []int{0}, []int{0}, below)
		if kind != plan.JoinFull && kind != plan.JoinRight {
			plans[name+" join of few keys"] = exectest.JoinOf(kind, a, b, []int{1}, []int{1}, nil)
		}
	}
	plans["single join"] = exectest.SingleJoin(exectest.GroupBy(a, []int{0}, count), b, []int{0}, []int{0})
	return plans
}

const int8eq = 467

func less8(n plan.Node, a, b int) plan.Expr { return exectest.Call(470, boolean, col(n, a), col(n, b)) }

func mixed(seed uint64, rows int) []delta.Batch {
	r := rand.New(rand.NewPCG(seed, 9))
	var out []delta.Batch
	for done := 0; done < rows; {
		n := min(rows-done, 1+r.IntN(1024))
		b := delta.NewBatchBuilder(types(i8, i8, txt, num, f8))
		for range n {
			k := r.IntN(rows / 2)
			if r.IntN(50) == 0 {
				k = 7 // one key that has many rows
			}
			delta.Append(b.Cols[0], int64(k))
			delta.Append(b.Cols[1], int64(r.IntN(10)))
			if r.IntN(40) == 0 {
				b.Cols[2].AppendNull()
			} else {
				b.Cols[2].AppendString(fmt.Sprintf("%d is the number behind a text", k%(rows/4)))
			}
			exectest.AppendValue(b.Cols[3], r.IntN(rows/3))
			exectest.AppendValue(b.Cols[4], r.IntN(rows/3))
			b.End(int64(1 + r.IntN(2)))
		}
		out = append(out, b.Batch())
		done += n
	}
	return out
}

// digest is rows in any order, or in theirs.
type digest struct {
	rows, weight int64
	sum          uint64
	ordered      uint64
}

func (g *digest) add(d *delta.Batch) {
	one := func(row int32) {
		h := fnv.New64a()
		h.Write(delta.AppendRow(nil, d.Cols, row))
		w := d.Weight(row)
		g.rows++
		g.weight += w
		g.sum += h.Sum64() * uint64(w)
		for range w { // equal rows may stand together or apart
			h.Reset()
			h.Write(binary.LittleEndian.AppendUint64(delta.AppendRow(nil, d.Cols, row), g.ordered))
			g.ordered = h.Sum64()
		}
	}
	if d.Sel == nil {
		for row := range int32(d.Len) {
			one(row)
		}
	}
	for _, row := range d.Sel {
		one(row)
	}
	for _, e := range d.Errs {
		g.sum += uint64(len(e.Err.Message)) * uint64(d.Weight(e.Row))
	}
}

// peak watches what is charged to an account while something runs.
func peak(account *memory.Account, run func()) int64 {
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), account.Used()))
			select {
			case <-done:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	}()
	run()
	close(done)
	<-ended
	return most.Load()
}

// TestSpilled: what is put into temporary runs, all of it, some of it or none, changes no result. What
// was held at most and what was written is logged.
func TestSpilled(t *testing.T) {
	space, err := temprun.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := 20_000
	if testing.Short() {
		rows = 2_000
	}
	left, right := mixed(1, rows), mixed(2, rows/2)
	for name, root := range spilling() {
		l, r := left, right
		if name == "join without keys" || name == "join of few keys" {
			l, r = mixed(3, 3000), mixed(4, 2000)
		}
		var want digest
		for _, work := range []int64{0, 1, 100 << 10, 1 << 20} {
			var got digest
			account := memory.New("statement_memory", 0)
			run := metered{once: true, account: account, work: work, space: space, out: got.add}
			before := space.Stats().Written
			begin := time.Now()
			most := peak(account, func() {
				if err := run.run(t, t.Context(), root, &repeated{batches: l, count: len(l)}, &repeated{batches: r, count: len(r)}); err != nil {
					t.Fatalf("%s, %d bytes: %v", name, work, err)
				}
			})
			wrote := space.Stats().Written - before
			t.Logf("%-24s work memory %7d: held %9d, wrote %9d, %7d rows, %v", name, work, most, wrote, got.weight, time.Since(begin).Round(time.Millisecond))
			if work == 0 {
				want = got
			}
			if !ordered(root) {
				got.ordered, want.ordered, got.rows, want.rows = 0, 0, 0, 0
			}
			if got.rows = want.rows; got != want {
				t.Errorf("%s with %d bytes of work memory: %+v, want %+v", name, work, got, want)
			}
			if work == 1 && wrote == 0 {
				t.Errorf("%s put nothing into temporary runs", name)
			}
		}
	}
}

// ordered: the order of the rows is the plan's.
func ordered(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Sort:
		return true
	case *plan.TopN:
		return len(n.Groups) == 0
	}
	return false
}
