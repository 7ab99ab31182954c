package chain

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/internal/latency"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// PositionKey is where a store keeps its Position: u64 number, u32 sum, big-endian. It is there as long as
// the chain has all that the store has.
var PositionKey = []byte("chain/position")

// Config of a Store. Inner, Objects, Rand and Timeline are required.
type Config struct {
	Inner    *meta.PebbleStore
	Objects  objstore.Store
	Timeline uint32
	Clock    clock.Clock  // nil = the machine's
	Rand     io.Reader    // tells this writer's links from another's
	Logger   *slog.Logger // nil = discard
	// AttemptTimeout is how long a PUT may take, a second for each 16 MiB apart, before there is another beside it. 2 s.
	AttemptTimeout time.Duration
	// BaseLinks and BaseBytes of links behind the newest base make the next one due: 4,096, 64 MiB.
	BaseLinks, BaseBytes int64
	// MarkEvery is the least time between two marks of the chain's end: 10 s.
	MarkEvery time.Duration
	// Lost is called once another writer has the chain; nil = nobody wants to know.
	Lost func(error)
}

func (c *Config) setDefaults() {
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.AttemptTimeout <= 0 {
		c.AttemptTimeout = 2 * time.Second
	}
	if c.BaseLinks <= 0 {
		c.BaseLinks = 4096
	}
	if c.BaseBytes <= 0 {
		c.BaseBytes = 64 << 20
	}
	if c.MarkEvery <= 0 {
		c.MarkEvery = 10 * time.Second
	}
}

// Store is a meta.Store whose writes are in the object store before they are anywhere else.
type Store struct {
	cfg   Config
	inner *meta.PebbleStore

	mu struct {
		sync.Mutex
		queue  []*request
		closed bool
		err    error // nothing is written any more
	}
	wake chan struct{} // capacity 1

	// The writer's own.
	at       Position
	newest   meta.CommitSeq
	pending  func(context.Context) error // of a link whose batch the local store has not taken
	sinceNum int64                       // links behind the newest base
	sinceLen int64                       // their bytes
	based    chan error                  // the base under way; nil = none is

	// Of who writes marks: runMarks, behind it Close and End.
	newestLink atomic.Pointer[Mark] // set by the writer
	markWake   chan struct{}        // capacity 1
	marksDone  chan struct{}
	marked     uint64             // number that the mark has
	markCond   objstore.Condition // under which the next one is put; none = it has to be looked at

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{}
	stats  counters
}

var _ meta.Store = (*Store)(nil)

type counters struct {
	links, bytes, attempts, writes, bases, marks atomic.Int64
	number, baseNumber, waiting                  atomic.Int64
	failing                                      atomic.Bool
	latency                                      latency.Histogram
}

// Stats of a Store.
type Stats struct {
	Links, Bytes, Attempts int64 // objects put, their bytes, PUTs that took
	Writes                 int64 // calls that they carry
	Bases, Marks           int64
	BehindBase             int64 // links that a recovery reads behind the newest base
	Waiting                int64 // calls that wait for their link
	Failing                bool  // the object store takes nothing at the moment
	Latency                latency.Snapshot
}

// Stats may be called at any time.
func (s *Store) Stats() Stats {
	return Stats{Links: s.stats.links.Load(), Bytes: s.stats.bytes.Load(), Attempts: s.stats.attempts.Load(), Writes: s.stats.writes.Load(),
		Bases: s.stats.bases.Load(), Marks: s.stats.marks.Load(), BehindBase: s.stats.number.Load() - s.stats.baseNumber.Load(), Waiting: s.stats.waiting.Load(),
		Failing: s.stats.failing.Load(), Latency: s.stats.latency.Snapshot()}
}

// ReadPosition is the position that a store says it has; ok is false if it has none.
func ReadPosition(snap meta.Snapshot) (at Position, ok bool, err error) {
	value, version, err := snap.Get(PositionKey)
	if err != nil || version == 0 {
		return Position{}, false, err
	}
	if len(value) != 12 {
		return Position{}, false, fmt.Errorf("%w: position of %d bytes", ErrCorrupt, len(value))
	}
	return Position{Number: binary.BigEndian.Uint64(value), Sum: binary.BigEndian.Uint32(value[8:])}, true, nil
}

