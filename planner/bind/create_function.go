package bind

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
)

// functionDefinition collects what CREATE FUNCTION says.
type functionDefinition struct {
	b    *binder
	rel  *catalog.Relation
	f    *catalog.Function
	tell func(format string, args ...any) // notices
	uses []catalog.OID
}

// CreateFunction is the function that a statement makes, without an OID.
func CreateFunction(s *parse.CreateFunction, cat catalog.Reader, o Options, notice func(format string, args ...any)) (*catalog.Relation, error) {
	o.Rows = nil
	b := newBinder(cat, o)
	schema, err := b.newSchema(s.Name)
	if err != nil {
		return nil, err
	}
	d := &functionDefinition{b: b, tell: notice, f: &catalog.Function{Volatility: "v", Parallel: "u", Cost: 100}}
	d.rel = &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindFunction, Function: d.f, TimestampColumn: -1}
	text, err := d.options(s.Stmt.Options, s.Stmt)
	if err != nil {
		return nil, err
	}
	if err := d.parameters(s.Stmt.Parameters); err != nil {
		return nil, placeless(err)
	}
	if err := d.returns(s.Stmt.ReturnType); err != nil {
		return nil, placeless(err)
	}
	if d.f.Rows != 0 && !d.f.ReturnsSet {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "ROWS is not applicable when function does not return a set")
	}
	if d.f.Rows == 0 && d.f.ReturnsSet {
		d.f.Rows = 1000
	}
	if err := d.body(text, s.Stmt); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	dependOnTypes(d.rel, d.b.types)
	for _, oid := range d.uses {
		if !slices.Contains(d.rel.DependsOn, oid) {
			d.rel.DependsOn = append(d.rel.DependsOn, oid)
		}
	}
	return d.rel, nil
}

func wrongFunction(format string, args ...any) *sqlerr.Error {
	return sqlerr.New(sqlerr.InvalidFunctionDefinition, format, args...)
}

// options reads what stands behind the signature; text is that of AS.
func (d *functionDefinition) options(list []*pg.Node, s *pg.CreateFunctionStmt) (text *string, err error) {
	language := ""
	seen := map[string]bool{}
	for _, n := range list {
		o := n.GetDefElem()
		if seen[o.Defname] {
			return nil, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Location)
		}
		seen[o.Defname] = true
		switch o.Defname {
		case "as":
			items := o.Arg.GetList().GetItems()
			text = &items[0].GetString_().Sval
			if len(items) > 1 {
				return nil, wrongFunction("only one AS item needed for language \"%s\"", "sql")
			}
		case "language":
			language = strings.ToLower(o.Arg.GetString_().GetSval())
		case "window":
			return nil, unsupported("a window function of users")
		case "transform":
			return nil, unsupported("TRANSFORM")
		default:
			if err := FunctionOption(d.f, o); err != nil {
				return nil, err
			}
		}
	}
	if language == "" && s.SqlBody == nil {
		return nil, wrongFunction("no language specified")
	}
	switch language {
	case "sql", "":
	case "plpgsql", "c", "internal", "plperl", "plpython3u", "pltcl":
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "LANGUAGE %s is not supported", language).
			WithHint("Functions are in SQL here: LANGUAGE sql, one SELECT.")
	default:
		return nil, sqlerr.New(sqlerr.UndefinedObject, "language \"%s\" does not exist", language)
	}
	if text == nil && s.SqlBody == nil {
		return nil, wrongFunction("no function body specified")
	}
	if text != nil && s.SqlBody != nil {
		return nil, wrongFunction("duplicate function body specified")
	}
	return text, nil
}

