package log

import (
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

// cheapGroup is the size from which on a group is worth an object of its own: at a rate of so many
// bytes a second and more, records wait for FlushInterval alone.
const cheapGroup = 64 << 10

// dueLocked is when the open group is to be sealed, whatever its size.
//
//	first entry ├─ FlushInterval ─┤            enough bytes for an object, or the rate allows for one
//	last entry          ├── FlushQuiet ──┤     somebody waits and nothing else comes
//	last object ├───── 1 s / FlushCost ─────┤  else
//
// REQUIRES: it has an entry.
func (q *queue) dueLocked() time.Time {
	g, limits := q.open, &q.db.limits
	soonest := time.UnixMilli(g.openMillis).Add(limits.FlushInterval)
	if limits.FlushCost <= 0 || g.bytes >= cheapGroup || !g.appends {
		return soonest
	}
	due := time.UnixMilli(q.lastPut).Add(time.Second / time.Duration(limits.FlushCost))
	if g.awaited && limits.FlushQuiet > 0 {
		if quiet := time.UnixMilli(g.lastMillis).Add(limits.FlushQuiet); quiet.Before(due) {
			due = quiet
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
