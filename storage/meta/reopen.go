package meta

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/internal/job"
)

// reopening brings the store back after its disk was full.
//
//	ENOSPC ─► engine ended ─► what is on disk is synced and opened for reading ─► opened for writing
//	           callers wait      reads go on, writes are ErrFull      ▲ full          │ there is room
//	                                                                  └── a second ◄──┴─► reads and writes
type reopening struct {
	mu      sync.Mutex
	closed  bool
	stop    chan struct{}
	running sync.WaitGroup
	tried   time.Time // when it was opened for writing last
}

// reopenEvery is the least time between two tries to open for writing.
const reopenEvery = time.Second

func (r *reopening) init() { r.stop = make(chan struct{}) }

// begin starts fn unless the store closes.
func (r *reopening) begin(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.running.Go(fn)
	}
}

func (r *reopening) close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.stop)
	}
	r.mu.Unlock()
	r.running.Wait()
}

// ended is called by the operation that found no room, inside Pebble and under its locks.
func (s *PebbleStore) ended(e *engine) {
	_ = e.fail(errors.New("no space left on device")) // who waits for the engine gets it
	s.reopening.begin(func() { s.reopen(e) })
}

func (s *PebbleStore) reopen(failed *engine) {
	job.Label("metadata reopens")
	s.mu.Lock()
	current := s.mu.engine == failed
	s.mu.Unlock()
	if !current {
		return // it failed while it was opened: who opens it knows
	}
	s.opts.Logger.Warn("the disk is full: nothing is written until there is room")
	s.end(failed)
	reader, err := s.openReadOnly()
	if err != nil {
		s.giveUp(failed, err)
		return
	}
	s.install(reader)
	for {
		if !s.rest() {
			return
		}
		next, err := s.openEngine()
		if err == nil {
			s.install(next)
			s.end(reader)
			s.opts.Logger.Info("there is room on the disk again")
			return
		}
		if !errors.Is(err, ErrFull) {
			s.giveUp(reader, err)
			return
		}
	}
}

// rest waits until it is time to try again, also when the last try went well: on a disk with
// little room the store would do nothing else. It is false when the store closes.
func (s *PebbleStore) rest() bool {
	if wait := reopenEvery - s.opts.Clock.Now().Sub(s.reopening.tried); wait > 0 {
		select {
		case <-s.opts.Clock.After(wait):
		case <-s.reopening.stop:
			return false
		}
	}
	s.reopening.tried = s.opts.Clock.Now()
	return true
}

// end closes an engine that failed or that another one has replaced, once nobody uses it.
func (s *PebbleStore) end(e *engine) {
	s.mu.Lock() // whoever has it under mu is done, nobody takes it any more
	users := &e.users
	s.mu.Unlock()
	users.Wait()
	if err := e.close(s.path); err != nil {
		s.opts.Logger.Warn("metadata store: close", "error", err)
	}
}

func (s *PebbleStore) install(e *engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.engine = e
	s.changeLocked()
}

// giveUp: what is on the disk cannot be opened; the store stops.
func (s *PebbleStore) giveUp(e *engine, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = e.durable.stop(ErrPoisoned, err)
	s.opts.Logger.Error("metadata store stopped", "error", err)
	s.changeLocked()
}

// syncLog makes durable what a failed engine has written but not synced: reading it must not show
// what a power cut takes away.
func syncLog(fs vfs.FS, path string) error {
	names, err := fs.List(path)
	if err != nil {
		return err
	}
	for _, n := range names {
		if _, wal := walNumber(n); !wal && !strings.HasPrefix(n, "MANIFEST-") {
			continue
		}
		f, err := fs.Open(fs.PathJoin(path, n))
		if err != nil {
			return err
		}
		err = f.Sync()
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	return syncDirectory(fs, path)
}
