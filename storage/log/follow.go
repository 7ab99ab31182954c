package log

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/job"
)

// Follower takes what touched its filter, in commit order, one delivery at a time. It runs in a
// goroutine of the log's, never in the committer, so a slow one holds up nobody but those who
// wait for it. An error ends this following alone.
type Follower interface {
	Apply(ctx context.Context, d *Delivery) error
}

// Delivery is what touched a follower's filter in (After, Seq].
type Delivery struct {
	After, Seq CommitSeq
	// Notes are those of the entries that touched the filter, in order; nil = read (After, Seq]
	// from the log. Notes come only from entries of this process, one commit a delivery.
	Notes []any
	// Changes are those of the kinds the follower named, in order; nil like Notes.
	Changes []Change
}

// FollowConfig says what a follower is given.
type FollowConfig struct {
	Name string // for messages
	// After is the commit up to which the follower has everything.
	After CommitSeq
	// Filter selects partitions; an empty one selects none.
	Filter Filter
	// Kinds of changes besides, any commit of which is delivered.
	Kinds []Kind
	// Backlog bounds the bytes of entries whose notes wait; past it they are dropped, and the
	// follower reads the log. 0 = DefaultBacklog, negative = no notes at all.
	Backlog int64
}

// DefaultBacklog of a follower.
const DefaultBacklog = 64 << 20

// Following is a follower at work. Safe for concurrent use.
type Following interface {
	// Reached waits until everything at or below v, a published commit, that touches the follower
	// is applied. It is the follower's own error once that has failed, and ErrClosed after its end.
	Reached(ctx context.Context, v CommitSeq) error
	// Then calls fn once, from a goroutine of the log's or before it returns, when v is reached
	// or never will be. fn must not block.
	Then(v CommitSeq, fn func())
	// Again has the follower called once more behind all that it was given: with a Delivery of nothing, whose
	// After is its Seq, unless something else comes that is read from the log.
	Again()
	// Stop ends it and waits for the delivery under way, or for ctx.
	Stop(ctx context.Context) error
}

// followers finds who follows what. Guarded by DB.mu.
type followers struct {
	byTopic map[TopicID][]*following
	byKind  map[Kind][]*following
}

func (f *followers) init() {
	f.byTopic, f.byKind = map[TopicID][]*following{}, map[Kind][]*following{}
}

func (f *followers) add(x *following) {
	for _, t := range x.cfg.Filter.Topics {
		f.byTopic[t.Topic] = append(f.byTopic[t.Topic], x)
	}
	for _, k := range x.cfg.Kinds {
		f.byKind[k] = append(f.byKind[k], x)
	}
}

func (f *followers) remove(x *following) {
	is := func(y *following) bool { return y == x }
	for _, t := range x.cfg.Filter.Topics {
		if f.byTopic[t.Topic] = slices.DeleteFunc(f.byTopic[t.Topic], is); len(f.byTopic[t.Topic]) == 0 {
			delete(f.byTopic, t.Topic)
		}
	}
	for _, k := range x.cfg.Kinds {
		f.byKind[k] = slices.DeleteFunc(f.byKind[k], is)
	}
}

