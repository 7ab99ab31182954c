package table

import (
	"context"
	"slices"
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
		owner map[lockKey]*Tx
		lines map[lockKey][]*waiter // of who waits for a key, where somebody does
		most  int                   // keys that owner has had; a map never shrinks
	}
}

type waiter struct {
	tx      *Tx
	granted chan struct{}
}

func newLocks(c clock.Clock, limit int) *locks {
	l := &locks{clock: c, limit: limit}
	l.mu.owner, l.mu.lines = map[lockKey]*Tx{}, map[lockKey][]*waiter{}
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
	owner := l.mu.owner[k]
	if owner == nil {
		if len(l.mu.owner) >= l.limit {
			return nil, sqlerr.New(sqlerr.OutOfMemory, "out of shared memory").
				WithHint("The transaction locks more than %d keys; split it.", l.limit)
		}
		l.mu.owner[k] = tx
		l.mu.most = max(l.mu.most, len(l.mu.owner))
		tx.locked = append(tx.locked, k)
		return nil, nil
	}
	if owner == tx {
		return nil, nil
	}
	if l.circleLocked(tx, owner) {
		return nil, sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected")
	}
	w := &waiter{tx: tx, granted: make(chan struct{})}
	l.mu.lines[k] = append(l.mu.lines[k], w)
	tx.waitsFor = k
	tx.waiting = true
	return w, nil
}

// circleLocked reports whether owner waits, through others, for tx.
func (l *locks) circleLocked(tx, owner *Tx) bool {
	for owner.waiting {
		switch owner = l.mu.owner[owner.waitsFor]; owner {
		case nil:
			return false
		case tx:
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
	l.setLineLocked(k, slices.DeleteFunc(l.mu.lines[k], func(x *waiter) bool { return x == w }))
	return false
}

func (l *locks) setLineLocked(k lockKey, line []*waiter) {
	if len(line) == 0 {
		delete(l.mu.lines, k)
	} else {
		l.mu.lines[k] = line
	}
}

// releaseStep is how many locks are freed while nobody else gets at the table of locks.
const releaseStep = 1024

// releaseAll frees every lock of tx, which takes no more; the first in each line gets it.
func (l *locks) releaseAll(tx *Tx) {
	for l.releaseSome(tx) {
	}
}

func (l *locks) releaseSome(tx *Tx) (more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := max(0, len(tx.locked)-releaseStep)
	for _, k := range tx.locked[left:] {
		line := l.mu.lines[k]
		if len(line) == 0 {
			delete(l.mu.owner, k)
			continue
		}
		w := line[0]
		l.setLineLocked(k, line[1:])
		l.mu.owner[k] = w.tx
		w.tx.waiting = false
		w.tx.locked = append(w.tx.locked, k)
		close(w.granted)
	}
	if left > 0 {
		tx.locked = tx.locked[:left]
		return true
	}
	tx.locked = nil
	if len(l.mu.owner) == 0 && l.mu.most > 64*releaseStep {
		l.mu.owner, l.mu.most = map[lockKey]*Tx{}, 0
	}
	return false
}
