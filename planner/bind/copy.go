package bind

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// CopyTarget binds the target of COPY … FROM: the relation, the columns that the data has (in
// the data's order), and for each column of the relation that it has not, its default; nil for
// those that it has; and what it takes to do it.
func CopyTarget(s *parse.CopyFrom, cat catalog.Reader, o Options) (rel *catalog.Relation, cols []int, defaults []plan.Expr, needs []*plan.Need, err error) {
	o.NoParams = true
	b := newBinder(cat, o)
	if s.Where {
		return nil, nil, nil, nil, unsupported("COPY … WHERE")
	}
	if s.Table.Schema != "" && o.UseSchema != nil {
		if err := o.UseSchema(s.Table.Schema); err != nil {
			return nil, nil, nil, nil, err
		}
	}
	rel, ok := cat.Relation(s.Table.Schema, s.Table.Name, b.opts.Settings.SearchPath)
	if !ok {
		return nil, nil, nil, nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", s.Table). // without a place, as PostgreSQL
																Meant(catalog.Near(cat, s.Table.Schema, s.Table.Name, b.opts.Settings.SearchPath))
	}
	if err := insertable(rel, s.Table.Pos); err != nil {
		return nil, nil, nil, nil, err
	}
	if cols, err = copyColumns(rel, s.Columns); err != nil {
		return nil, nil, nil, nil, err
	}
	b.writes(rel, acl.Insert, cols...)
	defaults = make([]plan.Expr, len(rel.Columns))
	has := make([]bool, len(rel.Columns))
	for _, c := range cols {
		has[c] = true
	}
	for i := range rel.Columns {
		if has[i] {
			continue
		}
		if defaults[i], err = b.defaultOf(&rel.Columns[i]); err != nil {
			return nil, nil, nil, nil, err
		}
	}
	return rel, cols, defaults, b.needs, nil
}

// CopySource is the columns that COPY table TO sends: those named, or all but generated ones. Nil stands for what
// the relation selects; one that is not there is left to who reads it.
func CopySource(s *parse.CopyTo, cat catalog.Reader, o Options) ([]string, error) {
	rel, ok := cat.Relation(s.Table.Schema, s.Table.Name, o.Settings.SearchPath)
	if !ok || rel.Kind != catalog.KindTable {
		return s.Columns, nil
	}
	cols, err := copyColumns(rel, s.Columns)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = rel.Columns[c].Name
	}
	return names, nil
}

// copyColumns are the positions of the named columns, all without a list.
func copyColumns(rel *catalog.Relation, names []string) ([]int, error) {
	var cols []int
	if len(names) == 0 {
		for i := range rel.Columns {
			if c := &rel.Columns[i]; c.Generated == "" && !c.Dropped {
				cols = append(cols, i)
			}
		}
		return cols, nil
	}
	seen := map[int]bool{}
	for _, name := range names {
		i := rel.ColumnIndex(name)
		switch {
		case i < 0:
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, rel.Name).Meant(rel.NearColumn(name))
		case seen[i]:
			return nil, sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" specified more than once", name)
		case rel.Columns[i].Generated != "":
			return nil, sqlerr.New(sqlerr.InvalidColumnReference, "column \"%s\" is a generated column", name).
				WithDetail("Generated columns cannot be used in COPY.")
		}
		seen[i] = true
		cols = append(cols, i)
	}
	return cols, nil
}
