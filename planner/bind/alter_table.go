package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// AlterTablePlan is a bound change of a table's definition: a new definition, or a new unique index.
type AlterTablePlan struct {
	// Relation is the changed definition, nil if only Index is new.
	Relation *catalog.Relation
	// Index is a unique index to be built, without its OID; nil = none. Key: it becomes the primary key, and
	// its columns have no NULL then.
	Index *catalog.Relation
	Key   bool
	// Promoted is an index that is there and becomes the one of a constraint, under its name, nil = none; with Key of the primary key.
	Promoted *catalog.Relation
	// Drop is an index that goes, 0 = none.
	Drop catalog.OID
	// Broken is the condition of a row that the changed definition does not allow, which is the error then; empty = there is none.
	Broken string
	Error  *sqlerr.Error
	// NotNull are columns that must have no NULL from now on.
	NotNull []int
	// Added is a new column's position + 1. Rows that are there have Value in it, nil = NULL, or with Fill what each gets as if it
	// was written now.
	Added int
	Value plan.Expr
	Fill  bool
	// Retyped is the position + 1 of a column that gets another type, and Using its value over a row as it was; nil = the values are
	// what they are.
	Retyped int
	Using   plan.Expr
	// Sequences are new, of columns; DropSequence is one that goes, 0 = none.
	Sequences    []ColumnSequence
	DropSequence catalog.OID
	// Recount has the options that the sequence Counter of an identity column gets.
	Recount *parse.AlterSequence
	Counter catalog.OID
	// Loosens: rows may come that the definition did not allow before.
	Loosens bool
	// Foreign is a foreign key that is new, nil = none; Relation has it not yet. Valid is one of Relation's that all rows are to be held to, nil = none.
	Foreign *ForeignKeyDef
	Valid   *catalog.ForeignKey
	// Cascade: foreign keys that rely on the index that goes go with it.
	Cascade bool
}

// AlterTable binds one change of a table.
func AlterTable(rel *catalog.Relation, c *pg.AlterTableCmd, cat catalog.Reader, o Options) (*AlterTablePlan, error) {
	o.NoParams = true
	if err := readOnly(rel, "alter", -1); err != nil {
		return nil, err
	}
	b := newBinder(cat, o)
	out, err := b.alterTable(rel, c)
	if err == nil && out != nil && out.Relation != nil {
		dependOnTypes(out.Relation, b.types)
	}
	return out, err
}

