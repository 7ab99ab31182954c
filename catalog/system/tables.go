package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var tables = &Relation{
	OID: 13013, Schema: "tributary", Name: "tables",
	Doc: "Every table, and how it does.",
	Columns: []Column{
		{"schema", sqltype.Text, "its schema"},
		{"name", sqltype.Text, "its name"},
		{"topic", sqltype.Text, "the topic of its changelog"},
		{"state", sqltype.Text, "`running`, `rebuilding` (its rows are made anew from the changelog), or `failed` (nobody can use it until ALTER TABLE … REBUILD)"},
		{"since", sqltype.Timestamptz, "when the state began; NULL while it runs"},
		{"sqlstate", sqltype.Text, "what who uses it is told, NULL while it runs"},
		{"reason", sqltype.Text, "the same in words"},
		{"detail", sqltype.Text, "what was found; NULL if it was asked for, or while it runs"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, t := range f.Tables() {
			var code, reason, detail any
			if t.Reason != nil {
				code, reason, detail = string(t.Reason.Code), t.Reason.Message, OrNull(t.Reason.Detail)
			}
			if err := add(t.Relation.Schema, t.Relation.Name, t.Relation.TopicName, t.State, OrNull(t.Since), code, reason, detail); err != nil {
				return err
			}
		}
		return nil
	},
}
