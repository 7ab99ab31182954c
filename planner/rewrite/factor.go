package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// factored is the conditions of a join with what all arms of an OR have in common as conditions of their own:
// (a AND b) OR (a AND c) is a AND (b OR c). An equality among it becomes a join's key.
func factored(conds []plan.Expr) []plan.Expr {
	var out []plan.Expr
	for _, c := range conds {
		if or, ok := c.(*plan.Or); ok {
			out = append(out, factor(or)...)
		} else {
			out = append(out, c)
		}
	}
	return out
}

// maxFactored bounds the conditions in an OR that are compared with each other.
const maxFactored = 1000

// factor takes apart one OR. What may fail stays in its arm: the arms before it may keep rows from it.
func factor(or *plan.Or) []plan.Expr {
	arms, count := make([][]plan.Expr, len(or.Args)), 0
	for i, a := range or.Args {
		arms[i] = plan.Conjuncts(a)
		count += len(arms[i])
	}
	if count > maxFactored {
		return []plan.Expr{or}
	}
	var common []plan.Expr
	for _, c := range arms[0] {
		if movable(c) && !contains(common, c) && !slices.ContainsFunc(arms[1:], func(arm []plan.Expr) bool { return !contains(arm, c) }) {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return []plan.Expr{or}
	}
	rest := make([]plan.Expr, len(arms))
	for i, arm := range arms {
		left := slices.DeleteFunc(slices.Clone(arm), func(c plan.Expr) bool { return contains(common, c) })
		if len(left) == 0 { // this arm asks for nothing else
			return common
		}
		rest[i] = conjunction(left)
	}
	return append(common, &plan.Or{Args: rest})
}

func contains(conds []plan.Expr, c plan.Expr) bool {
	return slices.ContainsFunc(conds, func(o plan.Expr) bool { return plan.Equal(o, c) })
}

// implied is what an OR over several inputs says of one of them: when each arm has conditions on it alone,
// one of the arms' holds. The OR itself is still asked where all its inputs are. nil: it says nothing.
func (t *joinTree) implied(or *plan.Or, leaf int) plan.Expr {
	arms := make([]plan.Expr, len(or.Args))
	for i, a := range or.Args {
		var own []plan.Expr
		for _, c := range plan.Conjuncts(a) {
			all := t.leavesOf(c)
			if only, ok := all.only(len(t.leaves)); ok && !all.empty() && only == leaf && movable(c) {
				own = append(own, c)
			}
		}
		if len(own) == 0 {
			return nil
		}
		arms[i] = conjunction(own)
	}
	return &plan.Or{Args: arms}
}
