package log

import (
	"log/slog"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
)

const (
	// maxClockStep: a wall clock that moved so much further than time did is not followed.
	maxClockStep = 31 * 24 * time.Hour
	// clockDoubt: after a step of more than this, nothing is deleted by time for clockPause.
	clockDoubt = 10 * time.Minute
	clockPause = 24 * time.Hour
)

// timekeeper gives commit times. Commit times never fall, and what is deleted by age does not come
// back, so a clock that is set wrong must do neither for long:
//
//	step up to 10 min   followed
//	up to 31 days       followed; deletion by time rests for a day, and the log says so
//	more                not followed until a restart; so is a start so long after the last commit,
//	                    whose time goes on from there
//
// A step is what the wall clock moved beyond the time that elapsed.
type timekeeper struct {
	clock   clock.Clock
	elapsed func() time.Duration
	logger  *slog.Logger

	mu struct {
		sync.Mutex
		wall    time.Time     // when it was asked last
		at      time.Duration // elapsed then
		wrong   bool          // the wall clock is not followed; wall goes by what elapses
		resting time.Duration // elapsed until which deletion by time rests; 0 = it does not
	}
}

// init is told the time of the newest commit, 0 if there is none.
func (k *timekeeper) init(cfg *Config, newestMillis int64) {
	k.clock, k.elapsed, k.logger = cfg.Clock, cfg.Elapsed, cfg.Logger
	begin := k.clock.Now()
	if k.elapsed == nil {
		k.elapsed = func() time.Duration { return k.clock.Now().Sub(begin) } // by the monotonic reading
	}
	k.mu.wall, k.mu.at = begin.Round(0), k.elapsed()
	if last := time.UnixMilli(newestMillis); newestMillis > 0 && k.mu.wall.Sub(last) > maxClockStep {
		k.logger.Warn("the clock is far ahead of the last commit and is not followed: commit times go on from the last one, nothing is deleted by time; start again to accept it",
			"clock", k.mu.wall, "last_commit", last)
		k.mu.wall, k.mu.wrong = last, true
	}
}

// now is the time as far as it is believed; certain tells that records may be deleted by it.
func (k *timekeeper) now() (t time.Time, certain bool) {
	wall, at := k.clock.Now().Round(0), k.elapsed()
	k.mu.Lock()
	defer k.mu.Unlock()
	expected := k.mu.wall.Add(at - k.mu.at)
	step := wall.Sub(expected)
	switch {
	case k.mu.wrong || step.Abs() > maxClockStep:
		if !k.mu.wrong {
			k.logger.Warn("the clock was set by more than a month and is not followed until a restart; nothing is deleted by time", "step", step)
		}
		k.mu.wrong = true
		wall = expected
	case step.Abs() > clockDoubt:
		k.logger.Warn("the clock was set: nothing is deleted by time for a day", "step", step)
		k.mu.resting = at + clockPause
	}
	k.mu.wall, k.mu.at = wall, at
	return wall, !k.mu.wrong && (k.mu.resting == 0 || at >= k.mu.resting)
}

func (k *timekeeper) nowMillis() int64 {
	t, _ := k.now()
	return t.UnixMilli()
}
