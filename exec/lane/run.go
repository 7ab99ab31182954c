package lane

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// stepKind is what a member does next.
type stepKind uint8

const (
	stepIdle    stepKind = iota // its goroutine ends
	stepRest                    // until a time, or until it is woken
	stepCapture                 // gives its state to a checkpoint
	stepRebuild                 // begins anew after a failure
	stepFail                    // its state could not be read
	stepReady                   // loads its state, as nothing else is to be done
	stepTick                    // moves to a version, which is needed of what it reads
)

type step struct {
	kind  stepKind
	to    log.CommitSeq
	input need      // what the tick needs
	woken time.Time // when the first commit of the tick touched it
	err   error
	until time.Time
}

// runMember is the goroutine of a member that has something to do.
func (r *Runtime) runMember(m *member) {
	job.Label("member", "relation", m.named().QualifiedName())
	for {
		s := r.nextStep(m)
		if s.kind == stepIdle {
			return
		}
		if err := r.do(m, s); err != nil {
			r.troubled(m, err)
		}
		r.drop(&s.input)
	}
}

// do takes a step. This is one of the three places that survive a panic: it becomes the member's
// failure.
func (r *Runtime) do(m *member, s step) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.cfg.Logger.Error("panic in dataflow", "relation", m.named().QualifiedName(), "panic", p, "stack", string(debug.Stack()))
			err = sqlerr.New(sqlerr.InternalError, "dataflow panicked: %v", p)
		}
	}()
	if m.crew != nil {
		defer m.crew.jobs.End() // a step that failed may have left some under way
	}
	switch s.kind {
	case stepRest:
		r.rest(m, s.until)
	case stepCapture:
		r.captureMember(m)
	case stepRebuild:
		return r.rebuild(m)
	case stepFail:
		return s.err
	case stepReady:
		return r.makeReady(m)
	case stepTick:
		m.way = wayOf{woken: s.woken}
		if m.view != nil {
			err = r.tickView(m, s.to)
		} else {
			err = r.tickSink(m, s.to)
		}
		if err == nil {
			r.wayEnds(m)
		}
	}
	return err
}

// nextStep decides under the mutex, so that a need that is posted is seen by who is not past it.
func (r *Runtime) nextStep(m *member) (s step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case m.dropped || r.ctx.Err() != nil:
		r.endLocked(m)
		return s
	case m.anew:
		return step{kind: stepRebuild}
	case m.state == memberFailed:
		m.asked, m.running = false, false
		r.broadcastLocked(m)
		return s
	case m.cut != nil:
		s.kind, s.err = stepFail, m.cut
		return s
	case m.state == memberWaiting && m.retryAt.After(r.cfg.Clock.Now()):
		if m.asked { // there is nothing to give
			m.asked = false
			r.broadcastLocked(m)
		}
		return step{kind: stepRest, until: m.retryAt}
	case m.state == memberWaiting:
		return step{kind: stepRebuild}
	case m.asked:
		return step{kind: stepCapture}
	case m.hurt != nil:
		s.kind, s.err, m.hurt = stepFail, m.hurt, nil
		return s
	}
	to, until := r.nextEndLocked(m)
	switch {
	case to > 0:
		r.holdBeginLocked(m, to)
		return step{kind: stepTick, to: to, input: r.postLocked(m.below, to), woken: r.wokenLocked(m, to)}
	case !until.IsZero():
		return step{kind: stepRest, until: until}
	case m.restored && !m.ready:
		return step{kind: stepReady}
	}
	m.running, m.woken = false, time.Time{}
	return s
}

// makeReady loads what the checkpoint has of m's state, so that its first tick need not.
func (r *Runtime) makeReady(m *member) error {
	m.ready = true
	if err := r.tokens.take(m.ctx, &m.worker, false); err != nil {
		return err
	}
	m.holds = true
	defer r.pauseToken(m)
	defer m.worker.meter.Begin(m.ctx)() // what is loaded breathes
	return m.states.Ready()
}

// stride bounds the commits of one tick of a member that reads the log alone and has far to go, so
// that its first tick, or its output, comes in pieces.
const stride = 256

