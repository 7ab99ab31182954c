package lane

import (
	"runtime/debug"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// logPause is the wait before a log that answered with an error is asked again.
const logPause = time.Second

func stack() string { return string(debug.Stack()) }

// runShared is the shared lane: it ticks every running view from boundary to boundary.
func (r *Runtime) runShared() {
	for r.ctx.Err() == nil {
		r.mu.Lock()
		at, kick, behind := r.mu.at, r.mu.kick, r.behindLocked()
		ask := r.mu.capture
		r.mu.capture = nil
		r.mu.Unlock()
		if ask != nil {
			r.tickAll()
			r.captureLane(ask)
			continue
		}
		if !behind && !(r.waitForCommit(at, kick) && r.rested(at)) {
			continue
		}
		r.tickAll()
	}
}

// rested waits for the end of the tick interval or for a pin behind at; false: look again.
func (r *Runtime) rested(at log.CommitSeq) bool {
	if r.cfg.TickInterval <= 0 {
		return true
	}
	end := r.cfg.Clock.After(r.cfg.TickInterval)
	for {
		r.mu.Lock()
		kick, pinned, behind := r.mu.kick, r.mu.pins.behind(at), r.behindLocked()
		asked := r.mu.capture != nil
		r.mu.Unlock()
		if pinned || behind {
			return true
		}
		if asked {
			return false
		}
		select {
		case <-kick:
		case <-end:
			return true
		case <-r.ctx.Done():
			return false
		}
	}
}

// addPinLocked adds a pin and wakes a lane that rests.
func (r *Runtime) addPinLocked(v log.CommitSeq) {
	r.mu.pins.add(v)
	if r.cfg.TickInterval > 0 {
		r.kickLocked()
	}
}

func (r *Runtime) kickLocked() {
	close(r.mu.kick)
	r.mu.kick = make(chan struct{})
}

// boundaryLocked is the end of the tick after from: the first pin behind it, else newest, and
// never more than TickCommits away.
func (r *Runtime) boundaryLocked(from, newest log.CommitSeq) log.CommitSeq {
	to := r.mu.pins.next(from, newest)
	if most := r.cfg.TickCommits; most > 0 {
		to = min(to, from+log.CommitSeq(most))
	}
	return to
}

// behindLocked reports whether a member of the lane has not reached the last boundary, as one
// that joined at start.
func (r *Runtime) behindLocked() bool {
	for _, m := range r.mu.order {
		if m.due(r.mu.at) {
			return true
		}
	}
	return false
}

// waitForCommit returns when there is a commit after at; false: look again.
func (r *Runtime) waitForCommit(at log.CommitSeq, kick <-chan struct{}) bool {
	ctx, stop := contextUntil(r.ctx, kick)
	defer stop()
	newest, err := r.cfg.Log.Wait(ctx, log.Filter{}, at)
	if err != nil && ctx.Err() == nil {
		// The log is gone or has stopped: nothing more will come, look again at leisure.
		select {
		case <-r.cfg.Clock.After(logPause):
		case <-r.ctx.Done():
		}
	}
	return err == nil && newest > at
}

// tickAll moves the lane to its next boundary.
func (r *Runtime) tickAll() {
	r.mu.Lock()
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		r.mu.Unlock()
		return
	}
	to := r.boundaryLocked(r.mu.at, newest)
	r.mu.ticking = to
	order := append([]*member(nil), r.mu.order...)
	r.mu.Unlock()

	for i := r.passUntouched(order, 0, to); i < len(order); i = r.passUntouched(order, i+1, to) {
		m := order[i]
		// State and frontier of a member of the lane move only in this goroutine. One that is
		// behind the lane still stops at every pin on its way.
		for m.due(to) && r.ctx.Err() == nil {
			if !r.tickView(m, r.nextPin(m.frontier, to)) {
				break
			}
		}
	}

	if r.ctx.Err() != nil {
		return // not everybody is at the boundary
	}
	r.mu.Lock()
	r.mu.at, r.mu.ticking = max(r.mu.at, to), 0
	r.keepLocked()
	r.broadcastLocked()
	r.mu.Unlock()
}

// passUntouched moves on the members from position i on that nothing has touched up to to, and
// returns the position of the first that must tick. Nobody waits for one that passes: it was
// covered before.
func (r *Runtime) passUntouched(order []*member, i int, to log.CommitSeq) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; i < len(order); i++ {
		m := order[i]
		switch {
		case !m.due(to):
		case !m.ticked || r.touchedLocked(m, m.frontier, to):
			return i
		default:
			m.frontier = to
		}
	}
	return i
}

// nextPin is where a member stops on its way to `to`. TickCommits does not cut it: one that starts
// over behind a checkpoint would ask for versions that tables no longer have.
func (r *Runtime) nextPin(from, to log.CommitSeq) log.CommitSeq {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.pins.next(from, to)
}

// tickView moves one view to `to` and publishes it; false: it was dropped before or meanwhile.
func (r *Runtime) tickView(m *member, to log.CommitSeq) bool {
	if !r.enter(m) {
		return false
	}
	defer r.leave(m)
	from := m.frontier
	run := !m.ticked || r.touched(m, from, to)
	var err error
	if run {
		if err = r.tick(m, from, to, m.view); err == nil {
			failures := m.view.errs.took
			if err = m.view.publish(to); err == nil && failures {
				err = r.noteRowErrors(m)
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		m.view.discard()
		r.failLocked(m, err)
		return !m.dropped
	}
	if run && (m.view.took || !m.ticked) {
		m.changed = to
	}
	m.view.took = false
	m.ticked = true
	m.frontier = to
	r.broadcastLocked()
	return !m.dropped
}

// keepLocked tells tables and views which versions nobody needs any more: those below every
// pin, every frontier and the lane.
func (r *Runtime) keepLocked() {
	v := r.mu.pins.oldest(r.mu.at)
	for _, m := range r.mu.members {
		// One that has not ticked yet begins with a scan at a pinned version, not with changes.
		if m.ticked && m.state != memberFailed {
			v = min(v, m.frontier)
		}
	}
	for _, m := range r.mu.members {
		// This goroutine is the owner of those in the lane. What has not changed since it was last
		// told has no versions to forget.
		if m.inLane && m.kept < m.changed {
			m.view.keep(v)
			m.kept = v
		}
	}
	r.cfg.Tables.Keep(v)
}

// joinLane puts a member into the shared lane, behind what it reads.
func (r *Runtime) joinLane(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.dropped || m.state == memberFailed {
		return
	}
	r.setStateLocked(m, memberRunning, nil)
	m.inLane = true
	r.mu.order = append(r.mu.order, m)
	r.kickLocked()
	r.broadcastLocked()
}

func (r *Runtime) leaveLaneLocked(oid catalog.OID) {
	for i, m := range r.mu.order {
		if m.rel.OID == oid {
			r.mu.order = append(r.mu.order[:i:i], r.mu.order[i+1:]...)
			return
		}
	}
}
