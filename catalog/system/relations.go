package system

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
)

var relationsRelation = &Relation{
	OID: 13011, Schema: "tributary", Name: "relations",
	Doc: "Everything with a name that SQL knows: tables, streams, views, sinks, indexes, error relations, and the system relations themselves.",
	Columns: []Column{
		{"oid", sqltype.OIDType, "names it for ever"},
		{"schema", sqltype.Text, "its schema"},
		{"name", sqltype.Text, "its name"},
		{"kind", sqltype.Text, "table, stream, view, materialized view, sink, index, error relation or system view"},
		{"topic", sqltype.Text, "the topic that holds its records; NULL without one"},
		{"format", sqltype.Text, "how its records are read and written; NULL without records"},
		{"key", sqltype.Text, "the columns of its primary key, or of the key that its query has; of an index, what it orders by"},
		{"parent", sqltype.OIDType, "of an index its table, of an error relation what has the errors"},
		{"query", sqltype.Text, "what it computes, as written; NULL for what is not computed"},
		{"created_at", sqltype.Int8, "the commit that made it; NULL for system relations"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		cat := f.Catalog()
		for _, r := range every(cat) {
			key, of := r.PrimaryKey, r
			if r.Kind == catalog.KindIndex {
				key = r.KeyColumns
				if table, ok := cat.ByOID(r.Parent); ok {
					of = table
				}
			}
			err := add(r.OID, r.Schema, r.Name, string(r.Kind), OrNull(r.TopicName), OrNull(r.Format.Name), OrNull(columnNames(of, key)),
				OrNull(r.Parent), OrNull(r.Shown()), OrNull(int64(r.CreatedAt)))
			if err != nil {
				return err
			}
		}
		return nil
	},
}

// every is all relations by schema and name, the system's among them.
func every(cat *catalog.Snapshot) []*catalog.Relation {
	var out []*catalog.Relation
	for _, kind := range []catalog.Kind{
		catalog.KindTable, catalog.KindStream, catalog.KindPlainView, catalog.KindView, catalog.KindSink, catalog.KindIndex, catalog.KindErrors,
		catalog.KindSystem,
	} {
		out = append(out, cat.Relations(kind)...)
	}
	slices.SortFunc(out, func(a, b *catalog.Relation) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func columnNames(r *catalog.Relation, at []int) string {
	names := make([]string, 0, len(at))
	for _, i := range at {
		if i >= 0 && i < len(r.Columns) {
			names = append(names, r.Columns[i].Name)
		}
	}
	return strings.Join(names, ", ")
}