// nextEndLocked chooses where m's next tick ends; 0: nowhere, or not before a time.
func (r *Runtime) nextEndLocked(m *member) (to log.CommitSeq, until time.Time) {
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return 0, until
	}
	from := max(m.frontier, m.seen)
	if m.sink != nil && m.sink.replayTo > 0 {
		return m.sink.replayTo, until
	}
	to = newest
	first := !m.ticked || m.fresh()
	begins := first && m.startAt > 0
	if begins {
		to = m.startAt
	}
	stands := m.state == memberError
	switch {
	case m.again && stands: // who reads it waits for what comes of that
		m.again = false
		r.setStateLocked(m, memberRunning, nil)
		r.moves.Add(1)
		return from, until
	case stands && m.full:
		return 0, until
	case from >= to && !first:
		return 0, until
	case !first && r.quietLocked(m, from, to):
		r.passLocked(m, to)
		return 0, until
	}
	if !begins {
		to = r.mu.all.next(from, to)
		if held := r.mu.held[m.rel.OID]; held != nil {
			to = held.next(from, to)
		}
	}
	for _, end := range m.ends {
		if end > from {
			to = min(to, end)
		}
	}
	if m.ticked && !r.neededLocked(m) && r.cfg.TickInterval > 0 {
		if until = m.rested.Add(r.cfg.TickInterval); until.After(r.cfg.Clock.Now()) {
			return 0, until
		}
	}
	all := to
	if most := r.cfg.TickCommits; most > 0 && m.ticked && !m.readsVersions() { // what it reads may be past a version that nobody needs
		to = min(to, from+log.CommitSeq(most))
	}
	if m.most > 0 && (m.ticked || !m.readsVersions()) && len(m.views) == 0 { // every version of a table from the frontier on is there
		to = min(to, max(from+m.most, r.condensedLocked(m)))
	}
	if !m.readsVersions() && (!m.ticked || m.sink != nil) {
		to = min(to, from+stride)
	}
	if from == 0 {
		to = max(to, min(all, r.lostLocked(m)))
	}
	return to, time.Time{}
}

// lostLocked is the last commit at which something of what m reads from the log was deleted. What is left can be read
// from the beginning to there or further, not in pieces that end before.
func (r *Runtime) lostLocked(m *member) (at log.CommitSeq) {
	for i := range m.records.Topics {
		at = max(at, r.cfg.Log.LostBy(m.records.Topics[i].Topic))
	}
	return at
}

// passLocked moves a member on that nothing has touched.
func (r *Runtime) passLocked(m *member, to log.CommitSeq) {
	if m.state == memberError {
		m.seen = max(m.seen, to)
	} else {
		m.frontier = max(m.frontier, to)
	}
	r.broadcastLocked(m)
}

// rest waits until a time, or until somebody wakes m.
func (r *Runtime) rest(m *member, until time.Time) {
	select {
	case <-r.cfg.Clock.After(until.Sub(r.cfg.Clock.Now())):
	case <-m.kick:
	case <-m.ctx.Done():
	}
}

// tickView moves a view to `to` and publishes it.
func (r *Runtime) tickView(m *member, to log.CommitSeq) error {
	from := m.frontier
	if err := r.waitInputs(m, to); err != nil {
		return err
	}
	run := !m.ticked || r.touched(m, from, to)
	switch {
	case m.inParts(from):
		if done, err := r.viewPart(m, to); err != nil || !done {
			return err
		}
	case run:
		if err := r.runView(m, from, to); err != nil {
			return err
		}
	}
	r.mu.Lock()
	if run && (m.view.took || !m.ticked) {
		m.changed = to
	}
	m.view.took = false
	m.before, m.frontier = from, to
	r.tickedLocked(m)
	m.rested = r.cfg.Clock.Now()
	m.ends = slices.DeleteFunc(m.ends, func(v log.CommitSeq) bool { return v <= to })
	if !m.ticked && to >= m.startAt {
		m.ticked = true
		m.view.keep(to) // it has no contents before
		r.setStateLocked(m, memberRunning, nil)
		r.begunLocked(m)
	}
	r.wellLocked(m)
	r.broadcastLocked(m)
	r.mu.Unlock()
	if run {
		r.keepOwn(m)
	}
	return nil
}

// viewPart takes a part of a view's first tick. What came of it lies in the contents at its version, which
// is read once the last part is there; no version of them before that is kept.
func (r *Runtime) viewPart(m *member, to log.CommitSeq) (done bool, err error) {
	if done, err = r.tickPart(m, to, m.view); err != nil {
		return false, err
	}
	if err := r.injected("publish", m); err != nil {
		return false, err
	}
	if err := m.view.publish(m.ctx, to); err != nil {
		return false, err
	}
	m.view.keep(to)
	if !done {
		return false, nil
	}
	r.endParts(m)
	return true, r.noteRowErrors(m)
}

// begunLocked lets go what was held for m's first tick.
func (r *Runtime) begunLocked(m *member) {
	if m.begin != nil {
		m.begin()
		m.begin = nil
	}
	r.dropLocked(&m.replay)
}

// runView ticks the flow of a view and makes what comes its contents at version to.
func (r *Runtime) runView(m *member, from, to log.CommitSeq) error {
	if err := r.tick(m, from, to, m.view); err != nil {
		return err
	}
	if err := r.injected("publish", m); err != nil {
		return err
	}
	failures := m.view.errs.took
	m.view.took = m.view.took || failures
	if err := m.view.publish(m.ctx, to); err != nil || !failures {
		return err
	}
	return r.noteRowErrors(m)
}

// endLocked ends the goroutine of a member that was dropped, or of the runtime's end.
func (r *Runtime) endLocked(m *member) {
	m.running = false
	if m.dropped {
		r.freeLocked(m)
	}
}

// freeLocked gives back what a dropped member held. REQUIRES: no goroutine works for it.
func (r *Runtime) freeLocked(m *member) {
	r.begunLocked(m)
	_ = m.close() // its state goes with it
	m.states.Drop()
	m.dropOutput()
	delete(r.mu.dropping, m)
	close(m.gone)
	r.broadcastLocked(m)
}
