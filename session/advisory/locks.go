package advisory

import (
	"context"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Key is a number, or two: they are different locks.
type Key struct {
	Two    bool
	Number int64 // or the two, 32 bits each
}

// Mode of a lock.
type Mode struct{ Shared, Tx bool }

// limit is how many locks all sessions hold at once.
const limit = 1 << 16

// Locks are the locks of a database.
type Locks struct {
	clock clock.Clock

	mu struct {
		sync.Mutex
		keys  map[Key]*lock
		count int // of holdings: a key and an owner
	}
}

// lock is a key that somebody holds or waits for.
type lock struct {
	holders map[*Owner]*holding
	line    []*waiter
}

// holding is how often an owner holds a key, by mode.
type holding map[Mode]int

func (h *holding) exclusive() bool { return (*h)[Mode{}]+(*h)[Mode{Tx: true}] > 0 }

type waiter struct {
	owner   *Owner
	mode    Mode
	granted chan struct{}
}

// Owner is a session.
type Owner struct {
	locks *Locks
	pid   int32
	// guarded by locks.mu
	held    map[Key]*holding
	waiting *Key
}

// New makes the locks of a database.
func New(c clock.Clock) *Locks {
	l := &Locks{clock: c}
	l.mu.keys = map[Key]*lock{}
	return l
}

// Owner makes one, of the session with a process ID.
func (l *Locks) Owner(pid int32) *Owner { return &Owner{locks: l, pid: pid, held: map[Key]*holding{}} }

// free reports whether o may have a lock now: nobody holds it in a mode against it, and nobody stands in line before
// it unless o holds the key already.
func (k *lock) free(o *Owner, m Mode) bool {
	for other, h := range k.holders {
		if other != o && (!m.Shared || h.exclusive()) {
			return false
		}
	}
	return true
}

// Try takes a lock if it is free.
func (o *Owner) Try(key Key, m Mode) (bool, error) {
	l := o.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.keyLocked(key)
	if !k.free(o, m) || len(k.line) > 0 && k.holders[o] == nil {
		l.dropLocked(key, k)
		return false, nil
	}
	return true, l.grantLocked(o, key, k, m)
}

// Lock takes a lock; it waits for it until ctx ends, or the timeout (0 = none) is over.
func (o *Owner) Lock(ctx context.Context, key Key, m Mode, timeout time.Duration) error {
	l := o.locks
	l.mu.Lock()
	k := l.keyLocked(key)
	if k.free(o, m) && (len(k.line) == 0 || k.holders[o] != nil) {
		defer l.mu.Unlock()
		return l.grantLocked(o, key, k, m)
	}
	if l.circleLocked(o, key, nil) {
		l.mu.Unlock()
		return sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected").WithDetail("Each of these sessions waits for an advisory lock of the next.")
	}
	w := &waiter{owner: o, mode: m, granted: make(chan struct{})}
	k.line = append(k.line, w)
	o.waiting = &key
	l.mu.Unlock()
	return o.wait(ctx, key, w, timeout)
}

func (o *Owner) wait(ctx context.Context, key Key, w *waiter, timeout time.Duration) error {
	var over <-chan time.Time
	if timeout > 0 {
		over = o.locks.clock.After(timeout)
	}
	var err error
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-over:
		err = sqlerr.New(sqlerr.LockNotAvailable, "canceling statement due to lock timeout")
	}
	l := o.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	o.waiting = nil
	k := l.keyLocked(key)
	for i, other := range k.line {
		if other == w {
			k.line = append(k.line[:i:i], k.line[i+1:]...)
			l.nextLocked(key, k)
			return err
		}
	}
	l.releaseLocked(o, key, w.mode) // it was granted meanwhile
	return err
}

// circleLocked reports whether one that holds key waits, over others maybe, for o. Those in the line count too.
func (l *Locks) circleLocked(o *Owner, key Key, seen map[*Owner]bool) bool {
	k, first := l.mu.keys[key], seen == nil
	switch {
	case k == nil:
		return false
	case first:
		seen = map[*Owner]bool{}
	}
	ahead := make([]*Owner, 0, len(k.holders)+len(k.line))
	for h := range k.holders {
		ahead = append(ahead, h)
	}
	for _, w := range k.line {
		ahead = append(ahead, w.owner)
	}
	for _, other := range ahead {
		if other == o && !first {
			return true
		}
		if other == o || seen[other] || other.waiting == nil {
			continue
		}
		seen[other] = true
		if l.circleLocked(o, *other.waiting, seen) {
			return true
		}
	}
	return false
}

func (l *Locks) keyLocked(key Key) *lock {
	k := l.mu.keys[key]
	if k == nil {
		k = &lock{holders: map[*Owner]*holding{}}
		l.mu.keys[key] = k
	}
	return k
}

func (l *Locks) dropLocked(key Key, k *lock) {
	if len(k.holders) == 0 && len(k.line) == 0 {
		delete(l.mu.keys, key)
	}
}

func (l *Locks) grantLocked(o *Owner, key Key, k *lock, m Mode) error {
	h := k.holders[o]
	if h == nil {
		if l.mu.count >= limit {
			l.dropLocked(key, k)
			return sqlerr.New(sqlerr.OutOfMemory, "out of shared memory").WithHint("All sessions together hold %d advisory locks at most.", limit)
		}
		l.mu.count++
		h = &holding{}
		k.holders[o], o.held[key] = h, h
	}
	(*h)[m]++
	return nil
}

// releaseLocked gives one holding of a mode back; false: there is none.
func (l *Locks) releaseLocked(o *Owner, key Key, m Mode) bool {
	h := o.held[key]
	if h == nil || (*h)[m] == 0 {
		return false
	}
	if (*h)[m]--; (*h)[m] == 0 {
		delete(*h, m)
	}
	l.settleLocked(o, key, h)
	return true
}

// settleLocked forgets a holding that is empty, and lets who waits have the key.
func (l *Locks) settleLocked(o *Owner, key Key, h *holding) {
	k := l.mu.keys[key]
	if len(*h) == 0 {
		delete(o.held, key)
		delete(k.holders, o)
		l.mu.count--
	}
	l.nextLocked(key, k)
}

// nextLocked grants a key to those at the head of its line.
func (l *Locks) nextLocked(key Key, k *lock) {
	for len(k.line) > 0 && k.free(k.line[0].owner, k.line[0].mode) {
		w := k.line[0]
		if err := l.grantLocked(w.owner, key, k, w.mode); err != nil {
			break // it stays in the line until there is room
		}
		k.line = k.line[1:]
		w.owner.waiting = nil
		close(w.granted)
	}
	l.dropLocked(key, k)
}

// Unlock gives a lock of the session back; false: the session does not hold it.
func (o *Owner) Unlock(key Key, shared bool) bool {
	o.locks.mu.Lock()
	defer o.locks.mu.Unlock()
	return o.locks.releaseLocked(o, key, Mode{Shared: shared})
}

// UnlockAll gives all locks of the session back, EndTx those of its transaction, Close both.
func (o *Owner) UnlockAll() { o.drop(func(m Mode) bool { return !m.Tx }) }
func (o *Owner) EndTx()     { o.drop(func(m Mode) bool { return m.Tx }) }
func (o *Owner) Close()     { o.drop(func(Mode) bool { return true }) }

func (o *Owner) drop(which func(Mode) bool) {
	l := o.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, h := range o.held {
		for m := range *h {
			if which(m) {
				delete(*h, m)
			}
		}
		l.settleLocked(o, key, h)
	}
}
