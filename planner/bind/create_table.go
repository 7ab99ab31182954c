package bind

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// TableDef is a bound CREATE TABLE.
type TableDef struct {
	// Relation has everything but OID and topic.
	Relation *catalog.Relation
	// Indexes are the unique ones behind UNIQUE constraints: Name, KeyColumns, Unique; no OID
	// and no Parent yet.
	Indexes []*catalog.Relation
	// Partitions of the topic that the table is made from, if it is made from one and it does not exist; 0 = not given.
	Partitions int
	// Sequences are those of serial and identity columns; no OID and no Parent yet.
	Sequences []ColumnSequence
	// ForeignKeys are not in Relation yet.
	ForeignKeys []ForeignKeyDef
	// Like are the relations whose columns it takes.
	Like []*catalog.Relation
}

// ColumnSequence is the sequence that gives a column its values.
type ColumnSequence struct {
	Column   int
	Relation *catalog.Relation
}

// CreateTable binds a CREATE TABLE. Whether the name is taken is for the caller to see.
func CreateTable(s *parse.CreateTable, cat catalog.Reader, o Options) (*TableDef, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	if err := refuseTableForms(s.Stmt); err != nil {
		return nil, err
	}
	given, storage, err := tableOptions(s.Options)
	if err != nil {
		return nil, err
	}
	schema, err := b.placed(s.Name, s.Stmt.Relation.Relpersistence == "t")
	if err != nil {
		return nil, err
	}
	d := &definition{b: b, rel: &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindTable, TimestampColumn: -1, Storage: storage}}
	d.rel.Unlogged = s.Stmt.Relation.Relpersistence == "u"
	if err := onCommit(d.rel, s.Stmt.Oncommit); err != nil {
		return nil, err
	}
	if err := d.elements(s.Stmt.TableElts); err != nil {
		return nil, err
	}
	def := &TableDef{Relation: d.rel, Indexes: d.indexes, Sequences: d.sequences, Like: d.likes}
	if def.ForeignKeys, err = d.foreignKeys(); err != nil {
		return nil, err
	}
	return def, d.fromTopic(def, given)
}

func refuseTableForms(n *pg.CreateStmt) error {
	switch {
	case n.Relation.Relpersistence == "u" && catalog.TempSchema(n.Relation.Schemaname):
		return sqlerr.New(sqlerr.InvalidTableDefinition, "only temporary relations may be created in temporary schemas").At(n.Relation.Location)
	case len(n.InhRelations) > 0:
		return unsupported("INHERITS")
	case n.Partspec != nil, n.Partbound != nil:
		return unsupported("partitioning")
	case n.OfTypename != nil:
		return unsupported("CREATE TABLE OF")
	}
	return nil
}

func (b *binder) newSchema(n parse.Name) (string, error) {
	if n.Schema == "" {
		for _, s := range b.opts.Settings.SearchPath {
			if b.cat.HasSchema(s) && !catalog.TempSchema(s) {
				n.Schema = s
				break
			}
		}
		if n.Schema == "" {
			return "", sqlerr.New(sqlerr.InvalidSchemaName, "no schema has been selected to create in").At(n.Pos)
		}
	}
	if catalog.TempSchema(n.Schema) {
		return "", unsupported("what is no table, view or sequence in a schema of temporary relations").At(n.Pos)
	}
	if n.Schema == "pg_catalog" {
		return "", sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied to create \"pg_catalog.%s\"", n.Name).At(n.Pos).
			WithDetail("System catalog modifications are currently disallowed.")
	}
	if catalog.SystemSchema(n.Schema) {
		return "", sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied for schema %s", n.Schema).At(n.Pos)
	}
	if !b.cat.HasSchema(n.Schema) {
		return "", sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", n.Schema).At(n.Pos)
	}
	return n.Schema, nil
}

// definition collects the columns and constraints of a table or stream.
type definition struct {
	b       *binder
	rel     *catalog.Relation
	stream  bool
	indexes []*catalog.Relation
	likes   []*catalog.Relation
	hasKey  bool
	// constraints of the whole table, read after all columns are known.
	later []*pg.Constraint
	// computed are the CHECK and GENERATED constraints of columns, which may name later columns.
	computed []columnConstraint
	foreign  []foreignConstraint
	// attributed is what DEFERRABLE and its like behind a column's constraint are of, nil = nothing.
	attributed    *pg.Constraint
	notDeferrable bool
	// saidNull: the column that is read has NULL or NOT NULL.
	saidNull  bool
	sequences []ColumnSequence
}

type columnConstraint struct {
	column int
	c      *pg.Constraint
}

