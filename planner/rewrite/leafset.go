package rewrite

import "github.com/tributary-db/tributary/planner/plan"

// leafSet is a set of a join tree's inputs.
type leafSet []uint64

func (t *joinTree) newSet() leafSet { return make(leafSet, (len(t.leaves)+63)/64) }

func (s leafSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s leafSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s leafSet) addAll(o leafSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s leafSet) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// within reports whether s is a part of o.
func (s leafSet) within(o leafSet) bool {
	for i := range s {
		if s[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

// leavesOf are the inputs that an expression over the concatenated row speaks of.
func (t *joinTree) leavesOf(e plan.Expr) leafSet {
	out := t.newSet()
	plan.Walk(e, func(e plan.Expr) bool {
		if c, ok := e.(*plan.Column); ok {
			out.add(t.leafOf(c.Index))
		}
		return true
	})
	return out
}

// only is the single member of a set; ok is false when it has more.
func (s leafSet) only(count int) (leaf int, ok bool) {
	leaf = -1
	for i := range count {
		if s.has(i) {
			if leaf >= 0 {
				return 0, false
			}
			leaf = i
		}
	}
	return max(leaf, 0), true
}

// link is a condition between inputs; for an equality of two expressions the inputs of both
// sides are known.
type link struct {
	cond        plan.Expr
	all         leafSet
	fails       bool // it may fail: a join key, or it waits for all others
	eq          *equality
	left, right leafSet
}

func (t *joinTree) newLink(c plan.Expr) link {
	l := link{cond: c, all: t.leavesOf(c), fails: plan.MayFail(c)}
	if eq, ok := equalityOf(c); ok {
		l.left, l.right = t.leavesOf(eq.left), t.leavesOf(eq.right)
		if !l.left.empty() && !l.right.empty() {
			l.eq = &eq
		}
	}
	return l
}

// joins: the link can be the key of a join of some two sets of inputs.
func (l *link) joins() bool {
	if l.eq == nil {
		return false
	}
	for i := range l.left {
		if l.left[i]&l.right[i] != 0 {
			return false
		}
	}
	return true
}

// equality reads the link as a join key between two sets of inputs.
func (l *link) equality(a, b leafSet) (equality, bool) {
	switch {
	case l.eq == nil:
		return equality{}, false
	case l.left.within(a) && l.right.within(b):
		return *l.eq, true
	case l.left.within(b) && l.right.within(a):
		return l.eq.swapped(), true
	}
	return equality{}, false
}
