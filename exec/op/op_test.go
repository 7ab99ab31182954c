package op_test

import (
	"fmt"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"

	"pgregory.net/rapid"
)

type (
	in   = exectest.Input
	node = plan.Node
)

// Functions of pg_proc.
const (
	int4eq  = 65
	int4lt  = 66
	int4div = 154
	int4pl  = 177
)

const (
	i2, i4, i8   = sqltype.Int2, sqltype.Int4, sqltype.Int8
	txt, num     = sqltype.Text, sqltype.Numeric
	f4, f8       = sqltype.Float4, sqltype.Float8
	ts, interval = sqltype.Timestamp, sqltype.Interval
	boolean      = sqltype.Bool
)

func types(t ...sqltype.OID) []sqltype.OID { return t }

var col = exectest.Col

// quotient fails where column b is 0.
func quotient(n node, a, b int) plan.Expr {
	return exectest.Call(int4div, i4, col(n, a), col(n, b))
}

func less(n node, a, b int) plan.Expr { return exectest.Call(int4lt, boolean, col(n, a), col(n, b)) }

func run(t *testing.T, name string, inputs []in, p func(l []node) node) {
	exectest.Run(t, exectest.Case{Name: name, Inputs: inputs, Plan: p})
}

func TestLinear(t *testing.T) {
	one := []in{{Types: types(i4, i4, txt), Errors: true}}
	run(t, "filter", one, func(l []node) node { return exectest.Filter(l[0], less(l[0], 0, 1)) })
	run(t, "filter that fails", one, func(l []node) node {
		return exectest.Filter(l[0], exectest.Call(int4lt, boolean, quotient(l[0], 0, 1), col(l[0], 0)))
	})
	run(t, "project", one, func(l []node) node { return exectest.Project(l[0], col(l[0], 2), quotient(l[0], 0, 1)) })
	run(t, "project nothing", one, func(l []node) node { return exectest.Project(l[0], exectest.Int(1)) })
	run(t, "project twice", one, func(l []node) node {
		p := exectest.Project(l[0], quotient(l[0], 0, 1), col(l[0], 0), quotient(l[0], 1, 0), exectest.Int(7))
		return exectest.Project(p, col(p, 3), col(p, 1))
	})
	run(t, "union all", []in{one[0], {Types: types(i4, i4, txt), AppendOnly: true}}, func(l []node) node {
		return exectest.Union(l[0], l[1])
	})
	run(t, "hop", []in{{Types: types(i4, ts), Values: 9}}, func(l []node) node {
		return exectest.Hop(l[0], 1, 5*time.Second, 20*time.Second)
	})
	run(t, "cumulate", []in{{Types: types(i4, ts), Values: 9}}, func(l []node) node {
		h := exectest.Hop(l[0], 1, 5*time.Second, 20*time.Second)
		h.(*plan.Hop).Cumulate = true
		return h
	})
	run(t, "sort", one, func(l []node) node { return exectest.Sort(l[0], plan.SortKey{Expr: col(l[0], 1)}) })
}

func TestJoin(t *testing.T) {
	for _, k := range []sqltype.OID{i4, num, txt, f8, interval} {
		ins := []in{{Types: types(i4, k), Errors: true}, {Types: types(k, i4)}}
		run(t, "inner", ins, func(l []node) node { return exectest.Join(l[0], l[1], []int{1}, []int{0}, nil) })
	}
	ins := []in{{Types: types(i4, i4), Errors: true}, {Types: types(i4, i4, txt)}}
	run(t, "residual", ins, func(l []node) node {
		return exectest.Join(l[0], l[1], []int{0}, []int{0}, exectest.Call(int4lt, boolean,
			exectest.Call(int4div, i4, &plan.Column{Index: 0, T: sqltype.Of(i4)}, &plan.Column{Index: 1, T: sqltype.Of(i4)}),
			&plan.Column{Index: 3, T: sqltype.Of(i4)}))
	})
	run(t, "two keys", ins, func(l []node) node { return exectest.Join(l[0], l[1], []int{0, 1}, []int{1, 0}, nil) })
	run(t, "cross", ins, func(l []node) node { return exectest.Join(l[0], l[1], nil, nil, nil) })
	run(t, "cross, residual", ins, func(l []node) node {
		return exectest.Join(l[0], l[1], nil, nil, exectest.Call(int4lt, boolean, col(l[0], 0), &plan.Column{Index: 3, T: sqltype.Of(i4)}))
	})
	run(t, "with itself", ins[:1], func(l []node) node { return exectest.Join(l[0], l[0], []int{0}, []int{1}, nil) })
	run(t, "streams", []in{{Types: types(i4, i4), AppendOnly: true}, {Types: types(i4, i4), AppendOnly: true}}, func(l []node) node {
		return exectest.Join(l[0], l[1], []int{0}, []int{0}, nil)
	})
}

