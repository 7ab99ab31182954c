package bind

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// CreateIndex binds a CREATE INDEX: the relation has everything but its OID. Whether the name is
// taken is for the caller to see; a name that was left out is chosen as PostgreSQL does.
func CreateIndex(s *parse.CreateIndex, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	b := newBinder(cat, o)
	n := s.Stmt
	table, err := b.relation(n.Relation)
	if err != nil {
		return nil, err
	}
	switch {
	case table.Kind != catalog.KindTable:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot create index on %s \"%s\"", table.Kind, table.Name).At(n.Relation.Location)
	case table.FromTopic && s.Unique:
		return nil, unsupported("a unique index on a table over a topic").WithHint("Its rows are written by others.")
	case n.WhereClause != nil:
		return nil, unsupported("a partial index")
	case len(n.IndexIncludingParams) > 0:
		return nil, unsupported("INCLUDE")
	case n.AccessMethod != "btree" && n.AccessMethod != "hash":
		return nil, unsupported("index method " + n.AccessMethod)
	case len(n.Options) > 0:
		return nil, unsupported("WITH on an index")
	case n.NullsNotDistinct:
		return nil, unsupported("NULLS NOT DISTINCT")
	}
	x := &catalog.Relation{
		Schema: table.Schema, Name: s.Name, Kind: catalog.KindIndex, Parent: table.OID, Unique: s.Unique, TimestampColumn: -1,
	}
	auto := table.Name
	for _, p := range n.IndexParams {
		e := p.GetIndexElem()
		if e.Expr != nil {
			return nil, unsupported("an index on an expression")
		}
		i := table.ColumnIndex(e.Name)
		if i < 0 {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", e.Name).Meant(table.NearColumn(e.Name))
		}
		if err := comparable(table.Columns[i].Type.OID, -1); err != nil {
			return nil, err
		}
		x.KeyColumns = append(x.KeyColumns, i)
		auto += "_" + e.Name
	}
	if x.Name == "" {
		x.Name = freeName(b, table.Schema, auto+"_idx")
	}
	return x, nil
}

func freeName(b *binder, schema, want string) string {
	name := want
	for i := 1; ; i++ {
		if _, taken := b.cat.Relation(schema, name, nil); !taken {
			return name
		}
		name = want + strconv.Itoa(i)
	}
}
