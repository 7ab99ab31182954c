package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// sorts makes TopN of Sort and Limit, and drops the sorts of what runs for ever: a relation
// has no order.
func sorts(n plan.Node, continuous bool) plan.Node {
	n = plan.Transform(n, func(n plan.Node) plan.Node {
		top, ok := n.(*plan.TopN)
		if !ok || len(top.Keys) > 0 {
			return n
		}
		s, ok := top.Input.(*plan.Sort)
		if !ok {
			return n
		}
		out := *top
		out.Input, out.Keys = s.Input, s.Keys
		plan.Derive(&out)
		return &out
	})
	if !continuous {
		return plan.Transform(n, projectLate)
	}
	return plan.Transform(n, func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Sort); ok {
			return s.Input
		}
		return n
	})
}

// projectLate moves a projection that may refuse rows from below a sort to above it, where the
// keys are columns that it only passes on: the rows that come before the failing one in the
// order are then delivered, and what the client never fetches is never computed.
func projectLate(n plan.Node) plan.Node {
	s, ok := n.(*plan.Sort)
	if !ok {
		return n
	}
	p, ok := s.Input.(*plan.Project)
	if !ok || !slices.ContainsFunc(p.Exprs, plan.MayFail) {
		return n
	}
	below := *s
	below.Keys = make([]plan.SortKey, len(s.Keys))
	for i, k := range s.Keys {
		c, isColumn := k.Expr.(*plan.Column)
		if !isColumn {
			return n
		}
		from, passed := p.Exprs[c.Index].(*plan.Column)
		if !passed {
			return n
		}
		k.Expr = from
		below.Keys[i] = k
	}
	below.Input, below.P.Fields = p.Input, p.Input.Props().Fields
	plan.Derive(&below)
	return plan.WithInputs(p, []plan.Node{&below})
}
