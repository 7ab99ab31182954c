package table_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

var errBadBlock = errors.New("a block is bad")

// hiding refuses reads of changes, or has lost records, as a test says.
type hiding struct {
	log.Log
	changes func() error
	lost    atomic.Uint64
}

func (h *hiding) Changes(ctx context.Context, after, to log.CommitSeq, f log.Filter) (log.ChangeReader, error) {
	if err := h.changes(); err != nil {
		return nil, err
	}
	return h.Log.Changes(ctx, after, to, f)
}

func (h *hiding) TruncatedBy(log.TopicID) log.CommitSeq { return log.CommitSeq(h.lost.Load()) }

// rebuild is ALTER TABLE … REBUILD.
func (f *fixture) rebuild(tb *table.Table) error {
	f.t.Helper()
	oid, number := tb.Relation().OID, 0
	if err := f.set.CanRebuild(f.t.Context(), oid); err != nil {
		return err
	}
	_, err := f.cat.Run(f.t.Context(), f.log, func(txn *catalog.Txn) error {
		rel, _ := txn.At().ByOID(oid)
		changed := *rel
		changed.Rebuilt++
		number = changed.Rebuilt
		txn.Put(&changed)
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.set.Rebuilt(f.t.Context(), oid, number)
}

// TestRebuildRandomly: a table is made anew again and again, because of damage or on request, while it is written
// and read, and indexes come and go: every version that somebody needs has the rows it had, by every index,
// a start has them too, and no write is lost.
func TestRebuildRandomly(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := open(t, func(c *table.Config) {
				if seed%3 == 0 {
					c.NoteBytes = -1 // the table reads the log
				}
			})
			tb := f.create("t", "k int, v int", []int{0}, []int{1})
			other := f.create("other", "k int", []int{0})
			rng := rand.New(rand.NewPCG(seed, 0))
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 1))
				for ctx.Err() == nil {
					if rng.IntN(4) == 0 {
						if err := f.rebuild(tb); err != nil && ctx.Err() == nil {
							t.Error(err)
							return
						}
					} else {
						tb.Hurt(errBadBlock)
					}
					time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
				}
			})
			type version struct {
				v    log.CommitSeq
				rows []string
			}
			var needed []version
			model := map[int]int{}
			var extra *catalog.Relation
			for step := range 150 {
				tx := f.set.Begin(0)
				var err error
				next := map[int]int{}
				for k, v := range model {
					next[k] = v
				}
				switch k := rng.IntN(30); rng.IntN(4) {
				case 0:
					_, err = f.change(ctx, tx, tb, false, 0, func(row string) bool { return first(row) == k }, nil)
					delete(next, k)
				case 1:
					_, err = f.change(ctx, tx, tb, false, 0, func(row string) bool { return first(row) == k }, func(string) string { return fmt.Sprintf("%d %d", k, step) })
					if _, ok := next[k]; ok {
						next[k] = step
					}
				default:
					if _, ok := next[k]; !ok {
						err = f.insert(tx, tb, fmt.Sprintf("%d %d", k, step))
						next[k] = step
					}
				}
				v := log.CommitSeq(0)
				if err == nil {
					v, err = tx.Commit(ctx)
				}
				tx.Rollback()
				if codeOf(err) == sqlerr.SerializationFailure { // its indexes are others now
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				model = next
				if v > 0 && rng.IntN(3) == 0 {
					var rows []string
					for k, v := range model {
						rows = append(rows, fmt.Sprintf("%d %d", k, v))
					}
					needed = append(needed, version{v, rows})
				}
				f.write(other, fmt.Sprint(step)) // its neighbour does not notice
				if len(needed) > 8 {
					needed = needed[1:]
				}
				floor, err := f.log.Newest(ctx, false)
				if err != nil {
					t.Fatal(err)
				}
				if len(needed) > 0 {
					floor = needed[0].v
				}
				f.set.Keep(func(catalog.OID) log.CommitSeq { return floor })
				if rng.IntN(20) == 0 {
					if extra == nil {
						extra = newIndex(tb.Relation(), "extra", false, 1, 0)
						if err := f.createIndex(tb, extra); err != nil {
							t.Fatal(err)
						}
					} else {
						f.dropIndex(extra)
						extra = nil
					}
				}
				if step%7 == 0 && len(needed) > 0 {
					n := needed[rng.IntN(len(needed))]
					wantRows(t, f.contentsAt(nil, tb, 0, n.v), n.rows...)
					for _, ix := range f.cat.Now().Indexes(tb.Relation().OID) {
						if ix.CreatedAt <= n.v {
							wantRows(t, f.contentsAt(nil, tb, ix.OID, n.v), n.rows...)
						}
					}
				}
			}
			cancel()
			wg.Wait()
			want := f.contents(nil, tb)
			for _, n := range []*fixture{f, f.restored()} {
				wantRows(t, n.contents(nil, n.get(tb.Relation().OID)), slices.Clone(want)...)
				for _, ix := range f.cat.Now().Indexes(tb.Relation().OID) {
					wantRows(t, n.contentsAt(nil, n.get(tb.Relation().OID), ix.OID, latest), slices.Clone(want)...)
				}
			}
			if len(want) != len(model) {
				t.Errorf("%d rows, want %d", len(want), len(model))
			}
		})
	}
}