func aggregates(l node, first int) []plan.Aggregate {
	c := func(i int) plan.Expr { return col(l, first+i) }
	return []plan.Aggregate{
		exectest.Agg("count", i8), exectest.Agg("count", i8, c(0)),
		exectest.Agg("sum", i8, c(0)), exectest.Agg("avg", num, c(0)), exectest.Agg("min", i4, c(0)), exectest.Agg("max", i4, c(0)),
		exectest.Agg("sum", num, c(1)), exectest.Agg("avg", num, c(1)), exectest.Agg("min", num, c(1)), exectest.Agg("max", num, c(1)),
		exectest.Agg("sum", f8, c(2)), exectest.Agg("avg", f8, c(2)), exectest.Agg("max", f8, c(2)),
		exectest.Agg("min", txt, c(3)), exectest.Agg("max", txt, c(3)),
		exectest.Distinct(exectest.Agg("count", i8, c(0))), exectest.Distinct(exectest.Agg("sum", num, c(1))),
		exectest.Distinct(exectest.Agg("count", i8, c(3))), exectest.Distinct(exectest.Agg("min", num, c(1))),
		exectest.Where(exectest.Agg("count", i8), less(l, 0, first)),
		exectest.Where(exectest.Distinct(exectest.Agg("avg", num, c(1))), less(l, first, 0)),
	}
}

func otherAggregates(l node, first int) []plan.Aggregate {
	c := func(i int) plan.Expr { return col(l, first+i) }
	return []plan.Aggregate{
		exectest.Agg("sum", interval, c(0)), exectest.Agg("avg", interval, c(0)), exectest.Agg("min", interval, c(0)),
		exectest.Agg("sum", f4, c(1)), exectest.Agg("avg", f8, c(1)),
		exectest.Agg("sum", num, c(2)), exectest.Agg("avg", num, c(2)), exectest.Agg("max", i8, c(2)),
		exectest.Agg("sum", i8, c(3)), exectest.Agg("avg", num, c(3)),
		exectest.Agg("bool_and", boolean, c(4)), exectest.Agg("bool_or", boolean, c(4)), exectest.Agg("every", boolean, c(4)),
		exectest.Agg("min", ts, c(5)), exectest.Agg("max", ts, c(5)),
		exectest.Agg("bit_and", i8, c(2)), exectest.Agg("bit_or", i2, c(3)), exectest.Distinct(exectest.Agg("bit_xor", i8, c(2))),
		exectest.Agg("variance", num, c(2)), exectest.Agg("stddev_pop", num, c(3)), exectest.Agg("stddev", f8, c(1)), exectest.Agg("var_pop", f8, c(1)),
	}
}

func TestGroupBy(t *testing.T) {
	for _, only := range []bool{false, true} {
		ins := []in{{Types: types(i4, i4, num, f8, txt), Errors: !only, AppendOnly: only, Values: 7}}
		run(t, "by int", ins, func(l []node) node { return exectest.GroupBy(l[0], []int{0}, aggregates(l[0], 1)...) })
		run(t, "of everything", ins, func(l []node) node { return exectest.GroupBy(l[0], nil, aggregates(l[0], 1)...) })
		run(t, "by text and numeric", ins, func(l []node) node { return exectest.GroupBy(l[0], []int{4, 2}, aggregates(l[0], 1)...) })
		rest := []in{{Types: types(i4, interval, f4, i8, i2, boolean, ts), AppendOnly: only, Values: 12}}
		run(t, "other types", rest, func(l []node) node { return exectest.GroupBy(l[0], []int{0}, otherAggregates(l[0], 1)...) })
		run(t, "by interval, float", rest, func(l []node) node { return exectest.GroupBy(l[0], []int{1, 2}, exectest.Agg("count", i8)) })
		run(t, "argument that fails", ins, func(l []node) node {
			return exectest.GroupBy(l[0], []int{4}, exectest.Agg("count", i8), exectest.Agg("sum", i8, quotient(l[0], 0, 1)),
				exectest.Where(exectest.Agg("max", i4, quotient(l[0], 1, 0)), less(l[0], 1, 0)))
		})
	}
	run(t, "distinct", []in{{Types: types(i4, txt), Errors: true}}, func(l []node) node { return exectest.Unique(l[0]) })
	run(t, "distinct images", []in{{Types: types(num, f8)}}, func(l []node) node { return exectest.Unique(l[0]) })
	run(t, "distinct bpchar", []in{{Types: types(sqltype.BPChar, interval)}}, func(l []node) node { return exectest.Unique(l[0]) })
}

