package rewrite

import (
	"github.com/tributary-db/tributary/planner/plan"
)

// push rewrites n and applies conds, conditions over its output, as far down as they may go.
func push(n plan.Node, conds []plan.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return push(n.Input, append(plan.Conjuncts(n.Cond), conds...))
	case *plan.Project:
		return pushProject(n, conds)
	case *plan.Join:
		if n.Kind == plan.JoinInner {
			return pushJoin(n, conds)
		}
	case *plan.GroupBy:
		return pushGroup(n, conds)
	case *plan.Hop:
		width := len(n.Input.Props().Fields)
		return pushThrough(n, conds, func(e plan.Expr) (plan.Expr, bool) { return e, !refersTo(e, width) })
	case *plan.Distinct, *plan.Sort:
		return pushThrough(n, conds, func(e plan.Expr) (plan.Expr, bool) { return e, true })
	case *plan.UnionAll:
		return pushUnion(n, conds)
	}
	ins := n.Inputs()
	if len(ins) == 0 {
		return plan.NewFilter(n, conds)
	}
	out := make([]plan.Node, len(ins))
	for i, in := range ins {
		out[i] = push(in, nil)
	}
	return plan.NewFilter(plan.WithInputs(n, out), conds)
}

// movable: the condition may see rows that others would have removed.
func movable(e plan.Expr) bool { return !plan.MayFail(e) && !plan.Volatile(e) }

func refersTo(e plan.Expr, column int) bool {
	set := map[int]bool{}
	plan.ColumnsOf(e, set)
	return set[column]
}

// pushThrough moves what below accepts under a node of one input.
func pushThrough(n plan.Node, conds []plan.Expr, below func(plan.Expr) (plan.Expr, bool)) plan.Node {
	var down, stay []plan.Expr
	for _, c := range conds {
		if e, ok := below(c); ok && movable(e) && movable(c) {
			down = append(down, e)
		} else {
			stay = append(stay, c)
		}
	}
	return plan.NewFilter(plan.WithInputs(n, []plan.Node{push(n.Inputs()[0], down)}), stay)
}

// pushProject replaces output columns in a condition by what computes them.
func pushProject(n *plan.Project, conds []plan.Expr) plan.Node {
	return pushThrough(n, conds, func(c plan.Expr) (plan.Expr, bool) { return substitute(c, n.Exprs), true })
}

// substitute is e over the inputs of a projection.
func substitute(e plan.Expr, exprs []plan.Expr) plan.Expr {
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		if c, ok := e.(*plan.Column); ok {
			return exprs[c.Index], true
		}
		return nil, false
	})
}

// pushGroup moves conditions on grouped columns below the aggregation. Without keys there is a
// group even of no rows, and a waiting aggregation reports rows that it refuses: nothing moves.
func pushGroup(n *plan.GroupBy, conds []plan.Expr) plan.Node {
	return pushThrough(n, conds, func(c plan.Expr) (plan.Expr, bool) {
		if len(n.Keys) == 0 || n.OnClose != nil {
			return c, false
		}
		set := map[int]bool{}
		plan.ColumnsOf(c, set)
		for i := range set {
			if i >= len(n.Keys) {
				return c, false
			}
		}
		return plan.MapColumns(c, func(i int) int { return n.Keys[i] }), true
	})
}

func pushUnion(n *plan.UnionAll, conds []plan.Expr) plan.Node {
	var down, stay []plan.Expr
	for _, c := range conds {
		if movable(c) {
			down = append(down, c)
		} else {
			stay = append(stay, c)
		}
	}
	ins := make([]plan.Node, len(n.Ins))
	for i, in := range n.Ins {
		ins[i] = push(in, down)
	}
	return plan.NewFilter(plan.WithInputs(n, ins), stay)
}
