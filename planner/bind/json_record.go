package bind

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// jsonRecord is one of the functions that make rows of JSON objects. Their rows are expressions over the object, a column each, so
// that views over them are maintained as over any other:
//
//	json_populate_record(base, from)   CASE WHEN from has 'a' THEN text of from.a, read as a's type ELSE base.a END, …
type jsonRecord struct {
	set     bool   // of all elements of an array
	defined bool   // its columns are defined where it is called; else its first argument says them
	each    string // what gives the elements
}

var jsonRecords = map[string]*jsonRecord{
	"json_populate_record": {}, "jsonb_populate_record": {},
	"json_populate_recordset":  {set: true, each: "json_array_elements"},
	"jsonb_populate_recordset": {set: true, each: "jsonb_array_elements"},
	"json_to_record":           {defined: true}, "jsonb_to_record": {defined: true},
	"json_to_recordset":  {defined: true, set: true, each: "json_array_elements"},
	"jsonb_to_recordset": {defined: true, set: true, each: "jsonb_array_elements"},
}

// populated binds json_populate_record as a value.
func (b *binder) populated(name string, n *pg.FuncCall) (plan.Expr, error) {
	args, err := b.jsonRecordArgs(name, n)
	if err != nil {
		return nil, err
	}
	base, from := args[0], args[1]
	shape := sqltype.ShapeOf(base.Type())
	switch {
	case jsonRecords[name].set:
		return nil, unsupported(name + " outside of FROM").At(n.Location).WithHint("Call it in FROM, LATERAL if it speaks of other columns.")
	case shape == nil && base.Type().OID == sqltype.Record:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "could not determine row type for result of %s", name).At(n.Location).
			WithHint("Provide a non-null record argument, or call the function in the FROM clause using a column definition list.")
	case shape == nil:
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "first argument of %s must be a row type", name).At(n.Location)
	}
	fields, err := b.jsonFields(base, from, shape, n.Location)
	if err != nil {
		return nil, err
	}
	row := &plan.Call{Func: plan.FuncID(builtin.RowOfFields), Args: fields, T: base.Type(), Pos: n.Location}
	if k, ok := from.(*plan.Const); ok && !k.Value.Null(0) {
		return b.at(row, n.Location), nil
	}
	there := &plan.IsNull{Arg: from, Not: true}
	return b.at(&plan.Case{Whens: []plan.When{{Cond: there, Then: row}}, Else: base, T: base.Type()}, n.Location), nil
}

// jsonRecordArgs binds the arguments: the row, if the function has one, and the JSON.
func (b *binder) jsonRecordArgs(name string, n *pg.FuncCall) ([]plan.Expr, error) {
	args, err := b.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	json, from := sqltype.JSON, 0
	if strings.HasPrefix(name, "jsonb") {
		json = sqltype.JSONB
	}
	if !jsonRecords[name].defined {
		from = 1
	}
	most := from + 1
	if from == 1 && json == sqltype.JSON { // use_json_as_text, which PostgreSQL has not looked at since 9.4
		most++
	}
	if len(args) <= from || len(args) > most || !canCoerce(args[from].Type().OID, json, implicit) || len(args) == most && most == 3 && args[2].Type().OID != sqltype.Bool {
		return nil, withSchema(noFunction(name, signature(name, typesOf(args)), n.Location), n, name)
	}
	if err := plainCall(name, n); err != nil {
		return nil, err
	}
	if args[from], err = b.coerce(args[from], sqltype.Of(json), implicit, -1); err != nil {
		return nil, err
	}
	args[0] = b.undomained(args[0])
	return args, nil
}

