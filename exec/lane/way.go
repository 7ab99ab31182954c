package lane

import (
	"time"

	"github.com/tributary-db/tributary/internal/latency"
	"github.com/tributary-db/tributary/storage/log"
)

// way is what records wait for from their commit on until they are in a view, or in the output of a sink:
//
//	commit is visible ─── wait ───► tick has its token ─── tick ───► published, or committed
//	        └────────────────────────── behind ─────────────────────────────┘
//
// Of the commits of one tick it is the first that is timed. What lies before is log_commit_seconds.
type way struct {
	wait, tick, behind latency.Histogram
}

// WayStats is how long that took.
type WayStats struct {
	Wait, Tick, Behind latency.Snapshot
}

// Way reads the clockwork of all ticks since the start.
func (r *Runtime) Way() WayStats {
	return WayStats{Wait: r.way.wait.Snapshot(), Tick: r.way.tick.Snapshot(), Behind: r.way.behind.Snapshot()}
}

// wayOf is where a member's tick is on its way. Only its goroutine uses it.
type wayOf struct {
	woken time.Time // when the first commit of the tick was visible
	began time.Time // when it had its token
}

// wokenLocked is when the first commit of a tick to `to` touched m: now, if the schedule has not told of it yet.
func (r *Runtime) wokenLocked(m *member, to log.CommitSeq) time.Time {
	woken := m.woken
	if woken.IsZero() {
		woken = r.cfg.Clock.Now()
	}
	m.woken, m.chosen = time.Time{}, max(m.chosen, to)
	return woken
}

// wayBegins notes that a tick has its token.
func (r *Runtime) wayBegins(m *member) {
	if !m.way.began.IsZero() { // of several ticks in one step the first counts
		return
	}
	m.way.began = r.cfg.Clock.Now()
	r.way.wait.Observe(m.way.began.Sub(m.way.woken))
}

// wayEnds notes that what the tick made is there.
func (r *Runtime) wayEnds(m *member) {
	if m.way.began.IsZero() {
		return
	}
	now := r.cfg.Clock.Now()
	r.way.tick.Observe(now.Sub(m.way.began))
	r.way.behind.Observe(now.Sub(m.way.woken))
}