// touched lists the followers that a commit touches, each once. What nobody follows costs a
// look-up a partition.
func (f *followers) touched(a *applied) []*following {
	var out []*following
	add := func(x *following) {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, p := range a.partitions {
		for _, x := range f.byTopic[p.id.Topic] {
			if x.cfg.Filter.has(p.id) {
				add(x)
			}
		}
	}
	for _, c := range a.changes {
		for _, x := range f.byKind[c.Kind] {
			add(x)
		}
	}
	return out
}

// deliver hands a commit to those it touches; c is nil if the commit is not this broker's.
// INVARIANT: it is called before the sequence is published, under DB.mu: whoever reads v from
// published finds v in the queues.
func (f *followers) deliver(a *applied, c *commit) {
	for _, x := range f.touched(a) {
		d := queued{Delivery: Delivery{After: a.Seq - 1, Seq: a.Seq}}
		if c != nil {
			d.Notes, d.bytes = c.notesFor(x)
		}
		for _, change := range a.changes {
			if slices.Contains(x.cfg.Kinds, change.Kind) {
				d.Changes = append(d.Changes, change)
			}
		}
		if x.enqueue(d, c != nil && c.here && d.Notes != nil) {
			c.held = append(c.held, heldFollowing{x, a.Seq})
		}
	}
}

// notesFor gathers the notes of the entries that touch x; nil when one of them has none.
func (c *commit) notesFor(x *following) (notes []any, bytes int64) {
	for _, e := range c.accepted {
		if !e.touches(&x.cfg.Filter) {
			continue
		}
		if e.entry.Note == nil {
			return nil, 0
		}
		notes = append(notes, e.entry.Note)
		bytes += e.bytes
	}
	return notes, bytes
}

// touches: the entry has records of the filter's partitions.
func (p *pending) touches(f *Filter) bool {
	if slices.ContainsFunc(p.appends, func(a appendState) bool { return f.has(a.partition) }) {
		return true
	}
	return slices.ContainsFunc(p.staged, func(o stagedObject) bool {
		return slices.ContainsFunc(o.runs, func(r runPayload) bool { return f.has(r.Partition) })
	})
}

// following is one follower and what it has not had yet.
type following struct {
	db  *DB
	cfg FollowConfig
	f   Follower

	mu struct {
		sync.Mutex
		// queue[0] is being applied while running.
		queue   []queued
		last    CommitSeq // newest that was ever in queue
		bytes   int64     // of entries whose notes are in queue
		running bool
		err     error // it has ended with this
		idle    chan struct{}
		waiting []waitingFor
	}
}

type queued struct {
	Delivery
	bytes int64
}

type waitingFor struct {
	v  CommitSeq
	fn func()
}

// Follow gives f everything after c.After that touches its filter, first what is there already.
func (db *DB) Follow(c FollowConfig, f Follower) Following {
	if c.Backlog == 0 {
		c.Backlog = DefaultBacklog
	}
	x := &following{db: db, cfg: c, f: f}
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := db.mu.waiters.ended; err != nil {
		x.mu.err = err
		return x
	}
	newest := CommitSeq(db.published.Load())
	if newest > c.After && (len(c.Kinds) > 0 || db.touchedLocked(c.Filter, newest) > c.After) {
		x.enqueue(queued{Delivery: Delivery{After: c.After, Seq: newest}}, false)
	}
	db.mu.followers.add(x)
	return x
}

// enqueue adds a delivery and sees that somebody applies it: with hold that is the caller, if it is told so.
func (x *following) enqueue(d queued, hold bool) (held bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.enqueueLocked(d, hold)
}

func (x *following) enqueueLocked(d queued, hold bool) (held bool) {
	if x.mu.err != nil {
		return false
	}
	x.mu.last = max(x.mu.last, d.Seq)
	if d.Notes != nil && x.mu.bytes+d.bytes > x.cfg.Backlog {
		d.Notes, d.bytes = nil, 0
		x.db.stats.notesDropped.Add(1)
	}
	// What the log must be read for anyway is read together, so that the queue stays short.
	if last := len(x.mu.queue) - 1; d.Notes == nil && d.Changes == nil && last > 0 && x.mu.queue[last].reads() {
		x.mu.queue[last].Seq = d.Seq
		return false
	}
	x.mu.queue = append(x.mu.queue, d)
	x.mu.bytes += d.bytes
	if x.mu.running {
		return false
	}
	x.mu.running = true
	x.db.applying.Add(1)
	if !hold {
		go x.runHeld()
	}
	return hold
}

func (d *queued) reads() bool { return d.Notes == nil && d.Changes == nil }

// run applies what is queued and ends when nothing is.
func (x *following) run() {
	job.Label("follow")
	for {
		d, more := x.head()
		if !more {
			return
		}
		x.applied(x.apply(d))
	}
}

func (x *following) head() (*Delivery, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.mu.queue) == 0 || x.mu.err != nil {
		x.mu.running = false
		if x.mu.idle != nil {
			close(x.mu.idle)
			x.mu.idle = nil
		}
		return nil, false
	}
	d := x.mu.queue[0].Delivery
	return &d, true
}

