package log

import (
	"fmt"
	"sync"
)

// queue takes entries in order, seals them into flush groups and hands groups to the
// committer in seal order.
//
//	Append ─► open group ─► sealed groups (uploading … ready) ─► next: every ready one in front
type queue struct {
	db   *DB
	mu   sync.Mutex
	wake *sync.Cond

	open      *flushGroup
	sealed    []*flushGroup
	lastSeal  uint64
	uploading int
	busy      bool  // the committer is in a commit
	atJob     bool  // the committer is in a job
	lent      bool  // somebody else is the committer for one commit (Commit)
	lastFlush int64 // when a group was sealed last, Unix ms
	lastPut   int64 // when one that becomes objects was
	saved     savings
	jobs      []func() // run by the committer between commits
	closed    bool     // no more entries
	err       error    // the log stopped: ErrPoisoned, ErrFenced

	opened chan struct{} // capacity 1: the open group is due at another time than the timer knows
	stop   chan struct{} // closed by close
}

func (q *queue) init(db *DB) {
	q.db = db
	q.wake = sync.NewCond(&q.mu)
	q.open = &flushGroup{}
	q.saved.at = db.clock.Now().Add(-savedFor).UnixMilli() // a start has saved all
	q.opened = make(chan struct{}, 1)
	q.stop = make(chan struct{})
}

// Append takes the entry's place in order and returns at once.
func (db *DB) Append(e *Entry) Pending {
	p := db.prepare(e)
	if p.err == nil {
		db.queue.add(p)
	}
	return p
}

// prepare checks an entry; what is refused has ended.
func (db *DB) prepare(e *Entry) *pending {
	p := newPending(e, &db.limits)
	if p.err == nil {
		if err := db.ids.check(p); err != nil {
			p.fail(err)
			return p
		}
	}
	if p.err == nil && e.Staged != nil {
		var err error
		if p.staged, err = e.Staged.take(); err != nil {
			p.fail(err)
			return p
		}
	}
	if p.err == nil && len(p.appends) > 0 {
		if err := db.room.take(p.bytes, db.tellRoom); err != nil {
			db.stats.refusedFull.Add(1)
			p.fail(err)
			return p
		}
	}
	return p
}

func (db *DB) tellRoom(full bool) {
	if full {
		db.cfg.Logger.Warn("the disk is nearly full: records are refused until there is room", "disk_reserve", db.limits.DiskReserve)
		return
	}
	db.cfg.Logger.Info("there is room on the disk again")
}

func (q *queue) add(p *pending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(p)
}

// refusesLocked fails an entry that the queue does not take.
func (q *queue) refusesLocked(p *pending) bool {
	switch n := q.db.stats.inlineBytes.Load(); {
	case q.err != nil:
		p.fail(q.err)
	case q.closed:
		p.fail(ErrClosed)
	case n > q.db.limits.MaxInlineBytes && len(p.appends) > 0:
		p.fail(fmt.Errorf("%w: %d bytes wait to be written to the object store", ErrUnavailable, n))
	default:
		return false
	}
	return true
}

func (q *queue) addLocked(p *pending) {
	if q.refusesLocked(p) {
		return
	}
	if len(p.staged) > 0 {
		q.addStagedLocked(p)
		return
	}
	before := q.open.bytes
	q.openLocked(p)
	limits := &q.db.limits
	switch {
	case q.open.bytes >= limits.FlushBytes:
		q.sealFullLocked()
	case limits.FlushInterval == 0:
	case q.idleLocked() && q.open.bytes <= limits.InlineBytes && !limits.InlineCosts:
		q.sealLocked() // the first small group after idle waits for nothing
	case len(q.open.entries) == 1, before < cheapGroup && q.open.bytes >= cheapGroup:
		q.lookAtTimer()
	}
	q.wakeLocked()
}

// openLocked adds an entry to the open group.
func (q *queue) openLocked(p *pending) {
	q.open.take(p, q.db.clock.Now().UnixMilli())
	q.db.stats.bytesIn.Add(p.bytes)
}

// wakeLocked wakes the committer; who is lent its place does when giving it back.
func (q *queue) wakeLocked() {
	if !q.lent {
		q.wake.Signal()
	}
}

