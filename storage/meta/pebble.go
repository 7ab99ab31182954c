package meta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/internal/clock"
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
	Clock  clock.Clock  // nil = the machine's
	// Ballast gives back room of a full disk and says whether it had any; nil = there is none.
	Ballast func() bool
	// Probed: a Probe of the directory has just gone well, none is needed again.
	Probed bool

	memTable uint64 // 0 = memTableSize; less in tests
}

func (o *PebbleOptions) setDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.memTable == 0 {
		o.memTable = memTableSize
	}
}

// PebbleStore is the embedded Store: one process, one directory.
type PebbleStore struct {
	path string
	opts PebbleOptions
	lock io.Closer

	mu struct {
		sync.Mutex
		closed  bool
		engine  *engine       // the counters in it are guarded too
		changed chan struct{} // closed and replaced when there is another engine, or none will come
	}
	syncs     latency.Histogram // of the WAL
	reopening reopening
}

var _ Store = (*PebbleStore)(nil)

// OpenPebble opens or creates the store in directory path. ErrLocked when another process (or
// another store of this one) holds it; ErrCorrupt when it is damaged, and then nothing in it has
// changed.
func OpenPebble(path string, opts PebbleOptions) (*PebbleStore, error) {
	opts.setDefaults()
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
	s := &PebbleStore{path: path, lock: lock, opts: opts}
	s.mu.changed = make(chan struct{})
	s.reopening.init()
	e, err := s.openEngine()
	if err != nil {
		_ = lock.Close() // the open error is what matters
		return nil, fmt.Errorf("open metadata store: %w", err)
	}
	s.mu.engine = e
	return s, nil
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

// use gives fn the engine under mu. While a disk that was full ends one, it waits for the next.
func (s *PebbleStore) use(ctx context.Context, fn func(*engine) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.mu.Lock()
		e, changed := s.mu.engine, s.mu.changed
		if s.mu.closed {
			s.mu.Unlock()
			return ErrClosed
		}
		err := e.durable.failure()
		failed := err != nil
		if !failed {
			err = fn(e)
		}
		s.mu.Unlock()
		if !failed || !errors.Is(err, ErrFull) {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Read gives fn one consistent state that is durable.
func (s *PebbleStore) Read(ctx context.Context, fn func(Snapshot) error) error {
	for {
		var e *engine
		var snap *pebble.Snapshot
		var ticket uint64
		err := s.use(ctx, func(now *engine) error {
			e, ticket, snap = now, now.ticket, now.db.NewSnapshot()
			e.users.Add(1)
			return nil
		})
		if err != nil {
			return err
		}
		// why: placed writes are readable before their sync ends; a reader must not see what a
		// power cut takes away, so it waits for the sync that is under way.
		err = e.durable.wait(ctx, ticket)
		again := errors.Is(err, ErrFull)
		if err == nil {
			err = fn(pebbleSnapshot{snap})
		}
		_ = snap.Close() // a read snapshot holds no state to lose
		e.users.Done()
		if !again {
			return err
		}
	}
}

// Close waits for no one: calls under way must have returned.
func (s *PebbleStore) Close() error {
	s.mu.Lock()
	if s.mu.closed {
		s.mu.Unlock()
		return nil
	}
	s.mu.closed = true
	s.changeLocked()
	s.mu.Unlock()
	s.reopening.close()
	err := s.mu.engine.close(s.path)
	if lockErr := s.lock.Close(); err == nil {
		err = lockErr
	}
	return err
}

// changeLocked wakes who waits for another engine.
// REQUIRES: s.mu held.
func (s *PebbleStore) changeLocked() {
	close(s.mu.changed)
	s.mu.changed = make(chan struct{})
}
