package lane

import (
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/log"
)

const (
	// logPause is the wait before a log that answered with an error is asked again.
	logPause = time.Second
	// keepPause is the least time between two looks at what tables need not keep any more.
	keepPause = 20 * time.Millisecond
)

// addLocked makes a member known, and what it reads.
func (r *Runtime) addLocked(m *member) {
	r.mu.members[m.rel.OID] = m
	select {
	case r.added <- struct{}{}:
	default: // it is told already
	}
	if m.sink != nil {
		r.mu.writers[m.rel.Topic] = append(r.mu.writers[m.rel.Topic], m.rel.OID)
	}
	for _, t := range m.beneath.Topics {
		readers := r.mu.byTopic[t.Topic]
		if readers == nil {
			readers = &topicReaders{filter: log.Filter{Topics: []log.TopicFilter{{Topic: t.Topic}}}, members: map[*member]struct{}{}}
			r.mu.byTopic[t.Topic] = readers
		}
		readers.members[m] = struct{}{}
	}
	if len(m.clocks) > 0 {
		r.mu.clocked[m] = struct{}{}
	}
	for _, oid := range m.below {
		if r.mu.above[oid] == nil {
			r.mu.above[oid] = map[*member]struct{}{}
		}
		r.mu.above[oid][m] = struct{}{}
	}
}

// removeLocked forgets a member.
func (r *Runtime) removeLocked(m *member) {
	delete(r.mu.members, m.rel.OID)
	delete(r.mu.clocked, m)
	var left []catalog.OID
	for _, oid := range r.mu.writers[m.rel.Topic] {
		if oid != m.rel.OID {
			left = append(left, oid)
		}
	}
	if r.mu.writers[m.rel.Topic] = left; len(left) == 0 {
		delete(r.mu.writers, m.rel.Topic)
	}
	for _, t := range m.beneath.Topics {
		if readers := r.mu.byTopic[t.Topic]; readers != nil {
			if delete(readers.members, m); len(readers.members) == 0 {
				delete(r.mu.byTopic, t.Topic)
			}
		}
	}
	for _, oid := range m.below {
		if delete(r.mu.above[oid], m); len(r.mu.above[oid]) == 0 {
			delete(r.mu.above, oid)
		}
	}
}

// runSchedule wakes the members that commits touch.
func (r *Runtime) runSchedule() {
	job.Label("schedule")
	looked := log.CommitSeq(0)
	for r.ctx.Err() == nil {
		newest, err := r.cfg.Log.Wait(r.ctx, log.Filter{}, looked)
		if err != nil {
			// The log is gone or has stopped: nothing more will come, look again at leisure.
			select {
			case <-r.cfg.Clock.After(logPause):
			case <-r.ctx.Done():
			}
			continue
		}
		keep := r.wakeTouched(looked, newest)
		looked = newest
		if keep {
			r.prunePins()
			r.keepTables()
			r.boundHistory()
		}
		r.restIdle()
	}
}

// restIdle waits a little while there is no member that a commit may concern: otherwise every commit of
// a table that nothing reads would wake this goroutine. What comes meanwhile is looked at together.
func (r *Runtime) restIdle() {
	r.mu.Lock()
	idle := len(r.mu.byTopic)+len(r.mu.clocked) == 0
	r.mu.Unlock()
	if !idle {
		return
	}
	select {
	case <-r.cfg.Clock.After(keepPause):
	case <-r.added:
	case <-r.ctx.Done():
	}
}

// wakeTouched wakes the members that are made from what commits in (after, to] touched. keep: it is
// time to tell the tables what nobody needs.
func (r *Runtime) wakeTouched(after, to log.CommitSeq) (keep bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock.Now()
	for _, readers := range r.mu.byTopic {
		if r.cfg.Log.Touched(readers.filter, to) > after {
			for m := range readers.members {
				if m.woken.IsZero() && to > m.chosen {
					m.woken = now
				}
				r.wakeLocked(m)
			}
		}
	}
	r.wakeDueLocked(to)
	if keep = now.Sub(r.mu.kept) >= keepPause; keep {
		r.mu.kept = now
	}
	return keep
}

// wakeLocked makes m look whether it has anything to do. A member at work or at rest has a
// goroutine, an idle one has none.
func (r *Runtime) wakeLocked(m *member) {
	if !r.mu.started || r.ctx.Err() != nil {
		return
	}
	if m.running {
		select {
		case m.kick <- struct{}{}:
		default: // it looks anyway
		}
		return
	}
	m.running = true
	r.work.Go(func() { r.runMember(m) })
}

// beginLocked brings a member to work for the first time.
func (r *Runtime) beginLocked(m *member) {
	if m.state == memberFailed {
		return
	}
	if m.sink != nil || m.ticked {
		r.setStateLocked(m, memberRunning, nil)
		m.ticked = true
	} else {
		r.setStateLocked(m, memberBackfilling, nil)
	}
	r.wakeLocked(m)
}
