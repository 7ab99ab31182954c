package table

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
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

// locks are the key locks of all tables, held to the end of the transaction, taken in any order. A wait that would close a
// circle is refused (40P01), one past the timeout too (55P03).
type locks struct {
	clock clock.Clock
	limit int // keys locked at once, all transactions together
	// deadlocks are the waits refused.
	deadlocks atomic.Int64

	mu struct {
		sync.Mutex
		// owner is who holds a key, more who else does: most keys have one holder.
		owner  map[lockKey]*hold
		more   map[lockKey][]*hold
		shared int                   // of more, all together
		lines  map[lockKey][]*waiter // of who waits for a key, where somebody does
		most   int                   // keys that owner has had; a map never shrinks
		// objects are the relations and names that somebody holds or waits for.
		objects map[object]*objectLock
	}
}

type waiter struct {
	tx      *Tx
	mode    RowMode
	granted chan struct{}
}

func newLocks(c clock.Clock, limit int) *locks {
	l := &locks{clock: c, limit: limit}
	l.mu.owner, l.mu.lines, l.mu.objects = map[lockKey]*hold{}, map[lockKey][]*waiter{}, map[object]*objectLock{}
	l.mu.more = map[lockKey][]*hold{}
	return l
}

// takeFree takes keys for tx, as far as nobody else has one: the rest is left. It is refused as lock is.
func (l *locks) takeFree(tx *Tx, keys []lockKey, mode RowMode) (left []lockKey, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range keys[:min(len(keys), releaseStep)] {
		if got, err := l.tryLocked(tx, k, mode); err != nil || !got {
			return keys[i:], err
		}
	}
	return keys[min(len(keys), releaseStep):], nil
}

// try takes k for tx if it need not wait for it.
func (l *locks) try(tx *Tx, k lockKey, mode RowMode) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tryLocked(tx, k, mode)
}

func (l *locks) tryLocked(tx *Tx, k lockKey, mode RowMode) (bool, error) {
	owner := l.mu.owner[k]
	if owner == nil {
		return true, l.firstLocked(tx, k, mode)
	}
	if owner.tx == tx && owner.mode >= mode {
		return true, nil
	}
	if !l.grantsLocked(tx, k, mode) || len(l.mu.lines) > 0 && len(l.mu.lines[k]) > 0 && l.heldLocked(tx, k) == nil {
		return false, nil
	}
	return true, l.ownLocked(tx, k, mode)
}

// eachHoldLocked visits the holders of k.
func (l *locks) eachHoldLocked(k lockKey, visit func(h *hold)) {
	if h := l.mu.owner[k]; h != nil {
		visit(h)
	}
	if len(l.mu.more) > 0 {
		for _, h := range l.mu.more[k] {
			visit(h)
		}
	}
}

// heldLocked is how tx holds k, nil = it does not.
func (l *locks) heldLocked(tx *Tx, k lockKey) (held *hold) {
	l.eachHoldLocked(k, func(h *hold) {
		if h.tx == tx {
			held = h
		}
	})
	return held
}

// grantsLocked: no other holder is against it.
func (l *locks) grantsLocked(tx *Tx, k lockKey, mode RowMode) bool {
	free := true
	l.eachHoldLocked(k, func(h *hold) { free = free && (h.tx == tx || !mode.against(h.mode)) })
	return free
}

// ownLocked makes tx a holder of k, which nobody is against.
func (l *locks) ownLocked(tx *Tx, k lockKey, mode RowMode) error {
	mine := tx.hold(mode)
	if held := l.heldLocked(tx, k); held != nil {
		if held.mode >= mode {
			return nil
		}
		if l.mu.owner[k] == held {
			l.mu.owner[k] = mine
			return nil
		}
		more := l.mu.more[k]
		more[slices.Index(more, held)] = mine
		return nil
	}
	if l.mu.owner[k] == nil {
		return l.firstLocked(tx, k, mode)
	}
	if err := l.roomLocked(); err != nil {
		return err
	}
	l.mu.more[k] = append(l.mu.more[k], mine)
	l.mu.shared++
	tx.locked = append(tx.locked, k)
	return nil
}

// firstLocked makes tx the holder of k, which nobody holds.
func (l *locks) firstLocked(tx *Tx, k lockKey, mode RowMode) error {
	if err := l.roomLocked(); err != nil {
		return err
	}
	l.mu.owner[k] = tx.hold(mode)
	l.mu.most = max(l.mu.most, len(l.mu.owner))
	tx.locked = append(tx.locked, k)
	return nil
}

