package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Unnest makes joins of the queries in a bound plan's expressions and of LATERAL (docs/decisions/0035). The
// output's columns stay. The catalog tells which columns are never NULL; nil = of none.
func Unnest(root plan.Node, cat catalog.Reader) (plan.Node, error) {
	u := &unnesting{cat: cat}
	root = u.node(root)
	if u.refused != nil {
		return nil, u.refused
	}
	return root, nil
}

// unnesting is one pass over a plan.
//
// A node whose expressions have queries gets them as columns behind its input's: a mark for EXISTS and IN, a
// value. A whole condition of a filter is a semi or anti join instead. How a query becomes a relation that
// stands by itself is in relate.go.
type unnesting struct {
	cat     catalog.Reader
	refused error // the first query that has no such form
	sizes   map[plan.Node]int
}

func (u *unnesting) refuse(what string) {
	if u.refused == nil {
		u.refused = sqlerr.New(sqlerr.FeatureNotSupported, "%s is not supported", what).
			WithHint("Write it as a join with a subquery in FROM.")
	}
}

// node rewrites a plan; its output stays.
func (u *unnesting) node(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Apply); ok {
			return u.apply(a)
		}
		if g, ok := n.(*plan.GroupBy); ok && g.OnClose != nil && g.Input.Props().Watermark < 0 && !leavesOut(g.Input) {
			u.refuse("a subquery below EMIT ON WINDOW CLOSE")
		}
		if !slices.ContainsFunc(exprsOf(n), plan.HasSubquery) {
			return n
		}
		switch n := n.(type) {
		case *plan.Filter:
			return u.filter(n)
		case *plan.Join:
			return u.outerJoin(n)
		case *plan.Values:
			return u.values(n)
		case *plan.ProjectSet:
			return u.projectSet(n)
		}
		switch n.(type) {
		case *plan.Project, *plan.GroupBy, *plan.Sort:
		default:
			u.refuse("a subquery here")
			return n
		}
		in := n.Inputs()[0]
		width := len(in.Props().Fields)
		wider := in
		changed := plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr {
			wider, e = u.value(wider, e)
			return e
		})
		return narrowed(n, plan.WithInputs(changed, []plan.Node{wider}), width)
	})
}

func exprsOf(n plan.Node) (out []plan.Expr) {
	plan.EachExpr(n, func(e plan.Expr) { out = append(out, e) })
	return out
}

// narrowed is changed, made of n over a wider input, with n's output: where that is the input's row it has
// more columns behind width of them.
func narrowed(n, changed plan.Node, width int) plan.Node {
	fields, wider := n.Props().Fields, changed.Inputs()[0].Props().Fields
	if _, is := n.(*plan.Sort); !is {
		return changed
	}
	changed.Props().Fields = wider
	plan.Derive(changed)
	return firstColumns(changed, fields[:width])
}

// firstColumns gives the first columns of n.
func firstColumns(n plan.Node, fields []plan.Field) plan.Node {
	if len(n.Props().Fields) == len(fields) {
		return n
	}
	return reordered(n, fields, func(i int) int { return i })
}

// filter asks the conditions in their order: a query in one of them is computed for the rows that those
// before it leave.
func (u *unnesting) filter(n *plan.Filter) plan.Node {
	in := n.Input
	var plain []plan.Expr
	for _, c := range plan.Conjuncts(n.Cond) {
		if !plan.HasSubquery(c) {
			plain = append(plain, c)
			continue
		}
		in = plan.NewFilter(in, plain)
		plain = nil
		in = u.condition(in, c)
	}
	return firstColumns(plan.NewFilter(in, plain), n.P.Fields)
}

// condition keeps the rows for which c holds; columns may be added behind theirs.
func (u *unnesting) condition(in plan.Node, c plan.Expr) plan.Node {
	negated := false
	inner := c
	for {
		not, ok := inner.(*plan.Not)
		if !ok {
			break
		}
		negated, inner = !negated, not.Arg
	}
	sub, ok := inner.(*plan.Subquery)
	if !ok || sub.Kind == plan.SubqueryScalar || slices.ContainsFunc(sub.Args, plan.HasSubquery) || sub.Cond != nil && plan.HasSubquery(sub.Cond) {
		in, c = u.value(in, c)
		return plan.NewFilter(in, []plan.Expr{c})
	}
	switch {
	case sub.Kind == plan.SubqueryExists && always(sub.Plan):
		if negated {
			return plan.NewFilter(in, []plan.Expr{boolConst(false)})
		}
		return in
	case sub.Kind == plan.SubqueryExists && negated:
		return u.exists(in, sub).join(plan.JoinAnti, in)
	case sub.Kind == plan.SubqueryExists:
		return u.exists(in, sub).join(plan.JoinSemi, in)
	case !negated:
		r := u.exists(in, sub)
		return r.with(r.over(sub)).join(plan.JoinSemi, in)
	}
	return u.noneOf(in, sub)
}