// TestRebuildFails: an error that passes is tried again; one that stays makes the table stand with its reason until
// REBUILD; a changelog that has lost records is refused by name. A durable commit is never lost over it.
func TestRebuildFails(t *testing.T) {
	var h *hiding
	var bad atomic.Pointer[error]
	f := open(t, func(c *table.Config) {
		h = &hiding{Log: c.Log, changes: func() error {
			if err := bad.Load(); err != nil {
				return *err
			}
			return nil
		}}
		c.Log = h
	})
	tb := f.create("t", "k int, v int", []int{0})
	f.write(tb, "1 1")
	fail := func(err error) { bad.Store(&err) }
	state := func() table.Status { return f.set.Status(tb.Relation().OID) }

	fail(errors.New("no connection"))
	tb.Hurt(errBadBlock)
	_, err := f.set.Get(t.Context(), tb.Relation().OID)
	wantCode(t, err, sqlerr.BeingRebuilt)
	if st := state(); st.State != "rebuilding" || st.Since.IsZero() || !strings.Contains(st.Reason.Detail, "a block is bad") {
		t.Errorf("status %+v", st)
	}
	if st := f.set.Stats(); st.Rebuilding != 1 || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
	bad.Store(nil)
	if err := f.rebuild(tb); err != nil {
		t.Fatal(err)
	}
	wantRows(t, f.contents(nil, tb), "1 1")

	fail(fmt.Errorf("%w: segment 3", log.ErrCorrupt))
	wantCode(t, f.rebuild(tb), sqlerr.DataCorrupted)
	_, err = f.set.Get(t.Context(), tb.Relation().OID)
	wantCode(t, err, sqlerr.DataCorrupted)
	var e *sqlerr.Error
	if errors.As(err, &e); !strings.Contains(e.Hint, "ALTER TABLE t REBUILD") || !strings.Contains(e.Detail, "segment 3") {
		t.Errorf("%+v", e)
	}
	if st := state(); st.State != "failed" {
		t.Errorf("status %+v", st)
	}
	bad.Store(nil)
	if err := f.rebuild(tb); err != nil {
		t.Fatal(err)
	}
	wantRows(t, f.contents(nil, tb), "1 1")
	f.write(tb, "2 2")

	h.lost.Store(1 << 40)
	wantCode(t, f.rebuild(tb), sqlerr.InputLost)
	wantRows(t, f.contents(nil, tb), "1 1", "2 2") // it was not touched
	tb.Hurt(errBadBlock)
	for state().State != "failed" {
		time.Sleep(time.Millisecond)
	}
	_, err = f.set.Get(t.Context(), tb.Relation().OID)
	wantCode(t, err, sqlerr.InputLost)
	h.lost.Store(0)
	if err := f.rebuild(tb); err != nil {
		t.Fatal(err)
	}
	wantRows(t, f.contents(nil, tb), "1 1", "2 2")
	if st := f.set.Stats(); st.Rebuilding != 0 || st.Failed != 0 || st.Rebuilds < 3 || st.Rebuilds > 4 { // the first may have begun before it was asked for
		t.Errorf("%+v", st)
	}
}

// TestDropWhileRebuilding: a table that is made anew, and cannot be yet, can be dropped.
func TestDropWhileRebuilding(t *testing.T) {
	f := open(t, func(c *table.Config) {
		c.Log = &hiding{Log: c.Log, changes: func() error { return errors.New("no connection") }}
	})
	tb := f.create("t", "k int", []int{0})
	f.write(tb, "1")
	tb.Hurt(errBadBlock)
	_, err := f.cat.Run(t.Context(), f.log, func(txn *catalog.Txn) error {
		txn.Drop(tb.Relation().OID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.set.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}
