package table_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// TestMemoryIsReservedBeforeTheCommit: rows and index entries that the account has no room for are
// 53200 and nothing is durable; what is refused gives back what it had; what is linked is charged
// once.
func TestMemoryIsReservedBeforeTheCommit(t *testing.T) {
	account := memory.New("state_memory", 1<<20)
	f := open(t, func(c *table.Config) { c.Account, c.Reserve = account.Force, account.Charge })
	tb := f.create("t", "id int, v text", []int{0}, []int{1})
	f.write(tb, "1 one")
	before := account.Used()
	var many []string
	for i := range 20_000 {
		many = append(many, fmt.Sprintf("%d value-of-row-%d", i+10, i))
	}
	tx := f.set.Begin(0)
	if err := f.insert(tx, tb, many...); err != nil {
		t.Fatal(err)
	}
	_, err := tx.Commit(t.Context())
	wantCode(t, err, sqlerr.OutOfMemory)
	if account.Used() != before {
		t.Fatalf("%d bytes are held, before the refusal it was %d", account.Used(), before)
	}
	f.write(tb, many[:2000]...)
	if got := f.set.LocksHeld(); got != 0 {
		t.Fatalf("%d locks are held", got)
	}
	grown := account.Used() - before
	n := f.restored() // charges the same account for the same rows again, from the log
	if again := account.Used() - before - grown; again < grown/4 || again > 4*grown {
		t.Errorf("2,000 rows took %d bytes linked, %d read back", grown, again)
	}
	wantSame(t, f, n, tb)
}

func wantSame(t *testing.T, a, b *fixture, tb *table.Table) {
	t.Helper()
	want := a.contents(nil, tb)
	got := b.contents(nil, b.get(tb.Relation().OID))
	if len(want) != 2001 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d rows linked, %d read back", len(want), len(got))
	}
}

// TestManyLocksAreFreedInSteps: of a transaction that had many locks everybody in line gets his.
func TestManyLocksAreFreedInSteps(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	owner := f.set.Begin(0)
	var rows []string
	for i := range 70_000 {
		rows = append(rows, fmt.Sprintf("%d 0", i))
	}
	f.write(tb, rows...)
	if _, err := f.change(t.Context(), owner, tb, false, 0, func(string) bool { return true }, keep); err != nil {
		t.Fatal(err)
	}
	var got atomic.Int64
	var line []<-chan error
	for _, id := range []int{0, 1, 1023, 1024, 35_000, 69_999, 69_999} {
		tx := f.set.Begin(0)
		w := f.waiting(t.Context(), tx, tb, id)
		done := make(chan error, 1)
		go func() {
			err := <-w
			got.Add(1)
			tx.Rollback()
			done <- err
		}()
		line = append(line, done)
	}
	if got.Load() != 0 {
		t.Fatal("a lock was granted while it was held")
	}
	owner.Rollback()
	for _, w := range line {
		if err := <-w; err != nil {
			t.Error(err)
		}
	}
	if n := f.set.LocksHeld(); n != 0 {
		t.Errorf("%d locks are left", n)
	}
}