// TestKept: aggregates of rows that are kept, in each order that they are asked for.
func TestKept(t *testing.T) {
	const list, js = sqltype.OID(1007), sqltype.JSON
	asc := func(e plan.Expr) plan.SortKey { return plan.SortKey{Expr: e} }
	desc := func(e plan.Expr) plan.SortKey { return plan.SortKey{Expr: e, Desc: true, NullsFirst: true} }
	half := &plan.Const{T: sqltype.Of(f8), Value: delta.Const(f8, 0.5, 1)}
	three := &plan.Const{T: sqltype.Of(num), Value: delta.ConstNumeric(decimal.FromInt64(3), 1)}
	within := func(f plan.FuncID, t sqltype.OID, arg plan.Expr, by func(plan.Expr) plan.SortKey, direct ...plan.Expr) plan.Aggregate {
		return plan.Aggregate{Func: f, Direct: direct, Args: []plan.Expr{arg}, Order: []plan.SortKey{by(arg)}, T: sqltype.Of(t)}
	}
	calls := func(l node) []plan.Aggregate {
		c := func(i int) plan.Expr { return col(l, i) }
		comma := &plan.Const{T: sqltype.Of(txt), Value: delta.ConstBytes(txt, []byte(","), 1)}
		return []plan.Aggregate{
			exectest.InOrder(exectest.Agg("array_agg", list, c(1)), asc(c(4))),
			exectest.InOrder(exectest.Agg("array_agg", num.Array(), c(2)), desc(c(2)), asc(c(1))),
			exectest.InOrder(exectest.Where(exectest.Agg("string_agg", txt, c(4), comma), less(l, 0, 1)), desc(c(1)), desc(c(4))),
			exectest.InOrder(exectest.Agg("string_agg", txt, c(4), c(4)), desc(quotient(l, 0, 1))),
			exectest.Distinct(exectest.Agg("array_agg", num.Array(), c(2))),
			exectest.InOrder(exectest.Distinct(exectest.Agg("string_agg", txt, c(4), comma)), desc(c(4))),
			exectest.InOrder(exectest.Agg("json_agg", js, c(3)), asc(c(3))),
			exectest.InOrder(exectest.Agg("json_object_agg", js, c(4), c(1)), desc(c(1))), // fails where a text is NULL
			exectest.InOrder(exectest.Agg("sum", i8, c(1)), asc(quotient(l, 1, 0))),
			exectest.Agg("count", i8), exectest.Agg("min", num, c(2)),
			within(3974, f8, c(3), asc, half), within(3972, txt, c(4), desc, half), within(3984, num, c(2), asc),
			within(3986, i8, c(2), desc, three), within(3992, i8, c(2), asc, three), within(3990, f8, c(2), desc, three),
			exectest.Agg("corr", f8, c(3), c(3)), exectest.Distinct(exectest.Agg("regr_slope", f8, c(3), c(3))), exectest.Agg("regr_count", i8, c(3), c(3)),
		}
	}
	for _, only := range []bool{false, true} {
		ins := []in{{Types: types(i4, i4, num, f8, txt), Errors: !only, AppendOnly: only, Values: 7}}
		run(t, "kept by int", ins, func(l []node) node { return exectest.GroupBy(l[0], []int{0}, calls(l[0])...) })
		run(t, "kept of everything", ins, func(l []node) node { return exectest.GroupBy(l[0], nil, calls(l[0])...) })
		run(t, "kept by images", ins, func(l []node) node { return exectest.GroupBy(l[0], []int{2, 4}, calls(l[0])...) })
	}
	run(t, "kept until a window closes", []in{{Types: types(ts, i4, num), Values: 12, Timed: true, Delay: 10_000_000}}, func(l []node) node {
		h := exectest.Hop(l[0], 0, 10*time.Second, 20*time.Second)
		return exectest.OnClose(exectest.GroupBy(h, []int{4}, exectest.InOrder(exectest.Agg("array_agg", num.Array(), col(h, 2)), desc(col(h, 1)))),
			0, 20*time.Second, 10*time.Second, 0, 0)
	})
	run(t, "kept over frames", []in{{Types: types(i4, num, txt), Errors: true, Values: 6}}, func(l []node) node {
		frame := plan.Frame{Mode: plan.FrameRows, Start: plan.FrameBound{Kind: plan.BoundPreceding, Offset: exectest.Int(1)}, End: plan.FrameBound{Kind: plan.BoundFollowing, Offset: exectest.Int(2)}}
		around := frame
		around.Exclude = plan.ExcludeTies
		return exectest.Over(l[0], []int{0}, []plan.SortKey{asc(col(l[0], 1))}, exectest.Framed(exectest.Window("string_agg", txt, col(l[0], 2), col(l[0], 2)), frame),
			exectest.Framed(exectest.Window("json_agg", js, col(l[0], 1)), around), exectest.Window("json_agg", js, col(l[0], 2)))
	})
}

