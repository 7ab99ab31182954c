package table

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Config is what a Set needs.
type Config struct {
	Log   log.Log
	Clock clock.Clock
	// MaxBytes is max_transaction_bytes; MaxLocks bounds the keys locked at once.
	MaxBytes int
	MaxLocks int
	// MaxRecordBatch bounds one record batch of a changelog, bytes.
	MaxRecordBatch int
	// Account is told of memory taken and given back; it must not refuse, as what it is told of
	// is durable. nil = nobody.
	Account func(bytes int64) error
	// Logger of what a start has to say; nil = nobody listens.
	Logger *slog.Logger
	// Room refuses a commit whose rows the memory has no room for; nil = never.
	Room func(bytes int64) error
}

// Set is all tables of the database and their one writer. Safe for concurrent use.
type Set struct {
	cfg   Config
	locks *locks
	mu    struct {
		sync.RWMutex
		tables map[catalog.OID]*Table
		failed error // a durable delta could not be applied: tables can no longer be trusted
	}
}

// New makes an empty Set.
func New(cfg Config) *Set {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Set{cfg: cfg, locks: newLocks(cfg.Clock, cfg.MaxLocks)}
	s.mu.tables = map[catalog.OID]*Table{}
	return s
}

// Get finds a table.
func (s *Set) Get(oid catalog.OID) (*Table, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.mu.failed != nil {
		return nil, s.mu.failed
	}
	t, ok := s.mu.tables[oid]
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "table with OID %d does not exist", oid)
	}
	return t, nil
}

// At opens the rows of a table (index 0), or of one of its indexes, at v.
func (s *Set) At(oid, index catalog.OID, v log.CommitSeq) (state.View, error) {
	t, err := s.Get(oid)
	if err != nil {
		return nil, err
	}
	return t.at(index, v)
}

// Add makes the empty table of a new relation. It is called from the Applied of its CREATE, so
// that the table is there when its commit is published.
func (s *Set) Add(rel *catalog.Relation, indexes ...*catalog.Relation) {
	t := newTable(rel, s.cfg.Account)
	for _, ix := range indexes {
		t.mu.indexes = append(t.mu.indexes, &index{rel: ix, key: ix.KeyColumns, rows: t.arrange(ix.KeyColumns, s.cfg.Account)})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.tables[rel.OID] = t
}

// Drop forgets a table; views that are open stay readable.
func (s *Set) Drop(oid catalog.OID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.tables, oid)
}

// Keep lets versions below v go.
func (s *Set) Keep(v log.CommitSeq) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.mu.tables {
		t.keep(v)
	}
}

// Begin starts a Tx; lockTimeout 0 waits for ever.
func (s *Set) Begin(lockTimeout time.Duration) *Tx {
	return &Tx{set: s, timeout: lockTimeout, byTable: map[catalog.OID]*overlay{}}
}

// fail is for the impossible: a durable delta that a table does not take.
func (s *Set) fail(t *Table, v log.CommitSeq, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.failed == nil {
		s.mu.failed = fmt.Errorf("table %q could not take commit %d; restart to rebuild it from the log: %w", t.rel.Name, v, err)
	}
}

// room asks for the memory of the rows, once for the table and once for each index.
func (tx *Tx) room() error {
	if tx.set.cfg.Room == nil {
		return nil
	}
	bytes := 0
	for _, o := range tx.touched {
		bytes += o.news.Size() * (1 + len(o.taken))
	}
	return tx.set.cfg.Room(int64(bytes))
}

// holdIndexes keeps the indexes of the tables touched as they are until release. The locks are
// taken in the order of OIDs: a CREATE INDEX that waits keeps later readers out, so two
// commits that took theirs crosswise could each stand behind one that waits for the other.
func (tx *Tx) holdIndexes() (release func()) {
	tables := make([]*Table, len(tx.touched))
	for i, o := range tx.touched {
		tables[i] = o.t
	}
	slices.SortFunc(tables, func(a, b *Table) int { return cmp.Compare(a.rel.OID, b.rel.OID) })
	for _, t := range tables {
		t.ddl.RLock()
	}
	return func() {
		for _, t := range tables {
			t.ddl.RUnlock()
		}
	}
}

// Commit makes the Tx durable and visible, frees its locks, and returns its version; 0 when it
// wrote nothing. On an error nothing happened, unless the error says that it is unknown.
func (tx *Tx) Commit(ctx context.Context) (log.CommitSeq, error) {
	defer tx.Rollback()
	if !tx.Wrote() {
		return 0, nil
	}
	if err := tx.room(); err != nil {
		return 0, err
	}
	e := &log.Entry{Appends: tx.appends}
	var deltas []func(v log.CommitSeq)
	defer tx.holdIndexes()()
	for _, o := range tx.touched {
		if err := o.sameIndexes(); err != nil {
			return 0, err
		}
		records, err := o.records(tx.set.cfg.MaxRecordBatch, tx.set.cfg.Clock.Now().UnixMilli())
		if err != nil {
			return 0, err
		}
		if len(records) == 0 {
			continue
		}
		e.Appends = append(e.Appends, log.Append{Partition: log.Partition{Topic: o.t.rel.Topic}, RecordBatches: records})
		rows := o.delta()
		deltas = append(deltas, func(v log.CommitSeq) {
			if err := o.t.apply(&rows, v); err != nil {
				tx.set.fail(o.t, v, err)
			}
		})
	}
	if len(e.Appends) == 0 {
		return 0, nil
	}
	e.Applied = func(v log.CommitSeq) {
		for _, apply := range deltas {
			apply(v)
		}
	}
	p := tx.set.cfg.Log.Append(e)
	// Past this point the outcome is the log's: a cancel does not take the entry back.
	<-p.Done()
	res, err := p.Result()
	return res.Seq, err
}