func (p Position) write() meta.Write {
	return meta.Write{Key: PositionKey, Value: binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, p.Number), p.Sum)}
}

// Open brings the inner store to the end of the chain, or begins one, and takes writes from then on.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg.setDefaults()
	s := &Store{cfg: cfg, inner: cfg.Inner, wake: make(chan struct{}, 1), done: make(chan struct{}),
		markWake: make(chan struct{}, 1), marksDone: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.start(ctx); err != nil {
		s.cancel()
		return nil, err
	}
	go s.run()
	go s.runMarks()
	return s, nil
}

func (s *Store) start(ctx context.Context) error {
	found, err := Find(ctx, s.cfg.Objects)
	if err != nil {
		return err
	}
	at, has, err := position(ctx, s.inner)
	if err != nil {
		return err
	}
	if !has {
		return s.begin(ctx, found)
	}
	stand, err := found.Stand(ctx, s.cfg.Objects, at)
	if err != nil {
		return err
	}
	if !stand.Follows {
		return fmt.Errorf("%w: the chain in the object store does not go on from link %d, which the metadata has", ErrCorrupt, at.Number)
	}
	if s.at, err = TakeLinks(ctx, s.inner, s.cfg.Objects, found, at); err != nil {
		return err
	}
	if stand.Ended {
		return s.begin(ctx, found)
	}
	if s.newest, err = s.inner.LastSeq(ctx); err != nil {
		return err
	}
	if len(found.Bases) > 0 {
		s.stats.baseNumber.Store(int64(found.Bases[0]))
		s.sinceNum = int64(s.at.Number - min(found.Bases[0], s.at.Number))
	}
	s.stats.number.Store(int64(s.at.Number))
	if stand.Alone || len(found.Bases) == 0 {
		s.cfg.Logger.Warn("the end of the metadata's chain was gone or damaged; a new base has what was there", "link", s.at.Number)
		return s.writeBase(ctx)
	}
	return nil
}

func position(ctx context.Context, inner meta.Store) (at Position, has bool, err error) {
	err = inner.Read(ctx, func(snap meta.Snapshot) (err error) {
		at, has, err = ReadPosition(snap)
		return err
	})
	return at, has, err
}

// TakeLinks has a store take all links behind at.
func TakeLinks(ctx context.Context, inner *meta.PebbleStore, objects objstore.Store, found *Found, at Position) (Position, error) {
	return found.Follow(ctx, objects, at, func(l *Link) error { return Take(ctx, inner, l) })
}

// Take has a store take one link: all of it, or nothing.
func Take(ctx context.Context, inner *meta.PebbleStore, l *Link) error {
	b := l.Batch
	b.Writes = append(b.Writes[:len(b.Writes):len(b.Writes)], l.Position.write())
	return inner.Replay(ctx, b)
}

// begin makes a chain of what the inner store has: a link that says so, a base of its number, and then the
// store says that it has that link. A crash before the end begins again, behind what it left.
func (s *Store) begin(ctx context.Context, found *Found) error {
	var err error
	if s.newest, err = s.inner.LastSeq(ctx); err != nil {
		return err
	}
	s.at = Position{Number: found.Newest()}
	if err := s.putNext(ctx, &Link{Flags: Begin}); err != nil {
		return err
	}
	if err := s.writeBases(ctx); err != nil {
		return err
	}
	return s.inner.Commit(ctx, meta.Txn{Writes: []meta.Write{s.at.write()}})
}

// writeBases writes a base behind a Begin, and another behind an empty link: none is ever the only one.
func (s *Store) writeBases(ctx context.Context) error {
	if err := s.writeBase(ctx); err != nil {
		return err
	}
	if err := s.putNext(ctx, &Link{}); err != nil {
		return err
	}
	return s.writeBase(ctx)
}

// End says in the chain that the inner store goes on without it, which holds from then on. The store is closed.
func (s *Store) End(ctx context.Context) error {
	s.stop()
	if err := s.putNext(ctx, &Link{Flags: End}); err != nil {
		return err
	}
	s.markLast()
	return s.inner.Commit(ctx, meta.Txn{Writes: []meta.Write{{Key: PositionKey}}})
}

// run is the one goroutine that writes.
func (s *Store) run() {
	defer close(s.done)
	job.Label("metadata chain")
	for {
		g := s.take()
		if g == nil {
			break
		}
		s.write(g)
		s.keepBase()
	}
	if s.based != nil {
		<-s.based
	}
}

