package log

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

// upkeep is the goroutine that rolls inline groups into segments, writes snapshots and trims
// the log. It sleeps while nothing is inline and no snapshot is due.
type upkeep struct {
	wake     chan struct{} // capacity 1
	stopping chan struct{}
	once     sync.Once
	timed    atomic.Bool // it will look when the oldest inline group is old
}

func (u *upkeep) init() {
	u.wake = make(chan struct{}, 1)
	u.stopping = make(chan struct{})
}

func (u *upkeep) stop() { u.once.Do(func() { close(u.stopping) }) }

// notify wakes the goroutine when there may be work; called at every commit.
func (u *upkeep) notify(db *DB) {
	inline := db.stats.inlineBytes.Load() > 0
	if (!inline || u.timed.Load() && !db.rollDue()) && !db.snapshotDue() {
		return
	}
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (db *DB) snapshotDue() bool {
	return db.stats.sinceSnapshot.Load() >= int64(db.limits.SnapshotCommits) ||
		db.stats.bytesSinceSnapshot.Load() >= db.limits.SnapshotBytes
}

// rollDue: inline groups are large or many.
func (db *DB) rollDue() bool {
	return db.stats.inlineBytes.Load() >= db.limits.RollBytes || db.stats.inlineGroups.Load() >= db.limits.RollGroups
}

// upkeepRetry is how long upkeep rests after a failure.
const upkeepRetry = time.Second

func (db *DB) runUpkeep() {
	job.Label("log upkeep")
	var due <-chan time.Time // the oldest inline group reaches its age
	var rest <-chan time.Time
	retain := db.clock.After(db.limits.RetentionInterval)
	for {
		aged := false
		select {
		case <-db.upkeep.wake:
		case <-due:
			due, aged = nil, true
		case <-rest:
			rest = nil
		case <-retain:
			retain = db.clock.After(db.limits.RetentionInterval)
			db.tend(db.Retain)
			continue
		case <-db.upkeep.stopping:
			return
		}
		if rest != nil {
			continue
		}
		ok := true
		if db.rollDue() || aged {
			ok = db.tend(db.Roll)
			due = nil
		}
		// why also behind a roll: what came during it told nobody, as there was a timer.
		if db.stats.inlineBytes.Load() > 0 && due == nil {
			due = db.clock.After(db.limits.RollInterval)
		}
		db.upkeep.timed.Store(due != nil)
		if db.snapshotDue() {
			ok = db.tend(db.Snapshot) && ok
		}
		if !ok {
			rest = db.clock.After(upkeepRetry)
		}
	}
}

// tend runs one piece of upkeep; after a failure it is tried again.
func (db *DB) tend(fn func(context.Context) error) bool {
	if db.queue.failure() != nil {
		return true // nothing can be written any more
	}
	err := fn(db.background)
	if err != nil && db.background.Err() == nil {
		db.cfg.Logger.Warn("log upkeep failed, will be tried again", "error", err)
	}
	return err == nil
}

// snapshotOf is an image of the fold, not encoded yet.
type snapshotOf struct {
	image *fold
	// floor: the log is needed from here on as long as the snapshot may be used.
	floor          CommitSeq
	commits, taken int64
}

// captureSnapshot takes an image of the fold; encoding it is for who asked.
// REQUIRES: called by the committer, or after it has ended.
func (db *DB) captureSnapshot() (s snapshotOf) {
	s.commits, s.taken = db.stats.sinceSnapshot.Load(), db.stats.bytesSinceSnapshot.Load()
	// why without DB.mu: only the committer changes the fold, and what it shares is not changed.
	s.image = db.mu.fold.capture()
	s.floor = s.image.floor()
	return s
}

// Snapshot writes a snapshot of the fold, reads it back, and trims the log below the one before
// and below the oldest inline group of that time.
func (db *DB) Snapshot(ctx context.Context) error {
	var s snapshotOf
	if !db.queue.do(func() { s = db.captureSnapshot() }) {
		return ErrClosed
	}
	return db.writeSnapshot(ctx, s)
}
