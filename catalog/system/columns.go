package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var columns = &Relation{
	OID: 13010, Schema: "tributary", Name: "columns",
	Doc: "The columns of all relations; the metadata columns of streams (`_key`, `_offset` and so on) are not listed.",
	Columns: []Column{
		{"relation", sqltype.OIDType, "the OID of its relation in `tributary.relations`"},
		{"schema", sqltype.Text, "of its relation"},
		{"relation_name", sqltype.Text, "of its relation"},
		{"position", sqltype.Int4, "from 1"},
		{"name", sqltype.Text, "its name"},
		{"type", sqltype.Text, "as `format_type` shows it"},
		{"not_null", sqltype.Bool, "whether it refuses NULL"},
		{"default_value", sqltype.Text, "what a row that does not name it gets; NULL without one"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, r := range every(f.Catalog()) {
			for i, c := range r.Columns {
				if c.Dropped {
					continue
				}
				err := add(r.OID, r.Schema, r.Name, int32(i+1), c.Name, sqltype.TypeName(c.Type), c.NotNull, OrNull(c.Default))
				if err != nil {
					return err
				}
			}
		}
		return nil
	},
}
