package op_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/temprun"
)

// endless are plans over leaves of (int8, int8, text, numeric, timestamp) that have more to do than
// anybody waits for, by the node that is at work.
func endless() map[string]plan.Node {
	leaf := func(n int) plan.Node { return exectest.Leaf(n, i8, i8, txt, num, ts) }
	a, b, c := leaf(0), leaf(1), leaf(2)
	by := func(n plan.Node, at int) plan.SortKey { return plan.SortKey{Expr: col(n, at), Desc: at == 2} }
	differ := func(n plan.Node, i, j int) plan.Expr { return exectest.Call(int8ne, boolean, col(n, i), col(n, j)) }
	pair := exectest.Join(a, b, nil, nil, nil)
	pair.(*plan.Join).Residual = differ(pair, 0, 5)
	triple := exectest.Join(pair, c, nil, nil, nil)
	triple.(*plan.Join).Residual = differ(triple, 1, 10)
	max := exectest.Agg("max", txt, col(a, 2))
	round := plan.NewWorking(b.Props().Fields)
	count := exectest.Distinct(exectest.Agg("count", i8, col(a, 2)))
	waiting := exectest.Session(a, []int{1}, 4, time.Hour)
	waiting.OnClose = &plan.WindowClose{Time: 4, Before: 0}
	return map[string]plan.Node{
		"SessionWindow":       exectest.Session(a, []int{1}, 4, time.Hour),
		"SessionWindow, kept": waiting,
		"Filter":              exectest.Filter(a, differ(a, 0, 1)),
		"OnTime":              plan.NewOnTime(a, 4, 0, 0),
		"Temporal": plan.NewTemporal(a, nil, []plan.Expr{
			exectest.Call(timestamptzGT, boolean, &plan.Relabel{Arg: col(a, 4), T: sqltype.Of(tstz)}, ago(300))}),
		"Project":             exectest.Project(a, exectest.Call(int8mul, i8, col(a, 0), exectest.Int(0))),
		"Hop":                 exectest.Hop(a, 4, time.Millisecond, time.Hour),
		"UnionAll":            exectest.Union(a, b, c),
		"Exchange":            &plan.Exchange{P: *a.Props(), Input: a},
		"Join":                triple,
		"Join of one key":     exectest.Join(a, b, []int{1}, []int{1}, nil),
		"Join, a long build":  exectest.Join(a, b, []int{2, 0}, []int{2, 0}, nil),
		"GroupBy":             exectest.GroupBy(a, []int{0}, max),
		"GroupBy of images":   exectest.GroupBy(a, []int{3, 2}, exectest.Agg("count", i8)),
		"GroupBy of distinct": exectest.GroupBy(a, []int{1}, count),
		"Distinct":            exectest.Unique(a),
		"Sort":                exectest.Sort(a, by(a, 2), by(a, 3)),
		"Expand":              exectest.Filter(plan.NewExpand(a, []int{1, 2}, [][]int{{0}, {1}, {0, 1}}), differ(a, 0, 1)),
		"ProjectSet":          exectest.Filter(plan.NewProjectSet(a, []plan.SetCall{{Expr: exectest.Call(series, i8, exectest.Int(1), exectest.Int(1<<60)), Fields: a.Props().Fields[1:2]}}, true), differ(a, 0, 1)),
		"Recursive":           plan.PlanRecursive(plan.NewRecursive(b, exectest.Filter(round, differ(round, 0, 4)), b.Props().Fields, false)),
		"Over":                exectest.Over(a, []int{1}, []plan.SortKey{by(a, 3)}, exectest.Window("max", txt, col(a, 2)), exectest.Window("row_number", i8)),
		"Over, no partition":  exectest.Over(a, nil, []plan.SortKey{by(a, 2)}, exectest.Window("sum", num, col(a, 3))),
		"SetOp":               exectest.SetOp(plan.Except, true, a, b),
		"TopN of groups":      exectest.TopOf(a, []int{1}, 1<<40, 5, true, by(a, 3), by(a, 2)),
		"TopN":                exectest.Top(a, 1<<40, 5, by(a, 3), by(a, 2)),
	}
}

// Functions of pg_proc.
const (
	series  = 1069 // generate_series(bigint, bigint)
	int8ne  = 468
	int8mul = 465
)

func wide(rows int) []delta.Batch {
	r := rand.New(rand.NewPCG(4, 2))
	var out []delta.Batch
	for done := 0; done < rows; done += 1024 {
		b := delta.NewBatchBuilder(types(i8, i8, txt, num, ts))
		for range 1024 {
			n := r.IntN(1 << 30)
			delta.Append(b.Cols[0], int64(n))
			delta.Append(b.Cols[1], int64(n%10))
			b.Cols[2].AppendString(fmt.Sprintf("a text whose beginning is the same: %d", n))
			exectest.AppendValue(b.Cols[3], 1+n%(1<<20))
			delta.Append(b.Cols[4], int64(n)*1_000_000)
			b.End(1)
		}
		out = append(out, b.Batch())
	}
	return out
}

// TestCancelAnywhere: whatever node is at work, in a one-shot run, in one that spills and in a tick, it
// ends soon after its context, and its temporary runs are gone; how soon is logged. A node that has no plan here fails the test.
func TestCancelAnywhere(t *testing.T) {
	const hang = 2 * time.Second
	plans := endless()
	source, err := os.ReadFile("build.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`case \*plan\.(\w+):`).FindAllSubmatch(source, -1) {
		if plans[string(m[1])] == nil {
			t.Errorf("no plan with %s", m[1])
		}
	}
	space, err := temprun.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	batches := wide(200 << 10)
	account := memory.New("statement_memory", 0)
	r := rand.New(rand.NewPCG(1, 1))
	stopped := errors.New("stopped")
	for name, root := range plans {
		worst := time.Duration(0)
		for i := range 6 {
			ctx, cancel := context.WithCancelCause(t.Context())
			at := make(chan time.Time, 1)
			timer := time.AfterFunc(time.Duration(1+r.IntN(120))*time.Millisecond, func() {
				at <- time.Now()
				cancel(stopped)
			})
			run := metered{once: i%3 < 2, account: account}
			if i%3 == 1 {
				run.work, run.space = 4<<20, space
			}
			err := run.run(t, ctx, root,
				&repeated{batches: batches, count: 1 << 30}, &repeated{batches: batches, count: 40}, &repeated{batches: batches, count: 40})
			ended := time.Now()
			timer.Stop()
			if !errors.Is(err, stopped) {
				t.Errorf("%s: %v", name, err)
				break
			}
			took := ended.Sub(<-at)
			worst = max(worst, took)
			if took > hang {
				t.Errorf("%s did not end within %v: %v", name, hang, took)
			}
		}
		t.Logf("%-20s ended at most %v after its cancel", name, worst)
	}
}
