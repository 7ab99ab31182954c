package table_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
)

// inTheBackground runs fn and returns when tx stands in line or fn has ended.
func inTheBackground(tx *table.Tx, fn func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- fn() }()
	for !tx.Waiting() {
		select {
		case err := <-done:
			done <- err
			return done
		default:
			time.Sleep(50 * time.Microsecond) // polls another goroutine's step; no time is measured
		}
	}
	return done
}

// TestRelationLocks: who changes a table waits for who writes it, later writers stand behind him, a circle is 40P01
// and a timeout 55P03, and a circle that is only one of places in line is none.
func TestRelationLocks(t *testing.T) {
	f := open(t)
	oid := f.create("t", "id int, v int", []int{0}).Relation().OID
	other := f.create("o", "id int, v int", []int{0}).Relation().OID
	begin := func() *table.Tx {
		tx := f.set.Begin(0)
		t.Cleanup(tx.Rollback)
		return tx
	}
	lock := func(tx *table.Tx, oid catalog.OID, mode table.LockMode) <-chan error {
		return inTheBackground(tx, func() error { return tx.LockRelation(t.Context(), oid, mode) })
	}
	ok := func(done <-chan error) {
		t.Helper()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	a, b, ddl, late := begin(), begin(), begin(), begin()
	ok(lock(a, oid, table.Shared))
	ok(lock(b, oid, table.Shared))
	waits := lock(ddl, oid, table.Exclusive)
	behind := lock(late, oid, table.Shared)
	if !ddl.Waiting() || !late.Waiting() {
		t.Fatal("nobody waits")
	}
	ok(lock(a, oid, table.Shared)) // has it
	impatient := f.set.Begin(time.Nanosecond)
	t.Cleanup(impatient.Rollback)
	wantCode(t, impatient.LockRelation(t.Context(), oid, table.Shared), sqlerr.LockNotAvailable)
	a.Rollback()
	if !ddl.Waiting() {
		t.Fatal("one of two writers was waited for")
	}
	b.Rollback()
	ok(waits)
	if !late.Waiting() {
		t.Fatal("a writer went beside the change")
	}
	ddl.Rollback()
	ok(behind)

	// Both have it and want it alone: the second is refused.
	second := begin()
	ok(lock(second, oid, table.Shared))
	up := lock(late, oid, table.Exclusive)
	wantCode(t, second.LockRelation(t.Context(), oid, table.Exclusive), sqlerr.DeadlockDetected)
	second.Rollback()
	ok(up)
	late.Rollback()

	// x and y write one table each and want the other's, for which a change of it waits.
	x, y, dx, dy := begin(), begin(), begin(), begin()
	ok(lock(x, oid, table.Shared))
	ok(lock(y, other, table.Shared))
	cx, cy := lock(dx, oid, table.Exclusive), lock(dy, other, table.Exclusive)
	wx := lock(x, other, table.Shared)
	ok(lock(y, oid, table.Shared))
	y.Rollback()
	ok(cy)
	dy.Rollback()
	ok(wx)
	x.Rollback()
	ok(cx)
}

// put makes a table in a Tx.
func (f *fixture) put(tx *table.Tx, name string, pk []int, columns ...string) *table.Table {
	f.t.Helper()
	rel := &catalog.Relation{Schema: "public", Name: name, Kind: catalog.KindTable, PrimaryKey: pk, TimestampColumn: -1, TopicName: name, Format: catalog.Format{Name: "json"}}
	for _, c := range columns {
		rel.Columns = append(rel.Columns, catalog.Column{Name: c, Type: sqltype.Of(sqltype.Int4)})
	}
	for _, c := range pk {
		rel.Format.Key = append(rel.Format.Key, columns[c])
	}
	copy(rel.Topic[:], "topic:"+name)
	tx.DDL().CreateTopic(log.Topic{ID: rel.Topic, Name: name, Partitions: 1, Internal: true})
	tx.DDL().Put(rel)
	made, err := tx.Table(f.t.Context(), rel.OID)
	if err != nil {
		f.t.Fatal(err)
	}
	return made
}

// addIndex makes an index in a Tx.
func (f *fixture) addIndex(tx *table.Tx, t *table.Table, name string, unique bool, cols ...int) (*catalog.Relation, error) {
	ix := newIndex(t.Relation(), name, unique, cols...)
	tx.DDL().Put(ix)
	return ix, tx.BuildIndex(f.t.Context(), t, ix, false)
}

// TestTableOfOneTx: a table, its rows and its indexes are the Tx's until it commits, all of it or nothing, with rows
// that are staged on the way or not, and a start finds the same.
func TestTableOfOneTx(t *testing.T) {
	for _, stage := range []int{0, 200} {
		for _, pk := range [][]int{{0}, nil} {
			for _, commits := range []bool{true, false} {
				t.Run(fmt.Sprintf("stage %d, key %v, commits %v", stage, pk, commits), func(t *testing.T) {
					f := open(t, func(c *table.Config) { c.StageBytes = stage })
					tx := f.set.Begin(0)
					tb := f.put(tx, "t", pk, "a", "b")
					for i := range 40 {
						if err := f.insert(tx, tb, fmt.Sprintf("%d %d", i, 100-i)); err != nil {
							t.Fatal(err)
						}
					}
					ix, err := f.addIndex(tx, tb, "u", true, 1)
					if err != nil {
						t.Fatal(err)
					}
					wantCode(t, f.insert(tx, tb, "50 100"), sqlerr.UniqueViolation)
					if err := f.insert(tx, tb, "50 50", "51 -"); err != nil {
						t.Fatal(err)
					}
					if _, err := f.change(t.Context(), tx, tb, false, 0, func(r string) bool { return first(r) < 38 }, nil); err != nil {
						t.Fatal(err)
					}
					want := []string{"38 62", "39 61", "50 50", "51 -"}
					wantRows(t, f.contents(tx, tb), want...)
					wantRows(t, f.contentsAt(tx, tb, ix.OID, latest), want...)
					if _, err := f.set.Get(t.Context(), tb.Relation().OID); codeOf(err) != sqlerr.UndefinedTable {
						t.Fatalf("others see it: %v", err)
					}
					if !commits {
						tx.Rollback()
						if len(f.log.Topics()) != 0 || len(f.cat.Now().Relations(catalog.KindTable)) != 0 {
							t.Fatal("something is left")
						}
						return
					}
					f.commit(tx)
					for _, g := range []*fixture{f, f.restored()} {
						there := g.get(tb.Relation().OID)
						wantRows(t, g.contents(nil, there), want...)
						wantRows(t, g.contentsAt(nil, there, ix.OID, latest), want...)
						wantCode(t, g.insert(g.set.Begin(time.Nanosecond), there, "60 50"), sqlerr.UniqueViolation)
					}
					g := f.restored()
					g.write(g.get(tb.Relation().OID), "60 60")
					wantRows(t, g.contents(nil, g.get(tb.Relation().OID)), append(want, "60 60")...)
				})
			}
		}
	}
}

// TestIndexOfOneTx: an index over a table that others had before has the rows of the Tx, is obeyed by it, and goes
// with a savepoint; one that was dropped comes back with it.
func TestIndexOfOneTx(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0}, []int{1})
	old := f.cat.Now().Indexes(tb.Relation().OID)[0]
	f.write(tb, "1 1", "2 2", "3 -")
	tx := f.set.Begin(0)
	if err := tx.LockRelation(t.Context(), tb.Relation().OID, table.Exclusive); err != nil {
		t.Fatal(err)
	}
	writer := f.set.Begin(0)
	waits := inTheBackground(writer, func() error { return f.insert(writer, tb, "9 9") })
	save := tx.Savepoint()
	tx.DDL().Drop(old.OID)
	if err := f.insert(tx, tb, "4 1"); err != nil {
		t.Fatal("an index that is gone was obeyed: ", err)
	}
	if _, err := f.addIndex(tx, tb, "again", true, 1); codeOf(err) != sqlerr.UniqueViolation {
		t.Fatalf("an index over duplicates: %v", err)
	}
	tx.RollbackTo(save)
	wantCode(t, f.insert(tx, tb, "4 1"), sqlerr.UniqueViolation)
	tx.RollbackTo(save)
	if _, err := f.change(t.Context(), tx, tb, false, 0, func(r string) bool { return first(r) == 1 }, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.insert(tx, tb, "4 1"); err != nil {
		t.Fatal(err)
	}
	ix, err := f.addIndex(tx, tb, "more", true, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2 2", "3 -", "4 1"}
	wantRows(t, f.contentsAt(tx, tb, ix.OID, latest), want...)
	f.commit(tx)
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	f.commit(writer)
	want = append(want, "9 9")
	for _, g := range []*fixture{f, f.restored()} {
		there := g.get(tb.Relation().OID)
		for _, index := range []catalog.OID{0, ix.OID, old.OID} {
			wantRows(t, g.contentsAt(nil, there, index, latest), want...)
		}
	}
	// The wait for a table that is dropped ends with an error.
	drop, late := f.set.Begin(0), f.set.Begin(0)
	defer late.Rollback()
	if err := drop.LockRelation(t.Context(), tb.Relation().OID, table.Exclusive); err != nil {
		t.Fatal(err)
	}
	waits = inTheBackground(late, func() error { return f.insert(late, tb, "8 8") })
	drop.DDL().Drop(tb.Relation().OID)
	f.commit(drop)
	wantCode(t, <-waits, sqlerr.UndefinedTable)
}

// TestNamesWait: one name is for one Tx at a time.
func TestNamesWait(t *testing.T) {
	f := open(t)
	a, b := f.set.Begin(0), f.set.Begin(0)
	if err := a.LockName(t.Context(), "public", "x"); err != nil {
		t.Fatal(err)
	}
	if err := b.LockName(t.Context(), "other", "x"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits := inTheBackground(b, func() error { return b.LockName(ctx, "public", "x") })
	cancel()
	if err := <-waits; err == nil {
		t.Fatal("a wait that was given up has the lock")
	}
	waits = inTheBackground(b, func() error { return b.LockName(t.Context(), "public", "x") })
	a.Rollback()
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	b.Rollback()
}
