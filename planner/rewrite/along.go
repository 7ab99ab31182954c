package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// along makes LATERAL of what begins with one row, functions in FROM, nodes over the rows of left: each row
// goes through them as it is, and no join is needed. args are over left, which may have more columns behind
// those that n has there. nil where that is not the form of n.
func along(n *plan.Apply, left plan.Node, args []plan.Expr) plan.Node {
	a := &lateral{left: left, args: args}
	right := a.over(n.Right, n.Kind == plan.JoinLeft)
	if right == nil || n.Kind == plan.JoinLeft && n.Cond != nil && !holds(n.Cond) {
		return nil
	}
	own, width := len(n.Left.Props().Fields), len(left.Props().Fields)
	at := func(i int) int {
		if i >= own {
			return i - own + width
		}
		return i
	}
	if n.Kind == plan.JoinInner {
		var conds []plan.Expr
		for _, c := range plan.Conjuncts(n.Cond) {
			conds = append(conds, plan.MapColumns(c, at))
		}
		right = plan.NewFilter(right, conds)
	}
	return reordered(right, n.P.Fields, at)
}

func holds(e plan.Expr) bool {
	k, ok := e.(*plan.Const)
	return ok && isTrue(k)
}

type lateral struct {
	left plan.Node
	args []plan.Expr
}

// over is n with the columns of left in front of its own. keep: rows of left for which n has none stay.
func (a *lateral) over(n plan.Node, keep bool) plan.Node {
	switch n := n.(type) {
	case *plan.Values:
		if len(n.Rows) == 1 && len(n.Rows[0]) == 0 {
			return a.left
		}
	case *plan.ProjectSet:
		if keep && !oneRowed(n.Input) {
			return nil
		}
		in := a.over(n.Input, false)
		if in == nil {
			return nil
		}
		c := plan.MapNodeExprs(n, a.at).(*plan.ProjectSet)
		c.Keep = n.Keep || keep
		return plan.WithInputs(c, []plan.Node{in})
	case *plan.Project:
		if keep && !oneRowed(n.Input) && !plainColumns(n.Exprs) {
			return nil // it would compute something of the NULLs
		}
		in := a.over(n.Input, keep)
		if in == nil {
			return nil
		}
		fields := in.Props().Fields
		width := len(a.left.Props().Fields)
		exprs := make([]plan.Expr, 0, width+len(n.Exprs))
		for i := range width {
			exprs = append(exprs, plan.ColumnOf(fields, i))
		}
		for _, e := range n.Exprs {
			exprs = append(exprs, a.at(e))
		}
		return plan.NewProject(in, exprs, append(slices.Clone(fields[:width]), n.P.Fields...))
	case *plan.Filter:
		if in := a.over(n.Input, false); in != nil && !keep {
			return plan.NewFilter(in, plan.Conjuncts(a.at(n.Cond)))
		}
	}
	return nil
}

// oneRowed: n gives one row.
func oneRowed(n plan.Node) bool {
	p, ok := n.(*plan.Project)
	if ok {
		return oneRowed(p.Input)
	}
	v, ok := n.(*plan.Values)
	return ok && len(v.Rows) == 1
}

func plainColumns(exprs []plan.Expr) bool {
	return !slices.ContainsFunc(exprs, func(e plan.Expr) bool { _, is := e.(*plan.Column); return !is })
}

// at is e over a row behind left's columns.
func (a *lateral) at(e plan.Expr) plan.Expr {
	width := len(a.left.Props().Fields)
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		switch e := e.(type) {
		case *plan.Column:
			return &plan.Column{Index: e.Index + width, T: e.T, Name: e.Name}, true
		case *plan.Outer:
			return a.args[e.Index], true
		}
		return nil, false
	})
}

// projectSet computes the queries in the arguments below the node.
func (u *unnesting) projectSet(n *plan.ProjectSet) plan.Node {
	width, wider := len(n.Input.Props().Fields), n.Input
	c := plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr {
		wider, e = u.value(wider, e)
		return e
	})
	return reordered(plan.WithInputs(c, []plan.Node{wider}), n.P.Fields, func(i int) int {
		if i >= width {
			return i - width + len(wider.Props().Fields)
		}
		return i
	})
}
