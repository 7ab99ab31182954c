package bind

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// maxRowFields is the most that a row has.
const maxRowFields = 1664

// rowExpr binds ROW(a, b) as a value. A comparison of two is bound without making them.
func (b *binder) rowExpr(n *pg.RowExpr) (plan.Expr, error) {
	if len(n.Args) > maxRowFields {
		return nil, sqlerr.New(sqlerr.TooManyColumns, "ROW expressions can have at most %d entries", maxRowFields).At(n.Location)
	}
	args, err := b.rowFields(n)
	if err != nil {
		return nil, err
	}
	return b.at(&plan.Call{Func: plan.FuncID(builtin.RowOfFields), Args: args, T: sqltype.Of(sqltype.Record), Pos: n.Location}, n.Location), nil
}

// rowFields are the fields of a row; literals of no type are text.
func (b *binder) rowFields(n *pg.RowExpr) ([]plan.Expr, error) {
	args, err := b.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if t := a.Type().OID; t != sqltype.Unknown {
			if t.Phys() == sqltype.PhysNone { // a value must say by itself what its fields are
				return nil, unsupported("a value of type " + displayType(t) + " in a row").At(b.where(a))
			}
			continue
		}
		if args[i], err = b.coerce(a, sqltype.Of(sqltype.Text), implicit, -1); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// fieldOf binds (ROW(a, b)).f2. Of other rows the fields are not known here.
func (b *binder) fieldOf(n *pg.RowExpr, name string) (plan.Expr, error) {
	args, err := b.rowFields(n)
	if err != nil {
		return nil, err
	}
	if len(name) > 1 && name[0] == 'f' {
		if k, err := strconv.Atoi(name[1:]); err == nil && k >= 1 && k <= len(args) && "f"+strconv.Itoa(k) == name {
			return args[k-1], nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedColumn, "could not identify column \"%s\" in record data type", name).At(n.Location)
}

// rowNull is ROW(a, b) IS [NOT] NULL: of all fields.
func (b *binder) rowNull(n *pg.RowExpr, not bool, pos int32) (plan.Expr, error) {
	args, err := b.rowFields(n)
	if err != nil {
		return nil, err
	}
	tests := make([]plan.Expr, len(args))
	for i, a := range args {
		tests[i] = b.at(&plan.IsNull{Arg: a, Not: not}, pos)
	}
	switch len(tests) {
	case 0:
		return b.at(boolConst(true), pos), nil
	case 1:
		return tests[0], nil
	}
	return b.at(&plan.And{Args: tests}, pos), nil
}
