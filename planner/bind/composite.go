package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// toComposite makes a row one of a composite type, field by field.
func (b *binder) toComposite(e plan.Expr, target sqltype.Type, x coercion, pos int32) (plan.Expr, error) {
	shape, from := sqltype.ShapeOf(target), sqltype.ShapeOf(e.Type())
	made, isCall := e.(*plan.Call)
	isCall = isCall && uint32(made.Func) == builtin.RowOfFields
	if from == nil && !isCall {
		return nil, unsupported("a cast of a row whose fields are not known").At(b.where(e))
	}
	n := len(from)
	if isCall {
		n = len(made.Args)
	}
	fail := func(detail string, args ...any) error {
		return sqlerr.New(sqlerr.CannotCoerce, "cannot cast type %s to %s", displayType(e.Type().OID), displayType(target.OID)).WithDetail(detail, args...).At(b.where(e))
	}
	switch {
	case n < len(shape):
		return nil, fail("Input has too few columns.")
	case n > len(shape):
		return nil, fail("Input has too many columns.")
	}
	fields := make([]plan.Expr, n)
	for i, f := range shape {
		var field plan.Expr
		if isCall {
			field = made.Args[i]
		} else {
			field = b.field(e, from, i)
		}
		as := x
		if k, ok := field.(*plan.Const); ok && k.T.OID == sqltype.Text {
			as = explicit // a literal of no type, which a row has as text
		}
		c, err := b.coerceTo(field, f.Type, as, pos)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, fail("Cannot cast type %s to %s in column %d.", displayType(field.Type().OID), displayType(f.Type.OID), i+1)
		}
		fields[i] = c
	}
	row := b.at(&plan.Call{Func: plan.FuncID(builtin.RowOfFields), Args: fields, T: target, Pos: pos}, b.where(e))
	if isCall {
		return row, nil
	}
	return &plan.Case{Whens: []plan.When{{Cond: &plan.IsNull{Arg: e, Not: true}, Then: row}}, T: target}, nil
}

// attributeType is the type of a field that is assigned to.
func (b *binder) attributeType(t sqltype.Type, path []*pg.Node, pos int32) (sqltype.Type, error) {
	name := path[0].GetString_().Sval
	shape := sqltype.ShapeOf(t)
	if !sqltype.IsComposite(t.OID) {
		return t, sqlerr.New(sqlerr.DatatypeMismatch, "cannot assign to field \"%s\" of a column because its type %s is not a composite type", name, displayType(t.OID)).At(pos)
	}
	i := shape.Field(name)
	if i < 0 {
		return t, sqlerr.New(sqlerr.UndefinedColumn, "cannot assign to field \"%s\" of a column because there is no such column in data type %s", name, displayType(t.OID)).At(pos)
	}
	if len(path) == 1 {
		return shape[i].Type, nil
	}
	return b.partType(shape[i].Type, path[1:], pos)
}

// withField is whole with value in a field, or in a part of one.
func (b *binder) withField(whole, value plan.Expr, path []*pg.Node) (plan.Expr, error) {
	t := whole.Type()
	shape := sqltype.ShapeOf(t)
	at := shape.Field(path[0].GetString_().Sval)
	fields := make([]plan.Expr, len(shape))
	for i := range shape {
		if k, null := whole.(*plan.Const); null && k.Value.Null(0) {
			fields[i] = nullConst(shape[i].Type)
		} else {
			fields[i] = b.field(whole, shape, i)
		}
	}
	if len(path) > 1 {
		inner, err := b.withPart(fields[at], value, path[1:])
		if err != nil {
			return nil, err
		}
		value = inner
	}
	fields[at] = value
	return &plan.Call{Func: plan.FuncID(builtin.RowOfFields), Args: fields, T: t, Pos: b.where(value)}, nil
}

// CreateComposite is the composite type that a statement makes, without an OID.
func CreateComposite(s *parse.CreateComposite, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	schema, err := b.newSchema(s.Name)
	if err != nil {
		return nil, err
	}
	rel := &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindType, UserType: &catalog.UserType{Composite: true}, TimestampColumn: -1}
	for _, n := range s.Columns {
		if err := b.addAttribute(rel, n.GetColumnDef()); err != nil {
			return nil, err
		}
	}
	dependOnTypes(rel, b.types)
	return rel, nil
}

func (b *binder) addAttribute(rel *catalog.Relation, c *pg.ColumnDef) error {
	def := rel.UserType
	if slices.ContainsFunc(def.Attributes, func(a catalog.Attribute) bool { return a.Name == c.Colname }) {
		return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" specified more than once", c.Colname)
	}
	t, err := b.typeOf(c.TypeName)
	if err != nil {
		return err
	}
	switch {
	case t.OID.Phys() == sqltype.PhysNone:
		return sqlerr.New(sqlerr.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", c.Colname, displayType(t.OID))
	case sqltype.Plain(t).OID != t.OID:
		return unsupported("an attribute of a domain").WithHint("Use the type that the domain is over.")
	case len(def.Attributes) >= maxColumns:
		return sqlerr.New(sqlerr.TooManyColumns, "tables can have at most %d columns", maxColumns)
	}
	def.Attributes = append(def.Attributes, catalog.Attribute{Name: c.Colname, Type: t})
	if c.CollClause != nil {
		return b.collation(c.CollClause, t.OID)
	}
	return nil
}

// AlterComposite changes the attributes of a composite type, a copy that nobody uses.
func AlterComposite(s *parse.AlterComposite, rel *catalog.Relation, cat catalog.Reader, o Options) error {
	o.NoParams = true
	b := newBinder(cat, o)
	def := rel.UserType
	find := func(name string) int {
		return slices.IndexFunc(def.Attributes, func(a catalog.Attribute) bool { return a.Name == name })
	}
	missing := func(name string) error {
		return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, rel.Name)
	}
	if s.New != "" {
		at := find(s.Old)
		switch {
		case at < 0:
			return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", s.Old)
		case find(s.New) >= 0:
			return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", s.New, rel.Name)
		}
		def.Attributes[at].Name = s.New
		return nil
	}
	for _, n := range s.Commands {
		c := n.GetAlterTableCmd()
		switch c.Subtype {
		case pg.AlterTableType_AT_AddColumn:
			if find(c.Def.GetColumnDef().Colname) >= 0 {
				return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", c.Def.GetColumnDef().Colname, rel.Name)
			}
			if err := b.addAttribute(rel, c.Def.GetColumnDef()); err != nil {
				return err
			}
		case pg.AlterTableType_AT_DropColumn:
			at := find(c.Name)
			if at < 0 && !c.MissingOk {
				return missing(c.Name)
			}
			if at >= 0 {
				def.Attributes = slices.Delete(def.Attributes, at, at+1)
			}
		case pg.AlterTableType_AT_AlterColumnType:
			at := find(c.Name)
			if at < 0 {
				return missing(c.Name)
			}
			t, err := b.typeOf(c.Def.GetColumnDef().TypeName)
			if err != nil {
				return err
			}
			if sqltype.Plain(t).OID != t.OID {
				return unsupported("an attribute of a domain")
			}
			def.Attributes[at].Type = t
		default:
			return unsupported("this form of ALTER TYPE")
		}
	}
	dependOnTypes(rel, b.types)
	return nil
}
