package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// pull takes the conditions that speak of arguments out of a query, upwards: node is the query without
// them, perhaps with more columns behind its own, and conds are over these. ok is false where the
// arguments decide more than which rows there are.
func pull(n plan.Node) (node plan.Node, conds []plan.Expr, ok bool) {
	if !hasOuter(n) {
		return n, nil, true
	}
	switch n := n.(type) {
	case *plan.Filter:
		return pullFilter(n)
	case *plan.Project:
		return pullProject(n)
	case *plan.Sort:
		return pull(n.Input)
	case *plan.Join:
		return pullJoin(n)
	case *plan.Distinct:
		return pullGroups(n.Input, nil, n)
	case *plan.GroupBy:
		if len(n.Keys) > 0 && n.OnClose == nil {
			return pullGroups(n.Input, n, n)
		}
	}
	return nil, nil, false
}

func pullFilter(n *plan.Filter) (plan.Node, []plan.Expr, bool) {
	in, conds, ok := pull(n.Input)
	if !ok {
		return nil, nil, false
	}
	var stay []plan.Expr
	for _, c := range plan.Conjuncts(n.Cond) {
		// What may fail is asked after those before it.
		if hasOuterExpr(c) || len(conds) > 0 && !movable(c) {
			conds = append(conds, c)
		} else {
			stay = append(stay, c)
		}
	}
	return plan.NewFilter(in, stay), conds, true
}

func pullProject(n *plan.Project) (plan.Node, []plan.Expr, bool) {
	if slices.ContainsFunc(n.Exprs, func(e plan.Expr) bool { return hasOuterExpr(e) || !movable(e) }) {
		return nil, nil, false
	}
	in, conds, ok := pull(n.Input)
	if !ok {
		return nil, nil, false
	}
	fields := in.Props().Fields
	exprs, out := slices.Clone(n.Exprs), slices.Clone(n.P.Fields)
	at := map[int]int{}
	for i, e := range exprs {
		if c, is := e.(*plan.Column); is {
			at[c.Index] = i
		}
	}
	for k, c := range conds {
		conds[k] = plan.MapColumns(c, func(i int) int {
			to, have := at[i]
			if !have {
				to = len(exprs)
				at[i] = to
				exprs, out = append(exprs, plan.ColumnOf(fields, i)), append(out, fields[i])
			}
			return to
		})
	}
	return plan.NewProject(in, exprs, out), conds, true
}

// pullJoin pulls out of the sides whose rows are all there, or that an inner join has.
func pullJoin(n *plan.Join) (plan.Node, []plan.Expr, bool) {
	cond := joinCondition(n)
	if cond != nil && hasOuterExpr(cond) {
		return nil, nil, false
	}
	pullsLeft := n.Kind == plan.JoinInner || n.Kind == plan.JoinLeft
	pullsRight := n.Kind != plan.JoinLeft && n.Kind != plan.JoinFull
	left, leftConds, ok := n.Left, []plan.Expr(nil), true
	if hasOuter(n.Left) {
		if left, leftConds, ok = pull(n.Left); !ok || !pullsLeft {
			return nil, nil, false
		}
	}
	right, rightConds, ok := n.Right, []plan.Expr(nil), true
	if hasOuter(n.Right) {
		if right, rightConds, ok = pull(n.Right); !ok || !pullsRight {
			return nil, nil, false
		}
	}
	wasLeft, wasRight := len(n.Left.Props().Fields), len(n.Right.Props().Fields)
	isLeft, isRight := len(left.Props().Fields), len(right.Props().Fields)
	if cond != nil {
		cond = plan.MapColumns(cond, func(i int) int {
			if i >= wasLeft {
				return i - wasLeft + isLeft
			}
			return i
		})
	}
	var made plan.Node
	if n.Single {
		j := plan.NewJoin(n.Kind, left, right, cond, "")
		j.Single = true
		plan.Derive(j)
		made = j
	} else {
		made = plan.NewJoin(n.Kind, left, right, cond, n.MarkName())
	}
	// The output of before, then what the sides have more.
	var order, more []int
	switch {
	case n.Kind.Pairs():
		for i := range wasLeft {
			order = append(order, i)
		}
		for i := range wasRight {
			order = append(order, isLeft+i)
		}
		for i := wasLeft; i < isLeft; i++ {
			more = append(more, i)
		}
		for i := wasRight; i < isRight; i++ {
			more = append(more, isLeft+i)
		}
	default:
		for i := range wasRight {
			order = append(order, i)
		}
		if n.Kind == plan.JoinMark {
			order = append(order, isRight)
		}
		for i := wasRight; i < isRight; i++ {
			more = append(more, i)
		}
	}
	order = append(order, more...)
	fields := made.Props().Fields
	out := make([]plan.Field, len(order))
	place := make([]int, len(fields))
	for to, from := range order {
		out[to], place[from] = fields[from], to
	}
	conds := make([]plan.Expr, 0, len(leftConds)+len(rightConds))
	for _, c := range leftConds {
		conds = append(conds, plan.MapColumns(c, func(i int) int { return place[i] }))
	}
	for _, c := range rightConds {
		conds = append(conds, plan.MapColumns(c, func(i int) int {
			if n.Kind.Pairs() {
				return place[i+isLeft]
			}
			return place[i]
		}))
	}
	return reordered(made, out, func(i int) int { return order[i] }), conds, true
}

