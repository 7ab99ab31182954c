package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// pushTree rewrites a tree of inner joins. A semi join that is asked of all of it stays above it, and so does one
// above that: of a tree of which nothing came apart the one leaf would be the same tree again.
func (p *pusher) pushTree(n *plan.Join, conds []plan.Expr) plan.Node {
	if n.Kind != plan.JoinInner {
		if t := (&joinTree{}); !t.collectSemi(n) || len(t.leaves) == 1 {
			return p.pushKept(n, conds)
		}
	}
	return p.pushJoin(n, conds)
}

// joinCondition is a join's keys and residual as one condition over left ++ right; nil for none.
func joinCondition(n *plan.Join) plan.Expr {
	width := len(n.Left.Props().Fields)
	var conds []plan.Expr
	for i := range n.LeftKeys {
		conds = append(conds, keyEquality(n, i, 0, width))
	}
	return conjunction(append(conds, plan.Conjuncts(n.Residual)...))
}

func conjunction(conds []plan.Expr) plan.Expr {
	switch len(conds) {
	case 0:
		return nil
	case 1:
		return conds[0]
	}
	return &plan.And{Args: conds}
}

func unlessNone(nullSafe []bool) []bool {
	if slices.Contains(nullSafe, true) {
		return nullSafe
	}
	return nil
}

// pushKept rewrites a join that keeps rows which meet none, and applies conds over its output. Conditions
// on the side that is kept go there. One that is never true where a side is NULL makes the join one that
// does not keep the other side's rows.
func (p *pusher) pushKept(n *plan.Join, conds []plan.Expr) plan.Node {
	width := len(n.Left.Props().Fields)
	if n.Kind.Pairs() {
		switch kind := reduced(n, conds, width); {
		case kind == plan.JoinInner:
			return p.pushJoin(plan.NewJoin(kind, n.Left, n.Right, joinCondition(n), ""), conds)
		case kind == plan.JoinLeft:
			return p.pushSwapped(n, conds, width)
		case kind != n.Kind:
			c := *n
			c.Kind = kind
			plan.Derive(&c)
			n = &c
		}
	}
	var down, stay []plan.Expr
	for _, c := range conds {
		if e, ok := onKept(n, c, width); ok && movable(c) {
			down = append(down, e)
		} else {
			stay = append(stay, c)
		}
	}
	return plan.NewFilter(p.keyed(n, down), stay)
}

// reduced is the kind of join that is left of n under conditions over its output.
func reduced(n *plan.Join, conds []plan.Expr, width int) plan.JoinKind {
	keepsLeft, keepsRight := n.Kind == plan.JoinLeft || n.Kind == plan.JoinFull, n.Kind == plan.JoinRight || n.Kind == plan.JoinFull
	if n.Single {
		return n.Kind
	}
	for _, c := range conds {
		// Where left is NULL stand the rows of right that met none.
		keepsRight = keepsRight && !rejectsNull(c, func(i int) bool { return i < width })
		keepsLeft = keepsLeft && !rejectsNull(c, func(i int) bool { return i >= width })
	}
	switch {
	case keepsLeft && keepsRight:
		return plan.JoinFull
	case keepsLeft:
		return plan.JoinLeft
	case keepsRight:
		return plan.JoinRight
	}
	return plan.JoinInner
}

// pushSwapped makes a right join of a left one.
func (p *pusher) pushSwapped(n *plan.Join, conds []plan.Expr, width int) plan.Node {
	other := len(n.Right.Props().Fields)
	to := func(i int) int {
		if i < width {
			return i + other
		}
		return i - width
	}
	cond := plan.Map(joinCondition(n), func(e plan.Expr) (plan.Expr, bool) {
		c, ok := e.(*plan.Column)
		if !ok {
			return nil, false
		}
		return &plan.Column{Index: to(c.Index), T: c.T, Name: c.Name}, true
	})
	swapped := make([]plan.Expr, len(conds))
	for i, c := range conds {
		swapped[i] = plan.MapColumns(c, to)
	}
	node := p.pushKept(plan.NewJoin(plan.JoinRight, n.Right, n.Left, cond, ""), swapped)
	return reordered(node, n.P.Fields, to)
}

// reordered gives fields, of which the i-th is column at(i) of n.
func reordered(n plan.Node, fields []plan.Field, at func(int) int) plan.Node {
	exprs := make([]plan.Expr, len(fields))
	for i, f := range fields {
		exprs[i] = &plan.Column{Index: at(i), T: f.Type, Name: f.Name}
	}
	return plan.NewProject(n, exprs, fields)
}

