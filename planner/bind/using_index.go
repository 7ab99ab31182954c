package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// usingIndex is ADD UNIQUE or PRIMARY KEY USING INDEX: an index that is there becomes that of a constraint.
func (d *definition) usingIndex(c *pg.Constraint) (*AlterTablePlan, error) {
	primary := c.Contype == pg.ConstrType_CONSTR_PRIMARY
	if primary && d.hasKey {
		return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "multiple primary keys for table \"%s\" are not allowed", d.rel.Name)
	}
	if c.Deferrable {
		return nil, unsupported("DEFERRABLE for this constraint").At(c.Location)
	}
	ix, ok := d.b.cat.Relation(d.rel.Schema, c.Indexname, nil)
	if !ok || ix.Kind != catalog.KindIndex {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "index \"%s\" does not exist", c.Indexname).At(c.Location)
	}
	if err := d.promotable(ix, c.Location); err != nil {
		return nil, err
	}
	made := *ix
	made.Constraint = true
	if c.Conname != "" {
		made.Name = c.Conname
	}
	out := &AlterTablePlan{Promoted: &made}
	if !primary {
		return out, nil
	}
	for _, at := range ix.KeyColumns {
		if col := &d.rel.Columns[at]; !col.NotNull {
			col.NotNull, out.NotNull = true, append(out.NotNull, at)
		}
	}
	d.rel.KeyIndex = ix.OID
	out.Relation = d.rel
	return out, nil
}

// promotable refuses an index that no constraint can have.
func (d *definition) promotable(ix *catalog.Relation, pos int32) error {
	cannot := func(format string, args ...any) error {
		return sqlerr.New(sqlerr.WrongObjectType, format, args...).At(pos).WithDetail("Cannot create a primary key or unique constraint using such an index.")
	}
	switch {
	case ix.Constraint || d.rel.KeyIndex == ix.OID:
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "index \"%s\" is already associated with a constraint", ix.Name).At(pos)
	case ix.Parent != d.rel.OID:
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "index \"%s\" does not belong to table \"%s\"", ix.Name, d.rel.Name).At(pos)
	case !ix.Unique:
		return cannot("\"%s\" is not a unique index", ix.Name)
	}
	for _, at := range ix.KeyColumns {
		if at == catalog.NoColumn {
			return cannot("index \"%s\" contains expressions", ix.Name)
		}
	}
	if ix.Condition() != "" {
		return cannot("\"%s\" is a partial index", ix.Name)
	}
	for i := range ix.KeyColumns {
		if k := ix.IndexKey(i); k.Desc || k.NullsFirst || k.Class != 0 || k.Collation != 0 {
			return cannot("index \"%s\" column number %d does not have default sorting behavior", ix.Name, i+1)
		}
	}
	return nil
}
