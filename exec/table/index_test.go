package table_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// yield lets another goroutine take its step; no time is measured.
func yield() { time.Sleep(50 * time.Microsecond) }

// compacted is the last value of each key in a table's topic, tombstones applied.
func (f *fixture) compacted(t *testing.T, tb *table.Table) map[string]string {
	t.Helper()
	newest, err := f.log.Newest(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := f.log.Changes(t.Context(), 0, newest, log.Filter{Topics: []log.TopicFilter{{Topic: tb.Relation().Topic}}})
	if err != nil {
		t.Fatal(err)
	}
	defer changes.Close()
	got := map[string]string{}
	var res log.ChangeResult
	var rd recordbatch.Reader
	for more := true; more; {
		if more, err = changes.Next(t.Context(), log.Budget{MaxBytes: 1 << 20}, &res); err != nil {
			t.Fatal(err)
		}
		for _, run := range res.Runs {
			if err := rd.Reset(run.RecordBatch, 1<<20); err != nil {
				t.Fatal(err)
			}
			for rd.Next() {
				if r := rd.Record(); r.Value == nil {
					delete(got, string(r.Key))
				} else {
					got[string(r.Key)] = string(r.Value)
				}
			}
		}
		res.Runs = res.Runs[:0]
	}
	return got
}

func TestCreateIndexBesideWriters(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				tx := f.set.Begin(0)
				id := w*1_000_000 + i
				err := f.insert(tx, tb, fmt.Sprintf("%d %d", id, id))
				if err == nil {
					_, err = tx.Commit(t.Context())
				}
				tx.Rollback()
				if err != nil && codeOf(err) != sqlerr.SerializationFailure {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 4 {
		for len(f.contents(nil, tb)) < 50*(i+1) && !t.Failed() {
			yield()
		}
		if err := f.createIndex(tb, newIndex(tb.Relation(), fmt.Sprintf("ix%d", i), i%2 == 0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	rows := f.contents(nil, tb)
	indexes := f.cat.Now().Indexes(tb.Relation().OID)
	if len(indexes) != 4 {
		t.Fatalf("%d indexes", len(indexes))
	}
	back := f.restored()
	for _, ix := range indexes {
		if got := f.contentsAt(nil, tb, ix.OID, latest); !slices.Equal(got, rows) {
			t.Fatalf("index %s has %d rows, the table %d", ix.Name, len(got), len(rows))
		}
		if got := back.contentsAt(nil, back.get(tb.Relation().OID), ix.OID, latest); !slices.Equal(got, rows) {
			t.Fatalf("after a restore index %s has %d rows, the table %d", ix.Name, len(got), len(rows))
		}
	}
	tx := f.set.Begin(0)
	wantCode(t, f.insert(tx, tb, "-1 0"), sqlerr.UniqueViolation)
	tx.Rollback()
}

func TestCreateUniqueIndexOverDuplicates(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 5", "2 -", "3 -", "4 5")
	wantCode(t, f.createIndex(tb, newIndex(tb.Relation(), "u", true, 1)), sqlerr.UniqueViolation)
	f.write(tb, "5 5") // no index is left behind
	if err := f.createIndex(tb, newIndex(tb.Relation(), "u", true, 0, 1)); err != nil {
		t.Fatal(err)
	}
}

// TestIndexIsThereWhenSeen: who sees the index in the catalog can read it.
func TestIndexIsThereWhenSeen(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 1")
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			for _, ix := range f.cat.Now().Indexes(tb.Relation().OID) {
				view, err := f.set.At(f.t.Context(), tb.Relation().OID, ix.OID, latest)
				if err != nil {
					t.Error(err)
					return
				}
				view.Release()
			}
		}
	})
	for i := range 50 {
		if err := f.createIndex(tb, newIndex(tb.Relation(), fmt.Sprintf("ix%d", i), false, 1)); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	wg.Wait()
}

// TestTwoIndexesTwoTables: commits over two tables, in either order, beside CREATE INDEX on
// both: nobody waits for ever.
func TestTwoIndexesTwoTables(t *testing.T) {
	f := open(t)
	a, b := f.create("a", "id int, v int", []int{0}), f.create("b", "id int, v int", []int{0})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w, order := range [][]*table.Table{{a, b}, {b, a}, {a, b}, {b, a}} {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				tx := f.set.Begin(0)
				for _, tb := range order {
					if err := f.insert(tx, tb, fmt.Sprintf("%d 1", w*1_000_000+i)); err != nil && codeOf(err) != sqlerr.SerializationFailure {
						t.Error(err)
					}
				}
				if _, err := tx.Commit(t.Context()); err != nil && codeOf(err) != sqlerr.SerializationFailure {
					t.Error(err)
				}
			}
		})
	}
	var ddl sync.WaitGroup
	for _, tb := range []*table.Table{a, b} {
		ddl.Go(func() {
			for i := range 15 {
				if err := f.createIndex(tb, newIndex(tb.Relation(), fmt.Sprintf("%s_ix%d", tb.Relation().Name, i), false, 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ddl.Wait()
	stop.Store(true)
	wg.Wait()
	wantRows(t, f.contents(nil, a), f.contents(nil, b)...)
}