// lookAtTimer has the timer find out anew when the open group is due.
func (q *queue) lookAtTimer() {
	select {
	case q.opened <- struct{}{}:
	default:
	}
}

// addStagedLocked seals an entry with a Stage by itself: what is staged lies between what the entries
// before it and it itself append to a partition, so that these cannot be one run.
func (q *queue) addStagedLocked(p *pending) {
	if len(q.open.entries) > 0 {
		q.sealLocked()
	}
	q.open.take(p, q.db.clock.Now().UnixMilli())
	q.db.stats.bytesIn.Add(p.bytes + p.entry.Staged.bytes)
	q.sealLocked()
	q.wake.Signal()
}

// idleLocked: nothing is under way and the last group is an interval ago.
func (q *queue) idleLocked() bool {
	now := q.db.clock.Now().UnixMilli()
	return len(q.sealed) == 0 && !q.busy && now-q.lastFlush >= q.db.limits.FlushInterval.Milliseconds()
}

// sealFullLocked seals a full group unless too many are uploading; then it goes on growing
// until one has ended (Admit bounds how far).
func (q *queue) sealFullLocked() {
	if q.open.bytes >= q.db.limits.FlushBytes && q.uploading < q.db.limits.MaxUploads {
		q.sealLocked()
	}
}

// sealLocked ends the open group: it gets its seal and, unless it rides inline, its upload.
func (q *queue) sealLocked() {
	g := q.open
	q.open = &flushGroup{}
	q.lastSeal++
	g.seal = q.lastSeal
	g.sealMillis = q.db.clock.Now().UnixMilli()
	q.lastFlush = g.sealMillis
	q.sealed = append(q.sealed, g)
	inline := g.bytes <= q.db.limits.InlineBytes || !g.appends
	if g.appends && (!inline || q.db.limits.InlineCosts) {
		q.spendLocked(g)
	}
	if inline {
		g.ready = true
		return
	}
	q.uploading++
	q.db.goroutines.Go(func() {
		err := q.db.upload(g)
		q.mu.Lock()
		defer q.mu.Unlock()
		g.ready, g.err = true, err
		q.uploading--
		q.sealFullLocked()
		q.wake.Signal()
	})
}

// spendLocked takes the object that the group becomes off what FlushCost allows for.
func (q *queue) spendLocked(g *flushGroup) {
	q.lastPut = g.sealMillis
	if q.db.limits.FlushCost > 0 && g.bytes < cheapGroup {
		q.saved.spend(g.sealMillis, q.db.limits.oneObject())
	}
}

// next waits for work: a job, or every group in front whose bytes are durable or inline.
// Nothing at all = the queue was closed and is empty.
func (q *queue) next() (groups []*flushGroup, job func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy, q.atJob = false, false
	for {
		if q.lent {
			q.wake.Wait()
			continue
		}
		if len(q.jobs) > 0 {
			job, q.jobs = q.jobs[0], q.jobs[1:]
			q.atJob = true
			return nil, job
		}
		// What costs no object waits for nobody.
		adaptive := (q.db.limits.FlushInterval == 0 || !q.open.appends) && len(q.sealed) == 0
		if len(q.open.entries) > 0 && (adaptive || q.closed) {
			q.sealLocked()
		}
		n := 0
		for n < len(q.sealed) && q.sealed[n].ready {
			n++
		}
		if n > 0 {
			groups, q.sealed = q.sealed[:n:n], q.sealed[n:]
			q.busy = true
			return groups, nil
		}
		if q.closed && len(q.sealed) == 0 {
			return nil, nil
		}
		q.wake.Wait()
	}
}

// do runs fn in the committer, between commits, and waits for it; false if the committer has
// ended.
func (q *queue) do(fn func()) bool {
	done := make(chan struct{})
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.jobs = append(q.jobs, func() { defer close(done); fn() })
	q.wakeLocked()
	q.mu.Unlock()
	<-done
	return true
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.stop)
	}
	q.wake.Signal()
}

// poison stops the log: entries under way and later ones fail with err.
func (q *queue) poison(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	q.err = err
	q.db.cfg.Logger.Error("commit log stopped", "error", err)
	for _, e := range q.open.entries {
		e.fail(err)
	}
	q.open = &flushGroup{}
}

func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// unavailable marks a failure that a later try may not meet.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
