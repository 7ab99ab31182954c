package table_test

import (
	"testing"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// TestOneTableFails: a table that cannot take a durable commit refuses from then on; the commit
// stays, other tables go on, and a start makes the table whole.
func TestOneTableFails(t *testing.T) {
	broken := false
	f := open(t, func(c *table.Config) {
		c.NoteBytes = -1 // the table reads the log: nothing is charged before the commit
		c.Account = func(n int64) error {
			if broken {
				panic("account")
			}
			return nil
		}
	})
	bad := f.create("bad", "k int, v text", []int{0})
	good := f.create("good", "k int, v text", []int{0})
	f.write(bad, "1 one")
	f.write(good, "1 one")
	broken = true
	f.write(bad, "2 two") // durable, whatever becomes of the table
	broken = false
	_, err := f.set.Get(t.Context(), bad.Relation().OID)
	wantCode(t, err, sqlerr.ObjectNotInPrerequisiteState)
	at, err := f.log.Newest(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := f.set.Capture(t.Context(), f.cat.Now(), at); err != nil {
		t.Fatalf("no checkpoint of the others: %v", err)
	} else {
		c.Release()
	}
	f.write(good, "2 two")
	wantRows(t, f.contents(nil, good), "1 one", "2 two")
	n := f.restored()
	wantRows(t, n.contents(nil, n.get(bad.Relation().OID)), "1 one", "2 two")
}
