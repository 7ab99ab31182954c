package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

const maxParams = 65535

// param binds $n; its type is unknown until something decides it.
func (b *binder) param(n *pg.ParamRef) (plan.Expr, error) {
	i := int(n.Number)
	if b.fn != nil {
		if e := b.parameter(i - 1); e != nil {
			return e, nil
		}
		return nil, noParameter(i, n.Location)
	}
	if i <= 0 || i > maxParams {
		return nil, noParameter(i, n.Location)
	}
	if b.opts.NoParams {
		return nil, noParameter(i, n.Location)
	}
	for len(b.params) < i {
		b.params = append(b.params, sqltype.Invalid)
	}
	t := b.params[i-1]
	if t == sqltype.Invalid {
		t = sqltype.Unknown
	}
	return b.givenParam(b.at(&plan.Param{Index: i, T: sqltype.Of(t)}, n.Location))
}

// givenParam is a parameter whose value, of a domain or an array of one, nobody has checked.
func (b *binder) givenParam(p plan.Expr) (plan.Expr, error) {
	t := p.Type()
	plain := sqltype.Plain(t)
	if plain.OID == t.OID {
		return p, nil
	}
	return b.coerce(b.at(&plan.Relabel{Arg: p, T: plain}, b.where(p)), t, implicit, b.where(p))
}

func noParameter(i int, pos int32) error {
	return sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $%d", i).At(pos)
}

// coerceParam decides the type of a parameter that has none yet.
func (b *binder) coerceParam(p *plan.Param, t sqltype.OID) (plan.Expr, error) {
	switch have := b.params[p.Index-1]; have {
	case sqltype.Invalid, sqltype.Unknown:
		b.params[p.Index-1] = t
	case t:
	default:
		return nil, sqlerr.New(sqlerr.AmbiguousParameter, "inconsistent types deduced for parameter $%d", p.Index).
			WithDetail("%s versus %s", displayType(have), displayType(t)).At(b.where(p))
	}
	return b.at(&plan.Param{Index: p.Index, T: sqltype.Of(t)}, b.where(p)), nil
}

// checkParams is the end of inference: every parameter must have found a type.
func (b *binder) checkParams() error {
	for i, t := range b.params {
		if t == sqltype.Invalid || t == sqltype.Unknown {
			return sqlerr.New(sqlerr.IndeterminateDatatype, "could not determine data type of parameter $%d", i+1)
		}
	}
	return nil
}
