package lane

import (
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// Time. A query with now() has, as of version S, what it has when now() is the time of S. So what it gives may change from one
// version to the next although nothing was written; when it next does, its operators know (member.wake). Every commit brings
// it there whose time is that late; where none comes, a time tick does: a commit of nothing but its time.
//
//	tick of a member ──► wake ──► runClock: nobody has committed since? ──► time tick ──► schedule wakes who is due
//
// INVARIANT: wake moves with the frontier, under the mutex. Between the frontier and a commit before wake nothing has changed.

const (
	// defaultTimeTick is the least time between two time ticks where the configuration says nothing.
	defaultTimeTick = time.Second
	// clockLooks is how many of them pass before the clock is looked at again, which may have been set.
	clockLooks = 10
)

// atOnce is the wake of a member whose operators have not said yet: it is due at any version.
var atOnce = time.Unix(0, 0)

// due reports whether m changes by time up to a version of the time at; zero = that time is not known.
func (m *member) due(at time.Time) bool {
	return !m.wake.IsZero() && (at.IsZero() || !at.Before(m.wake))
}

// findClocksLocked finds the members with a clock of their own that m is made from, m among them.
func (r *Runtime) findClocksLocked(m *member) {
	m.clocks = nil
	seen := map[catalog.OID]bool{}
	for _, oid := range m.views {
		if up := r.mu.members[oid]; up != nil {
			for _, c := range up.clocks {
				if !seen[c] {
					seen[c] = true
					m.clocks = append(m.clocks, c)
				}
			}
		}
	}
	if m.clock = plan.HasClock(m.query.Root); m.clock {
		m.clocks, m.wake = append(m.clocks, m.rel.OID), atOnce
	}
}

// movedLocked reports whether time alone may have changed in (from, to] what one of some members with a clock gives.
func (r *Runtime) movedLocked(clocks []catalog.OID, from, to log.CommitSeq) bool {
	if len(clocks) == 0 {
		return false
	}
	at := r.cfg.Log.CommitTime(to)
	for _, oid := range clocks {
		if m := r.mu.members[oid]; m != nil && (m.changed > from || max(m.frontier, m.seen) < to && m.due(at)) {
			return true
		}
	}
	return false
}

// clocksBelowLocked are the members with a clock that relations are made from.
func (r *Runtime) clocksBelowLocked(rels []catalog.OID) (clocks []catalog.OID) {
	for _, oid := range rels {
		if m := r.ownerLocked(oid); m != nil && m.view != nil {
			clocks = append(clocks, m.clocks...)
		}
	}
	return clocks
}

// tickedLocked takes over when what m gives changes next, with its frontier. What is made from it looks again: a commit that had
// come before this was known has not woken it.
func (r *Runtime) tickedLocked(m *member) {
	if !m.told || !m.clock {
		return
	}
	m.told = false
	for up := range r.mu.above[m.rel.OID] {
		r.wakeLocked(up)
	}
	if m.wake != m.awake {
		m.wake = m.awake
		r.kickClock()
	}
}

// wakeDueLocked wakes the members that time has changed up to a version, and those made from them.
func (r *Runtime) wakeDueLocked(to log.CommitSeq) {
	if len(r.mu.clocked) == 0 {
		return
	}
	at := r.cfg.Log.CommitTime(to)
	for m := range r.mu.clocked {
		for _, oid := range m.clocks {
			if up := r.mu.members[oid]; up != nil && max(up.frontier, up.seen) < to && up.due(at) {
				r.wakeLocked(m)
				break
			}
		}
	}
}

// awaited is a time at which what a subscription gives changes by itself.
type awaited struct {
	query *plan.Query
	at    time.Time
}

// awaitTime has a time tick come at a time, until end is called.
func (r *Runtime) awaitTime(q *plan.Query, at time.Time) (end func()) {
	who := &awaited{q, at}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.awaited[who] = struct{}{}
	r.kickClock()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.mu.awaited, who)
	}
}

// awaitedAt reports whether a subscription to q is due at version v.
func (r *Runtime) awaitedAt(q *plan.Query, v log.CommitSeq) bool {
	at := r.cfg.Log.CommitTime(v)
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range r.mu.awaited {
		if a.query == q && !at.Before(a.at) {
			return true
		}
	}
	return false
}