// noneOf keeps the rows for which the comparison is false for all rows of the query: where it is NULL for
// one, NOT IN is not true.
func (u *unnesting) noneOf(in plan.Node, sub *plan.Subquery) plan.Node {
	r := u.exists(in, sub)
	cond := r.over(sub)
	eq, simple := u.simple(r, cond)
	if !simple {
		return r.with(&plan.IsBool{Arg: cond, Want: 'f', Not: true}).join(plan.JoinAnti, in)
	}
	width := len(in.Props().Fields)
	out := r.with(cond).join(plan.JoinAnti, in)
	if !u.notNull(r.node, eq.left) {
		out = r.where(&plan.IsNull{Arg: eq.left}).join(plan.JoinAnti, out)
	}
	if test := r.inRow(eq.right); !u.notNull(in, test) {
		marked := r.join(plan.JoinMark, out)
		out = plan.NewFilter(marked, []plan.Expr{&plan.Or{Args: []plan.Expr{
			&plan.IsNull{Arg: test, Not: true}, &plan.Not{Arg: plan.ColumnOf(marked.Props().Fields, width)},
		}}})
	}
	return out
}

// simple: cond compares the query's side (left) with the row's by = and is NULL only where one of
// them is.
func (u *unnesting) simple(r related, cond plan.Expr) (equality, bool) {
	eq, ok := equalityOf(cond)
	if !ok || eq.nullSafe || plan.MayFail(cond) || plan.Volatile(cond) {
		return eq, false
	}
	width := len(r.node.Props().Fields)
	if within(eq.right, 0, width) && within(eq.left, width, -1) {
		eq = eq.swapped()
	}
	return eq, within(eq.left, 0, width) && within(eq.right, width, -1)
}

// within: e speaks of the columns [from, to) alone, and of some; to = -1 is any number of them.
func within(e plan.Expr, from, to int) bool {
	set := map[int]bool{}
	plan.ColumnsOf(e, set)
	for i := range set {
		if i < from || to >= 0 && i >= to {
			return false
		}
	}
	return !hasOuterExpr(e)
}

// value replaces the queries in e by columns, which are added behind in's.
func (u *unnesting) value(in plan.Node, e plan.Expr) (plan.Node, plan.Expr) {
	out := plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		sub, ok := e.(*plan.Subquery)
		if !ok {
			return nil, false
		}
		c := *sub
		c.Args = make([]plan.Expr, len(sub.Args))
		for i, a := range sub.Args {
			in, c.Args[i] = u.value(in, a)
		}
		var v plan.Expr
		switch c.Kind {
		case plan.SubqueryExists:
			in, v = u.mark(in, u.exists(in, &c))
		case plan.SubqueryAny:
			in, v = u.any(in, &c)
		default:
			in, v = u.scalar(in, &c)
		}
		return v, true
	})
	return in, out
}

// mark adds a column that says whether a row meets one of r.
func (u *unnesting) mark(in plan.Node, r related) (plan.Node, plan.Expr) {
	out := r.join(plan.JoinMark, in)
	return out, plan.ColumnOf(out.Props().Fields, len(in.Props().Fields))
}

// any is x IN (query) and the like: true for a row, else NULL for one, else false.
func (u *unnesting) any(in plan.Node, sub *plan.Subquery) (plan.Node, plan.Expr) {
	r := u.exists(in, sub)
	cond := r.over(sub)
	out, met := u.mark(in, r.with(cond))
	var unknown []plan.Expr
	if eq, ok := u.simple(r, cond); ok {
		var m plan.Expr
		if !u.notNull(r.node, eq.left) {
			out, m = u.mark(out, r.where(&plan.IsNull{Arg: eq.left}))
			unknown = append(unknown, m)
		}
		if test := r.inRow(eq.right); !u.notNull(in, test) {
			out, m = u.mark(out, r)
			unknown = append(unknown, &plan.And{Args: []plan.Expr{&plan.IsNull{Arg: test}, m}})
		}
	} else {
		var m plan.Expr
		out, m = u.mark(out, r.with(&plan.IsNull{Arg: cond}))
		unknown = append(unknown, m)
	}
	if len(unknown) == 0 {
		return out, met
	}
	null := unknown[0]
	if len(unknown) > 1 {
		null = &plan.Or{Args: unknown}
	}
	return out, &plan.Case{Whens: []plan.When{{Cond: met, Then: boolConst(true)}, {Cond: null, Then: nullBool()}}, Else: boolConst(false), T: met.Type()}
}

