package lane

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/segment"
	"github.com/tributary-db/tributary/storage/state"
)

// restartTries is how often a member is built again after failures that do not pass by themselves
// before it stands with its reason.
const restartTries = 5

// maxPause bounds the wait between two tries.
const maxPause = time.Minute

// lasting are errors that come again however often a read is repeated.
var lasting = []error{
	log.ErrCorrupt, log.ErrTruncated, log.ErrUnknownTopic, log.ErrUnknownKind, log.ErrTooLarge, log.ErrInvalidRecord,
	segment.ErrCorrupt, segment.ErrVersion, recordbatch.ErrCorrupt, recordbatch.ErrTooLarge,
	recordbatch.ErrInvalidRecord, recordbatch.ErrUnsupportedCodec, recordbatch.ErrUnsupportedMagic,
	delta.ErrCorrupt, state.ErrCorrupt, state.ErrNegativeWeight, state.ErrOutOfMemory, state.ErrSnapshotTooOld,
}

// passes reports whether an error of the log or the object store may be gone at the next try.
func passes(err error) bool {
	if user, told := asUser(err); told {
		return user.Code == sqlerr.BeingRebuilt // a table or view that it reads
	}
	return !slices.ContainsFunc(lasting, func(l error) bool { return errors.Is(err, l) })
}

func (r *Runtime) pauseAfter(tries int) time.Duration {
	pause := r.cfg.RetryPause
	if pause == 0 {
		pause = time.Second
	}
	return min(pause<<min(tries-1, 10), maxPause)
}

// troubled is what becomes of a member whose step failed: its state may be half way, so it is built
// again after a pause. What does not pass by itself makes it stand in the end. Its state is of no use
// to anybody either way, and what it took may be what others wait for.
func (r *Runtime) troubled(m *member, err error) {
	r.mu.Lock()
	over := m.dropped || r.ctx.Err() != nil || m.ctx.Err() != nil
	r.mu.Unlock()
	if over {
		return // a step that was cut off by the end is no failure
	}
	r.forgetState(m)
	if m.sink != nil {
		m.sink.discard() // it is made again
	}
	if r.failed(m, err) && m.view != nil {
		m.dropOutput() // nobody reads a view that stands
		if err := r.makeOutput(m); err != nil {
			r.cfg.Logger.Error("the contents of a view that stands are kept", "relation", m.named().QualifiedName(), "error", err)
		}
	}
}

// anewBefore: m is a sink that begins anew at what it has put out, and a table does not have that version any more.
func (m *member) anewBefore(err error) bool {
	return m.sink != nil && !m.restored && errors.Is(err, state.ErrSnapshotTooOld)
}

// failed makes a failure known, and whether it is the last.
func (r *Runtime) failed(m *member, err error) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest, _ := r.cfg.Log.Newest(r.ctx, false)
	m.tries++
	m.wellAt = newest
	m.asked = false
	r.moves.Add(1)
	if _, told := asUser(err); !told && (errors.Is(err, log.ErrTruncated) || m.anewBefore(err)) {
		err = m.inputLost(err) // the log refused to read what it has not
	}
	if cut := m.cut; cut != nil {
		m.cut = nil
		m.cutting.Store(false)
		if m.sink != nil {
			r.failLocked(m, cut)
			return
		}
		err, m.tries = cut, m.tries-1
		m.retryAt = time.Time{}
		r.setStateLocked(m, memberWaiting, err)
		r.warnLocked(m, "a dataflow begins again: what it reads kept too much for it", err)
		r.broadcastLocked(m)
		return
	}
	if errors.Is(err, log.ErrTruncated) || m.tries > restartTries && !passes(err) {
		m.emptied = true
		r.failLocked(m, err)
		return true
	}
	m.retryAt = r.cfg.Clock.Now().Add(r.pauseAfter(m.tries))
	r.setStateLocked(m, memberWaiting, err)
	r.warnLocked(m, "a dataflow failed and is built again", err)
	r.broadcastLocked(m)
	return false
}

// failLocked stops a member until somebody alters it.
func (r *Runtime) failLocked(m *member, err error) {
	r.setStateLocked(m, memberFailed, err)
	r.begunLocked(m)
	r.cfg.Logger.Error("dataflow stopped", "relation", m.named().QualifiedName(), "kind", m.rel.Kind, "error", err)
	r.broadcastLocked(m)
	for up := range r.mu.above[m.rel.OID] { // their readers are told too
		r.broadcastLocked(up)
	}
}

// wellLocked forgets failures once m is past where it had them.
func (r *Runtime) wellLocked(m *member) {
	if m.tries > 0 && m.ticked && m.frontier >= m.wellAt {
		m.tries = 0
	}
}

// retryLocked has a failed member built again, from the beginning of its tries.
func (r *Runtime) retryLocked(m *member) {
	m.tries, m.retryAt = 0, time.Time{}
	r.setStateLocked(m, memberWaiting, m.err)
	r.wakeLocked(m)
}