func (r *Runtime) kickClock() {
	select {
	case r.clockKick <- struct{}{}:
	default: // it looks anyway
	}
}

// nextWake is the earliest time that somebody waits for and that no commit has passed; zero = there is none.
func (r *Runtime) nextWake() (at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return at
	}
	passed := r.cfg.Log.CommitTime(newest)
	look := func(t time.Time) {
		if t.After(passed) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for m := range r.mu.clocked {
		if m.clock && m.state != memberFailed {
			look(m.wake)
		}
	}
	for a := range r.mu.awaited {
		look(a.at)
	}
	return at
}

// runClock makes time ticks while somebody needs them.
func (r *Runtime) runClock() {
	job.Label("time ticks")
	every := r.cfg.TimeTick
	var last time.Time
	for r.ctx.Err() == nil {
		at, wait := r.nextWake(), time.Duration(0)
		if !at.IsZero() {
			wait = max(at.Sub(r.cfg.Log.Now()), every-r.cfg.Clock.Now().Sub(last))
			if wait <= 0 {
				last = r.cfg.Clock.Now()
				if r.timeTick() {
					continue
				}
				wait = logPause
			}
			wait = min(wait, clockLooks*every)
		}
		if !r.awaitKick(wait) {
			return
		}
	}
}

// awaitKick waits for a while, 0 = for ever, or until somebody asks for another time.
func (r *Runtime) awaitKick(wait time.Duration) bool {
	var over <-chan time.Time
	if wait > 0 {
		over = r.cfg.Clock.After(wait)
	}
	select {
	case <-over:
	case <-r.clockKick:
	case <-r.ctx.Done():
		return false
	}
	return true
}

// timeTick commits the time.
func (r *Runtime) timeTick() bool {
	p := r.cfg.Log.Append(&log.Entry{Changes: []log.Change{log.TimeChange()}})
	select {
	case <-p.Done():
	case <-r.ctx.Done():
		return false
	}
	if _, err := p.Result(); err != nil {
		if r.ctx.Err() == nil {
			r.cfg.Logger.Warn("no time tick", "error", err)
		}
		return false
	}
	r.timeTicks.Add(1)
	return true
}

// tickOf is a tick of m from one version to another. The times of versions are known for a while: now() in one that is older, and
// that nobody reads, is the time of the next one that may be read, which leaves less to be kept.
func (r *Runtime) tickOf(m *member, from, to log.CommitSeq) (t exec.Tick, err error) {
	t = exec.Tick{From: from, To: to, Time: r.cfg.Log.CommitTime(to)}
	if m.clock && t.Time.IsZero() {
		r.mu.Lock()
		t.Time = r.mu.times[to]
		r.mu.Unlock()
	}
	if t.Now = t.Time; t.Now.IsZero() && plan.HasTemporal(m.query.Root) {
		t.Now, err = r.laterTime(m, to)
	}
	return t, err
}

// laterTime is the time of the next version from v on that somebody may read.
func (r *Runtime) laterTime(m *member, v log.CommitSeq) (at time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	read, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return at, err
	}
	read = r.mu.all.next(v-1, read)
	if held := r.mu.held[m.rel.OID]; held != nil {
		read = held.next(v-1, read)
	}
	for _, end := range m.ends {
		if end >= v {
			read = min(read, end)
		}
	}
	if m.sink != nil && m.sink.replayTo >= v {
		read = min(read, m.sink.replayTo)
	}
	if at = r.cfg.Log.CommitTime(read); at.IsZero() {
		at = r.mu.times[read]
	}
	if at.IsZero() {
		return at, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "the time of version %d, which %s %q is read at, is not known any more", read, m.rel.Kind, m.named().Name)
	}
	return at, nil
}

// progressTime is what the progress of a sink tells beside its version: the time of that, where what the sink reads changes
// with time, so that it can be made again at any later start.
func (r *Runtime) progressTime(m *member, v log.CommitSeq) int64 {
	if len(m.clocks) == 0 {
		return 0
	}
	return r.cfg.Log.CommitTime(v).UnixMilli()
}

// noteTimeLocked remembers the time of a version that a sink comes to again.
func (r *Runtime) noteTimeLocked(v log.CommitSeq, millis int64) {
	if millis > 0 {
		r.mu.times[v] = time.UnixMilli(millis)
	}
}
