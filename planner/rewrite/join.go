package rewrite

import (
	"github.com/tributary-db/tributary/planner/plan"
)

// joinTree is a tree of inner joins taken apart: its inputs in the order of the text, and the
// conditions over their concatenated row.
type joinTree struct {
	leaves []plan.Node
	base   []int // first column of each leaf in the concatenated row
	width  int
	conds  []plan.Expr
	fields []plan.Field
	semis  []semi
}

// semi is a semi or anti join of which one leaf decides.
type semi struct {
	*plan.Join
	leaf int
	cond plan.Expr // over its left side ++ the leaf
}

func (t *joinTree) collect(n plan.Node) {
	base := t.width
	switch n := n.(type) {
	case *plan.Join:
		if n.Kind == plan.JoinInner {
			t.collect(n.Left)
			left := t.width
			t.collect(n.Right)
			for i := range n.LeftKeys {
				t.conds = append(t.conds, keyEquality(n, i, base, left))
			}
			t.add(n.Residual, base)
			return
		}
		if (n.Kind == plan.JoinSemi || n.Kind == plan.JoinAnti) && t.collectSemi(n) {
			return
		}
	case *plan.Filter:
		if treeOf(n.Input) {
			t.collect(n.Input)
			t.add(n.Cond, base)
			return
		}
	}
	t.leaves = append(t.leaves, n)
	t.base = append(t.base, base)
	t.width += len(n.Props().Fields)
	t.fields = append(t.fields, n.Props().Fields...)
}

// treeOf: n is a join whose inputs are put in a new order, perhaps under semi joins.
func treeOf(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Join:
		return n.Kind == plan.JoinInner || (n.Kind == plan.JoinSemi || n.Kind == plan.JoinAnti) && treeOf(n.Right)
	case *plan.Filter:
		return treeOf(n.Input)
	}
	return false
}

// collectSemi takes apart what a semi join is over, when the join can be asked of one of the inputs there.
func (t *joinTree) collectSemi(n *plan.Join) bool {
	if !treeOf(n.Right) || n.Props().MayFail && !n.Right.Props().MayFail {
		return false
	}
	was := *t
	base := t.width
	t.collect(n.Right)
	width, set := len(n.Left.Props().Fields), map[int]bool{}
	cond := joinCondition(n)
	plan.ColumnsOf(cond, set)
	leaf := -1
	for c := range set {
		switch {
		case c < width:
		case leaf < 0:
			leaf = t.leafOf(c - width + base)
		case leaf != t.leafOf(c-width+base):
			*t = was
			return false
		}
	}
	if leaf < 0 {
		*t = was
		return false
	}
	cond = plan.MapColumns(cond, func(c int) int {
		if c < width {
			return c
		}
		return c + base - t.base[leaf]
	})
	t.semis = append(t.semis, semi{n, leaf, cond})
	return true
}

func (t *joinTree) add(cond plan.Expr, base int) {
	for _, c := range plan.Conjuncts(cond) {
		t.conds = append(t.conds, plan.MapColumns(c, func(i int) int { return i + base }))
	}
}

// leafOf is the leaf of a column.
func (t *joinTree) leafOf(column int) int {
	for i := len(t.base) - 1; i > 0; i-- {
		if column >= t.base[i] {
			return i
		}
	}
	return 0
}

// pushJoin takes a join tree apart and builds it anew: conditions of one input go into it,
// equalities between inputs become keys, the rest waits until its inputs are there. What may
// fail sees the rows that all others have left, unless it is a key: that is computed for every
// row of its side (docs/decisions/0018).
func (p *pusher) pushJoin(n plan.Node, conds []plan.Expr) plan.Node {
	t := &joinTree{}
	t.collect(n)
	t.conds = factored(append(t.conds, conds...))
	own := make([][]plan.Expr, len(t.leaves))
	var last []plan.Expr
	var between []link
	for _, c := range t.conds {
		l := t.newLink(c)
		if !movable(c) && (plan.Volatile(c) || !l.joins()) {
			last = append(last, c)
			continue
		}
		if leaf, ok := l.all.only(len(t.leaves)); ok {
			own[leaf] = append(own[leaf], t.within(leaf, c))
			continue
		}
		between = append(between, l)
		if or, ok := c.(*plan.Or); ok {
			for leaf := range t.leaves {
				if e := t.implied(or, leaf); l.all.has(leaf) && e != nil {
					own[leaf] = append(own[leaf], t.within(leaf, e))
				}
			}
		}
	}
	for _, s := range t.semis {
		t.leaves[s.leaf] = plan.NewJoin(s.Kind, s.Left, t.leaves[s.leaf], s.cond, "")
	}
	for i, leaf := range t.leaves {
		t.leaves[i] = p.push(leaf, own[i])
	}
	if all, rest := t.chosen(between, p.est); all != nil {
		return t.finish(all, rest, last)
	}
	return t.build(between, last)
}

