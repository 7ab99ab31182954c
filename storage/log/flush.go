package log

import (
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

const (
	// cheapGroup is the size from which on a group is worth an object of its own: at a rate of so many
	// bytes a second and more, records wait for FlushInterval alone.
	cheapGroup = 64 << 10
	// savedFor is how long objects that were not written are saved up, for groups that are sealed because
	// nothing else comes.
	savedFor = time.Minute
)

// savings are the objects that FlushCost allowed for and that were not written.
type savings struct {
	millis float64 // of FlushCost's time that were not used
	at     int64   // when, Unix ms
}

// until is what is saved by then.
func (s *savings) until(nowMillis int64) float64 {
	return min(s.millis+float64(max(nowMillis-s.at, 0)), float64(savedFor.Milliseconds()))
}

// spend takes an object, for which limits allow one in so many milliseconds, off what is saved.
func (s *savings) spend(nowMillis int64, one time.Duration) {
	s.millis, s.at = max(s.until(nowMillis)-float64(one.Milliseconds()), 0), nowMillis
}

// oneObject is the time for which FlushCost allows one object.
func (l *Limits) oneObject() time.Duration { return time.Second / time.Duration(l.FlushCost) }

// dueLocked is when the open group is to be sealed, whatever its size.
//
//	first entry ├─ FlushInterval ─┤            enough bytes for an object, or the rate allows for one
//	last entry          ├── FlushQuiet ──┤     somebody waits, nothing else comes, and an object is saved
//	last object ├───── 1 s / FlushCost ─────┤  else
//
// REQUIRES: it has an entry.
func (q *queue) dueLocked() time.Time {
	g, limits := q.open, &q.db.limits
	soonest := time.UnixMilli(g.openMillis).Add(limits.FlushInterval)
	if limits.FlushCost <= 0 || g.bytes >= cheapGroup || !g.appends {
		return soonest
	}
	due := time.UnixMilli(q.lastPut).Add(limits.oneObject())
	if g.awaited && limits.FlushQuiet > 0 {
		quiet := g.lastMillis + limits.FlushQuiet.Milliseconds()
		if q.saved.until(quiet) >= float64(limits.oneObject().Milliseconds()) && time.UnixMilli(quiet).Before(due) {
			due = time.UnixMilli(quiet)
		}
	}
	if due.Before(soonest) {
		return soonest
	}
	return due
}

// runTimer seals the open group when it is due, which entries that come meanwhile put off or bring
// nearer.
func (q *queue) runTimer() {
	job.Label("flush timer")
	for {
		select {
		case <-q.opened:
		case <-q.stop:
			return
		}
		for {
			pause := q.sealIfDue()
			if pause < 0 {
				break
			}
			select {
			case <-q.db.clock.After(pause):
			case <-q.opened:
			case <-q.stop:
				return
			}
		}
	}
}

// sealIfDue seals the open group, or says how long it has still to wait; negative = there is none.
func (q *queue) sealIfDue() (pause time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.open.entries) == 0 {
		return -1
	}
	if pause = q.dueLocked().Sub(time.UnixMilli(q.db.clock.Now().UnixMilli())); pause > 0 {
		return pause
	}
	q.sealLocked()
	q.wake.Signal()
	return -1
}
