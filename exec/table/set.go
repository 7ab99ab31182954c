package table

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Config is what a Set needs.
type Config struct {
	Log   log.Log
	Clock clock.Clock
	// MaxBytes is max_transaction_bytes; MaxLocks bounds the keys locked at once.
	MaxBytes int64
	// StageBytes is how much of what a transaction writes is in memory: what comes beyond it is written
	// ahead of the commit, in pieces of about this size. 0 = everything is in memory.
	StageBytes int
	MaxLocks   int
	// MaxKeyLocks is how many keys a transaction locks one by one for foreign keys; 0 = any number.
	MaxKeyLocks int
	// MaxRecordBatch bounds one record batch of a changelog, bytes.
	MaxRecordBatch int
	// Account is told of memory taken and given back; it must not refuse, as what it is told of
	// is durable. nil = nobody.
	Account func(bytes int64) error
	// Memory is what open transactions are charged to; nil = nobody counts.
	Memory *memory.Account
	// Merges is where rows are merged; nil = by who applies commits.
	Merges *state.Pool
	// Logger of what a start has to say; nil = nobody listens.
	Logger *slog.Logger
	// NoteBytes bounds the bytes of entries that wait for one table to take them in; past it the
	// table reads the log. 0 = no bound, as what waits has its memory reserved; negative = tables
	// always read the log.
	NoteBytes int64
	// Reserve takes the memory of a commit's rows, or refuses the commit; nil = Account.
	Reserve func(bytes int64) error
}

// Set is all tables of the database and their one writer. Safe for concurrent use.
type Set struct {
	cfg       Config
	locks     *locks
	catalog   *catalog.Catalog
	following log.Following // of the catalog; nil until Restore
	onRebuilt func(oid catalog.OID)
	rebuilds  atomic.Uint64
	begun     atomic.Uint64 // Txs
	serials   serials
	temporary temporaries
	// keyEscalations counts locks on all keys of a table.
	keyEscalations atomic.Uint64
	mu             struct {
		sync.RWMutex
		tables  map[catalog.OID]*Table
		tableOf map[catalog.OID]catalog.OID // of an index
	}
}

// New makes an empty Set.
func New(cfg Config) *Set {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Set{cfg: cfg, locks: newLocks(cfg.Clock, cfg.MaxLocks)}
	s.mu.tables, s.mu.tableOf = map[catalog.OID]*Table{}, map[catalog.OID]catalog.OID{}
	return s
}

func (s *Set) options() state.Options {
	return state.Options{History: true, Account: s.cfg.Account, Reserve: s.cfg.Reserve, Merges: s.cfg.Merges}
}

// Get finds a table that the catalog has. One that was just created may take a moment.
func (s *Set) Get(ctx context.Context, oid catalog.OID) (*Table, error) {
	t := s.lookup(oid)
	if t == nil {
		if err := s.Settle(ctx); err != nil {
			return nil, err
		}
		t = s.lookup(oid)
	}
	if t == nil {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "table with OID %d does not exist", oid)
	}
	return t, t.reached(ctx, 0) // one that cannot be used says so
}

func (s *Set) lookup(oid catalog.OID) *Table {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.mu.tables[oid]
}

// At opens the rows of a table (index 0), or of one of its indexes, at v, a published commit,
// once the table has it.
func (s *Set) At(ctx context.Context, oid, index catalog.OID, v log.CommitSeq) (state.View, error) {
	t, err := s.Get(ctx, oid)
	if err != nil {
		return nil, err
	}
	if err := t.reached(ctx, v); err != nil {
		return nil, err
	}
	if rel, ok := s.catalog.Now().ByOID(oid); ok && rel != t.rel() { // it is about to get another form
		if err := s.Settle(ctx); err != nil {
			return nil, err
		}
	}
	view, ix, err := t.open(index, v)
	if err != nil {
		return nil, err
	}
	return ix.shown(view), nil
}

// Keep lets the versions of each table go that lie below what floor says of it.
func (s *Set) Keep(floor func(oid catalog.OID) log.CommitSeq) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for oid, t := range s.mu.tables {
		t.keep(floor(oid))
	}
}

// History is the bytes of changes that tables and their indexes keep, of the versions that span says
// of each: those in (after, to].
func (s *Set) History(span func(oid catalog.OID) (after, to log.CommitSeq)) (bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for oid, t := range s.mu.tables {
		after, to := span(oid)
		if after >= to {
			continue
		}
		for _, a := range t.arrangements(t.now()) {
			bytes += a.History(after, to)
		}
		bytes += t.olderBytes(after)
	}
	return bytes
}

// Begin starts a Tx; lockTimeout 0 waits for ever.
func (s *Set) Begin(lockTimeout time.Duration) *Tx {
	tx := &Tx{set: s, id: s.begun.Add(1), timeout: lockTimeout, byTable: map[catalog.OID]*overlay{}}
	if s.cfg.Memory != nil {
		tx.memory = s.cfg.Memory.Owner()
	}
	return tx
}
