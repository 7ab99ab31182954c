package op_test

import (
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

const tstz = sqltype.Timestamptz

// Functions of pg_proc.
const (
	timestamptzLT          = 1154
	timestamptzLE          = 1155
	timestamptzGE          = 1156
	timestamptzGT          = 1157
	timestamptzMinusPeriod = 1190
	funcNow                = 1299
)

// ago is now() less seconds.
func ago(seconds int64) plan.Expr {
	by := &plan.Const{T: sqltype.Of(sqltype.Interval), Value: delta.Const(sqltype.Interval, delta.Interval{Micros: seconds * 1_000_000}, 1)}
	return exectest.Call(timestamptzMinusPeriod, tstz, exectest.Call(funcNow, tstz), by)
}

// spanOf is a plan by conditions on now(), over rows with a time in column 1, and a second one in column 2.
type spanOf struct {
	rising, falling []plan.Expr
}

func (s spanOf) over(in plan.Node) plan.Node { return plan.NewTemporal(in, s.rising, s.falling) }

func (s spanOf) at(in plan.Node, now int64) plan.Node {
	clock := &plan.Const{T: sqltype.Of(tstz), Value: delta.Const(tstz, now, 1)}
	for _, c := range append(append([]plan.Expr{}, s.rising...), s.falling...) {
		in = exectest.Filter(in, plan.OverClock(c, clock))
	}
	return in
}

// TestTemporal: over every history of changes and of time, what a condition on now() shows is what it is true for at the
// time of the tick; so it is below joins and aggregates.
func TestTemporal(t *testing.T) {
	at := func(i int) plan.Expr { return &plan.Column{Index: i, T: sqltype.Of(tstz)} }
	cond := func(f plan.FuncID, a, b plan.Expr) []plan.Expr { return []plan.Expr{exectest.Call(f, boolean, a, b)} }
	for name, s := range map[string]spanOf{
		"goes":                 {falling: cond(timestamptzGT, at(1), ago(10))},
		"goes, at once":        {falling: cond(timestamptzGE, at(1), ago(0))},
		"comes":                {rising: cond(timestamptzLT, at(1), ago(5))},
		"comes, its own time":  {rising: cond(timestamptzLE, at(1), ago(-1))},
		"comes and goes":       {rising: cond(timestamptzLE, at(1), ago(3)), falling: cond(timestamptzGT, at(1), ago(15))},
		"for no time":          {rising: cond(timestamptzLE, at(1), ago(15)), falling: cond(timestamptzGT, at(1), ago(3))},
		"between columns":      {rising: cond(timestamptzLE, at(1), ago(0)), falling: cond(timestamptzGT, at(2), ago(0))},
		"two ends":             {falling: append(cond(timestamptzGT, at(1), ago(20)), cond(timestamptzGT, at(2), ago(0))...)},
		"whatever happens":     {falling: []plan.Expr{&plan.Or{Args: append(cond(timestamptzGT, at(1), ago(0)), exectest.Call(int4lt, boolean, &plan.Column{Index: 0, T: sqltype.Of(i4)}, &plan.Const{T: sqltype.Of(i4), Value: delta.Const(i4, int32(0), 1)}))}}},
		"longer than anything": {falling: cond(timestamptzGT, at(1), ago(1<<40))},
	} {
		for _, in := range []exectest.Input{{Types: types(i4, tstz, tstz), Errors: true}, {Types: types(i4, tstz, tstz), AppendOnly: true}} {
			exectest.Run(t, exectest.Case{
				Name: name, Inputs: []exectest.Input{in},
				Plan: func(l []plan.Node) plan.Node { return s.over(l[0]) },
				At:   func(l []plan.Node, now int64) plan.Node { return s.at(l[0], now) },
			})
		}
		exectest.Run(t, exectest.Case{
			Name: name + ", joined and counted", Inputs: []exectest.Input{{Types: types(i4, tstz, tstz)}, {Types: types(i4, i4)}},
			Plan: func(l []plan.Node) plan.Node { return joined(s.over(l[0]), l[1]) },
			At:   func(l []plan.Node, now int64) plan.Node { return joined(s.at(l[0], now), l[1]) },
		})
	}
}

func joined(a, b plan.Node) plan.Node {
	j := exectest.JoinOf(plan.JoinRight, a, b, []int{0}, []int{0}, nil)
	return exectest.GroupBy(j, []int{4}, exectest.Agg("max", tstz, col(j, 1)), exectest.Agg("count", sqltype.Int8))
}

// BenchmarkTemporal is rows a second of a stream whose rows stay five minutes, and of one that has them long behind it.
func BenchmarkTemporal(b *testing.B) {
	for name, began := range map[string]time.Duration{"stay": 0, "are gone": -time.Hour} {
		b.Run(name, func(b *testing.B) {
			leaf := exectest.Leaf(0, i4, tstz)
			root := plan.NewTemporal(leaf, nil, []plan.Expr{exectest.Call(timestamptzGT, boolean, col(leaf, 1), ago(300))})
			k := exectest.NewTicker(b, root, false)
			rows := 0
			for i := 0; b.Loop(); i++ {
				made := delta.NewBatchBuilder(types(i4, tstz))
				for j := range 1024 {
					delta.Append(made.Cols[0], int32(j))
					delta.Append(made.Cols[1], began.Microseconds()+int64(i*1024+j)*37)
					made.End(1)
				}
				rows += k.Tick([]delta.Batch{made.Batch()})
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