func TestTopN(t *testing.T) {
	ins := []in{{Types: types(i4, num, txt), Errors: true}}
	for _, k := range []struct{ count, offset int64 }{{3, 0}, {2, 2}, {-1, 1}, {0, 0}, {1, 20}} {
		run(t, "by column", ins, func(l []node) node {
			return exectest.Top(l[0], k.count, k.offset, plan.SortKey{Expr: col(l[0], 1), Desc: true}, plan.SortKey{Expr: col(l[0], 0), NullsFirst: true})
		})
		run(t, "by expression", ins, func(l []node) node {
			return exectest.Top(l[0], k.count, k.offset, plan.SortKey{Expr: quotient(l[0], 0, 0)})
		})
	}
}

// Windows of groups are the same whether groups are found one by one or all are read.
func TestTopNOfGroups(t *testing.T) {
	ins := []in{{Types: types(i4, num, txt), Values: 5, Errors: true}}
	tops := func(t *testing.T) {
		for _, k := range []struct {
			count, offset int64
			ties          bool
		}{{1, 0, false}, {2, 1, false}, {2, 0, true}, {-1, 1, false}} {
			run(t, "of groups", ins, func(l []node) node {
				return exectest.TopOf(l[0], []int{0}, k.count, k.offset, k.ties, plan.SortKey{Expr: col(l[0], 1), Desc: true}, plan.SortKey{Expr: col(l[0], 2)})
			})
		}
	}
	t.Run("read", tops)
	defer op.FindEachGroup()()
	t.Run("found", tops)
}

func TestComposed(t *testing.T) {
	ins := []in{{Types: types(i4, i4, num)}, {Types: types(i4, txt)}}
	joined := func(l []node) node { return exectest.Join(l[0], l[1], []int{0}, []int{0}, nil) }
	grouped := func(l []node) node {
		j := joined(l)
		return exectest.GroupBy(j, []int{4}, exectest.Agg("count", i8), exectest.Agg("sum", num, col(j, 2)), exectest.Agg("max", i4, col(j, 1)))
	}
	run(t, "join, group, top", ins, func(l []node) node {
		g := grouped(l)
		return exectest.Top(g, 2, 0, plan.SortKey{Expr: col(g, 1), Desc: true}, plan.SortKey{Expr: col(g, 0)})
	})
	run(t, "group, join", ins, func(l []node) node {
		g := exectest.GroupBy(l[0], []int{0}, exectest.Agg("min", i4, col(l[0], 1)), exectest.Agg("avg", num, col(l[0], 2)))
		return exectest.Join(g, l[1], []int{1}, []int{0}, nil)
	})
	run(t, "join of groups of one relation", ins[:1], func(l []node) node {
		a := exectest.GroupBy(l[0], []int{0}, exectest.Agg("sum", num, col(l[0], 2)))
		b := exectest.GroupBy(l[0], []int{1}, exectest.Agg("count", i8))
		return exectest.Project(exectest.Join(a, b, []int{0}, []int{0}, nil), col(a, 1), &plan.Column{Index: 3, T: sqltype.Of(i8)})
	})
	run(t, "group of groups", ins, func(l []node) node {
		g := grouped(l)
		return exectest.GroupBy(g, []int{1}, exectest.Agg("count", i8), exectest.Distinct(exectest.Agg("sum", num, col(g, 2))), exectest.Agg("min", txt, col(g, 0)))
	})
	run(t, "distinct of union", []in{{Types: types(i4)}, {Types: types(i4)}}, func(l []node) node {
		return exectest.Unique(exectest.Union(l[0], l[1]))
	})
	run(t, "division by an aggregate", ins, func(l []node) node {
		g := exectest.GroupBy(l[0], []int{0}, exectest.Agg("max", i4, col(l[0], 1)), exectest.Agg("min", i4, col(l[0], 1)))
		p := exectest.Project(g, col(g, 0), quotient(g, 1, 2))
		return exectest.Filter(p, less(p, 0, 1))
	})
	run(t, "sliding windows", []in{{Types: types(i4, ts), Values: 9}}, func(l []node) node {
		h := exectest.Hop(l[0], 1, 10*time.Second, 30*time.Second)
		return exectest.GroupBy(h, []int{0, 2}, exectest.Agg("count", i8), exectest.Agg("max", ts, col(h, 1)))
	})
}

