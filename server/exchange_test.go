package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestExchangeTimeout: statement_timeout bounds a statement of the extended protocol from its first message on, with what the client
// takes between the messages, and no longer than to its end.
func TestExchangeTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := local(t)
	other, db := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, db, "SET statement_timeout = '50ms'")
	raw := db.PgConn()
	// next sends messages and reads up to an answer of the type, or an error, whose code it is then.
	next := func(until byte, messages ...pgproto3.FrontendMessage) string {
		t.Helper()
		for _, m := range messages {
			raw.Frontend().Send(m)
		}
		if err := raw.Frontend().Flush(); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := raw.ReceiveMessage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			typ, _ := m.(interface {
				Encode([]byte) ([]byte, error)
			}).Encode(nil)
			if e, is := m.(*pgproto3.ErrorResponse); is {
				return e.Code
			}
			if typ[0] == until {
				return ""
			}
		}
	}
	late := func() { exec(t, ctx, other, "SELECT pg_sleep(0.1)") }
	for what, m := range map[string]pgproto3.FrontendMessage{
		"Describe": &pgproto3.Describe{ObjectType: 'S', Name: "s"}, "Bind": &pgproto3.Bind{PreparedStatement: "s"},
	} {
		if code := next('1', &pgproto3.Parse{Name: "s", Query: "SELECT 1"}, &pgproto3.Flush{}); code != "" {
			t.Fatal(code)
		}
		late()
		if code := next('Z', m, &pgproto3.Sync{}); code != "57014" {
			t.Errorf("%s behind its time: %q", what, code)
		}
		next('Z') // of Sync
		if code := next('Z', &pgproto3.Close{ObjectType: 'S', Name: "s"}, &pgproto3.Sync{}); code != "" {
			t.Errorf("%s: the next exchange: %q", what, code)
		}
	}
	run := []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Flush{}}
	for range 2 { // the first ends with its Execute
		if code := next('C', run...); code != "" {
			t.Errorf("a statement in time: %q", code)
		}
		late()
	}
	if code := next('Z', &pgproto3.Sync{}); code != "" {
		t.Errorf("Sync behind a statement in time: %q", code)
	}
}