// pullGroups pulls equalities out of a grouping: what they compare becomes one of the groups' keys. Groups
// that nobody asks for are there then, so nothing in them may fail.
func pullGroups(input plan.Node, g *plan.GroupBy, n plan.Node) (plan.Node, []plan.Expr, bool) {
	in, conds, ok := pull(input)
	if !ok || !allEqualities(conds) || n.Props().MayFail || g != nil && slices.ContainsFunc(exprsOf(g), hasOuterExpr) {
		return nil, nil, false
	}
	width := len(input.Props().Fields)
	var inner []plan.Expr
	for _, c := range conds {
		eq, _ := innerSide(c)
		inner = append(inner, eq.left)
	}
	if g == nil {
		// DISTINCT over the row and what is compared.
		in = reorderedWith(in, width, inner)
		d := &plan.Distinct{Input: in}
		d.P.Fields = in.Props().Fields
		plan.Derive(d)
		return d, comparedAt(conds, width), true
	}
	made, first := groupedBy(g, in, inner)
	return made, comparedAt(conds, first), true
}

// reorderedWith gives the first width columns of n, then some expressions.
func reorderedWith(n plan.Node, width int, more []plan.Expr) plan.Node {
	fields := n.Props().Fields
	exprs, out := []plan.Expr{}, slices.Clone(fields[:width])
	for i := range width {
		exprs = append(exprs, plan.ColumnOf(fields, i))
	}
	for _, e := range more {
		exprs, out = append(exprs, e), append(out, plan.Field{Name: plan.FormatExpr(e), Type: e.Type()})
	}
	return plan.NewProject(n, exprs, out)
}

// comparedAt is the conditions with the side of the query at columns first, first+1, …
func comparedAt(conds []plan.Expr, first int) []plan.Expr {
	out := make([]plan.Expr, len(conds))
	for i, c := range conds {
		eq, _ := innerSide(c)
		own := &plan.Column{Index: first + i, T: eq.left.Type(), Name: plan.FormatExpr(eq.left)}
		if eq.nullSafe {
			out[i] = equalTo(own, eq.right)
		} else {
			out[i] = equals(own, eq.right)
		}
	}
	return out
}

// groupedBy is g over in, grouped also by inner expressions over it; these are columns of its output from
// first on, behind g's own.
func groupedBy(g *plan.GroupBy, in plan.Node, inner []plan.Expr) (out plan.Node, first int) {
	width := len(in.Props().Fields)
	in = appended(in, inner...)
	made := &plan.GroupBy{Input: in, Keys: slices.Clone(g.Keys), Aggs: g.Aggs}
	keys, aggs := len(g.Keys), len(g.Aggs)
	fields := slices.Clone(g.P.Fields[:keys])
	for i, e := range inner {
		made.Keys = append(made.Keys, width+i)
		fields = append(fields, plan.Field{Name: plan.FormatExpr(e), Type: e.Type()})
	}
	made.P.Fields = append(fields, g.P.Fields[keys:]...)
	plan.Derive(made)
	first = keys + aggs
	order := make([]plan.Field, 0, first+len(inner))
	order = append(append(order, g.P.Fields...), fields[keys:]...)
	return reordered(made, order, func(i int) int {
		switch {
		case i < keys:
			return i
		case i < first:
			return i + len(inner)
		}
		return i - aggs
	}), first
}
