package bind

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// ForeignKeyDef is a bound FOREIGN KEY, without its OID.
type ForeignKeyDef struct {
	catalog.ForeignKey
	// Own: it refers to the table that is being made, which has no OID yet; OwnIndex is the one of its new indexes that it refers
	// by, -1 = the primary key.
	Own      bool
	OwnIndex int
}

// maxForeignKeyColumns is PostgreSQL's INDEX_MAX_KEYS.
const maxForeignKeyColumns = 32

// foreignConstraint is a FOREIGN KEY that is bound when all columns and keys are known: of one column, or of the table (-1).
type foreignConstraint struct {
	column int
	c      *pg.Constraint
}

// attributes notes a constraint of a column that DEFERRABLE and its like may stand behind.
func (d *definition) attributes(c *pg.Constraint) {
	switch c.Contype {
	case pg.ConstrType_CONSTR_ATTR_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE, pg.ConstrType_CONSTR_ATTR_DEFERRED,
		pg.ConstrType_CONSTR_ATTR_IMMEDIATE:
	case pg.ConstrType_CONSTR_FOREIGN, pg.ConstrType_CONSTR_PRIMARY, pg.ConstrType_CONSTR_UNIQUE:
		d.attributed, d.notDeferrable = c, false
	default:
		d.attributed = nil
	}
}

// attribute has DEFERRABLE and its like that stand behind a column's REFERENCES be of that.
func (d *definition) attribute(c *pg.Constraint) error {
	misplaced := func(words string) error {
		return sqlerr.New(sqlerr.SyntaxError, "misplaced %s clause", words).At(c.Location)
	}
	words := map[pg.ConstrType]string{
		pg.ConstrType_CONSTR_ATTR_DEFERRABLE: "DEFERRABLE", pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE: "NOT DEFERRABLE",
		pg.ConstrType_CONSTR_ATTR_DEFERRED: "INITIALLY DEFERRED", pg.ConstrType_CONSTR_ATTR_IMMEDIATE: "INITIALLY IMMEDIATE",
	}[c.Contype]
	if d.attributed == nil {
		return misplaced(words)
	}
	of := d.attributed
	if of.Contype != pg.ConstrType_CONSTR_FOREIGN {
		if c.Contype == pg.ConstrType_CONSTR_ATTR_DEFERRABLE || c.Contype == pg.ConstrType_CONSTR_ATTR_DEFERRED {
			return unsupported("DEFERRABLE for this constraint").At(c.Location)
		}
		return nil
	}
	switch c.Contype {
	case pg.ConstrType_CONSTR_ATTR_DEFERRABLE:
		of.Deferrable = true
	case pg.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE:
		d.notDeferrable = true
	case pg.ConstrType_CONSTR_ATTR_DEFERRED:
		of.Deferrable, of.Initdeferred = true, true
	}
	if of.Initdeferred && d.notDeferrable {
		return sqlerr.New(sqlerr.SyntaxError, "constraint declared INITIALLY DEFERRED must be DEFERRABLE").At(c.Location)
	}
	return nil
}

// foreignKeys binds the FOREIGN KEYs of a definition.
func (d *definition) foreignKeys() ([]ForeignKeyDef, error) {
	var out []ForeignKeyDef
	for _, f := range d.foreign {
		k, err := d.foreignKey(f)
		if err != nil {
			return nil, err
		}
		if k.Name == "" {
			k.Name = d.foreignKeyName(k.Columns, out)
		} else if d.hasConstraint(k.Name) || slices.ContainsFunc(out, func(o ForeignKeyDef) bool { return o.Name == k.Name }) {
			return nil, constraintThere(k.Name, d.rel)
		}
		if err := d.referTo(k, f.c); err != nil {
			return nil, err
		}
		out = append(out, *k)
	}
	return out, nil
}

// foreignKeyName is what PostgreSQL calls one without a name.
func (d *definition) foreignKeyName(columns []int, beside []ForeignKeyDef) string {
	addition := ""
	for i, c := range columns {
		if i > 0 {
			addition += "_"
		}
		if addition += d.rel.Columns[c].Name; len(addition) >= 63 {
			break
		}
	}
	for i := 0; ; i++ {
		label := "fkey"
		if i > 0 {
			label += strconv.Itoa(i)
		}
		name := objectName(d.rel.Name, addition, label)
		if !d.hasConstraint(name) && !slices.ContainsFunc(beside, func(o ForeignKeyDef) bool { return o.Name == name }) {
			return name
		}
	}
}