// jsonFields are the columns of the row that an object gives.
func (b *binder) jsonFields(base, from plan.Expr, shape sqltype.Shape, pos int32) ([]plan.Expr, error) {
	out := make([]plan.Expr, len(shape))
	for i, f := range shape {
		key, bare := textConst(f.Name), sqltype.Of(sqltype.BaseOf(f.Type).OID)
		if bare.OID.Phys() == sqltype.PhysNone {
			return nil, unsupported("a column of type " + displayType(bare.OID) + " of a JSON object").At(pos)
		}
		args := []plan.Expr{from, key, int4Const(int32(uint32(bare.OID)))}
		var e plan.Expr = &plan.Call{Func: plan.FuncID(builtin.JSONFieldText), Args: args, T: textType(), Pos: pos}
		if bare != textType() {
			e = &plan.CoerceIO{Arg: e, T: bare, Pos: pos}
		}
		e, err := b.coerceTo(e, f.Type, assignment, pos) // what is too long is refused, as the type's input does
		if err != nil {
			return nil, err
		}
		if k, null := base.(*plan.Const); base != nil && !(null && k.Value.Null(0)) {
			has := &plan.Call{Func: plan.FuncID(builtin.JSONHasField), Args: []plan.Expr{from, key}, T: sqltype.Of(sqltype.Bool), Pos: pos}
			e = &plan.Case{Whens: []plan.When{{Cond: has, Then: e}}, Else: b.field(base, sqltype.ShapeOf(base.Type()), i), T: f.Type}
		}
		out[i] = e
	}
	return out, nil
}

func textConst(s string) plan.Expr {
	return &plan.Const{T: textType(), Value: delta.ConstBytes(sqltype.Text, []byte(s), 1)}
}

// jsonRows binds one of the functions in FROM; nil for any other.
func (b *binder) jsonRows(n *pg.RangeFunction) (*source, error) {
	items := n.Functions[0].GetList().GetItems()
	call := items[0].GetFuncCall()
	if call == nil || len(n.Functions) > 1 || call.FuncVariadic || hasNamedArgs(call) {
		return nil, nil
	}
	name, err := functionName(call)
	kind := jsonRecords[name]
	if err != nil || kind == nil {
		return nil, nil
	}
	defs := n.Coldeflist
	if len(items) > 1 && len(defs) == 0 {
		defs = items[1].GetList().GetItems()
	}
	old := b.lv.place
	b.lv.place = inFrom
	args, err := b.jsonRecordArgs(name, call)
	defer func() { b.lv.place = old }()
	if err != nil {
		return nil, err
	}
	var base plan.Expr
	from := args[0]
	if !kind.defined {
		base, from = args[0], args[1]
	}
	shape, err := b.jsonShape(name, base, defs, call.Location)
	if err != nil {
		return nil, err
	}
	node := oneRow()
	if kind.set {
		each, err := b.callByName(kind.each, []plan.Expr{from}, call.Location)
		if err != nil {
			return nil, err
		}
		node = plan.NewProjectSet(node, []plan.SetCall{{Expr: each, Fields: []plan.Field{{Name: "value", Type: each.Type()}}}}, n.Ordinality)
		from = plan.ColumnOf(node.Props().Fields, 0)
	}
	exprs, err := b.jsonFields(base, from, shape, call.Location)
	if err != nil {
		return nil, err
	}
	fields := make([]plan.Field, len(shape))
	for i, f := range shape {
		fields[i] = plan.Field{Name: f.Name, Type: f.Type}
		if base != nil && !kind.set { // without an object the row stays
			exprs[i] = b.unlessNull(from, exprs[i], base, i)
		}
	}
	if n.Ordinality {
		one := plan.Expr(&plan.Const{T: sqltype.Of(sqltype.Int8), Value: delta.Const(sqltype.Int8, int64(1), 1)})
		if kind.set {
			one = plan.ColumnOf(node.Props().Fields, 1)
		}
		exprs, fields = append(exprs, one), append(fields, plan.Field{Name: "ordinality", Type: sqltype.Of(sqltype.Int8)})
	}
	node = plan.NewProject(node, exprs, fields)
	it := itemOverNode(node)
	it.name, it.byName = name, true
	if n.Alias != nil {
		it.name = n.Alias.Aliasname
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return newSource(node, it), nil
}

func (b *binder) unlessNull(from, field, base plan.Expr, i int) plan.Expr {
	k, null := base.(*plan.Const)
	if null && k.Value.Null(0) {
		return field
	}
	return &plan.Case{Whens: []plan.When{{Cond: &plan.IsNull{Arg: from, Not: true}, Then: field}}, Else: b.field(base, sqltype.ShapeOf(base.Type()), i), T: field.Type()}
}

// jsonShape are the columns in FROM: those of the definition list, or of the row that was given.
func (b *binder) jsonShape(name string, base plan.Expr, defs []*pg.Node, pos int32) (sqltype.Shape, error) {
	var given sqltype.Shape
	record := base == nil
	if base != nil {
		given, record = sqltype.ShapeOf(base.Type()), base.Type().OID == sqltype.Record
		if given == nil && !record {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "first argument of %s must be a row type", name).At(pos)
		}
	}
	switch {
	case len(defs) > 0 && !record:
		return nil, sqlerr.New(sqlerr.SyntaxError, "a column definition list is redundant for a function returning a named composite type").At(pos)
	case len(defs) == 0 && base == nil:
		return nil, sqlerr.New(sqlerr.SyntaxError, "a column definition list is required for functions returning \"record\"").At(pos)
	case len(defs) == 0 && given == nil:
		return nil, sqlerr.New(sqlerr.SyntaxError, "a column definition list is required for functions returning \"record\"").At(pos)
	case len(defs) == 0:
		return given, nil
	}
	var shape sqltype.Shape
	for _, n := range defs {
		d := n.GetColumnDef()
		t, err := b.typeOf(d.TypeName)
		if err != nil {
			return nil, err
		}
		shape = append(shape, sqltype.ShapeField{Name: d.Colname, Type: t})
	}
	if given == nil {
		return shape, nil
	}
	if len(given) != len(shape) {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "function return row and query-specified return row do not match").At(pos).
			WithDetail("Returned row contains %d attributes, but query expects %d.", len(given), len(shape))
	}
	for i := range given {
		if given[i].Type.OID != shape[i].Type.OID {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "function return row and query-specified return row do not match").At(pos).
				WithDetail("Returned type %s at ordinal position %d, but query expects %s.", displayType(given[i].Type.OID), i+1, displayType(shape[i].Type.OID))
		}
	}
	return shape, nil
}

