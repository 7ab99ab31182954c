package log

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/tributary-db/tributary/internal/job"
)

// Stage is records of one entry that are written before it, so that nobody need hold them in memory:
//
//	Add ─► objects ─┐ unnamed
//	Add ─► objects ─┼─────────► Entry.Staged ─► one commit: offsets, visible, all at once
//	Add ─► objects ─┘
//
// No record of a Stage has an offset, or can be read by anybody, until the entry that names it is
// committed; in each partition they come in the order of the calls, before the entry's own Appends.
// What no commit names is garbage: Drop says so, and after a crash the fence in its objects' names.
//
// One goroutine uses a Stage. An entry that failed may be appended again with the same one.
type Stage struct {
	db    *DB
	bytes int64 // of record batches that were added

	mu struct {
		sync.Mutex
		objects []stagedObject
		held    int64         // of bytes, those that count in Stats
		busy    chan struct{} // closed when the piece under way is written, or is not; nil = none is
		failed  *flushGroup   // a piece that was not written, for err
		err     error
		// named: a commit names the objects, or may: an entry with them is under way, or failed and
		// nobody knows whether it is in the log. Nothing is deleted then.
		named   bool
		sent    int // entries under way
		dropped bool
	}
}

// stagedObject is an object whose runs have no offsets yet.
type stagedObject struct {
	key  string
	size int64
	runs []runPayload
}

// NewStage implements Log.
func (db *DB) NewStage() *Stage { return &Stage{db: db} }

// Bytes of record batches that were added.
func (s *Stage) Bytes() int64 { return s.bytes }

// Add writes more record batches, none of a producer with an id. It waits until those of the call before
// are written, and not for its own. They are the Stage's from then on; after an error they are not, and Add may
// be called with them again.
func (s *Stage) Add(ctx context.Context, appends []Append) error {
	limits := s.db.limits
	limits.MaxEntryBytes = math.MaxInt64 // of one entry in memory; this is cut into objects
	p := newPending(&Entry{Appends: appends}, &limits)
	if p.err != nil {
		return p.err
	}
	for i := range p.appends {
		if p.appends[i].producerID >= 0 {
			return fmt.Errorf("%w: records of a producer with an id cannot be staged", ErrInvalidRecord)
		}
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	if err := s.db.room.take(p.bytes, s.db.tellRoom); err != nil {
		s.db.stats.refusedFull.Add(1)
		return err
	}
	g := &flushGroup{entries: []*pending{p}, bytes: p.bytes}
	if err := s.begin(g); err != nil {
		return err
	}
	s.bytes += p.bytes
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.held += p.bytes
	s.db.stats.stagedBytes.Add(p.bytes)
	return nil
}

// begin has a piece written.
func (s *Stage) begin(g *flushGroup) error {
	busy := make(chan struct{})
	s.mu.Lock()
	before := s.mu.busy
	s.mu.busy = busy
	s.mu.Unlock()
	err := s.db.queue.ahead(g, func() {
		defer close(busy)
		s.write(g)
	})
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mu.busy = before
	}
	return err
}

// ahead runs write for a group that is written before it is appended; not once the log stops.
func (q *queue) ahead(g *flushGroup, write func()) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.err != nil:
		return q.err
	case q.closed:
		return ErrClosed
	}
	g.seal = q.lastSeal + 1
	q.db.goroutines.Go(write)
	return nil
}

// write puts a piece into the object store. Pieces of all stages take turns.
func (s *Stage) write(g *flushGroup) {
	job.Label("stage")
	var err error
	select {
	case s.db.staging <- struct{}{}:
		g.sealMillis = s.db.clock.Now().UnixMilli()
		err = s.db.upload(g)
		<-s.db.staging
	case <-s.db.background.Done():
		err = ErrClosed
	}
	if err == nil && s.took(g) {
		return
	}
	s.db.abandon(g)
	if err != nil {
		s.fail(g, s.db.uploadFailed(err))
	}
}

// took adds what is written, unless the Stage was dropped meanwhile.
func (s *Stage) took(g *flushGroup) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mu.dropped {
		s.mu.objects = append(s.mu.objects, g.staged()...)
	}
	return !s.mu.dropped
}