// within is a condition on one input over that input's row.
func (t *joinTree) within(leaf int, c plan.Expr) plan.Expr {
	return plan.MapColumns(c, func(i int) int { return i - t.base[leaf] })
}

// partial is some of the inputs joined; at says where a column of the concatenated row is.
type partial struct {
	node   plan.Node
	leaves leafSet
	at     map[int]int
}

func (t *joinTree) start(leaf int) *partial {
	p := &partial{node: t.leaves[leaf], leaves: t.newSet(), at: map[int]int{}}
	p.leaves.add(leaf)
	for i := range t.leaves[leaf].Props().Fields {
		p.at[t.base[leaf]+i] = i
	}
	return p
}

// build joins what equalities connect first, in the order of the text, then crosses the rest.
func (t *joinTree) build(between []link, last []plan.Expr) plan.Node {
	left := make([]bool, len(t.leaves))
	for i := range left {
		left[i] = true
	}
	var all *partial
	for first := range t.leaves {
		if !left[first] {
			continue
		}
		left[first] = false
		group := t.start(first)
		for {
			next := t.connected(group, left, between)
			if next < 0 {
				break
			}
			left[next] = false
			group, between = t.join(group, t.start(next), between)
		}
		if all == nil {
			all = group
		} else {
			all, between = t.join(all, group, between)
		}
	}
	return t.finish(all, between, last)
}

// finish asks what is left to ask of all inputs, and puts their columns in the text's order.
func (t *joinTree) finish(all *partial, between []link, last []plan.Expr) plan.Node {
	node := all.node
	exprs := make([]plan.Expr, t.width)
	for i := range exprs {
		exprs[i] = &plan.Column{Index: all.at[i], T: t.fields[i].Type, Name: t.fields[i].Name}
	}
	var over, failing []plan.Expr
	for _, l := range between {
		if l.fails {
			failing = append(failing, l.cond)
		} else {
			over = append(over, l.cond)
		}
	}
	over = append(append(over, failing...), last...)
	for i, c := range over {
		over[i] = plan.MapColumns(c, func(i int) int { return all.at[i] })
	}
	node = plan.NewFilter(node, over)
	return plan.NewProject(node, exprs, t.fields)
}

// connected is the first remaining leaf that an equality connects to the group, -1 for none. One
// that cannot fail comes first: a key that fails does so for the rows that are left then.
func (t *joinTree) connected(group *partial, left []bool, between []link) int {
	if next := t.connectedBy(group, left, between, false); next >= 0 {
		return next
	}
	return t.connectedBy(group, left, between, true)
}

func (t *joinTree) connectedBy(group *partial, left []bool, between []link, fails bool) int {
	one := t.newSet()
	for i, free := range left {
		if !free {
			continue
		}
		clear(one)
		one.add(i)
		for k := range between {
			if _, ok := between[k].equality(group.leaves, one); ok && between[k].fails == fails {
				return i
			}
		}
	}
	return -1
}

// join puts r behind l. Conditions that both together can answer are used and left out of the
// rest.
func (t *joinTree) join(l, r *partial, between []link) (*partial, []link) {
	out := &partial{leaves: t.newSet(), at: map[int]int{}}
	out.leaves.addAll(l.leaves)
	out.leaves.addAll(r.leaves)
	var keys []equality
	var residual []plan.Expr
	var rest []link
	for _, c := range between {
		if eq, ok := c.equality(l.leaves, r.leaves); ok {
			keys = append(keys, eq)
		} else if c.all.within(out.leaves) && !c.fails {
			residual = append(residual, c.cond)
		} else {
			rest = append(rest, c)
		}
	}
	j := &plan.Join{}
	for _, k := range keys {
		var lk, rk int
		l.node, lk = keyColumn(l, k.left)
		r.node, rk = keyColumn(r, k.right)
		j.LeftKeys, j.RightKeys = append(j.LeftKeys, lk), append(j.RightKeys, rk)
		j.NullSafe = append(j.NullSafe, k.nullSafe)
	}
	j.NullSafe = unlessNone(j.NullSafe)
	j.Left, j.Right = l.node, r.node
	width := len(l.node.Props().Fields)
	for c, at := range l.at {
		out.at[c] = at
	}
	for c, at := range r.at {
		out.at[c] = at + width
	}
	j.P.Fields = append(append([]plan.Field(nil), l.node.Props().Fields...), r.node.Props().Fields...)
	for i, c := range residual {
		residual[i] = plan.MapColumns(c, func(i int) int { return out.at[i] })
	}
	switch len(residual) {
	case 0:
	case 1:
		j.Residual = residual[0]
	default:
		j.Residual = &plan.And{Args: residual}
	}
	plan.Derive(j)
	out.node = j
	return out, rest
}
