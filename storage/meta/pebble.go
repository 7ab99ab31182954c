package meta

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/internal/latency"
)

const (
	pebbleFormat  = 1
	maxIdentities = 4096
	// memTableSize: commit records that are trimmed before their memtable is flushed never
	// reach a table file.
	memTableSize = 32 << 20
	cacheSize    = 8 << 20
)

// PebbleOptions of OpenPebble; the zero value is what a server uses.
type PebbleOptions struct {
	FS     vfs.FS       // nil = the operating system's
	Logger *slog.Logger // nil = discard
	// Probed: a Probe of the directory has just gone well, none is needed again.
	Probed bool
}

// PebbleStore is the embedded Store: one process, one directory.
type PebbleStore struct {
	db     *pebble.DB
	path   string
	files  *watchedFS
	lock   io.Closer
	logger *slog.Logger

	mu struct {
		sync.Mutex
		closed      bool
		version     uint64 // last version given out
		ticket      uint64 // last write placed in the WAL
		last, floor CommitSeq
		identities  int
		oldestID    uint64 // version below which no identity is kept
	}
	durable durability
	syncs   latency.Histogram // of the WAL
}

var _ Store = (*PebbleStore)(nil)

// OpenPebble opens or creates the store in directory path. ErrLocked when another process (or
// another store of this one) holds it; ErrCorrupt when it is damaged, and then nothing in it has
// changed.
func OpenPebble(path string, opts PebbleOptions) (*PebbleStore, error) {
	if opts.FS == nil {
		opts.FS = vfs.Default
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := makeDirectory(opts.FS, path); err != nil {
		return nil, fmt.Errorf("create metadata directory: %w", err)
	}
	if !opts.Probed {
		if _, err := Probe(path, opts, nil); err != nil {
			return nil, fmt.Errorf("open metadata store: %w", err)
		}
	}
	lock, err := pebble.LockDirectory(path, opts.FS)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrLocked, path, err)
	}
	s := &PebbleStore{path: path, lock: lock, logger: opts.Logger}
	s.durable.init()
	if err := s.open(opts.FS, lock); err != nil {
		_ = lock.Close() // the open error is what matters
		return nil, fmt.Errorf("open metadata store: %w", err)
	}
	err = s.load()
	if err == nil {
		err = s.files.opened()
	}
	if err != nil {
		_ = s.Close() // the first error is what matters
		return nil, err
	}
	return s, nil
}

func (s *PebbleStore) open(fs vfs.FS, lock *pebble.Lock) (err error) {
	if s.files, err = watch(fs, s.path); err != nil {
		return err
	}
	s.files.syncs = &s.syncs
	if err := removeOptions(fs, s.path); err != nil {
		return err
	}
	cache := pebble.NewCache(cacheSize)
	defer cache.Unref()
	s.db, err = pebble.Open(s.path, &pebble.Options{
		FS: s.files, Lock: lock, Cache: cache, Logger: fatalLogger{s},
		MemTableSize:       memTableSize,
		FormatMajorVersion: pebble.FormatNewest,
	})
	return err
}

// removeOptions removes Pebble's notes of its own options: a damaged one would end the start, and
// there is nothing in them that we do not set.
func removeOptions(fs vfs.FS, path string) error {
	names, err := fs.List(path)
	if err != nil {
		return err
	}
	for _, n := range names {
		if strings.HasPrefix(n, optionsPrefix) {
			if err := fs.Remove(fs.PathJoin(path, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeDirectory creates path and makes its name durable.
func makeDirectory(fs vfs.FS, path string) error {
	if err := fs.MkdirAll(path, 0o700); err != nil {
		return err
	}
	parent := fs.PathDir(path)
	if parent == path {
		return nil
	}
	return syncDirectory(fs, parent)
}

// load reads the counters, and writes the format into a new store.
func (s *PebbleStore) load() error {
	format, found, err := s.getNumber(metaKey("format"))
	if err != nil {
		return err
	}
	if !found {
		return s.initialize()
	}
	if format != pebbleFormat {
		return fmt.Errorf("%w: metadata format %d is not known (this version reads %d)", ErrCorrupt, format, pebbleFormat)
	}
	if s.mu.version, _, err = s.getNumber(metaKey("version")); err != nil {
		return err
	}
	floor, _, err := s.getNumber(metaKey("floor"))
	if err != nil {
		return err
	}
	s.mu.floor = CommitSeq(floor)
	if err := s.loadLast(); err != nil {
		return err
	}
	return s.loadIdentities()
}

func (s *PebbleStore) initialize() error {
	s.mu.floor = 1
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }() // a batch's Close has no effect on what was committed
	for name, n := range map[string]uint64{"format": pebbleFormat, "floor": 1, "version": 0} {
		if err := b.Set(metaKey(name), number(n), nil); err != nil {
			return err
		}
	}
	return s.db.Apply(b, pebble.Sync)
}

func (s *PebbleStore) loadLast() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixLog}, UpperBound: []byte{prefixLog + 1}})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	s.mu.last = s.mu.floor - 1
	if it.Last() {
		seq, err := logSeq(it.Key())
		if err != nil {
			return err
		}
		if seq < s.mu.floor {
			return fmt.Errorf("%w: commit record %d lies below the floor %d", ErrCorrupt, seq, s.mu.floor)
		}
		s.mu.last = seq
	}
	s.durable.last = s.mu.last
	return it.Error()
}

// Read gives fn one consistent state that is durable.
func (s *PebbleStore) Read(ctx context.Context, fn func(Snapshot) error) error {
	s.mu.Lock()
	if err := s.usableLocked(); err != nil {
		s.mu.Unlock()
		return err
	}
	ticket := s.mu.ticket
	snap := s.db.NewSnapshot()
	s.mu.Unlock()
	defer func() { _ = snap.Close() }() // a read snapshot holds no state to lose
	// why: placed writes are readable before their sync ends; a reader must not see what a
	// power cut takes away, so it waits for the sync that is under way.
	if err := s.durable.wait(ctx, ticket); err != nil {
		return err
	}
	return fn(pebbleSnapshot{snap})
}

// Close waits for no one: calls under way must have returned.
func (s *PebbleStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil
	}
	s.mu.closed = true
	if s.durable.poisoned() != nil {
		// why: Pebble's own Close flushes and may wait for a goroutine that the error ended.
		_ = s.files.slots.close() // what it says stays true
		return s.lock.Close()
	}
	err := s.db.Close()
	if err == nil {
		err = s.files.seal(s.path)
	}
	if lockErr := s.lock.Close(); err == nil {
		err = lockErr
	}
	return err
}

// REQUIRES: s.mu held.
func (s *PebbleStore) usableLocked() error {
	if s.mu.closed {
		return ErrClosed
	}
	return s.durable.poisoned()
}

func (s *PebbleStore) getNumber(key []byte) (n uint64, found bool, err error) {
	value, closer, err := s.db.Get(key)
	if err == pebble.ErrNotFound {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = closer.Close() }() // only releases a cache block
	if len(value) != 8 {
		return 0, false, fmt.Errorf("%w: key %q has %d bytes, want 8", ErrCorrupt, key, len(value))
	}
	return binary.BigEndian.Uint64(value), true, nil
}
