package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// AddsColumn reports whether a change is ADD COLUMN.
func AddsColumn(c *pg.AlterTableCmd) bool { return c.Subtype == pg.AlterTableType_AT_AddColumn }

// AddStreamColumn binds ADD COLUMN of a stream: the definition that it gets, nil = it is there, and that is fine.
func AddStreamColumn(rel *catalog.Relation, c *pg.AlterTableCmd, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	o.NoParams = true
	n := c.Def.GetColumnDef()
	if rel.ColumnIndex(n.Colname) >= 0 {
		if c.MissingOk {
			return nil, nil
		}
		return nil, sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", n.Colname, rel.Name)
	}
	if len(rel.Columns) >= maxColumns {
		return nil, sqlerr.New(sqlerr.TooManyColumns, "tables can have at most %d columns", maxColumns)
	}
	changed := *rel
	changed.Columns = append(rel.Columns[:len(rel.Columns):len(rel.Columns)], catalog.Column{})[:len(rel.Columns)]
	changed.DependsOn = append([]catalog.OID(nil), rel.DependsOn...)
	d := &definition{b: newBinder(cat, o), rel: &changed, stream: true}
	if err := d.column(n); err != nil {
		return nil, err
	}
	changed.Columns[len(rel.Columns)].Later = true
	dependOnTypes(&changed, d.b.types)
	return &changed, nil
}