// hasConstraint reports whether the table has a constraint of a name.
func (d *definition) hasConstraint(name string) bool {
	named := func(ix *catalog.Relation) bool { return ix.Constraint && ix.Name == name }
	return d.hasCheck(name) || len(d.rel.PrimaryKey) > 0 && d.rel.PrimaryKeyName() == name ||
		slices.ContainsFunc(d.rel.ForeignKeys, func(k catalog.ForeignKey) bool { return k.Name == name }) ||
		slices.ContainsFunc(d.indexes, named) || d.rel.OID != 0 && slices.ContainsFunc(d.b.cat.Indexes(d.rel.OID), named)
}

func constraintThere(name string, rel *catalog.Relation) error {
	return sqlerr.New(sqlerr.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", name, rel.Name)
}

var foreignActions = map[string]catalog.FKAction{
	"": catalog.FKNoAction, "a": catalog.FKNoAction, "r": catalog.FKRestrict, "c": catalog.FKCascade, "n": catalog.FKSetNull, "d": catalog.FKSetDefault,
}

// foreignKey binds what a FOREIGN KEY says of its own table.
func (d *definition) foreignKey(f foreignConstraint) (*ForeignKeyDef, error) {
	c := f.c
	k := &ForeignKeyDef{ForeignKey: catalog.ForeignKey{
		Name: c.Conname, MatchFull: c.FkMatchtype == "f", OnUpdate: foreignActions[c.FkUpdAction], OnDelete: foreignActions[c.FkDelAction],
		Deferrable: c.Deferrable, Deferred: c.Initdeferred, NotValid: c.SkipValidation && !c.InitiallyValid && d.rel.OID != 0,
	}}
	if c.FkMatchtype == "p" {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "MATCH PARTIAL not yet implemented").At(c.Location)
	}
	var err error
	if f.column >= 0 {
		k.Columns = []int{f.column}
	} else if k.Columns, err = referenceColumns(d.rel, c.FkAttrs); err != nil {
		return nil, err
	}
	for _, n := range c.FkDelSetCols {
		at := d.rel.ColumnIndex(n.GetString_().GetSval())
		if at < 0 {
			return nil, undefinedReference(n.GetString_().GetSval())
		}
		if !slices.Contains(k.Columns, at) {
			return nil, sqlerr.New(sqlerr.InvalidColumnReference, "column \"%s\" referenced in ON DELETE SET action must be part of foreign key", d.rel.Columns[at].Name)
		}
		k.SetOnDelete = append(k.SetOnDelete, at)
	}
	for _, at := range k.Columns {
		if d.rel.Columns[at].Generated == "" {
			continue
		}
		invalid := ""
		switch {
		case k.OnUpdate.Changes():
			invalid = "ON UPDATE"
		case k.OnDelete == catalog.FKSetNull || k.OnDelete == catalog.FKSetDefault:
			invalid = "ON DELETE"
		default:
			continue
		}
		return nil, sqlerr.New(sqlerr.SyntaxError, "invalid %s action for foreign key constraint containing generated column", invalid)
	}
	return k, nil
}

func undefinedReference(name string) *sqlerr.Error {
	return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" referenced in foreign key constraint does not exist", name)
}

// referenceColumns finds the columns that a FOREIGN KEY lists of a table.
func referenceColumns(rel *catalog.Relation, names []*pg.Node) ([]int, error) {
	var out []int
	for _, n := range names {
		name := n.GetString_().GetSval()
		at := rel.ColumnIndex(name)
		if at < 0 {
			return nil, undefinedReference(name).Meant(rel.NearColumn(name))
		}
		if len(out) == maxForeignKeyColumns {
			return nil, sqlerr.New(sqlerr.TooManyColumns, "cannot have more than %d keys in a foreign key", maxForeignKeyColumns)
		}
		out = append(out, at)
	}
	return out, nil
}

