package rewrite

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// temporals makes of conditions on now() what lets rows in and out as time passes, in what runs for ever.
type temporals struct {
	clock   plan.Clock
	refused error
}

func (t *temporals) pass(root plan.Node) plan.Node {
	root = plan.Transform(root, t.node)
	plan.WalkNodes(root, t.check)
	return root
}

func (t *temporals) node(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return t.over(n.Input, plan.Conjuncts(n.Cond))
	case *plan.Join: // of pairs that an inner one gives the others can be taken later
		if n.Kind != plan.JoinInner || n.Residual == nil || !plan.ReadsClock(n.Residual) {
			return n
		}
		c := *n
		var stay, moving []plan.Expr
		for _, cond := range plan.Conjuncts(n.Residual) {
			if plan.ReadsClock(cond) {
				moving = append(moving, cond)
			} else {
				stay = append(stay, cond)
			}
		}
		c.Residual = nil
		for _, cond := range stay {
			c.Residual = and(c.Residual, cond)
		}
		plan.Derive(&c)
		return t.over(&c, moving)
	}
	return n
}

func and(a, b plan.Expr) plan.Expr {
	if a == nil {
		return b
	}
	return &plan.And{Args: append(plan.Conjuncts(a), b)}
}

// over puts conditions over a node: those that stand still first.
func (t *temporals) over(in plan.Node, conds []plan.Expr) plan.Node {
	var still, rising, falling []plan.Expr
	add := func(c plan.Expr) {
		switch m, reason := t.clock.Condition(c); {
		case reason != "":
			t.refuse("this condition on now()", reason)
		case m == plan.Rising:
			rising = append(rising, c)
		case m == plan.Falling:
			falling = append(falling, c)
		default:
			still = append(still, c)
		}
	}
	for _, c := range conds {
		if from, to, ok := plan.Between(c); ok {
			add(from)
			add(to)
		} else {
			add(c)
		}
	}
	below := plan.NewFilter(in, still)
	if len(rising)+len(falling) == 0 {
		return below
	}
	return plan.NewTemporal(below, rising, falling)
}

func (t *temporals) refuse(what, reason string) {
	if t.refused == nil {
		t.refused = sqlerr.New(sqlerr.FeatureNotSupported, "%s is not supported in a continuous query", what).WithDetail("%s", reason).
			WithHint("Write it as WHERE column > now() - INTERVAL '5 minutes', with <, <=, >, >= or =, where the interval has neither months nor years, and no days if TimeZone has daylight saving time; or filter when you read the view.")
	}
}

// check refuses what cannot follow time.
func (t *temporals) check(n plan.Node) {
	waits := false
	switch n := n.(type) {
	case *plan.Temporal:
		return
	case *plan.Recursive:
		if plan.HasTemporal(n) {
			t.refuse("now() in a recursive query", "Its rounds are made anew when a row changes, not when time passes.")
		}
	case *plan.GroupBy:
		waits = n.OnClose != nil
	case *plan.SessionWindow:
		waits = n.OnClose != nil
	}
	if waits && plan.HasTemporal(n) {
		t.refuse("EMIT ON WINDOW CLOSE over a condition on now()", "A window is given once, and rows would leave it later.")
	}
	plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr {
		if plan.ReadsClock(e) {
			t.refuse("now() in the condition of this join", "Of joins only inner ones can compare both sides with it.")
		}
		return e
	})
}
