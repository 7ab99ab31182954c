package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// foreignNamed is a foreign key of the table, nil = there is none of the name. It is a copy's, and may be changed.
func (d *definition) foreignNamed(name string) *catalog.ForeignKey {
	i := slices.IndexFunc(d.rel.ForeignKeys, func(k catalog.ForeignKey) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	d.rel.ForeignKeys = slices.Clone(d.rel.ForeignKeys)
	return &d.rel.ForeignKeys[i]
}

// addForeignKey is ADD FOREIGN KEY.
func (d *definition) addForeignKey(con *pg.Constraint) (*AlterTablePlan, error) {
	d.foreign = []foreignConstraint{{-1, con}}
	made, err := d.foreignKeys()
	if err != nil {
		return nil, err
	}
	return &AlterTablePlan{Relation: d.rel, Foreign: &made[0]}, nil
}

// validate is VALIDATE CONSTRAINT. A CHECK is valid from the start.
func (d *definition) validate(name string) (*AlterTablePlan, error) {
	if k := d.foreignNamed(name); k != nil {
		if !k.NotValid {
			return &AlterTablePlan{}, nil
		}
		k.NotValid = false
		return &AlterTablePlan{Relation: d.rel, Valid: k}, nil
	}
	d.rel.Checks = slices.Clone(d.rel.Checks)
	for i := range d.rel.Checks {
		c := &d.rel.Checks[i]
		switch {
		case c.Name != name:
		case !c.NotValid:
			return &AlterTablePlan{}, nil
		default:
			c.NotValid = false
			return d.holds(c), nil
		}
	}
	switch {
	case d.hasConstraint(name):
		return nil, sqlerr.New(sqlerr.WrongObjectType, "constraint \"%s\" of relation \"%s\" is not a foreign key or check constraint", name, d.rel.Name)
	}
	return nil, d.noConstraint(name)
}

// alterConstraint is ALTER CONSTRAINT: when a foreign key is checked.
func (d *definition) alterConstraint(con *pg.Constraint) (*AlterTablePlan, error) {
	k := d.foreignNamed(con.Conname)
	switch {
	case k != nil:
		k.Deferrable, k.Deferred = con.Deferrable, con.Initdeferred
		return &AlterTablePlan{Relation: d.rel}, nil
	case d.hasConstraint(con.Conname):
		return nil, sqlerr.New(sqlerr.WrongObjectType, "constraint \"%s\" of relation \"%s\" is not a foreign key constraint", con.Conname, d.rel.Name)
	}
	return nil, d.noConstraint(con.Conname)
}

func (d *definition) noConstraint(name string) error {
	return sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" of relation \"%s\" does not exist", name, d.rel.Name)
}