func (b *binder) alterTable(rel *catalog.Relation, c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	changed := *rel
	changed.Columns = slices.Clone(rel.Columns)
	changed.DependsOn = slices.Clone(rel.DependsOn)
	d := &definition{b: b, rel: &changed, hasKey: len(rel.PrimaryKey) > 0 || rel.KeyIndex != 0}
	switch c.Subtype {
	case pg.AlterTableType_AT_ColumnDefault:
		return &AlterTablePlan{Relation: &changed}, d.setDefault(c)
	case pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull:
		return d.setNotNull(c)
	case pg.AlterTableType_AT_DropConstraint:
		return d.dropConstraint(c)
	case pg.AlterTableType_AT_ValidateConstraint:
		return d.validate(c.Name)
	case pg.AlterTableType_AT_AlterConstraint:
		return d.alterConstraint(c.Def.GetConstraint())
	case pg.AlterTableType_AT_AddColumn:
		return d.addColumn(c)
	case pg.AlterTableType_AT_AlterColumnType:
		return d.alterType(c)
	case pg.AlterTableType_AT_DropIdentity:
		return d.dropIdentity(c)
	case pg.AlterTableType_AT_AddIdentity:
		return d.addIdentity(c)
	case pg.AlterTableType_AT_DropExpression:
		return d.dropExpression(c)
	case pg.AlterTableType_AT_SetRelOptions, pg.AlterTableType_AT_ResetRelOptions:
		return d.setTableStorage(c)
	case pg.AlterTableType_AT_SetStorage, pg.AlterTableType_AT_SetCompression, pg.AlterTableType_AT_SetStatistics, pg.AlterTableType_AT_SetOptions,
		pg.AlterTableType_AT_ResetOptions:
		return d.setColumnForm(c)
	case pg.AlterTableType_AT_ClusterOn, pg.AlterTableType_AT_DropCluster:
		return d.clusterOn(c)
	case pg.AlterTableType_AT_SetLogged, pg.AlterTableType_AT_SetUnLogged:
		return d.setLogged(c.Subtype == pg.AlterTableType_AT_SetUnLogged)
	case pg.AlterTableType_AT_DropOids: // there have never been any
		return &AlterTablePlan{Relation: &changed}, nil
	case pg.AlterTableType_AT_SetIdentity:
		return d.setIdentity(c)
	}
	con := c.Def.GetConstraint()
	switch con.Contype {
	case pg.ConstrType_CONSTR_FOREIGN:
		return d.addForeignKey(con)
	case pg.ConstrType_CONSTR_UNIQUE:
		if con.Indexname != "" {
			return d.usingIndex(con)
		}
		if err := d.constraint(con, nil); err != nil {
			return nil, err
		}
		return &AlterTablePlan{Index: d.added(rel)}, nil
	case pg.ConstrType_CONSTR_CHECK:
		return d.addCheck(con)
	case pg.ConstrType_CONSTR_PRIMARY:
		if con.Indexname != "" {
			return d.usingIndex(con)
		}
		if err := d.constraint(con, nil); err != nil {
			return nil, err
		}
		ix, err := d.constraintIndex(con)
		if err != nil {
			return nil, err
		}
		keys := changed.PrimaryKey
		for _, i := range keys {
			changed.Columns[i].NotNull = true
		}
		name := con.Conname
		if name == "" {
			name = freeName(d.b, rel.Schema, objectName(rel.Name, "", "pkey"))
		}
		d.indexes = append(d.indexes, &catalog.Relation{
			Schema: rel.Schema, Name: name, Kind: catalog.KindIndex, KeyColumns: keys, Unique: true, Constraint: true, Index: ix, TimestampColumn: -1,
		})
		changed.PrimaryKey, changed.KeyName = nil, ""
		return &AlterTablePlan{Relation: &changed, Index: d.added(rel), Key: true}, nil
	}
	return nil, unsupported("ALTER TABLE … ADD of this constraint")
}

// added is the index of the constraint that was read.
func (d *definition) added(rel *catalog.Relation) *catalog.Relation {
	ix := d.indexes[len(d.indexes)-1]
	ix.Parent = rel.OID
	return ix
}

// setDefault is ALTER COLUMN SET and DROP DEFAULT.
func (d *definition) setDefault(c *pg.AlterTableCmd) error {
	i := d.rel.ColumnIndex(c.Name)
	if i < 0 {
		return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", c.Name, d.rel.Name).Meant(d.rel.NearColumn(c.Name))
	}
	col := &d.rel.Columns[i]
	switch {
	case col.Identity != "":
		return sqlerr.New(sqlerr.SyntaxError, "column \"%s\" of relation \"%s\" is an identity column", c.Name, d.rel.Name)
	case col.Generated != "":
		return sqlerr.New(sqlerr.SyntaxError, "column \"%s\" of relation \"%s\" is a generated column", c.Name, d.rel.Name)
	}
	for _, seq := range d.rel.DependsOn {
		if DefaultUses(col, seq, d.b.cat, d.b.opts) {
			d.rel.DependsOn = slices.DeleteFunc(slices.Clone(d.rel.DependsOn), func(oid catalog.OID) bool {
				return oid == seq && !slices.ContainsFunc(d.rel.Columns, func(other catalog.Column) bool {
					return other.Name != col.Name && DefaultUses(&other, seq, d.b.cat, d.b.opts)
				})
			})
		}
	}
	col.Default, col.Sequence = "", 0
	if c.Def == nil {
		return nil
	}
	return d.defaultValue(&pg.Constraint{RawExpr: c.Def, Location: -1}, col)
}
