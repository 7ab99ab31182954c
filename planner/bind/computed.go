package bind

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// Columns and constraints of tables that are computed: serial, identity and generated columns, CHECK.

// serialTypes are no types but stand for a type with a sequence.
var serialTypes = map[string]sqltype.OID{
	"serial": sqltype.Int4, "serial4": sqltype.Int4, "bigserial": sqltype.Int8, "serial8": sqltype.Int8,
	"smallserial": sqltype.Int2, "serial2": sqltype.Int2,
}

// columnType reads a column's type; serial says that a sequence gives its values.
func (d *definition) columnType(n *pg.TypeName) (t sqltype.Type, serial bool, err error) {
	if oid, ok := serialTypes[lastOf(n.Names)]; ok && len(n.Names) == 1 && !d.stream {
		if len(n.ArrayBounds) > 0 {
			return t, false, sqlerr.New(sqlerr.FeatureNotSupported, "array of serial is not implemented").At(n.Location)
		}
		return sqltype.Of(oid), true, nil
	}
	t, err = d.b.typeOf(n)
	if err == nil && d.stream && (sqltype.Plain(t).OID != t.OID || sqltype.IsComposite(t.OID) || sqltype.IsComposite(t.OID.Elem())) {
		err = unsupported("a column of a stream of a domain or a composite type").At(n.Location).WithHint("A stream takes whatever its topic holds. Use the type that a domain is over, or jsonb, and filter in a view.")
	}
	return t, false, err
}

// addSequence gives the newest column a sequence of its own.
func (d *definition) addSequence(q *catalog.Sequence, options []*pg.Node) error {
	at := len(d.rel.Columns) - 1
	def, err := d.b.sequence(q, options, true)
	if err != nil {
		return err
	}
	d.sequences = append(d.sequences, ColumnSequence{Column: at, Relation: &catalog.Relation{
		Schema: d.rel.Schema, Name: d.freeSequence(at), Kind: catalog.KindSequence, Sequence: def.Sequence, TimestampColumn: -1,
	}})
	return nil
}

// freeSequence chooses <table>_<column>_seq, with a number where that is taken.
func (d *definition) freeSequence(column int) string {
	want := objectName(d.rel.Name, d.rel.Columns[column].Name, "seq")
	name := want
	for i := 1; ; i++ {
		_, taken := d.b.cat.Relation(d.rel.Schema, name, nil)
		if !taken && !slices.ContainsFunc(d.sequences, func(s ColumnSequence) bool { return s.Relation.Name == name }) {
			return name
		}
		name = want + strconv.Itoa(i)
	}
}

// objectName joins the parts of a chosen name; the longer of the first two gives way where it is longer
// than PostgreSQL's 63 bytes.
func objectName(table, column, label string) string {
	for len(table)+len(column)+len(label)+2 > 63 {
		if len(table) > len(column) {
			table = table[:len(table)-1]
		} else {
			column = column[:len(column)-1]
		}
	}
	if column != "" {
		table += "_" + column
	}
	return table + "_" + label
}

