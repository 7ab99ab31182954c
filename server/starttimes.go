package server

import (
	"log/slog"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
)

// startTimes is what a start spends its time on; nil takes no times (a backup, a restore). Of one that was killed under load most is what its kill has left: the
// metadata's write-ahead log is read twice (looked at, then opened), the commit log from its newest snapshot on, tables and
// dataflows from their checkpoint on.
type startTimes struct {
	clock       clock.Clock
	began, last time.Time
	parts       []any
}

func newStartTimes(c clock.Clock) *startTimes {
	now := c.Now()
	return &startTimes{clock: c, began: now, last: now}
}

// done ends a part of the start.
func (t *startTimes) done(part string) {
	if t == nil {
		return
	}
	now := t.clock.Now()
	t.parts = append(t.parts, part, now.Sub(t.last).Round(time.Millisecond))
	t.last = now
}

// tell writes the line of the start.
func (t *startTimes) tell(logger *slog.Logger) {
	logger.Info("started", append([]any{"took", t.last.Sub(t.began).Round(time.Millisecond)}, t.parts...)...)
}
