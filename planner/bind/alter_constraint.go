package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// setNotNull is ALTER COLUMN SET and DROP NOT NULL.
func (d *definition) setNotNull(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	rel := d.rel
	i := rel.ColumnIndex(c.Name)
	if i < 0 {
		return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", c.Name, rel.Name).Meant(rel.NearColumn(c.Name))
	}
	col := &rel.Columns[i]
	if c.Subtype == pg.AlterTableType_AT_SetNotNull {
		out := &AlterTablePlan{Relation: rel}
		if !col.NotNull {
			out.NotNull = []int{i}
		}
		col.NotNull = true
		return out, nil
	}
	key := rel.PrimaryKey
	if ix, ok := d.b.cat.ByOID(rel.KeyIndex); ok {
		key = ix.KeyColumns
	}
	switch {
	case slices.Contains(key, i):
		return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "column \"%s\" is in a primary key", col.Name)
	case col.Identity != "":
		return nil, sqlerr.New(sqlerr.SyntaxError, "column \"%s\" of relation \"%s\" is an identity column", col.Name, rel.Name)
	}
	out := &AlterTablePlan{Relation: rel, Loosens: col.NotNull}
	col.NotNull = false
	return out, nil
}

// addCheck is ADD CHECK, which the rows that are there must pass.
func (d *definition) addCheck(con *pg.Constraint) (*AlterTablePlan, error) {
	if con.Conname != "" && d.hasConstraint(con.Conname) {
		return nil, constraintThere(con.Conname, d.rel)
	}
	d.rel.Checks = slices.Clone(d.rel.Checks)
	if err := d.check(con, -1); err != nil {
		return nil, err
	}
	made := &d.rel.Checks[len(d.rel.Checks)-1]
	if made.NotValid = con.SkipValidation; made.NotValid {
		return &AlterTablePlan{Relation: d.rel}, nil
	}
	return d.holds(made), nil
}

// holds is a changed table whose rows must all be as a CHECK says.
func (d *definition) holds(c *catalog.Check) *AlterTablePlan {
	return &AlterTablePlan{
		Relation: d.rel, Broken: "NOT (" + c.Expr + ")",
		Error: sqlerr.New(sqlerr.CheckViolation, "check constraint \"%s\" of relation \"%s\" is violated by some row", c.Name, d.rel.Name).
			About(sqlerr.Object{Schema: d.rel.Schema, Table: d.rel.Name, Constraint: c.Name}),
	}
}

// dropConstraint is DROP CONSTRAINT: a CHECK, or a unique index. nil: there is none, and need not be.
func (d *definition) dropConstraint(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	rel := d.rel
	for i, check := range rel.Checks {
		if check.Name == c.Name {
			rel.Checks = slices.Delete(slices.Clone(rel.Checks), i, i+1)
			return &AlterTablePlan{Relation: rel, Loosens: true}, nil
		}
	}
	if k := d.foreignNamed(c.Name); k != nil {
		return &AlterTablePlan{Relation: rel.WithoutForeignKey(k.OID)}, nil
	}
	if len(rel.PrimaryKey) > 0 && rel.PrimaryKeyName() == c.Name {
		return nil, unsupported("DROP of the primary key that a table was created with").
			WithHint("Its rows are kept by it. Create another table and INSERT INTO … SELECT.")
	}
	for _, ix := range d.b.cat.Indexes(rel.OID) {
		if !ix.Unique || ix.Name != c.Name {
			continue
		}
		if rel.KeyIndex == ix.OID {
			rel.KeyIndex = 0
		}
		return &AlterTablePlan{Relation: rel, Drop: ix.OID, Loosens: true, Cascade: c.Behavior == pg.DropBehavior_DROP_CASCADE}, nil
	}
	if c.MissingOk {
		return nil, nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" of relation \"%s\" does not exist", c.Name, rel.Name)
}
