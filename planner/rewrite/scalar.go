package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// scalar is a query as a value: a column behind in's, or an expression over such columns.
func (u *unnesting) scalar(in plan.Node, sub *plan.Subquery) (plan.Node, plan.Expr) {
	p := u.without(u.node(unsorted(sub.Plan)))
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

// aggregate is the value of an aggregation without keys, or what is computed of it: the groups for the
// arguments that there are, of which each row finds its own or none.
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
	if !ok || len(g.Keys) > 0 || g.OnClose != nil || !hasOuter(g) {
		return nil, nil, false
	}
	made, on, ok := chosen(g, args)
	if !ok {
		d := u.domainOf(in, g, args)
		var first int
		made, first = d.grouped(g)
		on = d.conditions(made, first)
	}
	wide, width := len(made.Props().Fields), len(in.Props().Fields)
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
	value = plan.Map(value, func(e plan.Expr) (plan.Expr, bool) {
		switch e := e.(type) {
		case *plan.Column:
			return &plan.Column{Index: e.Index + width, T: e.T, Name: e.Name}, true
		case *plan.Outer:
			return args[e.Index], true
		}
		return nil, false
	})
	return out, value, true
}

// chosen groups all rows by what is compared with the arguments, where only equality chooses the rows of
// each. Groups that nobody asks for are there then, so nothing in them may fail. on joins them with
// the rows around, behind them.
func chosen(g *plan.GroupBy, args []plan.Expr) (made plan.Node, on []plan.Expr, ok bool) {
	rows, conds, ok := pull(g.Input)
	if !ok || !allEqualities(conds) || slices.ContainsFunc(exprsOf(g), hasOuterExpr) {
		return nil, nil, false
	}
	var inner []plan.Expr
	for _, c := range conds {
		eq, _ := innerSide(c)
		inner = append(inner, eq.left)
	}
	made, first := groupedBy(g, rows, inner)
	for _, c := range comparedAt(conds, first) {
		on = append(on, withArgs(c, args, len(made.Props().Fields)))
	}
	return made, on, !made.Props().MayFail
}

// equals is a = b, of one type.
func equals(a, b plan.Expr) plan.Expr {
	eq, _ := builtin.EqualityOf(a.Type().OID)
	return &plan.Call{Func: plan.FuncID(eq), Args: []plan.Expr{a, b}, T: sqltype.Of(sqltype.Bool), Op: "=", Pos: -1}
}
