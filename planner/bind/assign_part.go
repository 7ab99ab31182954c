package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// Assigning to a part of a column: SET a[1] = x, a[2:3] = y, j['k'][0] = z, and the same in the columns of INSERT.

// partType is the type that such a value must have: an element's, or the whole's of a slice and of jsonb.
func (b *binder) partType(t sqltype.Type, subscripts []*pg.Node, pos int32) (sqltype.Type, error) {
	slice := false
	t = sqltype.BaseOf(t)
	if subscripts[0].GetString_() != nil {
		return b.attributeType(t, subscripts, pos)
	}
	for _, n := range subscripts {
		i := n.GetAIndices()
		if i == nil {
			return t, unsupported("assigning to a field of a column").At(pos)
		}
		slice = slice || i.IsSlice
	}
	switch {
	case t.OID == sqltype.JSONB && slice:
		return t, sqlerr.New(sqlerr.DatatypeMismatch, "jsonb subscript does not support slices").At(pos)
	case t.OID == sqltype.JSONB:
		return t, nil
	case !isArray(t.OID):
		return t, sqlerr.New(sqlerr.DatatypeMismatch, "cannot subscript type %s because it does not support subscripting", displayType(t.OID)).At(pos)
	case len(subscripts) > sqltype.MaxDims:
		return t, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(subscripts), sqltype.MaxDims)
	case !slice:
		t.OID = t.OID.Elem()
	}
	return t, nil
}

// assignInto casts e for storing into a part of a column, which stands at pos.
func (b *binder) assignInto(e plan.Expr, name string, t sqltype.Type, pos int32) (plan.Expr, error) {
	out, err := b.coerceTo(e, t, assignment, b.where(e))
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "subscripted assignment to \"%s\" requires type %s but expression is of type %s",
			name, displayType(t.OID), displayType(e.Type().OID)).At(pos).
			WithHint("You will need to rewrite or cast the expression.")
	}
	return out, nil
}

// withPart is whole with value, which has the part's type, at the subscripts.
func (b *binder) withPart(whole, value plan.Expr, subscripts []*pg.Node) (plan.Expr, error) {
	if domain := whole.Type().OID; sqltype.IsDomain(domain) {
		out, err := b.withPart(b.undomained(whole), value, subscripts)
		if err != nil {
			return nil, err
		}
		return b.toDomain(out, domain, assignment, b.where(value))
	}
	if subscripts[0].GetString_() != nil {
		return b.withField(whole, value, subscripts)
	}
	call := &plan.Call{T: whole.Type(), Pos: b.where(value)}
	if whole.Type().OID == sqltype.JSONB {
		path, number, err := b.jsonKeys(subscripts)
		call.Func, call.Args = plan.FuncID(builtin.JSONAssign), []plan.Expr{whole, value, path, boolConst(number)}
		return b.at(call, call.Pos), err
	}
	if value.Type().OID == whole.Type().OID {
		args, err := b.sliceArgs(whole, subscripts)
		if err != nil {
			return nil, err
		}
		call.Func, call.Args = plan.FuncID(builtin.ArrayAssignSlice), append([]plan.Expr{args[0], whole, value}, args[2:]...)
		return b.at(call, call.Pos), nil
	}
	call.Func, call.Args = plan.FuncID(builtin.ArrayAssign), []plan.Expr{whole, value}
	for _, n := range subscripts {
		at, err := b.subscript(n.GetAIndices().Uidx)
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, at)
	}
	return b.at(call, call.Pos), nil
}
