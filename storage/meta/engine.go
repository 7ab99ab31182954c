package meta

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble"
)

// engine is Pebble over the store's directory: one after another, since one that met the end of
// the disk never writes again.
type engine struct {
	db       *pebble.DB
	store    *PebbleStore
	disk     *diskFS    // nil if readOnly
	files    *watchedFS // nil if readOnly
	readOnly bool
	// users are those that use db without the store's mu; they begin under it.
	users sync.WaitGroup
	// placing are the writes that are inside Pebble, also those that nobody waits for any more.
	placing sync.WaitGroup

	// Guarded by the store's mu.
	version     uint64 // last version given out
	ticket      uint64 // last write placed in the WAL
	room        memtableRoom
	last, floor CommitSeq
	identities  int
	oldestID    uint64 // version below which no identity is kept

	durable durability
	left    atomic.Bool // it did not close in time
}

// openEngine opens the directory for writing.
func (s *PebbleStore) openEngine() (*engine, error) {
	e := &engine{store: s}
	e.durable.init()
	e.disk = &diskFS{FS: s.opts.FS, ballast: s.opts.Ballast, ended: func() { s.ended(e) }}
	err := contained(func() error { return e.open(s.path) })
	if err == nil {
		err = e.load()
	}
	if err == nil {
		err = e.files.opened()
	}
	if err == nil {
		return e, nil
	}
	if e.disk.full.Load() && !e.disk.syncFailed.Load() {
		err = fmt.Errorf("%w: %w", ErrFull, err)
	}
	if e.db != nil {
		_ = e.close(s.path) // the first error is what matters
	}
	return nil, err
}

func (e *engine) open(path string) (err error) {
	if e.files, err = watch(e.disk, path, &e.store.syncs); err != nil {
		return err
	}
	if err := removeOptions(e.disk, path); err != nil {
		return err
	}
	cache := pebble.NewCache(cacheSize)
	defer cache.Unref()
	e.room.init(e.store.opts.memTable)
	e.db, err = pebble.Open(path, &pebble.Options{
		FS: e.files, Cache: cache, Logger: fatalLogger{e},
		MemTableSize:       e.store.opts.memTable,
		FormatMajorVersion: pebble.FormatNewest,
		EventListener:      &pebble.EventListener{BackgroundError: e.background},
	})
	return err
}

// openReadOnly opens what is in the directory for reading, and makes sure that it stays there.
func (s *PebbleStore) openReadOnly() (*engine, error) {
	if err := syncLog(s.opts.FS, s.path); err != nil {
		return nil, err
	}
	e := &engine{store: s, readOnly: true}
	e.durable.init()
	p := &probe{fs: s.opts.FS, path: s.path}
	err := contained(func() (err error) {
		e.db, err = p.openDB(nil)
		return err
	})
	if err == nil {
		err = p.checkWALs()
	}
	if err == nil {
		err = e.load()
	}
	if err != nil && e.db != nil {
		_ = e.db.Close() // nothing was written
	}
	return e, err
}

// fail says that the engine cannot write any more, and which way.
func (e *engine) fail(cause error) error {
	if e.disk.full.Load() && !e.disk.syncFailed.Load() {
		return e.durable.stop(ErrFull, cause)
	}
	return e.durable.stop(ErrPoisoned, cause)
}

// closeTimeout is how long an engine that failed may take to close. Pebble may wait for ever for a
// goroutine that the error ended, and so may a write inside it.
const closeTimeout = 2 * time.Second

// close ends the engine. One that failed changes nothing more.
func (e *engine) close(path string) error {
	if e.readOnly {
		return e.db.Close()
	}
	if e.durable.failure() == nil {
		err := e.db.Close()
		if err == nil {
			err = e.files.seal(path)
		}
		return err
	}
	e.disk.retire()
	done := make(chan struct{})
	go func() { // ends with the engine, or is left behind with it
		defer close(done)
		// why: Close frees the memory of the memtables, which a write that wakes up then would write to.
		e.placing.Wait()
		_ = contained(e.db.Close) // what it has to say is known
	}()
	select {
	case <-done:
	case <-e.store.opts.Clock.After(closeTimeout):
		e.left.Store(true)
	}
	_ = e.files.slots.close() // what it says stays true
	return nil
}

// background is told of flushes and compactions that failed, which Pebble tries again at once.
func (e *engine) background(error) {
	if e.left.Load() {
		runtime.Goexit()
	}
	if e.disk.full.Load() {
		<-e.store.opts.Clock.After(10 * time.Millisecond)
	}
}

// fatalLogger is Pebble's logger: a fatal error stops the engine and ends the goroutine.
type fatalLogger struct{ e *engine }

func (l fatalLogger) Infof(string, ...interface{}) {}

func (l fatalLogger) Errorf(format string, args ...interface{}) {
	l.e.store.opts.Logger.Error("metadata store", "error", fmt.Sprintf(format, args...))
}

func (l fatalLogger) Fatalf(format string, args ...interface{}) {
	if err := l.e.fail(fmt.Errorf(format, args...)); !errors.Is(err, ErrFull) { // that is told once
		l.e.store.opts.Logger.Error("metadata store stopped", "error", err)
	}
	runtime.Goexit()
}