func TestOnWindowClose(t *testing.T) {
	stream := []in{{Types: types(ts, i4, num), Values: 12, Timed: true, Delay: 10_000_000}}
	run(t, "tumbling", stream, func(l []node) node {
		h := exectest.Hop(l[0], 0, 15*time.Second, 15*time.Second)
		return exectest.OnClose(exectest.GroupBy(h, []int{4}, exectest.Agg("count", i8), exectest.Agg("max", num, col(h, 2)),
			exectest.Distinct(exectest.Agg("sum", num, col(h, 2)))), 0, 15*time.Second, 15*time.Second, 0, 0)
	})
	run(t, "tumbling, open for longer", stream, func(l []node) node {
		h := exectest.Hop(l[0], 0, 15*time.Second, 15*time.Second)
		return exectest.OnClose(exectest.GroupBy(h, []int{4}, exectest.Agg("count", i8)), 0, 15*time.Second, 15*time.Second, 9*time.Second, 0)
	})
	run(t, "sliding, by key", stream, func(l []node) node {
		h := exectest.Hop(l[0], 0, 10*time.Second, 20*time.Second)
		return exectest.OnClose(exectest.GroupBy(h, []int{2, 4}, exectest.Agg("count", i8), exectest.Agg("min", i4, col(h, 1))), 1, 20*time.Second, 10*time.Second, 0, 0)
	})
	joined := append(stream, in{Types: types(i4, txt), AppendOnly: true})
	run(t, "filtered, then grouped again", joined, func(l []node) node {
		f := exectest.Filter(l[0], less(l[0], 1, 1))
		u := exectest.Hop(exectest.Union(l[0], f), 0, 15*time.Second, 15*time.Second)
		u.Props().Fields[3].Name = "watermark"
		g := exectest.OnClose(exectest.GroupBy(u, []int{4, 1}, exectest.Agg("count", i8)), 0, 15*time.Second, 15*time.Second, 0, 0)
		return exectest.GroupBy(g, []int{0}, exectest.Agg("sum", num, col(g, 2)))
	})
}

func TestSession(t *testing.T) {
	run(t, "by key", []in{{Types: types(i4, ts, txt), Values: 9, Errors: true}}, func(l []node) node {
		return exectest.Session(l[0], []int{0}, 1, 6*time.Second)
	})
	run(t, "of all, grouped", []in{{Types: types(i4, ts), Values: 25}}, func(l []node) node {
		s := exectest.Session(l[0], nil, 1, 3*time.Second)
		return exectest.GroupBy(s, []int{2, 3}, exectest.Agg("count", i8), exectest.Agg("max", i4, col(s, 0)))
	})
	stream := []in{{Types: types(ts, i4, num), Values: 12, Timed: true, Delay: 10_000_000}}
	for _, late := range []time.Duration{0, 8 * time.Second} {
		run(t, "until it closes", stream, func(l []node) node { return exectest.ClosedSession(l[0], []int{1}, 0, 7*time.Second, late) })
	}
	run(t, "of all, until it closes", stream, func(l []node) node {
		s := exectest.ClosedSession(l[0], nil, 0, 2*time.Second, 0)
		return exectest.GroupBy(s, []int{1}, exectest.Agg("count", i8))
	})
}

// TestLimitWithoutOrder: any rows will do, but the right number of them, each from the input.
func TestLimitWithoutOrder(t *testing.T) {
	b := delta.NewBatchBuilder(types(i8))
	for i := range 5000 {
		delta.Append(b.Cols[0], int64(i))
		b.End(int64(1 + i%3))
	}
	for _, k := range []struct{ count, offset, want int64 }{{10, 0, 10}, {10, 7, 10}, {-1, 4990, 5009}, {0, 0, 0}, {1, 100000, 0}} {
		leaf := exectest.Leaf(0, i8)
		out := exectest.Once(t, exectest.Top(leaf, k.count, k.offset), b.Batch())
		d := out.Batch()
		total := int64(0)
		for i := range int32(d.Len) {
			v := delta.Values[int64](&d.Cols[0])[i]
			if d.Weight(i) < 1 || d.Weight(i) > 1+v%3 {
				t.Fatalf("row %d comes %d times", v, d.Weight(i))
			}
			total += d.Weight(i)
		}
		if total != k.want {
			t.Errorf("LIMIT %d OFFSET %d gives %d rows, want %d", k.count, k.offset, total, k.want)
		}
	}
}