// referTo binds the table and key that a FOREIGN KEY refers to.
func (d *definition) referTo(k *ForeignKeyDef, c *pg.Constraint) error {
	to, err := d.referred(c)
	if err != nil {
		return err
	}
	switch kind := persistence(d.rel); {
	case kind == "unlogged" && persistence(to) == "temporary":
		return sqlerr.New(sqlerr.InvalidTableDefinition, "constraints on unlogged tables may reference only permanent or unlogged tables")
	case kind != "unlogged" && kind != persistence(to):
		return sqlerr.New(sqlerr.InvalidTableDefinition, "constraints on %s tables may reference only %s tables", kind, kind)
	}
	k.References = to.OID
	k.Own = to == d.rel && d.rel.OID == 0
	keys := d.uniqueKeys(to)
	if len(c.PkAttrs) == 0 {
		if len(keys) == 0 || !keys[0].primary {
			return sqlerr.New(sqlerr.UndefinedObject, "there is no primary key for referenced table \"%s\"", to.Name)
		}
		k.Key, k.Index, k.OwnIndex = keys[0].columns, keys[0].index, -1
	} else {
		if k.Key, err = referenceColumns(to, c.PkAttrs); err != nil {
			return err
		}
		for i, at := range k.Key {
			if slices.Contains(k.Key[:i], at) {
				return sqlerr.New(sqlerr.InvalidForeignKey, "foreign key referenced-columns list must not contain duplicates")
			}
		}
		at := slices.IndexFunc(keys, func(u uniqueKey) bool {
			return len(u.columns) == len(k.Key) && !slices.ContainsFunc(u.columns, func(c int) bool { return !slices.Contains(k.Key, c) })
		})
		if at < 0 {
			return sqlerr.New(sqlerr.InvalidForeignKey, "there is no unique constraint matching given keys for referenced table \"%s\"", to.Name)
		}
		k.Index, k.OwnIndex = keys[at].index, keys[at].own
	}
	if len(k.Key) != len(k.Columns) {
		return sqlerr.New(sqlerr.InvalidForeignKey, "number of referencing and referenced columns for foreign key disagree")
	}
	for i := range k.Key {
		from, key := d.rel.Columns[k.Columns[i]], to.Columns[k.Key[i]]
		switch ok, err := refers(from.Type.OID, key.Type.OID); {
		case err != nil:
			return err
		case !ok:
			return sqlerr.New(sqlerr.DatatypeMismatch, "foreign key constraint \"%s\" cannot be implemented", k.Name).
				WithDetail("Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.", from.Name, key.Name, from.Type.OID, key.Type.OID)
		}
	}
	return nil
}

// referred finds the table that a FOREIGN KEY refers to, which may be its own.
func (d *definition) referred(c *pg.Constraint) (*catalog.Relation, error) {
	n := parse.Name{Schema: c.Pktable.Schemaname, Name: c.Pktable.Relname, Pos: c.Pktable.Location}
	if n.Name == d.rel.Name && (n.Schema == "" || n.Schema == d.rel.Schema) && d.rel.OID == 0 {
		return d.rel, nil
	}
	to, ok := d.b.cat.Relation(n.Schema, n.Name, d.b.opts.Settings.SearchPath)
	switch {
	case !ok:
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", n).
			Meant(catalog.Near(d.b.cat, n.Schema, n.Name, d.b.opts.Settings.SearchPath, catalog.KindTable))
	case to.OID == d.rel.OID:
		return d.rel, nil
	case to.Kind != catalog.KindTable:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "referenced relation \"%s\" is not a table", to.Name)
	case to.FromTopic:
		return nil, unsupported("a foreign key to a table over a topic").WithHint("Its rows are written by others, whom nothing stops from taking a key away.")
	}
	return to, nil
}

// uniqueKey is a key that a foreign key may refer to.
type uniqueKey struct {
	columns []int
	primary bool
	index   catalog.OID
	own     int // of a new index of the table
}

// uniqueKeys of a table, the primary key first.
func (d *definition) uniqueKeys(t *catalog.Relation) []uniqueKey {
	var out []uniqueKey
	if len(t.PrimaryKey) > 0 {
		out = append(out, uniqueKey{columns: t.PrimaryKey, primary: true, index: t.OID, own: -1})
	}
	if t.OID == 0 {
		for i, ix := range d.indexes {
			out = append(out, uniqueKey{columns: ix.KeyColumns, own: i})
		}
		return out
	}
	for _, ix := range d.b.cat.Indexes(t.OID) {
		if key := ix.OID == t.KeyIndex; ix.Computed() {
			continue
		} else if ix.Unique && key {
			out = slices.Insert(out, 0, uniqueKey{columns: ix.KeyColumns, primary: true, index: ix.OID})
		} else if ix.Unique {
			out = append(out, uniqueKey{columns: ix.KeyColumns, index: ix.OID})
		}
	}
	return out
}
