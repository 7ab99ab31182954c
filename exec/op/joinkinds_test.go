package op_test

import (
	"maps"
	"testing"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// joinKinds are the kinds that keep rows which meet none.
var joinKinds = map[string]plan.JoinKind{
	"right": plan.JoinRight, "full": plan.JoinFull, "semi": plan.JoinSemi, "anti": plan.JoinAnti, "mark": plan.JoinMark,
}

// TestJoinKinds: every kind over every history, decided by keys, by keys and more, by no keys.
func TestJoinKinds(t *testing.T) {
	for name, kind := range joinKinds {
		for _, k := range []sqltype.OID{i4, num, txt} {
			ins := []in{{Types: types(i4, k), Errors: true}, {Types: types(k, i4)}}
			run(t, name, ins, func(l []node) node { return exectest.JoinOf(kind, l[0], l[1], []int{1}, []int{0}, nil) })
			run(t, name+", NULL equals NULL", ins, func(l []node) node {
				return exectest.NullSafe(exectest.JoinOf(kind, l[0], l[1], []int{1}, []int{0}, nil))
			})
		}
		ins := []in{{Types: types(i4, num), Errors: true}, {Types: types(i4, i4, txt)}}
		at := func(i int) plan.Expr { return &plan.Column{Index: i, T: sqltype.Of(i4)} }
		below := exectest.Call(int4lt, boolean, at(0), at(3))
		run(t, name+", residual", ins, func(l []node) node { return exectest.JoinOf(kind, l[0], l[1], []int{0}, []int{0}, below) })
		run(t, name+", residual that fails", ins, func(l []node) node {
			return exectest.JoinOf(kind, l[0], l[1], []int{0}, []int{0}, exectest.Call(int4lt, boolean, exectest.Call(int4div, i4, at(0), at(3)), at(2)))
		})
		run(t, name+", residual alone", ins, func(l []node) node { return exectest.JoinOf(kind, l[0], l[1], nil, nil, below) })
		run(t, name+", no condition", ins, func(l []node) node { return exectest.JoinOf(kind, l[0], l[1], nil, nil, nil) })
		run(t, name+", two keys", ins, func(l []node) node { return exectest.JoinOf(kind, l[0], l[1], []int{0, 0}, []int{1, 0}, nil) })
		run(t, name+", with itself", ins[:1], func(l []node) node {
			return exectest.JoinOf(kind, l[0], exectest.Filter(l[0], less(l[0], 0, 0)), []int{0}, []int{0}, nil)
		})
		run(t, name+" of streams", []in{{Types: types(i4, i4), AppendOnly: true}, {Types: types(i4, i4), AppendOnly: true}}, func(l []node) node {
			return exectest.JoinOf(kind, l[0], l[1], []int{0}, []int{0}, nil)
		})
		run(t, name+" of joins", append(ins, in{Types: types(i4)}), func(l []node) node {
			return exectest.JoinOf(kind, l[2], exectest.JoinOf(plan.JoinFull, l[0], l[1], []int{0}, []int{0}, nil), []int{0}, []int{0}, nil)
		})
	}
	ins := []in{{Types: types(i4, num), Errors: true}, {Types: types(i4, i4)}}
	run(t, "single", ins, func(l []node) node { return exectest.SingleJoin(l[0], l[1], []int{0}, []int{0}) })
	run(t, "single, NULL equals NULL", ins, func(l []node) node {
		return exectest.NullSafe(exectest.SingleJoin(l[0], l[1], []int{0}, []int{0}))
	})
	run(t, "single, no keys", ins, func(l []node) node { return exectest.SingleJoin(l[0], l[1], nil, nil) })
	run(t, "single of a group", ins, func(l []node) node {
		return exectest.SingleJoin(exectest.GroupBy(l[0], []int{0}, exectest.Agg("max", num, col(l[0], 1))), l[1], []int{0}, []int{1})
	})
}

// TestManyKeysMet: more keys become met, and unmet again, in one tick than are told at once.
func TestManyKeysMet(t *testing.T) {
	rowsOf := func(from, to int, weight int64) delta.Batch {
		b := delta.NewBatchBuilder(types(i4, i4))
		for i := from; i < to; i++ {
			delta.Append(b.Cols[0], int32(i))
			delta.Append(b.Cols[1], int32(i%3))
			b.End(weight)
		}
		return b.Batch()
	}
	leaf := exectest.Leaf(0, i4, i4)
	leaf.Props().AppendOnly = false
	// What is met: the rows of one third, moved, so that a key of one side comes and goes with another row.
	moved := exectest.Project(exectest.Filter(leaf, less(leaf, 1, 0)), exectest.Call(int4pl, i4, col(leaf, 0), col(leaf, 0)), col(leaf, 1))
	at := func(i int) plan.Expr { return &plan.Column{Index: i, T: sqltype.Of(i4)} }
	plans := map[string]node{"single": exectest.SingleJoin(moved, leaf, []int{0}, []int{0})}
	for name, kind := range joinKinds {
		plans[name] = exectest.JoinOf(kind, moved, leaf, []int{0}, []int{0}, nil)
		plans[name+", residual"] = exectest.JoinOf(kind, moved, leaf, []int{0}, []int{0}, exectest.Call(int4lt, boolean, at(1), at(3)))
	}
	left := delta.NewBatchBuilder(types(i4, i4))
	for _, part := range []delta.Batch{rowsOf(0, 1_000, 1), rowsOf(4_000, 9_000, 1), rowsOf(5_000, 5_500, 1)} {
		left.AppendBatch(&part)
	}
	for name, root := range plans {
		got := exectest.Integrate(t, root,
			[]delta.Batch{rowsOf(0, 4_000, 1)}, []delta.Batch{rowsOf(4_000, 9_000, 1)}, []delta.Batch{rowsOf(1_000, 4_000, -1)}, []delta.Batch{rowsOf(5_000, 5_500, 1)})
		want := exectest.Sum(exectest.Once(t, root, left.Batch()).Batch())
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d different rows, want %d", name, len(got), len(want))
		}
	}
}