// TestLimitNone: LIMIT 0 gives no row and no error, with an order and without, once and in a view.
func TestLimitNone(t *testing.T) {
	b := delta.NewBatchBuilder(types(i8))
	for i := range 3000 {
		delta.Append(b.Cols[0], int64(i))
		b.End(1)
	}
	b.AppendError(delta.RowError{Row: -1, Err: sqlerr.New(sqlerr.DivisionByZero, "division by zero")}, 1)
	leaf := exectest.Leaf(0, i8)
	for _, top := range []plan.Node{exectest.Top(leaf, 0, 0), exectest.Top(leaf, 0, 3), exectest.Top(leaf, 0, 0, plan.SortKey{Expr: col(leaf, 0)})} {
		if out := exectest.Once(t, top, b.Batch()); out.Len() != 0 || len(out.Batch().Errs) != 0 {
			t.Errorf("%d rows, errors %v", out.Len(), out.Batch().Errs)
		}
	}
}

// TestSortedOutput: a one-shot result comes in the order asked for, and LIMIT cuts it out of the
// whole order, also when it threw rows away on the way.
func TestSortedOutput(t *testing.T) {
	b := delta.NewBatchBuilder(types(i4, txt))
	for i := range 20_000 {
		exectest.AppendValue(b.Cols[0], i*7919%10007)
		exectest.AppendValue(b.Cols[1], i%13)
		b.End(int64(1 + i%2))
	}
	leaf := exectest.Leaf(0, i4, txt)
	order := state.NewRowOrder(types(i4, txt), nil, []state.Order{{Column: 1, Desc: true, NullsFirst: true}, {Column: 0}})
	for _, keys := range [][]plan.SortKey{
		{{Expr: col(leaf, 1), Desc: true, NullsFirst: true}, {Expr: col(leaf, 0)}},
		{{Expr: col(leaf, 1), Desc: true, NullsFirst: true}, {Expr: exectest.Call(int4pl, i4, col(leaf, 0), col(leaf, 0))}},
	} {
		whole := exectest.Once(t, exectest.Sort(leaf, keys...), b.Batch())
		d := whole.Batch()
		if d.Len != 20_000 {
			t.Fatalf("%d rows", d.Len)
		}
		for i := int32(1); i < int32(d.Len); i++ {
			if order.Compare(d.Cols, i-1, d.Cols, i) > 0 {
				t.Fatalf("row %d is out of order", i)
			}
		}
		top := exectest.Once(t, exectest.Top(leaf, 900, 11, keys...), b.Batch())
		checkWindow(t, &d, top.Batch(), 11, 911)
	}
}

// checkWindow: got is rows [from, to) of whole, counting each by its weight.
func checkWindow(t *testing.T, whole *delta.Batch, got delta.Batch, from, to int64) {
	t.Helper()
	at, next := int64(0), int32(0)
	for i := int32(0); i < int32(whole.Len) && at < to; i++ {
		w := whole.Weight(i)
		if n := min(at+w, to) - max(at, from); n > 0 {
			if next >= int32(got.Len) || got.Weight(next) != n || delta.CompareRows(whole.Cols, i, got.Cols, next) != 0 {
				t.Fatalf("row %d of the window is wrong", next)
			}
			next++
		}
		at += w
	}
	if next != int32(got.Len) {
		t.Fatalf("%d rows too many", int32(got.Len)-next)
	}
}

// windows is a case of EMIT ON WINDOW CLOSE, in microseconds.
type windows struct{ size, slide, lateness, delay int64 }

// closed computes it by its definition: a window takes the rows of commits before which the
// watermark had not closed it; a record is late if it is taken by none; a window's count is final
// when the watermark has closed it.
func (w windows) closed(commits [][]int64) (closed map[int64]int64, late int) {
	all := map[int64]int64{}
	watermark := int64(math.MinInt64)
	shut := func(start int64) bool { return start+w.size+w.lateness <= watermark }
	for _, times := range commits {
		for _, at := range times {
			taken := false
			last := at / w.slide * w.slide
			for start := last; start > at-w.size; start -= w.slide {
				if !shut(start) {
					all[start]++
					taken = true
				}
			}
			if !taken {
				late++
			}
		}
		for _, at := range times {
			watermark = max(watermark, at-w.delay)
		}
	}
	closed = map[int64]int64{}
	for start, n := range all {
		if shut(start) {
			closed[start] = n
		}
	}
	return closed, late
}

