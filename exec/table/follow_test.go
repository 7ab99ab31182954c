package table_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// slowLog gives followers of tables their deliveries late, or not at all.
type slowLog struct {
	log.Log
	before func(ctx context.Context) error
}

func (l *slowLog) Follow(c log.FollowConfig, f log.Follower) log.Following {
	if len(c.Filter.Topics) == 0 {
		return l.Log.Follow(c, f)
	}
	return l.Log.Follow(c, lateFollower{f, l.before})
}

type lateFollower struct {
	log.Follower
	before func(ctx context.Context) error
}

func (f lateFollower) Apply(ctx context.Context, d *log.Delivery) error {
	if err := f.before(ctx); err != nil {
		return err
	}
	return f.Follower.Apply(ctx, d)
}

// behind makes a fixture whose tables lag by some hundred switches of goroutines.
func behind(t testing.TB) *fixture {
	return open(t, func(c *table.Config) {
		c.Log = &slowLog{c.Log, func(context.Context) error {
			for range rand.IntN(400) {
				runtime.Gosched()
			}
			return nil
		}}
	})
}

// TestNoLostUpdatesBehind: a row's lock is held until the table has the commit, also when the
// client that committed went away: every increment that was made durable counts once.
func TestNoLostUpdatesBehind(t *testing.T) {
	f := behind(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 0")
	var durable atomic.Int64
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 1))
			for range 10 {
				ctx, cancel := context.WithCancel(t.Context())
				tx := f.set.Begin(0)
				n, err := f.change(ctx, tx, tb, false, 0, func(string) bool { return true }, func(row string) string {
					_, v, _ := strings.Cut(row, " ")
					var at int
					fmt.Sscan(v, &at)
					return fmt.Sprintf("1 %d", at+1)
				})
				if err != nil || n != 1 {
					t.Errorf("%d rows, %v", n, err)
					tx.Rollback()
					cancel()
					return
				}
				if rng.IntN(2) == 0 {
					cancel() // the client is gone before its commit is anywhere
				}
				if _, err := tx.Commit(ctx); err != nil {
					t.Error(err)
				} else {
					durable.Add(1)
				}
				tx.Rollback()
				cancel()
			}
		})
	}
	wg.Wait()
	wantRows(t, f.contents(nil, tb), fmt.Sprintf("1 %d", durable.Load()))
}

// TestUniqueBehind: of those who insert one unique key one wins, whatever the table lags.
func TestUniqueBehind(t *testing.T) {
	f := behind(t)
	tb := f.create("t", "id int, v int", []int{0}, []int{1})
	for round := range 20 {
		var won atomic.Int64
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				tx := f.set.Begin(0)
				defer tx.Rollback()
				err := f.insert(tx, tb, fmt.Sprintf("%d %d", 10*round+w, round))
				if err == nil {
					cancel()
					_, err = tx.Commit(ctx)
				}
				if err == nil {
					won.Add(1)
				} else if codeOf(err) != sqlerr.UniqueViolation {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d inserted the key, want 1", round, won.Load())
		}
	}
	if n := f.set.LocksHeld(); n != 0 && t.Context().Err() == nil {
		settle(t, f, tb)
		if n := f.set.LocksHeld(); n != 0 {
			t.Errorf("%d locks held at the end", n)
		}
	}
}

