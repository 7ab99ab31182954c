package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var settings = &Relation{
	OID: 13002, Schema: "tributary", Name: "settings",
	Doc: "The server's settings as it runs with them.",
	Columns: []Column{
		{"name", sqltype.Text, "as in a file; a flag has dashes"},
		{"value", sqltype.Text, "secrets are masked"},
		{"source", sqltype.Text, "`default`, a flag, a variable, or a line of a file"},
		{"description", sqltype.Text, "what it does"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, s := range f.Settings() {
			if err := add(s.Name, s.Value, s.Source, s.Doc); err != nil {
				return err
			}
		}
		return nil
	},
}
