package bind

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// commonType finds the type that the results of CASE, UNION and the like share
// (select_common_type): string literals take the others' type. An empty construct means: no
// error, Invalid if there is none.
func (b *binder) commonType(exprs []plan.Expr, construct string) (sqltype.OID, error) {
	t := exprs[0].Type().OID
	for _, e := range exprs[1:] {
		next := e.Type().OID
		if next == sqltype.Unknown || next == t {
			continue
		}
		t, next = t.Base(), next.Base()
		if next == t {
			continue
		}
		switch {
		case t == sqltype.Unknown:
			t = next
		case category(next) != category(t):
			if construct == "" {
				return sqltype.Invalid, nil
			}
			return 0, sqlerr.New(sqlerr.DatatypeMismatch, "%s types %s and %s cannot be matched",
				construct, displayType(t), displayType(next)).At(b.where(e))
		case !preferred(t) && canCoerce(t, next, implicit) && !canCoerce(next, t, implicit):
			t = next
		}
	}
	if t == sqltype.Unknown {
		return sqltype.Text, nil
	}
	return t, nil
}

// toCommon makes every expression one of type t (coerce_to_common_type).
func (b *binder) toCommon(exprs []plan.Expr, t sqltype.OID, construct string) ([]plan.Expr, error) {
	out := make([]plan.Expr, len(exprs))
	for i, e := range exprs {
		if !canCoerce(e.Type().OID, t, implicit) {
			return nil, sqlerr.New(sqlerr.CannotCoerce, "%s could not convert type %s to %s",
				construct, displayType(e.Type().OID), displayType(t)).At(b.where(e))
		}
		c, err := b.coerce(e, sqltype.Of(t), implicit, -1)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// unify is commonType and toCommon; the result keeps a modifier that all share.
func (b *binder) unify(exprs []plan.Expr, construct string) ([]plan.Expr, sqltype.Type, error) {
	t, err := b.commonType(exprs, construct)
	if err != nil {
		return nil, sqltype.Type{}, err
	}
	mod := exprs[0].Type().Mod
	for _, e := range exprs {
		if e.Type() != (sqltype.Type{OID: t, Mod: mod}) {
			mod = -1
		}
	}
	out, err := b.toCommon(exprs, t, construct)
	return out, sqltype.Type{OID: t, Mod: mod}, err
}
