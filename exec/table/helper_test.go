package table_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const latest = log.CommitSeq(1<<64 - 1)

// fixture is a database of tables over a log in memory.
type fixture struct {
	t   testing.TB
	log *log.DB
	cat *catalog.Catalog
	set *table.Set
	cfg table.Config
}

func open(t testing.TB, change ...func(*table.Config)) *fixture {
	t.Helper()
	cat := catalog.New()
	db := logtest.Open(t, logtest.WithParts(cat))
	cfg := table.Config{Log: db, Clock: clock.Real{}, MaxBytes: 64 << 20, MaxLocks: 1 << 20, MaxRecordBatch: 1 << 20}
	for _, f := range change {
		f(&cfg)
	}
	f := &fixture{t: t, log: db, cat: cat, set: table.New(cfg), cfg: cfg}
	if err := f.set.Restore(t.Context(), cat, nil); err != nil {
		t.Fatal(err)
	}
	return f
}

// create makes a table from "name type, …"; pk and unique are lists of column positions.
func (f *fixture) create(name, columns string, pk []int, unique ...[]int) *table.Table {
	f.t.Helper()
	rel := &catalog.Relation{Schema: "public", Name: name, Kind: catalog.KindTable, PrimaryKey: pk, TimestampColumn: -1, TopicName: name, Format: catalog.Format{Name: "json"}}
	types := map[string]sqltype.OID{"int": sqltype.Int4, "text": sqltype.Text, "numeric": sqltype.Numeric, "jsonb": sqltype.JSONB, "json": sqltype.JSON}
	for _, c := range strings.Split(columns, ", ") {
		n, typ, _ := strings.Cut(c, " ")
		rel.Columns = append(rel.Columns, catalog.Column{Name: n, Type: sqltype.Of(types[typ])})
	}
	for _, c := range pk {
		rel.Columns[c].NotNull = true
		rel.Format.Key = append(rel.Format.Key, rel.Columns[c].Name)
	}
	copy(rel.Topic[:], "topic:"+name)
	var indexes []*catalog.Relation
	_, err := f.cat.Run(f.t.Context(), f.log, func(txn *catalog.Txn) error {
		txn.CreateTopic(log.Topic{ID: rel.Topic, Name: name, Partitions: 1, Internal: true})
		txn.Put(rel)
		for i, cols := range unique {
			ix := newIndex(rel, fmt.Sprintf("%s_u%d", name, i), true, cols...)
			txn.Put(ix)
			indexes = append(indexes, ix)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.get(rel.OID)
}

func newIndex(rel *catalog.Relation, name string, unique bool, cols ...int) *catalog.Relation {
	return &catalog.Relation{Schema: "public", Name: name, Kind: catalog.KindIndex, Parent: rel.OID, KeyColumns: cols, Unique: unique, TimestampColumn: -1}
}

func (f *fixture) get(oid catalog.OID) *table.Table {
	f.t.Helper()
	t, err := f.set.Get(f.t.Context(), oid)
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

// restored is a new Set made from the log.
func (f *fixture) restored() *fixture {
	f.t.Helper()
	n := *f
	n.set = table.New(f.cfg)
	if err := n.set.Restore(f.t.Context(), f.cat, nil); err != nil {
		f.t.Fatal(err)
	}
	return &n
}

// createIndex runs CREATE INDEX.
func (f *fixture) createIndex(t *table.Table, ix *catalog.Relation) error {
	tx := f.set.Begin(0)
	defer tx.Rollback()
	if err := tx.LockRelation(f.t.Context(), t.Relation().OID, table.Exclusive); err != nil {
		return err
	}
	ix.OID = 0
	tx.DDL().Put(ix)
	if err := tx.BuildIndex(f.t.Context(), t, ix, false); err != nil {
		return err
	}
	_, err := tx.Commit(f.t.Context())
	return err
}

// dropIndex runs DROP INDEX.
func (f *fixture) dropIndex(ix *catalog.Relation) {
	f.t.Helper()
	tx := f.set.Begin(0)
	if err := tx.LockRelation(f.t.Context(), ix.Parent, table.Exclusive); err != nil {
		f.t.Fatal(err)
	}
	tx.DDL().Drop(ix.OID)
	if _, err := tx.Commit(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// inputs is what statements outside lanes read.
type inputs struct{ *fixture }

var errUnused = errors.New("not used here")

func (in inputs) Relation(id plan.RelationID) (*catalog.Relation, error) {
	return in.get(catalog.OID(id)).Relation(), nil
}

func (in inputs) Contents(id, index plan.RelationID, v log.CommitSeq) (state.View, error) {
	return in.set.At(in.t.Context(), catalog.OID(id), catalog.OID(index), v)
}

func (in inputs) Errors(plan.RelationID, log.CommitSeq) (state.View, error) { return nil, nil }

func (in inputs) System(plan.RelationID) (source.SystemRows, error) { return nil, errUnused }

// rows of values, "-" = NULL, blanks between the columns.
func (f *fixture) rows(t *table.Table, lines ...string) *delta.Batch {
	f.t.Helper()
	cols := t.Relation().Columns
	builders := make([]*delta.Builder, len(cols))
	for i, c := range cols {
		builders[i] = delta.NewBuilder(c.Type.OID)
	}
	for _, line := range lines {
		words := strings.Split(line, " ")
		if len(words) != len(cols) {
			f.t.Fatalf("row %q of %d columns", line, len(cols))
		}
		for i, w := range words {
			if w == "-" {
				builders[i].AppendNull()
			} else if err := codec.AppendText(builders[i], cols[i].Type, []byte(w), codec.UTC); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	out := &delta.Batch{Len: len(lines)}
	for _, b := range builders {
		out.Cols = append(out.Cols, b.Take())
	}
	return out
}

// show is one row's text.
func show(cols []delta.Column, row int32) string {
	var words []string
	for i := range cols {
		if cols[i].Null(row) {
			words = append(words, "-")
			continue
		}
		words = append(words, string(codec.FormatText(nil, &cols[i], row, codec.UTC)))
	}
	return strings.Join(words, " ")
}

// scan reads through tx (nil = none) what a table, or one of its indexes, has; equal is a key
// to look up.
func (f *fixture) scan(tx *table.Tx, t *table.Table, index catalog.OID, v log.CommitSeq, equal ...delta.Column) *delta.BatchBuilder {
	f.t.Helper()
	view, err := tx.Inputs(inputs{f}).Contents(plan.RelationID(t.Relation().OID), plan.RelationID(index), v)
	if err != nil {
		f.t.Fatal(err)
	}
	defer view.Release()
	cur, err := view.Scan(f.t.Context(), state.Range{Equal: equal})
	if err != nil {
		f.t.Fatal(err)
	}
	defer cur.Close()
	out := delta.NewBatchBuilder(t.Types())
	var b delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(f.t.Context(), &b); err != nil {
			f.t.Fatal(err)
		}
		out.AppendBatch(&b)
	}
	return out
}

// contents is the visible rows, sorted.
func (f *fixture) contents(tx *table.Tx, t *table.Table) []string {
	return f.contentsAt(tx, t, 0, latest)
}

func (f *fixture) contentsAt(tx *table.Tx, t *table.Table, index catalog.OID, v log.CommitSeq, equal ...delta.Column) []string {
	f.t.Helper()
	b := f.scan(tx, t, index, v, equal...).Batch()
	out := []string{}
	for i := range int32(b.Len) {
		for range b.Weight(i) {
			out = append(out, show(b.Cols[:len(t.Relation().Columns)], i))
		}
	}
	slices.Sort(out)
	return out
}

func (f *fixture) insert(tx *table.Tx, t *table.Table, lines ...string) error {
	f.t.Helper()
	_, err := tx.Insert(f.t.Context(), t, f.rows(t, lines...))
	return err
}

// change runs an UPDATE (to not nil) or DELETE of the rows that match.
func (f *fixture) change(ctx context.Context, tx *table.Tx, t *table.Table, repeatable bool, at log.CommitSeq, match func(row string) bool, to func(row string) string) (int64, error) {
	return tx.Modify(ctx, t, repeatable, func() (*table.Change, error) {
		v := at
		if v == 0 {
			newest, err := f.log.Newest(ctx, false)
			if err != nil {
				return nil, err
			}
			v = newest
		}
		all := f.scan(tx, t, 0, v).Batch()
		width := len(t.Relation().Columns)
		var sel []int32
		var lines []string
		for i := range int32(all.Len) {
			row := show(all.Cols[:width], i)
			if match(row) {
				sel = append(sel, i)
				if to != nil {
					lines = append(lines, to(row))
				}
			}
		}
		c := &table.Change{At: v, Free: func() {}, Old: delta.Batch{Len: len(sel)}}
		for i := range all.Cols {
			c.Old.Cols = append(c.Old.Cols, delta.Copy(&all.Cols[i], sel))
		}
		if to != nil {
			c.New = *f.rows(t, lines...)
			if t.HasRowID() {
				c.New.Cols = append(c.New.Cols, c.Old.Cols[width])
			}
		}
		return c, nil
	})
}

func (f *fixture) commit(tx *table.Tx) log.CommitSeq {
	f.t.Helper()
	v, err := tx.Commit(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

// write inserts rows in a Tx of their own.
func (f *fixture) write(t *table.Table, lines ...string) log.CommitSeq {
	f.t.Helper()
	tx := f.set.Begin(0)
	if err := f.insert(tx, t, lines...); err != nil {
		f.t.Fatal(err)
	}
	return f.commit(tx)
}

func codeOf(err error) sqlerr.Code {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func wantCode(t testing.TB, err error, code sqlerr.Code) {
	t.Helper()
	if codeOf(err) != code {
		t.Fatalf("error %v, want %s", err, code)
	}
}

func wantRows(t testing.TB, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("rows %q, want %q", got, want)
	}
}

func first(row string) int {
	w, _, _ := strings.Cut(row, " ")
	n, _ := strconv.Atoi(w)
	return n
}

// fakeClock stands still until Advance.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []timer
}

type timer struct {
	at time.Time
	c  chan time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := timer{c.now.Add(d), make(chan time.Time, 1)}
	c.timers = append(c.timers, t)
	return t.c
}

func (c *fakeClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for _, t := range c.timers {
		if !t.at.After(c.now) {
			select {
			case t.c <- c.now:
			default:
			}
		}
	}
}

// Timers is how many were made.
func (c *fakeClock) Timers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}
