package rewrite

import "github.com/tributary-db/tributary/planner/plan"

// tidy removes projections that give their input's columns as they are and merges two in a row
// when that computes nothing twice.
func tidy(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		p, ok := n.(*plan.Project)
		if !ok {
			return n
		}
		if inner, ok := p.Input.(*plan.Project); ok && mergeable(p, inner) {
			exprs := make([]plan.Expr, len(p.Exprs))
			for i, e := range p.Exprs {
				exprs[i] = inner.Over(e)
			}
			p = plan.NewProject(inner.Input, exprs, p.P.Fields).(*plan.Project)
		}
		if same(p) {
			return p.Input
		}
		return p
	})
}

// same reports whether the projection's output is its input.
func same(p *plan.Project) bool {
	if len(p.Exprs) != len(p.Input.Props().Fields) || len(p.Exprs) == 0 {
		return false
	}
	for i, e := range p.Exprs {
		if c, ok := e.(*plan.Column); !ok || c.Index != i {
			return false
		}
	}
	return true
}

// mergeable: every computed column of inner is read at most once, and what may fail is read
// by an output column that is just it: where it was evaluated for each row, it still is.
func mergeable(outer, inner *plan.Project) bool {
	uses, plainly := make([]int, len(inner.Exprs)), make([]bool, len(inner.Exprs))
	for _, e := range outer.Exprs {
		if c, ok := e.(*plan.Column); ok {
			plainly[c.Index] = true
		}
		plan.Walk(e, func(e plan.Expr) bool {
			if c, ok := e.(*plan.Column); ok {
				uses[c.Index]++
			}
			return true
		})
	}
	for i, e := range inner.Exprs {
		switch {
		case simple(e):
		case uses[i] > 1, plan.Volatile(e), plan.MayFail(e) && !plainly[i]:
			return false
		}
	}
	return true
}

func simple(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Column, *plan.Const, *plan.Param:
		return true
	case *plan.Relabel:
		return simple(e.Arg)
	}
	return false
}