// write makes the group durable, has the local store take it, and answers.
func (s *Store) write(g *group) {
	if err := s.failure(); err != nil {
		g.answer(err)
		return
	}
	if err := s.settle(); err != nil {
		g.answer(err)
		return
	}
	if len(g.changing) == 0 {
		g.answer(nil)
		return
	}
	l := &Link{Batch: g.batch}
	if g.batch.Seq != 0 {
		s.newest = g.batch.Seq
	}
	began := s.cfg.Clock.Now()
	if err := s.putNext(s.ctx, l); err != nil {
		if g.batch.Seq != 0 {
			s.newest--
		}
		g.answer(s.putFailed(err))
		return
	}
	s.stats.latency.Observe(s.cfg.Clock.Now().Sub(began))
	s.stats.writes.Add(int64(len(g.changing)))
	s.pending = func(ctx context.Context) error { return Take(ctx, s.inner, l) }
	g.answer(s.settle())
}

// settle has the local store take what is durable and not in it yet. If it has no room the outcome is unknown to who
// asked: it will be there.
func (s *Store) settle() error {
	if s.pending == nil {
		return nil
	}
	err := s.pending(s.ctx)
	for errors.Is(err, meta.ErrFull) { // it may have it all the same
		at, _, readErr := position(s.ctx, s.inner)
		if readErr == nil && at == s.at {
			err = nil
			break
		}
		select {
		case <-s.cfg.Clock.After(100 * time.Millisecond):
		case <-s.ctx.Done():
			return fmt.Errorf("%w: %w", meta.ErrUnknown, err)
		}
		if readErr == nil {
			err = s.pending(s.ctx)
		}
	}
	if err != nil {
		s.fail(err)
		return s.failure()
	}
	s.pending = nil
	return nil
}

// putFailed tells what a link that was not put means for those that wait for it.
func (s *Store) putFailed(err error) error {
	switch {
	case errors.Is(err, objstore.ErrFull):
		return fmt.Errorf("%w: %w", meta.ErrFull, err)
	case errors.Is(err, objstore.ErrFenced):
		s.fail(fmt.Errorf("%w: %w", meta.ErrPoisoned, err))
		if s.cfg.Lost != nil {
			s.cfg.Lost(err)
		}
		return s.failure()
	}
	// The link may be there or come there: nothing else may take its number.
	s.fail(fmt.Errorf("%w: %w", meta.ErrPoisoned, err))
	return fmt.Errorf("%w: %w", meta.ErrUnknown, err)
}

func (s *Store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.err == nil {
		s.mu.err = err
	}
}

func (s *Store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.err
}

// Read implements meta.Store.
func (s *Store) Read(ctx context.Context, fn func(meta.Snapshot) error) error {
	return s.inner.Read(ctx, func(snap meta.Snapshot) error { return fn(withoutPosition{snap}) })
}

// withoutPosition hides what is the local store's alone.
type withoutPosition struct{ meta.Snapshot }

func (w withoutPosition) Scan(from, to []byte, visit func(key, value []byte, version uint64) bool) error {
	return w.Snapshot.Scan(from, to, func(key, value []byte, version uint64) bool {
		return bytes.Equal(key, PositionKey) || visit(key, value, version)
	})
}

// ScanLog implements meta.Store.
func (s *Store) ScanLog(ctx context.Context, after meta.CommitSeq, maxBytes int) ([]meta.Record, error) {
	return s.inner.ScanLog(ctx, after, maxBytes)
}

// LastSeq implements meta.Store.
func (s *Store) LastSeq(ctx context.Context) (meta.CommitSeq, error) { return s.inner.LastSeq(ctx) }

// TrimLog implements meta.Store. The next base has no more than what is left.
func (s *Store) TrimLog(ctx context.Context, floor meta.CommitSeq) error {
	return s.inner.TrimLog(ctx, floor)
}

// Close ends the writer: what it has not put by then may be in the object store or not. The inner store
// is closed too.
func (s *Store) Close() error {
	s.stop()
	s.markLast()
	return s.inner.Close()
}

func (s *Store) stop() {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.cancel()
	<-s.done
	<-s.marksDone
}
