package op_test

import (
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

func int4(v int32) plan.Expr {
	return &plan.Const{T: sqltype.Of(i4), Value: delta.Const(i4, v, 1)}
}

// windowFuncs are every kind of function over columns of (int4, numeric, text, float8, bool).
func windowFuncs(l node) []plan.WindowFunc {
	c := func(i int) plan.Expr { return col(l, i) }
	w := exectest.Window
	return []plan.WindowFunc{
		w("row_number", i8), w("rank", i8), w("dense_rank", i8), w("percent_rank", f8), w("cume_dist", f8),
		w("ntile", i4, int4(3)), w("ntile", i4, c(0)),
		w("lag", txt, c(2)), w("lead", num, c(1), int4(2)), w("lag", i4, c(0), c(0), int4(9)),
		w("first_value", txt, c(2)), w("last_value", num, c(1)), w("nth_value", txt, c(2), int4(2)), w("nth_value", txt, c(2), c(0)),
	}
}

func frameFuncs(l node, f plan.Frame) []plan.WindowFunc {
	c := func(i int) plan.Expr { return col(l, i) }
	w := func(name string, t sqltype.OID, args ...plan.Expr) plan.WindowFunc {
		return exectest.Framed(exectest.Window(name, t, args...), f)
	}
	filtered := w("sum", num, c(1))
	filtered.Filter = c(4)
	return []plan.WindowFunc{
		w("first_value", txt, c(2)), w("last_value", num, c(1)), w("nth_value", txt, c(2), int4(2)),
		w("count", i8, c(2)), w("sum", i8, c(0)), w("avg", num, c(1)), w("sum", f8, c(3)), w("min", num, c(1)), w("max", txt, c(2)),
		w("bool_or", boolean, c(4)), filtered, {Func: 2803, T: sqltype.Of(i8), Frame: f},
	}
}

func TestOver(t *testing.T) {
	ins := []in{{Types: types(i4, num, txt, f8, boolean), Values: 4, Errors: true}}
	by := func(l []node, at int, desc bool) plan.SortKey {
		return plan.SortKey{Expr: col(l[0], at), Desc: desc, NullsFirst: desc}
	}
	run(t, "ranks", ins, func(l []node) node {
		return exectest.Over(l[0], []int{2}, []plan.SortKey{by(l, 1, false)}, windowFuncs(l[0])...)
	})
	run(t, "no partition, ties", ins, func(l []node) node {
		return exectest.Over(l[0], nil, []plan.SortKey{by(l, 4, true)}, windowFuncs(l[0])...)
	})
	run(t, "no order", ins, func(l []node) node { return exectest.Over(l[0], []int{1, 4}, nil, windowFuncs(l[0])...) })
	run(t, "over over", ins, func(l []node) node {
		o := exectest.Over(l[0], []int{0}, []plan.SortKey{by(l, 2, false)}, exectest.Window("row_number", i8), exectest.Window("sum", f8, col(l[0], 3)))
		return exectest.Over(o, []int{5}, []plan.SortKey{{Expr: col(o, 6)}}, exectest.Window("lag", num, col(o, 1)))
	})
	for mode := plan.FrameRange; mode <= plan.FrameGroups; mode++ {
		for exclude := plan.ExcludeNoOthers; exclude <= plan.ExcludeTies; exclude++ {
			for n, f := range frames(mode) {
				f.Exclude = exclude
				name := fmt.Sprintf("mode %d, exclude %d, frame %d", mode, exclude, n)
				run(t, name, ins, func(l []node) node {
					return exectest.Over(l[0], []int{4}, []plan.SortKey{by(l, n%3, n%2 == 0)}, frameFuncs(l[0], f)...)
				})
			}
		}
	}
}

// frames are ends in all their combinations that make sense of a mode, without values.
func frames(mode plan.FrameMode) []plan.Frame {
	starts := []plan.FrameBound{{}, {Kind: plan.BoundCurrentRow}}
	ends := []plan.FrameBound{{}, {Kind: plan.BoundUnboundedFollowing}}
	if mode != plan.FrameRange {
		starts = append(starts, plan.FrameBound{Kind: plan.BoundPreceding, Offset: exectest.Int(1)}, plan.FrameBound{Kind: plan.BoundFollowing, Offset: exectest.Int(2)})
		ends = append(ends, plan.FrameBound{Kind: plan.BoundFollowing, Offset: exectest.Int(1)}, plan.FrameBound{Kind: plan.BoundPreceding, Offset: exectest.Int(1 << 62)})
	}
	var out []plan.Frame
	for _, s := range starts {
		for _, e := range ends {
			out = append(out, plan.Frame{Mode: mode, Start: s, End: e})
		}
	}
	return out
}
