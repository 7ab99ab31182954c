package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// scalar is a query as a value: a column behind in's, or an expression over such columns.
func (u *unnesting) scalar(in plan.Node, sub *plan.Subquery) (plan.Node, plan.Expr) {
	p := u.node(unsorted(sub.Plan))
	if out, v, ok := u.aggregate(in, p, sub.Args); ok {
		return out, v
	}
	width := len(in.Props().Fields)
	if !hasOuter(p) && always(p) {
		out := plan.NewJoin(plan.JoinInner, in, p, nil, "")
		return out, plan.ColumnOf(out.Props().Fields, width)
	}
	r := u.relate(in, p, sub.Args, true)
	j := plan.NewJoin(plan.JoinRight, r.node, in, conjunction(r.conds), "")
	j.Single = true
	plan.Derive(j)
	wide := len(r.node.Props().Fields)
	fields := append(slices.Clone(in.Props().Fields), r.node.Props().Fields[0])
	out := reordered(j, fields, func(i int) int {
		if i < width {
			return wide + i
		}
		return 0
	})
	return out, plan.ColumnOf(fields, width)
}

// unsorted is a query that gives the same rows in any order.
func unsorted(n plan.Node) plan.Node {
	if s, ok := n.(*plan.Sort); ok {
		return s.Input
	}
	return n
}

// aggregate is the value of an aggregation without keys whose rows are chosen by equality with arguments:
// a grouping by what is compared, of which each row finds its own, and what is computed of it. Groups
// that no row asks for are there too, so nothing in them may fail.
func (u *unnesting) aggregate(in, p plan.Node, args []plan.Expr) (plan.Node, plan.Expr, bool) {
	var over []*plan.Project
	n := p
	for {
		q, ok := n.(*plan.Project)
		if !ok {
			break
		}
		over, n = append(over, q), q.Input
	}
	g, ok := n.(*plan.GroupBy)
	if !ok || len(g.Keys) > 0 || !hasOuter(g) || slices.ContainsFunc(exprsOf(g), hasOuterExpr) {
		return nil, nil, false
	}
	rows, conds, ok := pull(g.Input)
	if !ok || !allEqualities(conds) {
		return nil, nil, false
	}
	var inner []plan.Expr
	for _, c := range conds {
		eq, _ := innerSide(c)
		inner = append(inner, eq.left)
	}
	made, first := groupedBy(g, rows, inner)
	if made.Props().MayFail {
		return nil, nil, false
	}
	wide, width := len(made.Props().Fields), len(in.Props().Fields)
	var on []plan.Expr
	for _, c := range comparedAt(conds, first) {
		on = append(on, withArgs(c, args, wide))
	}
	j := plan.NewJoin(plan.JoinRight, made, in, conjunction(on), "")
	fields := slices.Clone(in.Props().Fields)
	exprs := make([]plan.Expr, 0, width+len(g.Aggs))
	for i := range fields {
		c := plan.ColumnOf(fields, i)
		c.Index += wide
		exprs = append(exprs, c)
	}
	exprs = append(exprs, ofNoRows(g, j, 0)...)
	out := plan.NewProject(j, exprs, append(fields, g.P.Fields...))
	// The expressions above the aggregation, over the wider row.
	value := plan.Expr(plan.ColumnOf(g.P.Fields, 0))
	for i, q := range over {
		if i == 0 {
			value = q.Exprs[0]
		} else {
			value = q.Over(value)
		}
	}
	value = plan.MapColumns(value, func(i int) int { return i + width })
	return out, withArgs(value, args, 0), true
}

// equals is a = b, of one type.
func equals(a, b plan.Expr) plan.Expr {
	eq, _ := builtin.EqualityOf(a.Type().OID)
	return &plan.Call{Func: plan.FuncID(eq), Args: []plan.Expr{a, b}, T: sqltype.Of(sqltype.Bool), Op: "=", Pos: -1}
}