// rebuild takes a member back to what the newest checkpoint has of it, or to its beginning. A view ends its first tick at the least version that
// somebody reads of it, and further ticks at the frontiers of its readers: what they have taken in
// from it is there again when they go on. A sink comes to its frontier with its output suppressed.
func (r *Runtime) rebuild(m *member) error {
	if m.query == nil { // it could not be planned
		if err := r.plan(m); err != nil {
			return err
		}
		r.mu.Lock()
		r.addLocked(m)
		r.mu.Unlock()
	}
	r.mu.Lock()
	anew := m.anew
	r.mu.Unlock()
	if anew { // what checkpoints have of it is not to be used from here on
		r.refingerprint(m)
		r.mu.Lock()
		m.anew, m.tries = false, 0
		r.mu.Unlock()
	} else if resumed, err := r.resume(m); resumed || err != nil {
		return err
	}
	r.mu.Lock()
	m.restored = false
	if err := r.unrepeatable(m); err != nil {
		r.mu.Unlock()
		return err
	}
	reached := log.CommitSeq(0)
	if m.out = m.reached(); m.begun {
		reached = m.out
	}
	r.beginAgainLocked(m)
	m.changed, m.seen, m.frontier, m.before, m.captureAt = 0, 0, 0, 0, 0
	m.ticked = m.sink != nil // nobody takes what it shows from here on for its contents
	r.mu.Unlock()
	r.reset(m)
	if err := r.open(m, nil); err != nil {
		return err
	}
	if m.sink != nil {
		if err := r.prepareSink(m, reached); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m.rowErrors, m.rowError, m.full, m.again, m.hurt, m.emptied = 0, nil, false, false, nil, false
	m.late.Store(0)
	m.noTime.Store(0)
	r.setStateLocked(m, memberBackfilling, nil)
	if m.sink != nil {
		r.setStateLocked(m, memberRunning, nil)
	}
	r.broadcastLocked(m)
	return nil
}

// beginAgainLocked chooses and holds the version that m begins at. A try after the first begins where that did, which
// is held since, unless that is what was not there: the newest version is. It is taken too where a topic has lost
// something since the version that was chosen. Who is made from m and stands before the newest version finds its changes
// gone, and begins anew in its turn.
func (r *Runtime) beginAgainLocked(m *member) {
	if m.sink != nil {
		return // it is its frontier
	}
	tooOld := errors.Is(m.err, state.ErrSnapshotTooOld)
	if newest, err := r.cfg.Log.Newest(r.ctx, false); err == nil && (m.ticked || m.begin == nil || tooOld) {
		r.begunLocked(m)
		m.startAt = newest
		if at := r.floorLocked(m.rel.OID, newest); !tooOld && at >= r.lostLocked(m) {
			m.startAt = at
		}
		hold := r.postLocked(m.below, m.startAt)
		m.begin = func() { r.dropLocked(&hold) }
	}
	r.findEndsLocked(m, m.startAt)
}

// findEndsLocked finds the versions behind `at`, where m comes again from, at which it must end ticks. What lies before
// `at` may be gone from what m reads.
func (r *Runtime) findEndsLocked(m *member, at log.CommitSeq) {
	m.ends = m.ends[:0]
	for up := range r.mu.above[m.rel.OID] {
		if up.ticked && up.state != memberFailed {
			m.ends = append(m.ends, max(up.frontier, up.seen))
		}
		m.ends = append(m.ends, r.mu.durable.newest[up.rel.OID]) // it may come back there
	}
	if held := r.mu.held[m.rel.OID]; held != nil {
		m.ends = append(m.ends, held.sorted...)
	}
	m.ends = slices.DeleteFunc(m.ends, func(v log.CommitSeq) bool { return v <= at })
}

// patientLog is the log as a member's sources read it: an error that passes is retried before
// anything of it comes to the operators, for as long as it takes, and others work meanwhile.
type patientLog struct {
	log.Log
	r *Runtime
	m *member
}

// Changes implements log.Log.
func (l patientLog) Changes(ctx context.Context, from, to log.CommitSeq, f log.Filter) (c log.ChangeReader, err error) {
	err = l.r.patiently(ctx, l.m, "read", func() error {
		c, err = l.Log.Changes(ctx, from, to, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	return patientReader{c, l.r, l.m}, nil
}

type patientReader struct {
	log.ChangeReader
	r *Runtime
	m *member
}

// Next implements log.ChangeReader.
func (p patientReader) Next(ctx context.Context, b log.Budget, dst *log.ChangeResult) (more bool, err error) {
	err = p.r.patiently(ctx, p.m, "read", func() error {
		more, err = p.ChangeReader.Next(ctx, b, dst)
		return err
	})
	return more, err
}

// patiently repeats what a member does with the log, which what names, until it succeeds or its error is one
// that stays. It does it without the token of the tick.
func (r *Runtime) patiently(ctx context.Context, m *member, what string, do func() error) error {
	held := m.holds
	r.pauseToken(m)
	err := r.retried(ctx, m, func() error {
		if err := r.injected(what, m); err != nil {
			return err
		}
		return do()
	})
	if held {
		if again := r.resumeToken(m); err == nil {
			err = again
		}
	}
	return err
}

// waitWithout waits until done is closed, without the token of the tick.
func (r *Runtime) waitWithout(ctx context.Context, m *member, done <-chan struct{}) error {
	return r.withoutToken(m, func() error {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// withoutToken waits without the token of the tick, if it has one.
func (r *Runtime) withoutToken(m *member, wait func() error) error {
	held := m.holds
	r.pauseToken(m)
	if err := wait(); err != nil {
		return err
	}
	if held {
		return r.resumeToken(m)
	}
	return nil
}

// retried repeats work of a member for as long as its error is one that passes; its status tells.
func (r *Runtime) retried(ctx context.Context, m *member, work func() error) error {
	defer r.setTrouble(m, nil)
	for tries := 1; ; tries++ {
		err := work()
		if err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
		r.setTrouble(m, err)
		select {
		case <-r.cfg.Clock.After(r.pauseAfter(tries)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// setTrouble makes known what a member waits for; nil = nothing.
func (r *Runtime) setTrouble(m *member, err error) {
	if err == nil && m.trouble == nil {
		return // only m's goroutine changes it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.trouble == nil {
		m.troubleSince = r.cfg.Clock.Now()
	}
	if m.trouble = err; err != nil {
		r.warnLocked(m, "a dataflow waits for the log", err)
	}
	r.broadcastLocked(m)
}

var _ log.Log = patientLog{}
