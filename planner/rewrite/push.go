package rewrite

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// maxPushDepth bounds how deep the pass goes. What a text may nest ends before it; it holds the stack should
// rules ever undo each other: Go cannot recover from a stack that overflows.
const maxPushDepth = 1 << 15

// pusher is one run of the pass that moves conditions down.
type pusher struct {
	depth   int
	refused error      // it went too deep; what is left is not rewritten
	est     *estimator // orders joins; nil: the text does
}

// push rewrites n and applies conds, conditions over its output, as far down as they may go.
func (p *pusher) push(n plan.Node, conds []plan.Expr) plan.Node {
	if p.depth++; p.depth > maxPushDepth {
		p.refused = sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").
			WithDetail("Its plan nests deeper than %d levels.", maxPushDepth)
	}
	defer func() { p.depth-- }()
	if p.refused != nil {
		return plan.NewFilter(n, conds)
	}
	switch n := n.(type) {
	case *plan.Filter:
		return p.push(n.Input, append(plan.Conjuncts(n.Cond), conds...))
	case *plan.Join:
		if treeOf(n) {
			return p.pushTree(n, conds)
		}
		return p.pushKept(n, conds)
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
		out[i] = p.push(in, down)
	}
	return plan.NewFilter(plan.WithInputs(n, out), stay)
}

// movable: the condition may see rows that others would have removed.
func movable(e plan.Expr) bool { return !plan.MayFail(e) && !plan.Volatile(e) }