func (d *definition) identity(c *pg.Constraint, col *catalog.Column) error {
	if _, ok := sequenceRanges[col.Type.OID]; !ok {
		return sqlerr.New(sqlerr.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
	}
	switch {
	case col.Identity != "":
		return sqlerr.New(sqlerr.SyntaxError, "multiple identity specifications for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.Location)
	case col.Default != "" || len(d.sequences) > 0 && d.sequences[len(d.sequences)-1].Column == len(d.rel.Columns)-1:
		return sqlerr.New(sqlerr.SyntaxError, "both default and identity specified for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.Location)
	}
	if d.saidNull && !col.NotNull {
		return sqlerr.New(sqlerr.SyntaxError, "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.Location)
	}
	col.Identity = "by default"
	if c.GeneratedWhen == "a" {
		col.Identity = "always"
	}
	col.NotNull = true
	return d.addSequence(&catalog.Sequence{Type: col.Type.OID, Increment: 1, Cache: 1}, c.Options)
}

// computedColumn binds a CHECK or GENERATED constraint that stands at a column.
func (d *definition) computedColumn(c columnConstraint) error {
	if c.c.Contype == pg.ConstrType_CONSTR_CHECK {
		return d.check(c.c, c.column)
	}
	col := &d.rel.Columns[c.column]
	switch {
	case col.Default != "":
		return sqlerr.New(sqlerr.SyntaxError, "both default and generation expression specified for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.c.Location)
	case col.Identity != "":
		return sqlerr.New(sqlerr.SyntaxError, "both identity and generation expression specified for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.c.Location)
	}
	text, _, err := d.b.storedRule(d.rel, c.c.RawExpr, func(b *binder, n *pg.Node) (plan.Expr, error) {
		b.over(d.rel, 0)
		defer b.pop()
		return b.exprAt(n, inGenerated)
	})
	if err != nil {
		return err
	}
	e, err := d.b.generated(d.rel, col, c.c.RawExpr)
	if err != nil {
		return err
	}
	if !immutable(e) {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "generation expression is not immutable")
	}
	for _, other := range d.computed {
		if other.c.Contype == pg.ConstrType_CONSTR_GENERATED && plan.Mentions(e, other.column) {
			return sqlerr.New(sqlerr.InvalidObjectDefinition, "cannot use generated column \"%s\" in column generation expression", d.rel.Columns[other.column].Name).
				WithDetail("A generated column cannot reference another generated column.")
		}
	}
	col.Generated = text
	return nil
}

// check binds a CHECK constraint of a column, or of the whole table for -1.
func (d *definition) check(c *pg.Constraint, column int) error {
	if _, err := d.b.rowCondition(d.rel, c.RawExpr); err != nil {
		return err
	}
	text, pretty, err := d.b.storedRule(d.rel, c.RawExpr, func(b *binder, n *pg.Node) (plan.Expr, error) { return b.rowCondition(d.rel, n) })
	if err != nil {
		return err
	}
	name := c.Conname
	if name == "" {
		part := ""
		if used := columnsIn(c.RawExpr, nil); column >= 0 && len(used) <= 1 {
			part = d.rel.Columns[column].Name
		} else if len(used) == 1 {
			part = used[0]
		}
		want := objectName(d.rel.Name, part, "check")
		name = want
		for i := 1; d.hasCheck(name); i++ {
			name = want + strconv.Itoa(i)
		}
	} else if d.hasCheck(name) {
		return sqlerr.New(sqlerr.DuplicateObject, "check constraint \"%s\" already exists", name)
	} else if d.hasConstraint(name) {
		return constraintThere(name, d.rel)
	}
	d.rel.Checks = append(d.rel.Checks, catalog.Check{Name: name, Expr: text, Pretty: pretty})
	return nil
}

func (d *definition) hasCheck(name string) bool {
	return slices.ContainsFunc(d.rel.Checks, func(c catalog.Check) bool { return c.Name == name })
}

// columnsIn are the columns that an expression names, each once.
func columnsIn(n *pg.Node, found []string) []string {
	if n == nil {
		return found
	}
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		ref, ok := m.(*pg.ColumnRef)
		if !ok {
			return
		}
		if parts, _ := refParts(ref); len(parts) > 0 && !slices.Contains(found, parts[len(parts)-1]) {
			found = append(found, parts[len(parts)-1])
		}
	})
	return found
}

// over opens a level over one row of a table.
func (b *binder) over(rel *catalog.Relation, at int) {
	b.push()
	it := itemOver(rel, rel.Name, at)
	it.schema = rel.Schema
	b.lv.scope = scope{items: []*item{it}}
}

// rowCondition binds a CHECK over a row of the table.
func (b *binder) rowCondition(rel *catalog.Relation, n *pg.Node) (plan.Expr, error) {
	b.over(rel, 0)
	defer b.pop()
	return b.condition(n, inCheck, "CHECK")
}

// generated binds a generation expression over a row of the table, as the column's type.
func (b *binder) generated(rel *catalog.Relation, c *catalog.Column, n *pg.Node) (plan.Expr, error) {
	return b.generatedAt(rel, c, n, 0)
}

func (b *binder) generatedAt(rel *catalog.Relation, c *catalog.Column, n *pg.Node, at int) (plan.Expr, error) {
	b.over(rel, at)
	defer b.pop()
	e, err := b.exprAt(n, inGenerated)
	if err != nil {
		return nil, err
	}
	out, err := b.coerceTo(e, c.Type, assignment, b.where(e))
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "column \"%s\" is of type %s but generation expression is of type %s",
			c.Name, displayType(c.Type.OID), displayType(e.Type().OID)).WithHint("You will need to rewrite or cast the expression.")
	}
	return out, nil
}

// immutable: the expression gives the same for the same row at any time.
func immutable(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Call:
		if f := builtin.FuncByOID(uint32(e.Func)); f == nil || f.Volatile != 'i' {
			return false
		}
	case *plan.CoerceIO:
		if !immutableIO(e.Arg.Type().OID, typeOutput) || !immutableIO(e.T.OID, typeInput) {
			return false
		}
	case *plan.InList:
		if f := builtin.FuncByOID(uint32(e.Eq)); f != nil && f.Volatile != 'i' {
			return false
		}
	case *plan.AnyAll:
		if f := builtin.FuncByOID(uint32(e.Func)); f != nil && f.Volatile != 'i' {
			return false
		}
	}
	return !slices.ContainsFunc(plan.Children(e), func(a plan.Expr) bool { return !immutable(a) })
}

