package table

import (
	"context"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// lockKey names what a statement locks: a key of a table or of a unique index.
type lockKey struct {
	relation uint32
	key      string // image of the key columns
}

// locks are the key locks of all tables: exclusive, held to the end of the transaction, taken
// in any order. A wait that would close a circle is refused (40P01), one past the timeout too
// (55P03).
type locks struct {
	clock clock.Clock
	limit int // keys locked at once, all transactions together

	mu struct {
		sync.Mutex
		held map[lockKey]*held
	}
}

type held struct {
	owner   *Tx
	waiters []*waiter
}

type waiter struct {
	tx      *Tx
	granted chan struct{}
}

func newLocks(c clock.Clock, limit int) *locks {
	l := &locks{clock: c, limit: limit}
	l.mu.held = map[lockKey]*held{}
	return l
}

// lock takes k for tx. waited reports whether another transaction had it, so that the row must
// be read again.
func (l *locks) lock(ctx context.Context, tx *Tx, k lockKey, timeout time.Duration) (waited bool, err error) {
	w, err := l.enqueue(tx, k)
	if err != nil || w == nil {
		return false, err
	}
	var expired <-chan time.Time
	if timeout > 0 {
		expired = l.clock.After(timeout)
	}
	select {
	case <-w.granted:
		return true, nil
	case <-expired:
		err = sqlerr.New(sqlerr.LockNotAvailable, "canceling statement due to lock timeout")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if l.giveUp(k, w) {
		return true, nil
	}
	return false, err
}

// enqueue takes k at once (nil waiter), or stands in line for it.
func (l *locks) enqueue(tx *Tx, k lockKey) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.mu.held[k]
	if h == nil {
		if len(l.mu.held) >= l.limit {
			return nil, sqlerr.New(sqlerr.OutOfMemory, "out of shared memory").
				WithHint("The transaction locks more than %d keys; split it.", l.limit)
		}
		l.mu.held[k] = &held{owner: tx}
		tx.locked = append(tx.locked, k)
		return nil, nil
	}
	if h.owner == tx {
		return nil, nil
	}
	if l.circleLocked(tx, h.owner) {
		return nil, sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected")
	}
	w := &waiter{tx: tx, granted: make(chan struct{})}
	h.waiters = append(h.waiters, w)
	tx.waitsFor = k
	tx.waiting = true
	return w, nil
}

// circleLocked reports whether owner waits, through others, for tx.
func (l *locks) circleLocked(tx, owner *Tx) bool {
	for owner.waiting {
		h := l.mu.held[owner.waitsFor]
		if h == nil {
			return false
		}
		if owner = h.owner; owner == tx {
			return true
		}
	}
	return false
}

// giveUp takes w out of the line; true when it was granted meanwhile.
func (l *locks) giveUp(k lockKey, w *waiter) (granted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.granted:
		return true
	default:
	}
	w.tx.waiting = false
	h := l.mu.held[k]
	for i := range h.waiters {
		if h.waiters[i] == w {
			h.waiters = append(h.waiters[:i], h.waiters[i+1:]...)
			break
		}
	}
	return false
}

// releaseAll frees every lock of tx; the first in each line gets it.
func (l *locks) releaseAll(tx *Tx) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range tx.locked {
		h := l.mu.held[k]
		if len(h.waiters) == 0 {
			delete(l.mu.held, k)
			continue
		}
		w := h.waiters[0]
		h.waiters = h.waiters[1:]
		h.owner = w.tx
		w.tx.waiting = false
		w.tx.locked = append(w.tx.locked, k)
		close(w.granted)
	}
	tx.locked = nil
}
