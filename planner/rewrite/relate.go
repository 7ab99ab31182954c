package rewrite

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// related is a query that stands by itself: for a row around it, its rows are those of node for which
// conds hold, which speak of node's columns and then of the row's.
type related struct {
	node  plan.Node
	conds []plan.Expr
}

func (r related) with(cond plan.Expr) related {
	return related{r.node, append(r.conds[:len(r.conds):len(r.conds)], plan.Conjuncts(cond)...)}
}

// where asks a condition on the query's own columns.
func (r related) where(cond plan.Expr) related {
	return related{plan.NewFilter(r.node, []plan.Expr{cond}), r.conds}
}

// join joins the rows of in with the query.
func (r related) join(kind plan.JoinKind, in plan.Node) plan.Node {
	if len(r.conds) == 0 { // only whether there is a row counts
		r.node = plan.NewProject(r.node, []plan.Expr{boolConst(true)}, []plan.Field{{Name: "?exists?", Type: sqltype.Of(sqltype.Bool)}})
	}
	return plan.NewJoin(kind, r.node, in, conjunction(r.conds), "?mark?")
}

// inRow is an expression over the joint row, of the row's part, over the row.
func (r related) inRow(e plan.Expr) plan.Expr {
	width := len(r.node.Props().Fields)
	return plan.MapColumns(e, func(i int) int { return i - width })
}

// over is the comparison of an ANY over the joint row.
func (r related) over(sub *plan.Subquery) plan.Expr {
	return withArgs(sub.Cond, sub.Args, len(r.node.Props().Fields))
}

// withArgs puts arguments, which speak of columns from width on, in e.
func withArgs(e plan.Expr, args []plan.Expr, width int) plan.Expr {
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		o, ok := e.(*plan.Outer)
		if !ok {
			return nil, false
		}
		return plan.MapColumns(args[o.Index], func(i int) int { return i + width }), true
	})
}

// exists relates a query of which only the rows count.
func (u *unnesting) exists(in plan.Node, sub *plan.Subquery) related {
	p := sub.Plan
	if sub.Kind == plan.SubqueryExists {
		p = rowsOf(p)
	} else {
		p = unordered(p)
	}
	return u.relate(in, p, sub.Args, false)
}

// rowsOf is a query that has rows when n has. What it selects is not computed.
func rowsOf(n plan.Node) plan.Node {
	for {
		switch x := n.(type) {
		case *plan.Project:
			n = x.Input
		case *plan.Sort:
			n = x.Input
		case *plan.Distinct:
			n = x.Input
		case *plan.TopN:
			if x.Offset != nil || !positive(x.Count) {
				return n
			}
			n = x.Input
		case *plan.GroupBy:
			if len(x.Keys) == 0 || x.OnClose != nil {
				return n
			}
			n = x.Input
		default:
			return n
		}
	}
}

// unordered is n without what counts for equal rows only once or puts them in order.
func unordered(n plan.Node) plan.Node {
	for {
		switch x := n.(type) {
		case *plan.Sort:
			n = x.Input
		case *plan.Distinct:
			n = x.Input
		default:
			return n
		}
	}
}

// positive: a LIMIT that lets a row pass.
func positive(count plan.Expr) bool {
	n, ok := plan.IntegerOf(count)
	return count == nil || ok && n > 0
}

// always: the query gives one row whatever there is.
func always(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Project:
		return always(n.Input)
	case *plan.Sort:
		return always(n.Input)
	case *plan.GroupBy:
		return len(n.Keys) == 0
	case *plan.Values:
		return len(n.Rows) == 1
	case *plan.Join:
		return n.Kind == plan.JoinInner && n.Residual == nil && len(n.LeftKeys) == 0 && always(n.Left) && always(n.Right)
	}
	return false
}

// relate makes a query stand by itself. keyed: conditions are equalities that can be the keys of a join.
func (u *unnesting) relate(in plan.Node, p plan.Node, args []plan.Expr, keyed bool) related {
	p = u.without(u.node(p))
	if !hasOuter(p) {
		return related{node: p}
	}
	if node, conds, ok := pull(p); ok && (!keyed || allEqualities(conds)) {
		width := len(node.Props().Fields)
		out := related{node: node}
		for _, c := range conds {
			out.conds = append(out.conds, withArgs(c, args, width))
		}
		return out
	}
	return u.dependent(in, p, args)
}

func hasOuter(n plan.Node) bool {
	found := false
	plan.WalkNodes(n, func(n plan.Node) {
		plan.EachExpr(n, func(e plan.Expr) { found = found || hasOuterExpr(e) })
	})
	return found
}

func hasOuterExpr(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		_, is := e.(*plan.Outer)
		found = found || is
		return !found
	})
	return found
}

// innerSide reads a condition as an equality of an expression over the query's rows, which comes first,
// and one over the arguments.
func innerSide(c plan.Expr) (equality, bool) {
	eq, ok := equalityOf(c)
	if !ok || plan.MayFail(c) || plan.Volatile(c) {
		return eq, false
	}
	own := func(e plan.Expr) bool { return plan.HasColumns(e) && !hasOuterExpr(e) }
	args := func(e plan.Expr) bool { return !plan.HasColumns(e) && hasOuterExpr(e) }
	if args(eq.left) && own(eq.right) {
		eq = eq.swapped()
	}
	return eq, own(eq.left) && args(eq.right)
}

func allEqualities(conds []plan.Expr) bool {
	for _, c := range conds {
		if _, ok := innerSide(c); !ok {
			return false
		}
	}
	return true
}

func boolConst(v bool) *plan.Const {
	b := uint8(0)
	if v {
		b = 1
	}
	return &plan.Const{T: sqltype.Of(sqltype.Bool), Value: delta.Const(sqltype.Bool, b, 1)}
}

func nullBool() *plan.Const {
	return &plan.Const{T: sqltype.Of(sqltype.Bool), Value: delta.NullColumn(sqltype.Bool, 1)}
}

// equalTo is a = b, NULL being equal to NULL.
func equalTo(a, b plan.Expr) plan.Expr {
	eq, _ := builtin.EqualityOf(a.Type().OID)
	return &plan.DistinctFrom{Left: a, Right: b, Eq: plan.FuncID(eq), Not: true}
}