func TestWindowCloseByDefinition(t *testing.T) {
	const s = 1_000_000
	if int64(946_684_800_000_000)%(16*s) != 0 { // windows are aligned to 1970
		t.Fatal("the sample window does not divide 30 years")
	}
	for _, w := range []windows{{16 * s, 16 * s, 0, 5 * s}, {16 * s, 4 * s, 0, 5 * s}, {16 * s, 16 * s, 7 * s, 5 * s}, {16 * s, 8 * s, 30 * s, 0}} {
		rapid.Check(t, func(t *rapid.T) {
			commits := rapid.SliceOfN(rapid.SliceOfN(rapid.Int64Range(1000, 1200), 0, 5), 0, 30).Draw(t, "times by commit")
			for _, times := range commits {
				for i := range times {
					times[i] *= s
				}
			}
			micro := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
			got, late, err := exectest.Stream(commits, w.delay, func(leaf node) node {
				h := exectest.Hop(leaf, 0, micro(w.slide), micro(w.size))
				g := exectest.GroupBy(h, []int{2}, exectest.Agg("count", i8))
				return exectest.OnClose(g, 0, micro(w.size), micro(w.slide), micro(w.lateness), 0)
			}, rapid.IntRange(1, 7).Draw(t, "commits a tick"))
			if err != nil {
				t.Fatal(err)
			}
			want, wantLate := w.closed(commits)
			if !maps.Equal(got, want) || late != wantLate {
				t.Fatalf("%+v: windows %v with %d late, want %v with %d", w, got, late, want, wantLate)
			}
		})
	}
}

// TestManyGroups passes the sizes at which operators cut their output and state splits.
func TestManyGroups(t *testing.T) {
	rowsOf := func(from, to int, weight int64) delta.Batch {
		b := delta.NewBatchBuilder(types(i4, i4, num))
		for i := from; i < to; i++ {
			delta.Append(b.Cols[0], int32(i%70_001))
			delta.Append(b.Cols[1], int32(i%11))
			b.Cols[2].AppendNumeric(decimal.New(int64(i), i%3))
			b.End(weight)
		}
		return b.Batch()
	}
	leaf := exectest.Leaf(0, i4, i4, num)
	leaf.Props().AppendOnly = false
	for name, root := range map[string]node{
		"group":    exectest.GroupBy(leaf, []int{0}, exectest.Agg("count", i8), exectest.Agg("sum", num, col(leaf, 2)), exectest.Agg("max", i4, col(leaf, 1))),
		"distinct": exectest.Unique(leaf),
		"top":      exectest.Top(leaf, 4_000, 500, plan.SortKey{Expr: col(leaf, 1), Desc: true}, plan.SortKey{Expr: col(leaf, 2)}),
		"join":     exectest.Join(leaf, exectest.Filter(leaf, exectest.Call(int4eq, boolean, col(leaf, 0), col(leaf, 1))), []int{1}, []int{1}, nil),
		"count":    exectest.GroupBy(exectest.GroupBy(leaf, []int{0}, exectest.Agg("count", i8)), []int{1}, exectest.Agg("count", i8)),
	} {
		n := 1_500 // 18 n rows
		if name == "group" {
			n = 5_000 // more groups than one slab of flat state holds
		}
		got := exectest.Integrate(t, root,
			[]delta.Batch{rowsOf(0, 12*n, 1)}, []delta.Batch{rowsOf(12*n, 18*n, 1)}, []delta.Batch{rowsOf(2*n, 11*n, -1)}, []delta.Batch{rowsOf(4*n, 6*n, 2)})
		left := rowsOf(0, 2*n, 1)
		for _, more := range []delta.Batch{rowsOf(4*n, 6*n, 2), rowsOf(11*n, 18*n, 1)} {
			b := delta.NewBatchBuilder(types(i4, i4, num))
			b.AppendBatch(&left)
			b.AppendBatch(&more)
			left = b.Batch()
		}
		want := exectest.Sum(exectest.Once(t, root, left).Batch())
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d different rows, want %d", name, len(got), len(want))
		}
	}
}

func TestSetOp(t *testing.T) {
	for _, kind := range []plan.SetOpKind{plan.Intersect, plan.Except} {
		for _, all := range []bool{false, true} {
			name := fmt.Sprintf("%d, all: %v", kind, all)
			ins := []in{{Types: types(i4, txt), Values: 1, Errors: true}, {Types: types(i4, txt), Values: 1}}
			run(t, name, ins, func(l []node) node { return exectest.SetOp(kind, all, l[0], l[1]) })
			run(t, name+", images", []in{{Types: types(num)}, {Types: types(num), AppendOnly: true}}, func(l []node) node {
				return exectest.SetOp(kind, all, l[0], l[1])
			})
			run(t, name+", nested", ins, func(l []node) node {
				return exectest.SetOp(kind, all, exectest.SetOp(plan.Except, !all, l[0], l[1]), exectest.SetOp(plan.Intersect, all, l[1], l[0]))
			})
		}
	}
}