// rowTypeOf is the row type of a table, a view or a stream that a cast of NULL names: a record of its columns; the error err of the name
// as a type, where it is none. What is stored cannot name it, since it would go on with the columns of then.
func (b *binder) rowTypeOf(n *pg.TypeName, arg *pg.Node, err error) (sqltype.Type, error) {
	if !arg.GetAConst().GetIsnull() || len(n.ArrayBounds) > 0 || n.Setof || n.PctType || len(n.Names) > 2 {
		return sqltype.Type{}, err
	}
	if len(n.Names) == 1 && lastOf(n.Names) == "record" {
		return sqltype.Of(sqltype.Record), nil
	}
	schema, name := "", lastOf(n.Names)
	if len(n.Names) == 2 {
		schema = n.Names[0].GetString_().GetSval()
	}
	rel, ok := b.cat.Relation(schema, name, b.opts.Settings.SearchPath)
	switch {
	case !ok || !rel.Readable() || rel.Kind == catalog.KindSequence || rel.Kind == catalog.KindSystem:
		return sqltype.Type{}, err
	case b.opts.Continuous || b.opts.NoParams:
		return sqltype.Type{}, unsupported("the row type of a table in what is stored").At(n.Location).WithHint("Make a composite type of its columns.")
	}
	var shape sqltype.Shape
	for i := range rel.Columns {
		if c := &rel.Columns[i]; !c.Dropped {
			shape = append(shape, sqltype.ShapeField{Name: c.Name, Type: c.Type})
		}
	}
	return sqltype.RecordOf(shape), nil
}
