package rewrite

import "github.com/tributary-db/tributary/planner/plan"

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
		return n
	}
	return plan.Transform(n, func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Sort); ok {
			return s.Input
		}
		return n
	})
}