// Columns of pg_type and pg_proc.
const (
	typeInput    = 15
	typeOutput   = 16
	procVolatile = 14
)

// immutableIO: reading, or writing, values of a type depends on nothing else. Of a type of users it depends on its definition.
func immutableIO(t sqltype.OID, function int) bool {
	row := bootstrap.ByOID("pg_type", uint32(t.Base()))
	if row == nil {
		return false
	}
	proc := bootstrap.ByOID("pg_proc", bootstrap.Number(row[function]))
	return proc == nil || proc[procVolatile] == "i"
}

// storedExpr is the tree of an expression in the catalog.
func storedExpr(text string) (*pg.Node, error) {
	stmts, err := parse.Parse("SELECT " + text)
	if err != nil {
		return nil, err
	}
	return stmts[0].Body.(*parse.Select).Query.Select.GetTargetList()[0].GetResTarget().Val, nil
}

// computeGenerated has the generated columns of the row that stands in node's columns from at on computed
// from the others.
func (b *binder) computeGenerated(rel *catalog.Relation, node plan.Node, at int) (plan.Node, error) {
	var p *plan.Project
	for i := range rel.Columns {
		c := &rel.Columns[i]
		if c.Generated == "" {
			continue
		}
		n, err := storedExpr(c.Generated)
		if err != nil {
			return nil, err
		}
		e, err := b.generatedAt(rel, c, n, at)
		if err != nil {
			return nil, err
		}
		if p == nil {
			p = keepColumns(node, len(node.Props().Fields))
		}
		p.Exprs[at+i] = e
	}
	if p == nil {
		return node, nil
	}
	plan.Derive(p)
	return p, nil
}

// RowCheck is a CHECK over a row of a table.
type RowCheck struct {
	Name string
	Expr plan.Expr
}

// Rules binds what each new row of a table is held to and made of: its CHECKs, and for each column its
// generation expression, nil without; both over the table's columns.
func Rules(rel *catalog.Relation, cat catalog.Reader, o Options) (checks []RowCheck, generated []plan.Expr, err error) {
	o.NoParams = true
	b := newBinder(cat, o)
	for _, c := range rel.Checks {
		n, err := storedExpr(c.Expr)
		if err != nil {
			return nil, nil, err
		}
		e, err := b.rowCondition(rel, n)
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, RowCheck{c.Name, e})
	}
	for i := range rel.Columns {
		c := &rel.Columns[i]
		if c.Generated == "" {
			continue
		}
		n, err := storedExpr(c.Generated)
		if err != nil {
			return nil, nil, err
		}
		if generated == nil {
			generated = make([]plan.Expr, len(rel.Columns))
		}
		if generated[i], err = b.generated(rel, c, n); err != nil {
			return nil, nil, err
		}
	}
	return checks, generated, nil
}

// overrides decides about a value for a column that has its own: refused, or (skip) not taken.
func (in *inserter) overrides(at int) (skip bool, err error) {
	if at < 0 {
		return false, nil
	}
	c := &in.rel.Columns[at]
	refused := func() *sqlerr.Error {
		return sqlerr.New(sqlerr.GeneratedAlways, "cannot insert a non-DEFAULT value into column \"%s\"", c.Name)
	}
	switch {
	case c.Generated != "":
		return false, refused().WithDetail("Column \"%s\" is a generated column.", c.Name)
	case c.Identity != "" && in.stmt.Override == pg.OverridingKind_OVERRIDING_USER_VALUE:
		return true, nil
	case c.Identity == "always" && in.stmt.Override != pg.OverridingKind_OVERRIDING_SYSTEM_VALUE:
		return false, refused().WithDetail("Column \"%s\" is an identity column defined as GENERATED ALWAYS.", c.Name).
			WithHint("Use OVERRIDING SYSTEM VALUE to override.")
	}
	return false, nil
}
