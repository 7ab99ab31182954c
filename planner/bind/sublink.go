package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// subLink binds a subquery in an expression.
func (b *binder) subLink(n *pg.SubLink) (plan.Expr, error) {
	switch p := b.lv.place; p {
	case inDefault, inIndex:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot use subquery in %s", map[place]string{
			inDefault: "DEFAULT expression", inIndex: "index expression",
		}[p]).At(n.Location)
	case inLimit, inOffset:
		return nil, unsupported("a subquery in " + string(p)).At(n.Location)
	}
	switch n.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		node, args, err := b.subqueryOf(n)
		if err != nil {
			return nil, err
		}
		return b.at(&plan.Subquery{Kind: plan.SubqueryExists, Plan: node, Args: args, T: sqltype.Of(sqltype.Bool)}, n.Location), nil
	case pg.SubLinkType_EXPR_SUBLINK:
		node, args, err := b.subqueryOf(n)
		if err != nil {
			return nil, err
		}
		columns := visible(node)
		if len(columns) != 1 {
			return nil, sqlerr.New(sqlerr.SyntaxError, "subquery must return only one column").At(n.Location)
		}
		return b.at(&plan.Subquery{Kind: plan.SubqueryScalar, Plan: node, Args: args, T: columns[0].Type}, n.Location), nil
	case pg.SubLinkType_ARRAY_SUBLINK:
		return b.arrayOf(n)
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		return b.quantified(n)
	}
	return nil, unsupported("this subquery in an expression").At(n.Location)
}

// subqueryOf binds the query of an expression; args are what it refers to of the level around it.
func (b *binder) subqueryOf(n *pg.SubLink) (node plan.Node, args []plan.Expr, err error) {
	args, err = b.inner(func() (err error) {
		node, err = b.subquery(n.Subselect.GetSelectStmt())
		return err
	})
	return node, args, err
}

// quantified binds x op ANY (SELECT …), x op ALL, x IN. ALL is: for no row is the comparison not true.
func (b *binder) quantified(n *pg.SubLink) (plan.Expr, error) {
	var tests []plan.Expr
	var err error
	if row := n.Testexpr.GetRowExpr(); row != nil {
		tests, err = b.exprs(row.Args)
	} else {
		tests, err = b.exprs([]*pg.Node{n.Testexpr})
	}
	if err != nil {
		return nil, err
	}
	node, args, err := b.subqueryOf(n)
	if err != nil {
		return nil, err
	}
	fields := visible(node)
	switch {
	case len(fields) > len(tests):
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery has too many columns").At(n.Location)
	case len(fields) < len(tests):
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery has too few columns").At(n.Location)
	}
	op := "="
	if len(n.OperName) > 0 {
		op = lastOf(n.OperName)
	}
	all := n.SubLinkType == pg.SubLinkType_ALL_SUBLINK
	negated := all && op == "<>" // <> ALL is NOT (= ANY), whose comparison can be a join's key
	if negated {
		op = "="
	}
	columns := make([]plan.Expr, len(fields))
	for i, f := range fields {
		columns[i] = &innerColumn{plan.ColumnOf(fields, i), f.Name}
	}
	cond, err := b.compareRow(op, tests, columns, n.Location)
	if err != nil {
		return nil, err
	}
	if all && !negated {
		cond = &plan.Not{Arg: cond}
	}
	lv := &level{captures: args}
	cond = lv.overInner(cond)
	out := b.at(&plan.Subquery{Kind: plan.SubqueryAny, Plan: node, Args: lv.captures, Cond: cond, T: sqltype.Of(sqltype.Bool)}, n.Location)
	if all {
		return b.at(&plan.Not{Arg: out}, n.Location), nil
	}
	return out, nil
}

// compareRow compares values, or rows of them.
func (b *binder) compareRow(op string, left, right []plan.Expr, pos int32) (plan.Expr, error) {
	if len(left) == 1 {
		e, err := b.binary(op, left[0], right[0], pos)
		if err != nil {
			return nil, err
		}
		return b.toBool(e, "ANY/ALL")
	}
	switch op {
	case "=", "<>":
		return b.rowEquality(op, left, right, pos)
	case "<", "<=", ">", ">=":
		return b.rowOrder(op, left, right, pos)
	}
	return nil, unsupported("row comparison with " + op).At(pos)
}

// innerColumn is a column of the query in an expression, beside expressions over the row around it.
type innerColumn struct {
	*plan.Column
	name string
}

// overInner makes a comparison of the row with inner columns a condition of the query: what is of the row
// becomes its arguments.
func (lv *level) overInner(e plan.Expr) plan.Expr {
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		if c, ok := e.(*innerColumn); ok {
			return c.Column, true
		}
		inner, row := false, false
		plan.Walk(e, func(e plan.Expr) bool {
			switch e.(type) {
			case *innerColumn:
				inner = true
			case *plan.Column, *plan.Outer, *plan.Subquery, *aggRef:
				row = true
			}
			return true
		})
		switch {
		case inner:
			return nil, false
		case row:
			return lv.capture(e), true
		}
		return e, true
	})
}
