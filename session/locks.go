package session

import (
	"context"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/session/advisory"
)

// advisoryLocks are a session's, as functions ask for them.
type advisoryLocks struct{ s *Session }

var _ plan.Locks = advisoryLocks{}

func (l advisoryLocks) Lock(ctx context.Context, key plan.LockKey, mode plan.LockMode) error {
	return l.s.locks.Lock(ctx, advisory.Key(key), advisory.Mode(mode), l.s.set.limits.lockTimeout)
}

func (l advisoryLocks) Try(key plan.LockKey, mode plan.LockMode) (bool, error) {
	return l.s.locks.Try(advisory.Key(key), advisory.Mode(mode))
}

func (l advisoryLocks) UnlockAll() { l.s.locks.UnlockAll() }

func (l advisoryLocks) Unlock(key plan.LockKey, shared bool) bool {
	if l.s.locks.Unlock(advisory.Key(key), shared) {
		return true
	}
	kind := "ExclusiveLock"
	if shared {
		kind = "ShareLock"
	}
	l.s.tell(face.Notice{Severity: "WARNING", Code: "01000", Message: "you don't own a lock of type " + kind})
	return false
}
