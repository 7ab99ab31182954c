package bind

import (
	"cmp"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// defaultOf is the value of a column that INSERT does not name.
func (b *binder) defaultOf(c *catalog.Column) (plan.Expr, error) {
	switch {
	case c.Sequence != 0:
		return b.nextOf(c)
	case c.Default == "" && sqltype.Plain(c.Type).OID == c.Type.OID:
		return nullConst(c.Type), nil
	}
	text := cmp.Or(c.Default, b.domainDefault(c.Type.OID), "NULL")
	n, err := storedExpr(text)
	if err != nil {
		return nil, err
	}
	return b.bindDefault(n, c)
}

// bindDefault binds a default expression: no columns, no aggregates, the column's type.
func (b *binder) bindDefault(n *pg.Node, c *catalog.Column) (plan.Expr, error) {
	if hasColumnRef(n) {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot use column reference in DEFAULT expression")
	}
	b.push()
	defer b.pop()
	e, err := b.exprAt(n, inDefault)
	if err != nil {
		return nil, err
	}
	out, err := b.coerceTo(e, c.Type, assignment, b.where(e))
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "column \"%s\" is of type %s but default expression is of type %s",
			c.Name, displayType(c.Type.OID), displayType(e.Type().OID)).
			WithHint("You will need to rewrite or cast the expression.")
	}
	return out, nil
}

// hasColumnRef looks for a column name in the usual places of a default.
func hasColumnRef(n *pg.Node) bool {
	switch n := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return true
	case *pg.Node_TypeCast:
		return hasColumnRef(n.TypeCast.Arg)
	case *pg.Node_AExpr:
		return hasColumnRef(n.AExpr.Lexpr) || hasColumnRef(n.AExpr.Rexpr)
	case *pg.Node_FuncCall:
		for _, a := range n.FuncCall.Args {
			if hasColumnRef(a) {
				return true
			}
		}
	}
	return false
}