func (x *following) apply(d *Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("follower panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return x.f.Apply(x.db.background, d)
}

// applied takes the head off the queue and tells who waits.
func (x *following) applied(err error) {
	x.mu.Lock()
	if err == nil && x.mu.err == nil {
		x.mu.bytes -= x.mu.queue[0].bytes
		x.mu.queue[0] = queued{}
		x.mu.queue = x.mu.queue[1:]
		due := x.dueLocked()
		x.mu.Unlock()
		call(due)
		return
	}
	x.mu.Unlock()
	if err != nil {
		x.logEnd(err)
		err = fmt.Errorf("%s stopped: %w", x.cfg.Name, err)
	}
	x.end(err)
}

// end makes err the outcome of everything that is not reached yet; the first one stays.
func (x *following) end(err error) {
	x.mu.Lock()
	if x.mu.err == nil {
		x.mu.err = err // nil only when it has ended before
	}
	x.mu.queue, x.mu.bytes = nil, 0
	due := x.dueLocked()
	x.mu.Unlock()
	call(due)
}

func call(fns []func()) {
	for _, fn := range fns {
		fn()
	}
}

// dueLocked takes out who waits no more.
func (x *following) dueLocked() (due []func()) {
	x.mu.waiting = slices.DeleteFunc(x.mu.waiting, func(w waitingFor) bool {
		if x.reachedLocked(w.v) || x.mu.err != nil {
			due = append(due, w.fn)
			return true
		}
		return false
	})
	return due
}

func (x *following) reachedLocked(v CommitSeq) bool {
	return len(x.mu.queue) == 0 || v <= x.mu.queue[0].After
}

func (x *following) Again() {
	newest := CommitSeq(x.db.published.Load())
	x.mu.Lock()
	defer x.mu.Unlock()
	at := max(newest, x.mu.last) // a commit is in queues before it is published
	x.enqueueLocked(queued{Delivery: Delivery{After: at, Seq: at}}, false)
}

func (x *following) Then(v CommitSeq, fn func()) {
	x.mu.Lock()
	if x.mu.err == nil && !x.reachedLocked(v) {
		x.mu.waiting = append(x.mu.waiting, waitingFor{v, fn})
		x.mu.Unlock()
		return
	}
	x.mu.Unlock()
	fn()
}

func (x *following) Reached(ctx context.Context, v CommitSeq) error {
	x.mu.Lock()
	if x.mu.err != nil || x.reachedLocked(v) {
		defer x.mu.Unlock()
		return x.mu.err
	}
	done := make(chan struct{})
	x.mu.waiting = append(x.mu.waiting, waitingFor{v, func() { close(done) }})
	x.mu.Unlock()
	select {
	case <-done:
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.mu.err
	case <-ctx.Done():
		return context.Cause(ctx) // the waiter stays until v is reached: it costs a few words
	}
}

// errStopped is the end that the follower's owner wanted.
var errStopped = fmt.Errorf("%w: no longer followed", ErrClosed)

func (x *following) Stop(ctx context.Context) error {
	x.db.mu.Lock()
	x.db.mu.followers.remove(x)
	x.db.mu.Unlock()
	x.end(errStopped)
	x.mu.Lock()
	if !x.mu.running {
		x.mu.Unlock()
		return nil
	}
	if x.mu.idle == nil {
		x.mu.idle = make(chan struct{})
	}
	idle := x.mu.idle
	x.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// endFollowers ends every follower when the log does.
func (db *DB) endFollowers(err error) {
	db.mu.Lock()
	var all []*following
	for _, list := range db.mu.followers.byTopic {
		all = append(all, list...)
	}
	for _, list := range db.mu.followers.byKind {
		all = append(all, list...)
	}
	db.mu.followers.init()
	db.mu.Unlock()
	for _, x := range all {
		x.end(err)
	}
}

// logEnd says that a follower failed by itself.
func (x *following) logEnd(err error) {
	if errors.Is(err, ErrClosed) || x.db.background.Err() != nil {
		return
	}
	x.db.cfg.Logger.Error("a follower of the log failed", "follower", x.cfg.Name, "error", err)
}