func (l *locks) roomLocked() error {
	if len(l.mu.owner)+l.mu.shared >= l.limit {
		return sqlerr.New(sqlerr.OutOfMemory, "out of shared memory").
			WithHint("The transaction locks more than %d keys; split it.", l.limit)
	}
	return nil
}

// lock takes k for tx, which may wait for it.
func (l *locks) lock(ctx context.Context, tx *Tx, k lockKey, mode RowMode) error {
	w, err := l.enqueue(tx, k, mode)
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

// enqueue takes k at once (nil waiter), or stands in line for it. Who holds k already goes before the line.
func (l *locks) enqueue(tx *Tx, k lockKey, mode RowMode) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if got, err := l.tryLocked(tx, k, mode); got || err != nil {
		return nil, err
	}
	w := &waiter{tx: tx, mode: mode, granted: make(chan struct{})}
	line, ahead := l.mu.lines[k], l.mu.lines[k]
	if l.heldLocked(tx, k) != nil {
		l.mu.lines[k], ahead = append([]*waiter{w}, line...), nil
	} else {
		l.mu.lines[k] = append(line, w)
	}
	tx.waitsFor, tx.waiting = k, true
	for _, b := range l.blockersLocked(k, w, ahead) {
		if !l.circleLocked(tx, b) {
			continue
		}
		l.leaveLineLocked(k, w)
		if l.grantsLocked(tx, k, mode) { // only its place in the line is in the way
			return nil, l.ownLocked(tx, k, mode)
		}
		l.deadlocks.Add(1)
		return nil, sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected")
	}
	return w, nil
}

// blockersLocked are those that w waits for: holders that are against it, and who stands ahead.
func (l *locks) blockersLocked(k lockKey, w *waiter, ahead []*waiter) (out []*Tx) {
	l.eachHoldLocked(k, func(h *hold) {
		if h.tx != w.tx && w.mode.against(h.mode) {
			out = append(out, h.tx)
		}
	})
	for _, x := range ahead {
		out = append(out, x.tx)
	}
	return out
}

func (l *locks) leaveLineLocked(k lockKey, w *waiter) {
	w.tx.waiting = false
	l.setLineLocked(k, slices.DeleteFunc(l.mu.lines[k], func(x *waiter) bool { return x == w }))
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
	l.leaveLineLocked(k, w)
	l.settleLineLocked(k) // who stood behind may have waited for its turn alone
	return false
}

// settleLineLocked grants what the head of the line can get now.
func (l *locks) settleLineLocked(k lockKey) {
	line := l.mu.lines[k]
	for len(line) > 0 && l.grantsLocked(line[0].tx, k, line[0].mode) {
		w := line[0]
		if l.ownLocked(w.tx, k, w.mode) != nil {
			break // it stays in the line until there is room
		}
		line = line[1:]
		w.tx.waiting = false
		close(w.granted)
	}
	if len(l.mu.lines) > 0 {
		l.setLineLocked(k, line)
	}
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
	if len(l.mu.lines) == 0 && l.mu.shared == 0 && len(tx.locked) == len(l.mu.owner) && len(tx.locked) > releaseStep {
		l.mu.owner, l.mu.most, tx.locked = map[lockKey]*hold{}, 0, nil // nobody else has any
		return false
	}
	left := max(0, len(tx.locked)-releaseStep)
	for _, k := range tx.locked[left:] {
		l.dropLocked(tx, k)
		if len(l.mu.lines) > 0 && len(l.mu.lines[k]) > 0 {
			l.settleLineLocked(k)
		}
	}
	if left > 0 {
		tx.locked = tx.locked[:left]
		return true
	}
	tx.locked = nil
	if len(l.mu.owner) == 0 && l.mu.most > 64*releaseStep {
		l.mu.owner, l.mu.most = map[lockKey]*hold{}, 0
	}
	return false
}

// dropLocked takes the hold of tx on k back.
func (l *locks) dropLocked(tx *Tx, k lockKey) {
	if l.mu.shared == 0 {
		delete(l.mu.owner, k)
		return
	}
	more := l.mu.more[k]
	switch at := slices.IndexFunc(more, func(h *hold) bool { return h.tx == tx }); {
	case at >= 0:
		more = slices.Delete(more, at, at+1)
		l.mu.shared--
	case len(more) == 0:
		delete(l.mu.owner, k)
		return
	default: // the next one stands where it stood
		l.mu.owner[k], more = more[0], slices.Delete(more, 0, 1)
		l.mu.shared--
	}
	if len(more) == 0 {
		delete(l.mu.more, k)
		return
	}
	l.mu.more[k] = more
}
