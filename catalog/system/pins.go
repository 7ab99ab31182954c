package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var pins = &Relation{
	OID: 13005, Schema: "tributary", Name: "pins",
	Doc: "Every version that a statement, a transaction or a subscription reads: what changed since is kept for it.",
	Columns: []Column{
		{"owner", sqltype.Text, "who reads: `session` and its process ID, or `subscription`"},
		{"since", sqltype.Timestamptz, "when it began"},
		{"version", sqltype.Int8, "the commit whose content it reads"},
		{"bytes", sqltype.Int8, "changes that are kept for it alone; `pin_bytes` bounds them, `pin_age` the time"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, p := range f.Pins() {
			if err := add(p.Owner, p.Since, int64(p.Version), p.Bytes); err != nil {
				return err
			}
		}
		return nil
	},
}
