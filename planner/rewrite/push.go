package rewrite

import "github.com/tributary-db/tributary/planner/plan"

// push rewrites n and applies conds, conditions over its output, as far down as they may go.
func push(n plan.Node, conds []plan.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return push(n.Input, append(plan.Conjuncts(n.Cond), conds...))
	case *plan.Join:
		if treeOf(n) {
			return pushTree(n, conds)
		}
		return pushKept(n, conds)
	}
	ins := n.Inputs()
	if len(ins) == 0 {
		return plan.NewFilter(n, conds)
	}
	var down, stay []plan.Expr
	for _, c := range conds {
		if e, ok := plan.Below(n, c); ok && movable(e) && movable(c) {
			down = append(down, e)
		} else {
			stay = append(stay, c)
		}
	}
	out := make([]plan.Node, len(ins))
	for i, in := range ins {
		out[i] = push(in, down)
	}
	return plan.NewFilter(plan.WithInputs(n, out), stay)
}

// movable: the condition may see rows that others would have removed.
func movable(e plan.Expr) bool { return !plan.MayFail(e) && !plan.Volatile(e) }
