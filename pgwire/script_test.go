package pgwire

import (
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/tributary-db/tributary/test/pgoracle"
	"github.com/tributary-db/tributary/test/pgscript"
)

// TestScripts sends the messages of testdata/protocol to the server with the fake session,
// and the same ones to PostgreSQL, whose transcripts must be the same.
func TestScripts(t *testing.T) {
	t.Run("here", func(t *testing.T) {
		datadriven.Walk(t, "testdata/protocol", func(t *testing.T, path string) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				_, addr := serve(t, nil)
				return pgscript.Run(t, pgscript.Dial(t, "tcp", addr, "tributary", "tributary"), d.Input)
			})
		})
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := pgoracle.DSN(t)
		conn := pgoracle.Connect(t, dsn)
		if _, err := conn.Exec(t.Context(), "create table copied (a text)"); err != nil {
			t.Fatal(err)
		}
		network, addr := pgoracle.Socket(t, dsn)
		datadriven.Walk(t, "testdata/protocol", func(t *testing.T, path string) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.HasArg("only-here") {
					return d.Expected
				}
				cfg := conn.Config()
				return pgscript.Run(t, pgscript.Dial(t, network, addr, cfg.User, cfg.Database), d.Input)
			})
		})
	})
}