func settle(t *testing.T, f *fixture, tb *table.Table) {
	t.Helper()
	newest, err := f.log.Newest(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.set.Reached(t.Context(), tb.Relation().OID, newest); err != nil {
		t.Fatal(err)
	}
}

// TestNotesDropped: a set that reads every commit back from the log is the one that is handed
// rows, at every version, with its indexes, whatever is created and dropped meanwhile, and however
// much is staged.
func TestNotesDropped(t *testing.T) {
	for _, stage := range []int{0, 1, 60} {
		testNotesDropped(t, stage)
	}
}

func testNotesDropped(t *testing.T, stage int) {
	f := open(t, func(c *table.Config) { c.StageBytes = stage })
	other := *f
	cfg := f.cfg
	cfg.NoteBytes = -1
	other.set = table.New(cfg)
	if err := other.set.Restore(t.Context(), f.cat, nil); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	a := f.create("a", "id int, v int, s text", []int{0}, []int{1})
	b := f.create("b", "v numeric, s text", nil)
	for step := range 120 {
		tx := f.set.Begin(0)
		var err error
		switch rng.IntN(4) {
		case 0:
			err = f.insert(tx, a, fmt.Sprintf("%d %d x%d", rng.IntN(40), rng.IntN(60), step))
		case 1:
			_, err = f.change(t.Context(), tx, a, false, 0, func(row string) bool { return first(row)%5 == step%5 }, nil)
		case 2:
			err = f.insert(tx, b, "1.50 y", "- z")
			if err == nil {
				err = f.insert(tx, a, fmt.Sprintf("%d - w", rng.IntN(40)))
			}
		case 3:
			_, err = f.change(t.Context(), tx, b, false, 0, func(row string) bool { return rng.IntN(3) == 0 }, func(row string) string { return "2.5 " + row[strings.Index(row, " ")+1:] })
		}
		if err != nil {
			tx.Rollback()
			continue
		}
		v, err := tx.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if v == 0 {
			continue
		}
		for _, tb := range []*table.Table{a, b} {
			indexes := []catalog.OID{0}
			for _, ix := range f.cat.Now().Indexes(tb.Relation().OID) {
				indexes = append(indexes, ix.OID)
			}
			for _, ix := range indexes {
				wantRows(t, other.contentsAt(nil, tb, ix, v), f.contentsAt(nil, tb, ix, v)...)
			}
		}
	}
	gone := f.create("gone", "id int", []int{0})
	f.write(gone, "1")
	if _, err := other.set.Get(t.Context(), gone.Relation().OID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.cat.Run(t.Context(), f.log, func(txn *catalog.Txn) error {
		txn.Drop(gone.Relation().OID)
		txn.DropTopic(gone.Relation().Topic)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*table.Set{f.set, other.set} {
		if err := s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := s.Get(t.Context(), gone.Relation().OID)
		wantCode(t, err, sqlerr.UndefinedTable)
	}
}

// TestTablesFailAlone: a table that cannot take a commit refuses by itself; the COMMIT, which is
// durable, succeeds, and the other table works on.
func TestTablesFailAlone(t *testing.T) {
	var broken atomic.Bool
	f := open(t, func(c *table.Config) {
		c.Log = &slowLog{c.Log, func(context.Context) error {
			if broken.CompareAndSwap(true, false) {
				return errors.New("no room for it")
			}
			return nil
		}}
	})
	bad, good := f.create("bad", "id int", []int{0}), f.create("good", "id int", []int{0})
	f.write(bad, "1")
	f.write(good, "1")
	broken.Store(true)
	if v := f.write(bad, "2"); v == 0 {
		t.Fatal("no version")
	}
	_, err := f.set.Get(t.Context(), bad.Relation().OID)
	wantCode(t, err, sqlerr.ObjectNotInPrerequisiteState)
	f.write(good, "2")
	wantRows(t, f.contents(nil, good), "1", "2")
	if n := f.set.LocksHeld(); n != 0 {
		t.Errorf("%d locks held", n)
	}
	wantRows(t, f.restored().contents(nil, bad), "1", "2") // nothing is lost
}

// TestOneSlowTable: while one table takes a commit in, others commit and are read.
func TestOneSlowTable(t *testing.T) {
	gate, begun := make(chan struct{}), make(chan struct{}, 10)
	var stand atomic.Bool
	f := open(t, func(c *table.Config) {
		c.Log = &slowLog{c.Log, func(ctx context.Context) error {
			if stand.CompareAndSwap(true, false) {
				begun <- struct{}{}
				select {
				case <-gate:
				case <-ctx.Done():
				}
			}
			return nil
		}}
	})
	slow, quick := f.create("slow", "id int", []int{0}), f.create("quick", "id int", []int{0})
	stand.Store(true)
	var wg sync.WaitGroup
	wg.Go(func() { f.write(slow, "1") })
	<-begun
	for i := range 20 {
		f.write(quick, fmt.Sprint(i))
	}
	if n := len(f.contents(nil, quick)); n != 20 {
		t.Errorf("%d rows", n)
	}
	close(gate)
	wg.Wait()
	wantRows(t, f.contents(nil, slow), "1")
}