// FunctionOption sets an option that CREATE and ALTER FUNCTION have.
func FunctionOption(f *catalog.Function, o *pg.DefElem) error {
	yes := o.Arg.GetBoolean().GetBoolval()
	number := func() float64 {
		if v := o.Arg.GetInteger(); v != nil {
			return float64(v.Ival)
		}
		v, _ := strconv.ParseFloat(o.Arg.GetFloat().GetFval(), 64)
		return v
	}
	switch o.Defname {
	case "volatility":
		f.Volatility = map[string]string{"immutable": "i", "stable": "s", "volatile": "v"}[o.Arg.GetString_().GetSval()]
	case "strict":
		f.Strict = yes
	case "security":
		f.SecurityDefiner = yes
	case "leakproof":
		f.Leakproof = yes
	case "cost":
		if f.Cost = number(); f.Cost <= 0 {
			return sqlerr.New(sqlerr.InvalidParameterValue, "COST must be positive")
		}
	case "rows":
		if f.Rows = number(); f.Rows <= 0 {
			return sqlerr.New(sqlerr.InvalidParameterValue, "ROWS must be positive")
		}
	case "parallel":
		p, ok := map[string]string{"safe": "s", "restricted": "r", "unsafe": "u"}[strings.ToLower(o.Arg.GetString_().GetSval())]
		if !ok {
			return sqlerr.New(sqlerr.SyntaxError, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE")
		}
		f.Parallel = p
	default:
		return unsupported(strings.ToUpper(o.Defname) + " of a function")
	}
	return nil
}

var argModes = map[pg.FunctionParameterMode]string{
	pg.FunctionParameterMode_FUNC_PARAM_IN: "i", pg.FunctionParameterMode_FUNC_PARAM_DEFAULT: "i", pg.FunctionParameterMode_FUNC_PARAM_OUT: "o",
	pg.FunctionParameterMode_FUNC_PARAM_INOUT: "b", pg.FunctionParameterMode_FUNC_PARAM_VARIADIC: "v", pg.FunctionParameterMode_FUNC_PARAM_TABLE: "t",
}

func (d *functionDefinition) parameters(list []*pg.Node) error {
	defaults, variadic := false, false
	for _, n := range list {
		p := n.GetFunctionParameter()
		t, err := d.b.functionType(p.ArgType, d, false)
		if sqlerr.CodeOf(err) == sqlerr.UndefinedObject {
			return sqlerr.New(sqlerr.UndefinedObject, "type %s does not exist", nameOfList(p.ArgType.Names))
		}
		if err != nil {
			return err
		}
		if p.ArgType.Setof {
			return wrongFunction("functions cannot accept set arguments")
		}
		a := catalog.FunctionArg{Name: p.Name, Mode: argModes[p.Mode], Type: t}
		if a.Given() && variadic {
			return wrongFunction("VARIADIC parameter must be the last input parameter")
		}
		if a.Mode == "v" {
			if variadic = true; !isArray(t) && t != sqltype.AnyArray && t != anyCompatibleArray {
				return wrongFunction("VARIADIC parameter must be an array")
			}
		}
		if p.Name != "" {
			for _, other := range d.f.Args {
				both := a.Given() && other.Given() || a.Out() && other.Out()
				if other.Name == p.Name && both {
					return wrongFunction("parameter name \"%s\" used more than once", p.Name)
				}
			}
		}
		if p.Defexpr != nil {
			if !a.Given() {
				return wrongFunction("only input parameters can have default values")
			}
			if a.Default, err = d.fallback(p.Defexpr, t); err != nil {
				return err
			}
			defaults = true
		} else if a.Given() && defaults {
			return wrongFunction("input parameters after one with a default value must also have defaults")
		}
		d.f.Args = append(d.f.Args, a)
	}
	if n := len(d.f.Types()); n > 100 {
		return sqlerr.New(sqlerr.TooManyArguments, "functions cannot have more than 100 arguments")
	}
	return nil
}

// fallback is the default of an argument.
func (d *functionDefinition) fallback(n *pg.Node, t sqltype.OID) (string, error) {
	d.b.push()
	defer d.b.pop()
	if hasColumnRef(n) {
		return "", sqlerr.New(sqlerr.InvalidColumnReference, "cannot use table references in parameter default value")
	}
	e, err := d.b.exprAt(n, inDefault)
	if err != nil {
		return "", err
	}
	if !polymorphic(t) {
		out, err := d.b.coerceTo(e, sqltype.Of(t), implicit, -1)
		if err != nil {
			return "", err
		}
		if out == nil {
			return "", sqlerr.New(sqlerr.DatatypeMismatch, "argument of DEFAULT must be type %s, not type %s", displayType(t), displayType(e.Type().OID)).At(d.b.where(e))
		}
	}
	return deparseExpr(n)
}

// returns reads the type that the function gives, which OUT arguments may say as well.
func (d *functionDefinition) returns(n *pg.TypeName) error {
	outs := d.f.Outs()
	table := slices.ContainsFunc(outs, func(a catalog.FunctionArg) bool { return a.Mode == "t" })
	of := sqltype.Invalid
	switch len(outs) {
	case 0:
	case 1:
		of = outs[0].Type
	default:
		of = sqltype.Record
	}
	switch {
	case n == nil && of == sqltype.Invalid:
		return wrongFunction("function result type must be specified")
	case n == nil:
		d.f.Returns = of
		return d.determined()
	case table:
		d.f.Returns, d.f.ReturnsSet = of, true
		return d.determined()
	}
	t, err := d.b.functionType(n, d, true)
	if err != nil {
		return err
	}
	if of != sqltype.Invalid && t != of {
		return wrongFunction("function result type must be %s because of OUT parameters", displayType(of))
	}
	d.f.Returns, d.f.ReturnsSet = t, n.Setof
	return d.determined()
}

// determined refuses a polymorphic result that no argument says.
func (d *functionDefinition) determined() error {
	types := []sqltype.OID{d.f.Returns}
	for _, o := range d.f.Outs() {
		types = append(types, o.Type)
	}
	family := func(t sqltype.OID) int {
		switch t {
		case anyCompatible, anyCompatibleArray, anyCompatibleNonArray, anyCompatibleRange, anyCompatibleMultirange:
			return 2
		}
		return 1
	}
	for _, t := range types {
		if !polymorphic(t) {
			continue
		}
		ranges := isRangeStandIn(t)
		ok := slices.ContainsFunc(d.f.Types(), func(in sqltype.OID) bool {
			return polymorphic(in) && family(in) == family(t) && (!ranges || isRangeStandIn(in))
		})
		if !ok && ranges {
			of := "anyrange or anymultirange"
			if family(t) == 2 {
				of = "anycompatiblerange or anycompatiblemultirange"
			}
			return wrongFunction("cannot determine result data type").WithDetail("A result of type %s requires at least one input of type %s.", displayType(t), of)
		}
		if !ok {
			of := "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange"
			if family(t) == 2 {
				of = "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange"
			}
			return wrongFunction("cannot determine result data type").WithDetail("A result of type %s requires at least one input of type %s.", displayType(t), of)
		}
	}
	return nil
}

// functionType is a type of an argument or, with result, of what is returned.
func (b *binder) functionType(n *pg.TypeName, d *functionDefinition, result bool) (sqltype.OID, error) {
	name := lastOf(n.Names)
	if n.PctType {
		return b.columnsType(n, d)
	}
	if len(n.Names) == 1 || n.Names[0].GetString_().GetSval() == "pg_catalog" {
		if t := builtin.TypeByName(name); t != nil && t.Kind == 'p' && len(n.ArrayBounds) == 0 {
			switch {
			case polymorphic(t.OID), result && (t.OID == sqltype.Void || t.OID == sqltype.Record):
				return t.OID, nil
			case t.OID == sqltype.Unknown || name == "cstring" || name == "internal" || t.OID == sqltype.Any || t.OID == sqltype.Record || t.OID == sqltype.Void:
				what := "accept"
				if result {
					what = "return"
					return 0, wrongFunction("SQL functions cannot %s type %s", what, displayType(t.OID))
				}
				return 0, wrongFunction("SQL functions cannot have arguments of type %s", displayType(t.OID))
			}
		}
		switch name {
		case "trigger", "event_trigger", "cstring", "internal", "language_handler", "fdw_handler":
			return 0, unsupported("a function with type " + name)
		}
	}
	bare := &pg.TypeName{Names: n.Names, Typmods: n.Typmods, ArrayBounds: n.ArrayBounds, Location: n.Location}
	t, err := b.typeOf(bare)
	if err == nil {
		return t.OID, nil
	}
	if result && len(n.ArrayBounds) == 0 && sqlerr.CodeOf(err) == sqlerr.UndefinedObject {
		schema := ""
		if len(n.Names) > 1 {
			schema = n.Names[0].GetString_().GetSval()
		}
		if rel, ok := b.cat.Relation(schema, name, b.opts.Settings.SearchPath); ok && rel.OID >= catalog.FirstOID && rel.Readable() && rel.Kind != catalog.KindSequence {
			d.uses = append(d.uses, rel.OID)
			return rowTypes | sqltype.OID(rel.OID), nil
		}
	}
	return 0, err
}

// columnsType is table.column%TYPE.
func (b *binder) columnsType(n *pg.TypeName, d *functionDefinition) (sqltype.OID, error) {
	parts := make([]string, len(n.Names))
	for i, p := range n.Names {
		parts[i] = p.GetString_().GetSval()
	}
	if len(parts) < 2 {
		return 0, sqlerr.New(sqlerr.SyntaxError, "improper %%TYPE reference (too few dotted names): %s", strings.Join(parts, ".")).At(n.Location)
	}
	schema, table, column := "", parts[len(parts)-2], parts[len(parts)-1]
	if len(parts) > 2 {
		schema = parts[len(parts)-3]
	}
	rel, ok := b.cat.Relation(schema, table, b.opts.Settings.SearchPath)
	if !ok {
		return 0, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts[:len(parts)-1], ".")).At(n.Location)
	}
	at := rel.ColumnIndex(column)
	if at < 0 {
		return 0, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", column, rel.Name).At(n.Location)
	}
	t := rel.Columns[at].Type.OID
	d.tell("type reference %s%%TYPE converted to %s", strings.Join(parts, "."), displayType(t))
	return t, nil
}