func (d *definition) elements(list []*pg.Node) error {
	for _, n := range list {
		switch e := n.GetNode().(type) {
		case *pg.Node_ColumnDef:
			if err := d.column(e.ColumnDef); err != nil {
				return err
			}
		case *pg.Node_Constraint:
			d.later = append(d.later, e.Constraint)
		case *pg.Node_TableLikeClause:
			if err := d.like(e.TableLikeClause); err != nil {
				return err
			}
		default:
			return unsupported("this element of CREATE TABLE")
		}
	}
	for _, c := range d.later {
		if err := d.constraint(c, nil); err != nil {
			return err
		}
	}
	for _, i := range d.rel.PrimaryKey {
		d.rel.Columns[i].NotNull = true
	}
	for _, c := range d.computed {
		if err := d.computedColumn(c); err != nil {
			return err
		}
	}
	dependOnTypes(d.rel, d.b.types)
	SortChecks(d.rel.Checks)
	return nil
}

func (d *definition) column(n *pg.ColumnDef) error {
	if d.rel.ColumnIndex(n.Colname) >= 0 {
		return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" specified more than once", n.Colname)
	}
	if err := d.reserved(n.Colname, n.Location); err != nil {
		return err
	}
	t, serial, err := d.columnType(n.TypeName)
	if err != nil {
		return err
	}
	if t.OID.Phys() == 0 {
		return sqlerr.New(sqlerr.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", n.Colname, displayType(t.OID)).At(n.Location)
	}
	if n.CollClause != nil {
		if err := d.b.collation(n.CollClause, t.OID); err != nil {
			return err
		}
	}
	form, err := d.columnForm(n, t.OID)
	if err != nil {
		return err
	}
	d.rel.Columns = append(d.rel.Columns, catalog.Column{Name: n.Colname, Type: t, NotNull: serial, Form: form})
	if serial {
		if err := d.addSequence(&catalog.Sequence{Type: t.OID, Increment: 1, Cache: 1}, nil); err != nil {
			return err
		}
	}
	d.attributed, d.saidNull = nil, false
	for _, c := range n.Constraints {
		d.attributes(c.GetConstraint())
		if err := d.constraint(c.GetConstraint(), &d.rel.Columns[len(d.rel.Columns)-1]); err != nil {
			return err
		}
	}
	return nil
}

// reserved refuses the names of metadata columns and of PostgreSQL's system columns.
func (d *definition) reserved(name string, pos int32) error { return reserved(name, pos) }

// Reserved refuses a name that a column may not be given.
func Reserved(name string) error { return reserved(name, -1) }

func reserved(name string, pos int32) error {
	for _, m := range metaColumns {
		if m.name == name {
			return sqlerr.New(sqlerr.DuplicateColumn, "column name \"%s\" conflicts with a metadata column name", name).At(pos)
		}
	}
	switch name {
	case "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid":
		return sqlerr.New(sqlerr.DuplicateColumn, "column name \"%s\" conflicts with a system column name", name).At(pos)
	}
	return nil
}

// constraint reads a constraint of a column, or of the whole table when col is nil.
//
//lint:dispatch
func (d *definition) constraint(c *pg.Constraint, col *catalog.Column) error {
	if d.stream {
		return unsupported("a constraint on a stream").At(c.Location).
			WithHint("A stream takes whatever its topic holds; a table has constraints.")
	}
	switch c.Contype {
	case pg.ConstrType_CONSTR_NULL, pg.ConstrType_CONSTR_NOTNULL:
		return d.nullable(c, col)
	case pg.ConstrType_CONSTR_DEFAULT:
		return d.defaultValue(c, col)
	case pg.ConstrType_CONSTR_PRIMARY:
		if d.hasKey {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "multiple primary keys for table \"%s\" are not allowed", d.rel.Name).At(c.Location)
		}
		if c.Deferrable {
			return unsupported("DEFERRABLE for this constraint").At(c.Location)
		}
		if c.Conname != "" && (d.hasCheck(c.Conname) || d.foreignNamed(c.Conname) != nil) {
			return constraintThere(c.Conname, d.rel)
		}
		d.hasKey, d.rel.KeyName = true, c.Conname
		if ix, err := d.constraintIndex(c); err != nil || ix != nil && d.rel.OID == 0 {
			if err == nil {
				err = unsupported("INCLUDE or WITH for the primary key that a table is created with").At(c.Location)
			}
			return err
		}
		keys, err := d.keys(c, col)
		d.rel.PrimaryKey = keys
		return err
	case pg.ConstrType_CONSTR_UNIQUE:
		return d.unique(c, col)
	case pg.ConstrType_CONSTR_CHECK:
		if col == nil {
			return d.check(c, -1)
		}
		d.computed = append(d.computed, columnConstraint{len(d.rel.Columns) - 1, c})
		return nil
	case pg.ConstrType_CONSTR_FOREIGN:
		at := -1
		if col != nil {
			at = len(d.rel.Columns) - 1
		}
		d.foreign = append(d.foreign, foreignConstraint{at, c})
		return nil
	case pg.ConstrType_CONSTR_IDENTITY:
		return d.identity(c, col)
	case pg.ConstrType_CONSTR_GENERATED:
		for _, other := range d.computed {
			if other.column == len(d.rel.Columns)-1 && other.c.Contype == pg.ConstrType_CONSTR_GENERATED {
				return sqlerr.New(sqlerr.SyntaxError, "multiple generation clauses specified for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.Location)
			}
		}
		d.computed = append(d.computed, columnConstraint{len(d.rel.Columns) - 1, c})
		return nil
	case pg.ConstrType_CONSTR_ATTR_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_DEFERRED,
		pg.ConstrType_CONSTR_ATTR_IMMEDIATE:
		return d.attribute(c)
	}
	return unsupported("this constraint").At(c.Location)
}