// staged are the objects of a group that is written, without the bytes.
func (g *flushGroup) staged() []stagedObject {
	out := make([]stagedObject, len(g.blocks))
	for i := range g.blocks {
		pieces := g.pieces(nil, func(_ *pending, _ *appendState, p *piece) bool { return p.block == i })
		out[i] = stagedObject{key: g.blocks[i].key, size: g.blocks[i].size, runs: buildRuns(pieces, false)}
	}
	return out
}

// Flush waits until everything that was added is written. What was not is tried again by the next call, so an
// error that may pass ends nothing.
func (s *Stage) Flush(ctx context.Context) error {
	if g := s.again(); g != nil {
		if err := s.begin(g); err != nil {
			s.fail(g, err)
			return err
		}
	}
	s.mu.Lock()
	busy := s.mu.busy
	s.mu.Unlock()
	if busy != nil {
		select {
		case <-busy:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.busy = nil
	return s.mu.err
}

// again takes the piece that was not written, once that was told.
func (s *Stage) again() (g *flushGroup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.busy == nil {
		g, s.mu.failed = s.mu.failed, nil
	}
	if g != nil {
		s.mu.err = nil
	}
	return g
}

func (s *Stage) fail(g *flushGroup, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.failed, s.mu.err = g, err
}

// Drop gives up what was added. While an entry with it is under way, after its commit, and while that may have
// happened, nothing is deleted; the next start finds what no commit names.
func (s *Stage) Drop() {
	for _, o := range s.giveUp() {
		s.db.abandonObject(o.key)
	}
}

func (s *Stage) giveUp() (objects []stagedObject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.named || s.mu.dropped {
		return nil
	}
	s.mu.dropped = true
	s.db.stats.stagedDrops.Add(1)
	s.settleLocked()
	if s.mu.sent > 0 {
		return nil
	}
	objects, s.mu.objects = s.mu.objects, nil
	return objects
}

func (s *Stage) settleLocked() {
	s.db.stats.stagedBytes.Add(-s.mu.held)
	s.mu.held = 0
}

// take gives what an entry is to name, never nil.
func (s *Stage) take() ([]stagedObject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mu.err != nil:
		return nil, s.mu.err
	case s.mu.busy != nil || s.mu.dropped:
		return nil, fmt.Errorf("%w: a stage that is not flushed, or was dropped", ErrInvalidRecord)
	}
	s.mu.sent++
	return append([]stagedObject{}, s.mu.objects...), nil
}

// answered notes how an entry with the Stage ended; unsure: it failed, and may be in the log.
func (s *Stage) answered(err error, unsure bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.sent--
	if err != nil && !unsure {
		return
	}
	if s.mu.named = true; err == nil {
		s.db.stats.stagedCommits.Add(1)
	}
	s.settleLocked()
}

// appendStaged gives the runs of an entry's Stage their offsets.
func (o *overlay) appendStaged(objects []stagedObject) error {
	for i := range objects {
		for k := range objects[i].runs {
			r := &objects[i].runs[k]
			p := o.partition(r.Partition)
			if p == nil {
				return ErrUnknownTopic
			}
			o.undo = append(o.undo, undoAppend{partition: p, next: p.next, producer: -1})
			r.Base = p.next
			p.next += r.Span
		}
	}
	return nil
}

// encodeStaged writes what was staged; objects of which nothing is left are garbage, as publish finds.
func (c *commit) encodeStaged(o *overlay, objects []stagedObject) (err error) {
	for i := range objects {
		p := appendPayload{Key: objects[i].key, Size: objects[i].size}
		for _, r := range objects[i].runs {
			if !o.meta.deleted[r.Partition.Topic] {
				p.Runs = append(p.Runs, r)
			}
		}
		if len(p.Runs) == 0 {
			continue
		}
		start := 0
		c.record, start = beginChange(c.record, KindAppend)
		c.record = p.appendHead(c.record)
		if err := endChange(c.record, start); err != nil {
			return err
		}
		c.changes++
	}
	return nil
}