func TestTopOf(t *testing.T) {
	ins := []in{{Types: types(i4, num, txt), Values: 3, Errors: true}}
	by := func(l []node, at int, desc bool) plan.SortKey {
		return plan.SortKey{Expr: col(l[0], at), Desc: desc, NullsFirst: desc}
	}
	for _, n := range []int64{0, 1, 2, 4} {
		for _, ties := range []bool{false, true} {
			name := fmt.Sprintf("%d, ties: %v", n, ties)
			run(t, name, ins, func(l []node) node { return exectest.TopOf(l[0], nil, n, 0, ties, by(l, 1, true)) })
			run(t, name+", offset", ins, func(l []node) node { return exectest.TopOf(l[0], nil, n, 2, ties, by(l, 2, false), by(l, 0, true)) })
			run(t, name+", groups", ins, func(l []node) node { return exectest.TopOf(l[0], []int{0}, n, 0, ties, by(l, 1, false)) })
			run(t, name+", groups by images, offset", ins, func(l []node) node { return exectest.TopOf(l[0], []int{1}, n, 1, ties, by(l, 0, true)) })
			run(t, name+", computed key", ins, func(l []node) node {
				return exectest.TopOf(l[0], []int{2}, n, 0, ties, plan.SortKey{Expr: quotient(l[0], 0, 0)})
			})
		}
	}
	run(t, "groups without order", ins, func(l []node) node { return exectest.TopOf(l[0], []int{0, 2}, 1, 0, false) })
}

func TestGroupingSets(t *testing.T) {
	ins := []in{{Types: types(i4, num, txt), Values: 2, Errors: true}}
	run(t, "sets", ins, func(l []node) node {
		x := plan.NewExpand(l[0], []int{1, 2, 0}, [][]int{{0}, {1, 0}, {0}, {2}, {0, 1, 2}})
		return exectest.GroupBy(x, []int{3, 4, 5, 6}, exectest.Agg("count", i8, col(x, 1)), exectest.Agg("sum", i8, col(x, 0)), exectest.Distinct(exectest.Agg("min", txt, col(x, 2))))
	})
}

func TestProjectSet(t *testing.T) {
	set := func(f plan.FuncID, t sqltype.OID, args ...plan.Expr) plan.SetCall {
		return plan.SetCall{Expr: exectest.Call(f, t, args...), Fields: []plan.Field{{Name: "s", Type: sqltype.Of(t)}}}
	}
	const stepped, split = 1066, 2765
	ins := []in{{Types: types(i4, i4, txt), Values: 4, Errors: true}}
	comma := &plan.Const{T: sqltype.Of(txt), Value: delta.ConstBytes(txt, []byte("[a-f]"), 1)}
	for _, keep := range []bool{false, true} {
		run(t, fmt.Sprintf("lockstep, keep: %v", keep), ins, func(l []node) node {
			n := plan.NewProjectSet(l[0], []plan.SetCall{
				set(1067, i4, col(l[0], 0), col(l[0], 1)),
				set(2766, txt, col(l[0], 2), comma, &plan.Const{T: sqltype.Of(txt), Value: delta.ConstBytes(txt, []byte("i"), 1)}),
				{Expr: exectest.Call(int4pl, i4, col(l[0], 0), col(l[0], 1)), Fields: []plan.Field{{Name: "x", Type: sqltype.Of(i4)}}},
			}, true)
			n.Keep = keep
			return n
		})
		// A step of 0 fails, for some rows an argument does.
		run(t, fmt.Sprintf("failing, keep: %v", keep), ins, func(l []node) node {
			n := plan.NewProjectSet(l[0], []plan.SetCall{
				set(stepped, i4, col(l[0], 0), quotient(l[0], 1, 0), col(l[0], 1)),
				set(split, txt, col(l[0], 2), comma),
			}, false)
			n.Keep = keep
			return n
		})
	}
}

// Pairs that are connected, by UNION; and by UNION ALL the paths that go down, in a linear term and in one that is not.
func TestRecursive(t *testing.T) {
	ins := []in{{Types: types(i4, i4), Values: 5, Errors: true}, {Types: types(i4, i4), Values: 5, Errors: true}}
	step := func(l []node, down, distinct bool) node {
		w := plan.NewWorking(l[0].Props().Fields)
		n := exectest.Join(w, l[1], []int{1}, []int{0}, nil)
		if down {
			n = exectest.Filter(n, less(n, 3, 1))
		}
		n = exectest.Project(n, col(n, 0), col(n, 3))
		if distinct {
			n = exectest.Unique(n)
		}
		return n
	}
	for _, c := range []struct {
		name                  string
		union, down, distinct bool
	}{
		{"union", true, false, false}, {"union, not linear", true, false, true},
		{"all", false, true, false}, {"all, not linear", false, true, true},
	} {
		run(t, c.name, ins, func(l []node) node {
			return plan.PlanRecursive(plan.NewRecursive(l[0], step(l, c.down, c.distinct), l[0].Props().Fields, c.union))
		})
	}
}
