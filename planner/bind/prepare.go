package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// TypesOf are the types that a PREPARE names for its parameters; unknown is left to be inferred.
func TypesOf(names []*pg.Node, cat catalog.Reader, o Options) ([]sqltype.OID, error) {
	b := newBinder(cat, o)
	var out []sqltype.OID
	for _, n := range names {
		if lastOf(n.GetTypeName().GetNames()) == "unknown" {
			out = append(out, sqltype.Invalid)
			continue
		}
		t, err := b.typeOf(n.GetTypeName())
		if err != nil {
			return nil, err
		}
		out = append(out, t.OID)
	}
	return out, nil
}

// Arguments binds the arguments of an EXECUTE as the types of the parameters.
func Arguments(args []*pg.Node, types []sqltype.Type, cat catalog.Reader, o Options) ([]plan.Expr, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	b.push()
	var out []plan.Expr
	for i, n := range args {
		e, err := b.exprAt(n, inExecute)
		if err != nil {
			return nil, err
		}
		c, err := b.coerceTo(e, types[i], assignment, b.where(e))
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "parameter $%d of type %s cannot be coerced to the expected type %s",
				i+1, displayType(e.Type().OID), displayType(types[i].OID)).At(b.where(e)).
				WithHint("You will need to rewrite or cast the expression.")
		}
		out = append(out, c)
	}
	return out, nil
}