// outerJoin takes the queries out of the condition of an outer join: each is computed on the side that it
// refers to.
func (u *unnesting) outerJoin(n *plan.Join) plan.Node {
	width := len(n.Left.Props().Fields)
	sides := [2]plan.Node{n.Left, n.Right}
	type added struct{ side, at int }
	var columns []added
	var exprs []plan.Expr
	cond := plan.Map(n.Residual, func(e plan.Expr) (plan.Expr, bool) {
		sub, ok := e.(*plan.Subquery)
		if !ok {
			return nil, false
		}
		side := 1
		set := map[int]bool{}
		for _, a := range sub.Args {
			plan.ColumnsOf(a, set)
		}
		left, right := false, false
		for i := range set {
			left, right = left || i < width, right || i >= width
		}
		if left && right {
			u.refuse("a subquery that refers to both sides in the condition of an outer join")
			return boolConst(false), true
		}
		if left {
			side = 0
		}
		own := plan.MapColumns(sub, func(i int) int { return i - side*width })
		var v plan.Expr
		sides[side], v = u.value(sides[side], own)
		// The value may be an expression; as a column it has one place.
		sides[side] = appended(sides[side], v)
		columns = append(columns, added{side, len(sides[side].Props().Fields) - 1})
		placeholder := &plan.Outer{Index: -len(columns), T: v.Type(), Name: "?"}
		exprs = append(exprs, placeholder)
		return placeholder, true
	})
	wider := len(sides[0].Props().Fields)
	to := func(i int) int {
		if i >= width {
			return i - width + wider
		}
		return i
	}
	cond = plan.MapColumns(cond, to)
	cond = plan.Map(cond, func(e plan.Expr) (plan.Expr, bool) {
		i := slices.Index(exprs, e)
		if i < 0 {
			return nil, false
		}
		return &plan.Column{Index: columns[i].at + columns[i].side*wider, T: e.Type(), Name: "?"}, true
	})
	return reordered(plan.NewJoin(n.Kind, sides[0], sides[1], cond, ""), n.P.Fields, to)
}

// values makes VALUES with queries in it rows of a union.
func (u *unnesting) values(n *plan.Values) plan.Node {
	all := &plan.UnionAll{}
	all.P.Fields = n.P.Fields
	for _, row := range n.Rows {
		one := &plan.Values{Rows: [][]plan.Expr{{}}}
		plan.Derive(one)
		all.Ins = append(all.Ins, u.node(plan.NewProject(one, row, n.P.Fields)))
	}
	plan.Derive(all)
	if len(all.Ins) == 1 {
		return all.Ins[0]
	}
	return all
}

// apply makes a join of LATERAL.
func (u *unnesting) apply(n *plan.Apply) plan.Node {
	left := n.Left
	args := make([]plan.Expr, len(n.Args))
	for i, a := range n.Args {
		left, args[i] = u.value(left, a)
	}
	if out := along(n, left, args); out != nil {
		return u.node(out)
	}
	r := u.relate(left, n.Right, args, false)
	width := len(left.Props().Fields)
	inner := len(r.node.Props().Fields)
	own := len(n.Left.Props().Fields)
	// r speaks of its node first, then of the row.
	flip := func(i int) int {
		if i < inner {
			return i + width
		}
		return i - inner
	}
	var conds []plan.Expr
	for _, c := range r.conds {
		conds = append(conds, plan.MapColumns(c, flip))
	}
	for _, c := range plan.Conjuncts(n.Cond) {
		conds = append(conds, plan.MapColumns(c, func(i int) int {
			if i >= own {
				return i - own + width
			}
			return i
		}))
	}
	at := func(i int) int {
		if i >= own {
			return i - own + width
		}
		return i
	}
	var out plan.Node
	if n.Kind == plan.JoinInner {
		out = u.node(plan.NewFilter(plan.NewJoin(plan.JoinInner, left, r.node, nil, ""), conds))
	} else {
		out = u.node(plan.NewJoin(n.Kind, left, r.node, conjunction(conds), ""))
	}
	return reordered(out, n.P.Fields, at)
}

// appended is n with one more column.
func appended(n plan.Node, more ...plan.Expr) plan.Node {
	fields := n.Props().Fields
	exprs := make([]plan.Expr, 0, len(fields)+len(more))
	for i := range fields {
		exprs = append(exprs, plan.ColumnOf(fields, i))
	}
	all := slices.Clone(fields)
	for _, e := range more {
		all = append(all, plan.Field{Name: plan.FormatExpr(e), Type: e.Type()})
	}
	return plan.NewProject(n, append(exprs, more...), all)
}
