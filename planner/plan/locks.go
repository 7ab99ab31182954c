package plan

import "context"

// LockKey is the number of an advisory lock, or the two, 32 bits each: those are other locks.
type LockKey struct {
	Two    bool
	Number int64
}

// LockMode of an advisory lock: Tx ends it with the transaction.
type LockMode struct{ Shared, Tx bool }

// Locks are a session's advisory locks. Its errors are users'.
type Locks interface {
	// Lock waits until the lock is free, ctx ends, or lock_timeout is over.
	Lock(ctx context.Context, key LockKey, mode LockMode) error
	Try(key LockKey, mode LockMode) (bool, error)
	// Unlock gives a lock back; false: the session does not hold it.
	Unlock(key LockKey, shared bool) bool
	UnlockAll()
}