// nullable is NULL and NOT NULL of a column, of which one may stand with itself and with what means it.
func (d *definition) nullable(c *pg.Constraint, col *catalog.Column) error {
	not := c.Contype == pg.ConstrType_CONSTR_NOTNULL
	if not != col.NotNull && (d.saidNull || col.NotNull) {
		return sqlerr.New(sqlerr.SyntaxError, "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.Location)
	}
	d.saidNull, col.NotNull = true, not
	return nil
}

func (d *definition) defaultValue(c *pg.Constraint, col *catalog.Column) error {
	if col.Default != "" || col.Sequence != 0 || len(d.sequences) > 0 && d.sequences[len(d.sequences)-1].Column == len(d.rel.Columns)-1 {
		return sqlerr.New(sqlerr.SyntaxError, "multiple default values specified for column \"%s\" of table \"%s\"", col.Name, d.rel.Name).At(c.Location)
	}
	e, err := d.b.bindDefault(c.RawExpr, col)
	if err != nil {
		return err
	}
	d.rel.DependsOn = append(d.rel.DependsOn, sequencesIn(e)...)
	if seq := plainNext(e); seq != 0 {
		col.Sequence = seq // by what it is, not by its name
		return nil
	}
	col.Default, err = d.b.storedDefault(c.RawExpr, col)
	return err
}

// keys are the columns of a key constraint.
func (d *definition) keys(c *pg.Constraint, col *catalog.Column) ([]int, error) {
	if col != nil {
		return []int{d.rel.ColumnIndex(col.Name)}, nil
	}
	var out []int
	for _, k := range c.Keys {
		name := k.GetString_().GetSval()
		i := d.rel.ColumnIndex(name)
		if i < 0 {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" named in key does not exist", name).At(c.Location).Meant(d.rel.NearColumn(name))
		}
		for _, have := range out {
			if have == i {
				kind := "primary key"
				if c.Contype == pg.ConstrType_CONSTR_UNIQUE {
					kind = "unique"
				}
				return nil, sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" appears twice in %s constraint", name, kind).At(c.Location)
			}
		}
		if err := comparable(d.rel.Columns[i].Type.OID, c.Location); err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func (d *definition) unique(c *pg.Constraint, col *catalog.Column) error {
	if c.Deferrable {
		return unsupported("DEFERRABLE for this constraint").At(c.Location)
	}
	keys, err := d.keys(c, col)
	if err != nil {
		return err
	}
	ix, err := d.constraintIndex(c)
	if err != nil {
		return err
	}
	name := c.Conname
	if name != "" && (d.hasCheck(name) || d.foreignNamed(name) != nil) { // another index of the name is told where it is made
		return constraintThere(name, d.rel)
	}
	if name == "" {
		names := d.columnNamesOf(&catalog.Relation{KeyColumns: keys, Index: ix})
		name = freeName(d.b, d.rel.Schema, objectName(d.rel.Name, strings.Join(names, "_"), "key"))
	}
	d.indexes = append(d.indexes, &catalog.Relation{
		Schema: d.rel.Schema, Name: name, Kind: catalog.KindIndex, KeyColumns: keys, Unique: true, Constraint: true, Index: ix, TimestampColumn: -1,
	})
	return nil
}

// constraintIndex is what a key constraint says of its index beside the key, nil = nothing.
func (d *definition) constraintIndex(c *pg.Constraint) (*catalog.Index, error) {
	if c.Indexspace != "" {
		return nil, unsupported("TABLESPACE").At(c.Location)
	}
	ix := catalog.Index{NullsNotDistinct: c.NullsNotDistinct}
	for _, n := range c.Including {
		name := n.GetString_().GetSval()
		at := d.rel.ColumnIndex(name)
		if at < 0 {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" named in key does not exist", name).At(c.Location).Meant(d.rel.NearColumn(name))
		}
		ix.Include = append(ix.Include, at)
	}
	var err error
	if ix.Storage, err = indexStorage(bootstrap.Btree, c.Options); err != nil {
		return nil, err
	}
	if !ix.NullsNotDistinct && ix.Include == nil && ix.Storage == nil {
		return nil, nil
	}
	return &ix, nil
}

// deparseExpr is the SQL of an expression.
func deparseExpr(n *pg.Node) (string, error) {
	sel := &pg.SelectStmt{
		TargetList:  []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n}}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}
	text, err := pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: sel}}}}})
	if err != nil {
		return "", sqlerr.New(sqlerr.InternalError, "cannot print an expression: %v", err)
	}
	return text[len("SELECT "):], nil
}
