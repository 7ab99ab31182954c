package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// rowSubquery binds (a, b) op (SELECT x, y …): the comparison is made inside of the query, so that it is NULL without a row and
// fails with two, as the value of any other query in an expression.
func (b *binder) rowSubquery(op string, n *pg.A_Expr) (plan.Expr, error) {
	link := n.Rexpr.GetSubLink()
	tests, err := b.exprs(n.Lexpr.GetRowExpr().Args)
	if err != nil {
		return nil, err
	}
	node, args, err := b.subqueryOf(link)
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
	columns := make([]plan.Expr, len(fields))
	for i, f := range fields {
		columns[i] = &innerColumn{plan.ColumnOf(fields, i), f.Name}
	}
	cond, err := b.compareRow(op, tests, columns, n.Location)
	if err != nil {
		return nil, err
	}
	lv := &level{captures: args}
	value := lv.overInner(cond)
	out := plan.NewProject(node, []plan.Expr{value}, []plan.Field{{Name: "?column?", Type: value.Type()}})
	return b.at(&plan.Subquery{Kind: plan.SubqueryScalar, Plan: out, Args: lv.captures, T: sqltype.Of(sqltype.Bool)}, n.Location), nil
}
