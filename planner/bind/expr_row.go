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
	shape := make(sqltype.Shape, len(args))
	for i, a := range args {
		shape[i] = sqltype.ShapeField{Name: "f" + strconv.Itoa(i+1), Type: a.Type()}
	}
	return b.row(args, shape, n.Location), nil
}

// row makes a record of its fields.
func (b *binder) row(args []plan.Expr, shape sqltype.Shape, pos int32) plan.Expr {
	return b.at(&plan.Call{Func: plan.FuncID(builtin.RowOfFields), Args: args, T: sqltype.RecordOf(shape), Pos: pos}, pos)
}

// rowFields are the fields of a row; literals of no type are text.
func (b *binder) rowFields(n *pg.RowExpr) ([]plan.Expr, error) {
	args, err := b.spread(n.Args)
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

// spread binds expressions, of which t.* and (row).* are several.
func (b *binder) spread(nodes []*pg.Node) ([]plan.Expr, error) {
	var out []plan.Expr
	for _, n := range nodes {
		cols, is, err := b.starred(n)
		if err != nil {
			return nil, err
		}
		for _, c := range cols {
			out = append(out, c.expr)
		}
		if is {
			continue
		}
		e, err := b.expr(n)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// starredAt is starred of what stands at a place.
func (b *binder) starredAt(n *pg.Node, p place) ([]target, bool, error) {
	old := b.lv.place
	b.lv.place = p
	defer func() { b.lv.place = old }()
	return b.starred(n)
}

// starred binds *, t.* and (row).*; is false for what is none of them.
func (b *binder) starred(n *pg.Node) (out []target, is bool, err error) {
	if ref := n.GetColumnRef(); ref != nil {
		if _, star := refParts(ref); star {
			out, err = b.star(ref)
			return out, true, err
		}
	}
	x := n.GetAIndirection()
	if x == nil || x.Indirection[len(x.Indirection)-1].GetAStar() == nil {
		return nil, false, nil
	}
	row, err := b.indirection(&pg.A_Indirection{Arg: x.Arg, Indirection: x.Indirection[:len(x.Indirection)-1]})
	if err != nil {
		return nil, true, err
	}
	shape := sqltype.ShapeOf(row.Type())
	switch {
	case shape == nil && row.Type().OID == sqltype.Record:
		return nil, true, sqlerr.New(sqlerr.DatatypeMismatch, "record type has not been registered").At(b.where(row))
	case shape == nil:
		return nil, true, sqlerr.New(sqlerr.WrongObjectType, "type %s is not composite", displayType(row.Type().OID)).At(b.where(row))
	}
	for i, f := range shape {
		out = append(out, target{expr: b.field(row, shape, i), name: f.Name})
	}
	return out, true, nil
}

// fieldOf binds (row).name.
func (b *binder) fieldOf(row plan.Expr, name string, pos int32) (plan.Expr, error) {
	t, shape := row.Type(), sqltype.ShapeOf(row.Type())
	switch i := shape.Field(name); {
	case i >= 0:
		return b.field(row, shape, i), nil
	case t.OID == sqltype.Record:
		return nil, sqlerr.New(sqlerr.UndefinedColumn, "could not identify column \"%s\" in record data type", name).At(pos)
	case shape != nil:
		return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" not found in data type %s", name, displayType(t.OID)).At(pos)
	}
	return nil, sqlerr.New(sqlerr.WrongObjectType, "column notation .%s applied to type %s, which is not a composite type", name, displayType(t.OID)).At(pos)
}

// field is a field of a row by its place: of one that is made here, what it is made of.
func (b *binder) field(row plan.Expr, shape sqltype.Shape, i int) plan.Expr {
	if c, ok := row.(*plan.Call); ok && uint32(c.Func) == builtin.RowOfFields {
		return c.Args[i]
	}
	pos := b.where(row)
	return b.at(&plan.Call{Func: plan.FuncID(builtin.FieldOfRow), Args: []plan.Expr{row, int4Const(int32(i))}, T: shape[i].Type, Pos: pos}, pos)
}

// wholeRow is an item of FROM as a value: that of a function with one value a row is the value, of others a record.
func (b *binder) wholeRow(it *item, pos int32) (plan.Expr, error) {
	if it.scalar {
		return b.at(it.columns[0].expr(), pos), nil
	}
	b.readsAll(it)
	var args []plan.Expr
	var shape sqltype.Shape
	for i := range it.columns {
		if c := &it.columns[i]; !c.hidden {
			args = append(args, c.expr())
			name := c.name
			if it.rel != nil && i < len(it.rel.Columns) { // its row type has the names, whatever the aliases are
				name = it.rel.Columns[i].Name
			}
			shape = append(shape, sqltype.ShapeField{Name: name, Type: c.typ})
		}
	}
	row := b.row(args, shape, pos)
	if !it.mayMiss {
		return row, nil
	}
	// why: a row that an outer join did not find is NULL, one whose columns all are NULL is not.
	for i := range it.columns {
		if it.rel != nil && i < len(it.rel.Columns) && it.rel.Columns[i].NotNull && !it.columns[i].hidden {
			there := &plan.IsNull{Arg: it.columns[i].expr(), Not: true}
			return b.at(&plan.Case{Whens: []plan.When{{Cond: there, Then: row}}, T: row.Type()}, pos), nil
		}
	}
	return nil, unsupported("a whole-row reference to a side of an outer join that has no NOT NULL column").At(pos).
		WithHint("Name the columns, or use \"%s\".*.", it.name)
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

// isRow: values of t have fields.
func isRow(t sqltype.Type) bool { return t.OID == sqltype.Record || sqltype.ShapeOf(t) != nil }

// rowValueNull is IS [NOT] NULL of a row that is a value.
func (b *binder) rowValueNull(arg plan.Expr, not bool, pos int32) plan.Expr {
	fn := builtin.RowIsNull
	if not {
		fn = builtin.RowIsNotNull
	}
	return b.at(&plan.Call{Func: plan.FuncID(fn), Args: []plan.Expr{arg}, T: sqltype.Of(sqltype.Bool), Pos: pos}, pos)
}

// comparableRows refuses to compare rows whose fields are of different types.
func comparableRows(l, r sqltype.Type, pos int32) error {
	x, y := sqltype.ShapeOf(l), sqltype.ShapeOf(r)
	if x == nil || y == nil {
		return nil
	}
	for i := range min(len(x), len(y)) {
		a, b := x[i].Type.OID, y[i].Type.OID
		if a != b {
			return sqlerr.New(sqlerr.DatatypeMismatch, "cannot compare dissimilar column types %s and %s at record column %d",
				displayType(a), displayType(b), i+1).At(pos)
		}
		if err := groupable(a, pos); err != nil {
			return err
		}
	}
	if len(x) != len(y) {
		return sqlerr.New(sqlerr.DatatypeMismatch, "cannot compare record types with different numbers of columns").At(pos)
	}
	return nil
}
