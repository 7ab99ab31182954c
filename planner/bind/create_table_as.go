package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// TableAs is the table that a CREATE TABLE AS makes of its planned query: everything but OID and topic.
func TableAs(s *parse.CreateTableAs, q *plan.Query, cat catalog.Reader, o Options) (*TableDef, error) {
	if err := refuseTableForms(&pg.CreateStmt{
		Relation: &pg.RangeVar{Relpersistence: s.Persistence},
	}); err != nil {
		return nil, err
	}
	given, storage, err := tableOptions(s.Options)
	if err != nil {
		return nil, err
	}
	if given.has("topic") || given.has("format") {
		return nil, unsupported("CREATE TABLE AS with a topic of its own")
	}
	b := newBinder(cat, o)
	schema, err := b.placed(s.Name, s.Persistence == "t")
	if err != nil {
		return nil, err
	}
	d := &definition{b: b, rel: &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindTable, TimestampColumn: -1, Storage: storage}}
	d.rel.Unlogged = s.Persistence == "u"
	if err := onCommit(d.rel, s.OnCommit); err != nil {
		return nil, err
	}
	if d.rel.Columns, err = definedColumns(q, s.ColumnNames); err != nil {
		return nil, err
	}
	for i := range d.rel.Columns {
		c := &d.rel.Columns[i]
		if c.Type.OID == sqltype.Unknown {
			c.Type = sqltype.Of(sqltype.Text)
		}
		if c.Type.OID.Phys() == 0 {
			return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", c.Name, displayType(c.Type.OID))
		}
		if err := d.reserved(c.Name, -1); err != nil {
			return nil, err
		}
	}
	dependOnTypes(d.rel, nil)
	return &TableDef{Relation: d.rel}, nil
}
