package bind

import "github.com/tributary-db/tributary/planner/plan"

// lookup resolves a name: find asks a scope and gives nil where it is not known. What a level around this
// one knows becomes an argument of each query in between (plan.Outer).
func (b *binder) lookup(find func(*scope) (plan.Expr, error)) (plan.Expr, error) {
	e, err := find(&b.lv.scope)
	if e != nil || err != nil {
		return e, err
	}
	return around(b.lv, nil, find)
}

// around resolves a name in the levels around lv; of those up to skip nothing is seen.
func around(lv, skip *level, find func(*scope) (plan.Expr, error)) (e plan.Expr, err error) {
	if lv == skip {
		skip = nil
	}
	if lv.with != nil && skip == nil {
		skip = lv.with
	}
	up := lv.parent
	if up == nil {
		return nil, nil
	}
	if lv.sees && skip == nil {
		e, err = find(&up.scope)
	}
	if e == nil && err == nil {
		e, err = around(up, skip, find)
	}
	if e == nil || err != nil || !lv.sees {
		return e, err
	}
	return lv.capture(e), nil
}

// capture makes an expression of the level around an argument.
func (lv *level) capture(e plan.Expr) plan.Expr {
	name := plan.FormatExpr(e)
	for i, have := range lv.captures {
		if plan.Equal(have, e) {
			return &plan.Outer{Index: i, T: e.Type(), Name: name}
		}
	}
	lv.captures = append(lv.captures, e)
	return &plan.Outer{Index: len(lv.captures) - 1, T: e.Type(), Name: name}
}

// inner binds what sees the columns of this level, in a level of its own, and gives what it refers to.
func (b *binder) inner(bind func() error) ([]plan.Expr, error) {
	lv := &level{parent: b.lv, sees: true}
	b.lv = lv
	err := bind()
	b.lv = lv.parent
	return lv.captures, err
}

// hasOuter reports whether e refers to a level around this one.
func hasOuter(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		_, is := e.(*plan.Outer)
		found = found || is
		return !found
	})
	return found
}