// body takes the text of a function, or its tree as text.
func (d *functionDefinition) body(text *string, s *pg.CreateFunctionStmt) error {
	if text != nil {
		d.f.Body = *text
		return nil
	}
	if r := s.SqlBody.GetReturnStmt(); r != nil {
		expr, err := deparseExpr(r.Returnval)
		if err != nil {
			return err
		}
		d.f.Body, d.f.Form = "SELECT "+expr, "return"
		return nil
	}
	d.f.Form = "atomic"
	items := s.SqlBody.GetList().GetItems()
	if len(items) == 1 && items[0].GetList() != nil {
		items = items[0].GetList().GetItems()
	}
	for i, n := range items {
		out, err := pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: n}}})
		if err != nil {
			return sqlerr.New(sqlerr.FeatureNotSupported, "this text of a function is not supported: %v", err)
		}
		if i > 0 {
			d.f.Body += ";\n "
		}
		d.f.Body += out
	}
	return nil
}

// Replaces refuses another definition of a function that callers rely on.
func Replaces(old, next *catalog.Relation) error {
	hint := func(e *sqlerr.Error) error {
		return e.WithHint("Use DROP FUNCTION %s first.", old.Signature())
	}
	a, b := old.Function, next.Function
	if a.Returns != b.Returns || a.ReturnsSet != b.ReturnsSet {
		return hint(wrongFunction("cannot change return type of existing function"))
	}
	if !slices.EqualFunc(a.Outs(), b.Outs(), func(x, y catalog.FunctionArg) bool { return x.Name == y.Name && x.Type == y.Type }) {
		return hint(wrongFunction("cannot change return type of existing function").WithDetail("Row type defined by OUT parameters is different."))
	}
	x, y := a.In(), b.In()
	for i := range x {
		if x[i].Name != "" && x[i].Name != y[i].Name {
			return hint(wrongFunction("cannot change name of input parameter \"%s\"", x[i].Name))
		}
		if x[i].Default != "" && y[i].Default == "" {
			return hint(wrongFunction("cannot remove parameter defaults from existing function"))
		}
	}
	return nil
}

// FunctionTypes are the types of the arguments that a statement names a function by.
func FunctionTypes(n parse.FunctionName, cat catalog.Reader, o Options) ([]sqltype.OID, error) {
	b := newBinder(cat, o)
	out := make([]sqltype.OID, len(n.Args))
	for i, a := range n.Args {
		var err error
		if out[i], err = b.functionType(a, &functionDefinition{tell: func(string, ...any) {}}, false); err != nil {
			return nil, err
		}
	}
	return out, nil
}
