package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var sessions = &Relation{
	OID: 13009, Schema: "tributary", Name: "sessions",
	Doc: "Every session of a client, as `pg_stat_activity` has it, and the statements of HTTP, RPC and Flight SQL that run.",
	Columns: []Column{
		{"pid", sqltype.Int4, "its process ID, for `pg_cancel_backend` and `pg_terminate_backend`"},
		{"role", sqltype.Text, "who it is"},
		{"database", sqltype.Text, "as it named it"},
		{"application", sqltype.Text, "its `application_name`"},
		{"remote", sqltype.Text, "address and port of the client; NULL where there is none"},
		{"since", sqltype.Timestamptz, "when it began"},
		{"state", sqltype.Text, "`active`, `idle`, `idle in transaction` or `idle in transaction (aborted)`"},
		{"state_since", sqltype.Timestamptz, "when the state began"},
		{"transaction_since", sqltype.Timestamptz, "when its transaction began; NULL without one"},
		{"statement_since", sqltype.Timestamptz, "when its newest statement began; NULL before the first"},
		{"statement", sqltype.Text, "the newest statement, 1 KiB of it at most"},
		{"waits_for", sqltype.Text, "what it waits for: `Lock` and its sort, `Timeout`, `Client`; NULL when it works"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, s := range f.Sessions() {
			var remote, waits any
			if s.Remote != nil {
				remote = s.Remote.String()
			}
			if s.WaitType != "" {
				waits = s.WaitType + ": " + s.WaitEvent
			}
			if !SeesSession(f, &s) {
				if err := add(s.PID, s.User, s.Database, s.Application, nil, nil, nil, nil, nil, nil, NotShown, nil); err != nil {
					return err
				}
				continue
			}
			err := add(s.PID, s.User, s.Database, s.Application, remote, s.Since, s.State, s.StateChange, s.XactStart, s.QueryStart, s.Query, waits)
			if err != nil {
				return err
			}
		}
		return nil
	},
}
