package table

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// lockKey names what a statement locks: the hash of a key of a table or of a unique index, and of the
// relation. Two keys may have one by chance, and then wait for each other: what a lock is for is that
// equal keys always do. A number keeps a million locks cheap, and out of the collector's way.
type lockKey uint64

// lockKeys appends the keys of n rows.
func lockKeys(dst []lockKey, rel catalog.OID, keys []delta.Column, n int) []lockKey {
	var hashes [releaseStep]uint64
	for from := 0; from < n; from += len(hashes) {
		part := hashes[:min(len(hashes), n-from)]
		some := make([]delta.Column, len(keys))
		for i := range keys {
			some[i] = keys[i].Slice(from, from+len(part))
		}
		delta.HashKeys(some, len(part), nil, part)
		for _, h := range part {
			dst = append(dst, lockKey(bits.RotateLeft64(h, 17)^uint64(rel)*0x9e3779b97f4a7c15))
		}
	}
	return dst
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
		// objects are the relations and names that somebody holds or waits for.
		objects map[object]*objectLock
	}
}

type waiter struct {
	tx      *Tx
	granted chan struct{}
}

func newLocks(c clock.Clock, limit int) *locks {
	l := &locks{clock: c, limit: limit}
	l.mu.owner, l.mu.lines, l.mu.objects = map[lockKey]*Tx{}, map[lockKey][]*waiter{}, map[object]*objectLock{}
	return l
}

// takeFree takes keys for tx, as far as nobody else has one: the rest is left. It is refused as lock is.
func (l *locks) takeFree(tx *Tx, keys []lockKey) (left []lockKey, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range keys[:min(len(keys), releaseStep)] {
		switch l.mu.owner[k] {
		case nil:
			if err := l.ownLocked(tx, k); err != nil {
				return nil, err
			}
		case tx:
		default:
			return keys[i:], nil
		}
	}
	return keys[min(len(keys), releaseStep):], nil
}

// ownLocked makes tx the owner of k, which is free.
func (l *locks) ownLocked(tx *Tx, k lockKey) error {
	if len(l.mu.owner) >= l.limit {
		return sqlerr.New(sqlerr.OutOfMemory, "out of shared memory").
			WithHint("The transaction locks more than %d keys; split it.", l.limit)
	}
	l.mu.owner[k] = tx
	l.mu.most = max(l.mu.most, len(l.mu.owner))
	tx.locked = append(tx.locked, k)
	return nil
}

// lock takes k for tx, which may wait for it.
func (l *locks) lock(ctx context.Context, tx *Tx, k lockKey) error {
	w, err := l.enqueue(tx, k)
	if err != nil || w == nil {
		return err
	}
	return l.await(ctx, tx, w.granted, func() (granted bool) { return l.giveUp(k, w) })
}

// await waits for a lock, for the timeout of the Tx at most; giveUp takes it out of the line.
func (l *locks) await(ctx context.Context, tx *Tx, granted <-chan struct{}, giveUp func() bool) (err error) {
	var expired <-chan time.Time
	if tx.timeout > 0 {
		expired = l.clock.After(tx.timeout)
	}
	select {
	case <-granted:
		return nil
	case <-expired:
		err = sqlerr.New(sqlerr.LockNotAvailable, "canceling statement due to lock timeout")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if giveUp() {
		return nil
	}
	return err
}

// enqueue takes k at once (nil waiter), or stands in line for it.
func (l *locks) enqueue(tx *Tx, k lockKey) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owner := l.mu.owner[k]
	if owner == nil {
		return nil, l.ownLocked(tx, k)
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

// releaseStep is how many locks are taken or freed while nobody else gets at the table of locks.
const releaseStep = 1024

// releaseAll frees every lock of tx, which takes no more; the first in each line gets it.
func (l *locks) releaseAll(tx *Tx) {
	if len(tx.objects) > 0 {
		defer l.releaseObjects(tx)
	}
	for l.releaseSome(tx) {
	}
}

func (l *locks) releaseSome(tx *Tx) (more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.mu.lines) == 0 && len(tx.locked) == len(l.mu.owner) && len(tx.locked) > releaseStep {
		l.mu.owner, l.mu.most, tx.locked = map[lockKey]*Tx{}, 0, nil // nobody else has any
		return false
	}
	left := max(0, len(tx.locked)-releaseStep)
	for _, k := range tx.locked[left:] {
		var line []*waiter
		if len(l.mu.lines) > 0 {
			line = l.mu.lines[k]
		}
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