// onKept is a condition over the output as one over the right side, if it speaks of that only and all of
// its rows are kept.
func onKept(n *plan.Join, c plan.Expr, width int) (plan.Expr, bool) {
	if n.Kind == plan.JoinFull {
		return nil, false
	}
	set := map[int]bool{}
	plan.ColumnsOf(c, set)
	if !n.Kind.Pairs() {
		return c, !set[len(n.Right.Props().Fields)]
	}
	for i := range set {
		if i < width {
			return nil, false
		}
	}
	return plan.MapColumns(c, func(i int) int { return i - width }), true
}

// keyed finds the keys of a join that is no left one. What of its condition speaks of the left side
// alone is asked there, where the rows of that are not kept; what speaks of the right side alone makes a
// key that meets none.
func (p *pusher) keyed(n *plan.Join, right []plan.Expr) plan.Node {
	width := len(n.Left.Props().Fields)
	sides := joinTree{leaves: []plan.Node{n.Left, n.Right}, base: []int{0, width}}
	var keys []equality
	var left, alone, residual, failing []plan.Expr
	one, two := sides.newSet(), sides.newSet()
	one.add(0)
	two.add(1)
	for _, c := range plan.Conjuncts(joinCondition(n)) {
		l := sides.newLink(c)
		eq, isKey := l.equality(one, two)
		k, constant := c.(*plan.Const)
		switch {
		case constant && isTrue(k):
		case isKey && !plan.Volatile(c):
			keys = append(keys, eq)
		case l.all.within(one) && movable(c) && n.Kind != plan.JoinFull:
			left = append(left, c)
		case l.all.within(two) && movable(c) && n.Kind == plan.JoinSemi:
			right = append(right, plan.MapColumns(c, func(i int) int { return i - width }))
		case l.all.within(two) && movable(c):
			alone = append(alone, c)
		case l.fails:
			failing = append(failing, c)
		default:
			residual = append(residual, c)
		}
	}
	strict := slices.IndexFunc(keys, func(k equality) bool { return !k.nullSafe })
	if strict >= 0 && len(alone) > 0 {
		k := &keys[strict]
		k.right = &plan.Case{Whens: []plan.When{{Cond: conjunction(alone), Then: k.right}}, T: k.right.Type()}
	} else {
		residual = append(alone, residual...)
	}
	l, r := start(p.push(n.Left, left), 0), start(p.push(n.Right, right), width)
	out := &plan.Join{Kind: n.Kind, Single: n.Single}
	for _, k := range keys {
		var lk, rk int
		l.node, lk = keyColumn(l, k.left)
		r.node, rk = keyColumn(r, k.right)
		out.LeftKeys, out.RightKeys = append(out.LeftKeys, lk), append(out.RightKeys, rk)
		out.NullSafe = append(out.NullSafe, k.nullSafe)
	}
	out.NullSafe = unlessNone(out.NullSafe)
	return rejoined(n, out, l, r, append(residual, failing...))
}

// start is one input whose columns begin at base in the joint row.
func start(n plan.Node, base int) *partial {
	p := &partial{node: n, at: map[int]int{}}
	for i := range n.Props().Fields {
		p.at[base+i] = i
	}
	return p
}

// rejoined finishes out over inputs that may have more columns than those of n, and gives n's.
func rejoined(n, out *plan.Join, l, r *partial, residual []plan.Expr) plan.Node {
	width, wider, right := len(n.Left.Props().Fields), len(l.node.Props().Fields), len(n.Right.Props().Fields)
	at := func(i int) int {
		if i < width {
			return i
		}
		return i - width + wider
	}
	cond := conjunction(residual)
	if cond != nil {
		cond = plan.MapColumns(cond, at)
	}
	made := plan.NewJoin(out.Kind, l.node, r.node, cond, n.MarkName())
	made.LeftKeys, made.RightKeys, made.NullSafe, made.Single = out.LeftKeys, out.RightKeys, out.NullSafe, out.Single
	plan.Derive(made)
	if made.Single && plan.AtMostOne(made.Left, made.LeftKeys) {
		made.Single = false
		plan.Derive(made)
	}
	if !n.Kind.Pairs() {
		at = func(i int) int {
			if i < right {
				return i
			}
			return len(r.node.Props().Fields) // the mark
		}
	}
	return reordered(made, n.P.Fields, at)
}
