package table

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// object is what is locked that is no row: a relation, a name that one may get, or keys of a table (key_locks.go).
type object struct {
	oid          catalog.OID
	schema, name string
	keys         bool   // all keys of the table, or one of
	commit       bool   // the gate of commits that change the table
	key          uint64 // this hash
}

// objectLock is who holds an object, and who waits for it, in order. Who reads holds nothing: readers have their
// version of the catalog and of the rows.
type objectLock struct {
	holders []objectHolder
	line    []*objectWaiter
}

type objectHolder struct {
	tx   *Tx
	mode LockMode
}

type objectWaiter struct {
	objectHolder
	granted chan struct{}
}

// LockRelation locks a relation to the end of the Tx. It waits like lock: 40P01 and 55P03.
func (tx *Tx) LockRelation(ctx context.Context, oid catalog.OID, mode LockMode) error {
	return tx.set.locks.lockObject(ctx, tx, object{oid: oid}, mode)
}

// LockName locks a name, which may be free, to the end of the Tx: nobody else gives it to a relation.
func (tx *Tx) LockName(ctx context.Context, schema, name string) error {
	return tx.set.locks.lockObject(ctx, tx, object{schema: schema, name: name}, Exclusive)
}

func (l *locks) lockObject(ctx context.Context, tx *Tx, o object, mode LockMode) error {
	w, err := l.standFor(tx, o, mode)
	if err != nil || w == nil {
		return err
	}
	return l.await(ctx, tx, w.granted, func() (granted bool) { return l.leave(o, w) })
}

// TryLockRelation locks a relation if nobody is in the way.
func (tx *Tx) TryLockRelation(oid catalog.OID, mode LockMode) bool {
	l, o := tx.set.locks, object{oid: oid}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.mu.objects[o]
	if at == nil {
		at = &objectLock{}
		l.mu.objects[o] = at
	}
	held := slices.ContainsFunc(at.holders, func(h objectHolder) bool { return h.tx == tx })
	if !at.grants(tx, mode) || !held && len(at.line) > 0 {
		return false
	}
	at.grant(o, tx, mode)
	return true
}

// standFor takes o at once (nil waiter), or stands in line for it. Who holds o already goes before the line.
func (l *locks) standFor(tx *Tx, o object, mode LockMode) (*objectWaiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.mu.objects[o]
	if at == nil {
		at = &objectLock{}
		l.mu.objects[o] = at
	}
	held := slices.IndexFunc(at.holders, func(h objectHolder) bool { return h.tx == tx })
	if held >= 0 {
		has := at.holders[held].mode
		if mode |= has; mode == has {
			return nil, nil
		}
	}
	if at.grants(tx, mode) && (held >= 0 || len(at.line) == 0) {
		at.grant(o, tx, mode)
		return nil, nil
	}
	w := &objectWaiter{objectHolder{tx, mode}, make(chan struct{})}
	ahead := at.line
	if held >= 0 {
		at.line, ahead = append([]*objectWaiter{w}, at.line...), nil
	} else {
		at.line = append(at.line, w)
	}
	tx.waitsForObject, tx.waiting = &o, true
	for _, b := range at.blockers(w, ahead) {
		if l.circleLocked(tx, b) {
			l.leaveLocked(o, w)
			if at.grants(tx, mode) { // only its place in the line is in the way
				l.mu.objects[o] = at
				at.grant(o, tx, mode)
				return nil, nil
			}
			l.deadlocks.Add(1)
			return nil, sqlerr.New(sqlerr.DeadlockDetected, "deadlock detected")
		}
	}
	return w, nil
}

// grants: no other holder is against it.
func (a *objectLock) grants(tx *Tx, mode LockMode) bool {
	for _, h := range a.holders {
		if h.tx != tx && mode.against(h.mode) {
			return false
		}
	}
	return true
}

func (a *objectLock) grant(o object, tx *Tx, mode LockMode) {
	for i := range a.holders {
		if a.holders[i].tx == tx {
			a.holders[i].mode |= mode
			return
		}
	}
	a.holders = append(a.holders, objectHolder{tx, mode})
	tx.objects = append(tx.objects, o)
}

// blockers are those that w waits for: holders that are against it, and who stands ahead.
func (a *objectLock) blockers(w *objectWaiter, ahead []*objectWaiter) []*Tx {
	var out []*Tx
	for _, h := range a.holders {
		if h.tx != w.tx && w.mode.against(h.mode) {
			out = append(out, h.tx)
		}
	}
	for _, x := range ahead {
		out = append(out, x.tx)
	}
	return out
}

// leave takes w out of the line; true when it was granted meanwhile.
func (l *locks) leave(o object, w *objectWaiter) (granted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.granted:
		return true
	default:
	}
	l.leaveLocked(o, w)
	return false
}

func (l *locks) leaveLocked(o object, w *objectWaiter) {
	w.tx.waiting, w.tx.waitsForObject = false, nil
	at := l.mu.objects[o]
	at.line = slices.DeleteFunc(at.line, func(x *objectWaiter) bool { return x == w })
	l.settleLocked(o, at)
}

// settleLocked grants what the head of the line can get now.
func (l *locks) settleLocked(o object, at *objectLock) {
	for len(at.line) > 0 && at.grants(at.line[0].tx, at.line[0].mode) {
		w := at.line[0]
		at.line = at.line[1:]
		w.tx.waiting, w.tx.waitsForObject = false, nil
		at.grant(o, w.tx, w.mode)
		close(w.granted)
	}
	if len(at.line) == 0 && len(at.holders) == 0 {
		delete(l.mu.objects, o)
	}
}

// releaseObjects frees every object lock of tx.
func (l *locks) releaseObjects(tx *Tx) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range tx.objects {
		at := l.mu.objects[o]
		at.holders = slices.DeleteFunc(at.holders, func(h objectHolder) bool { return h.tx == tx })
		l.settleLocked(o, at)
	}
	tx.objects = nil
}

// circleLocked reports whether from waits, through others, for tx.
func (l *locks) circleLocked(tx, from *Tx) bool {
	seen := map[*Tx]bool{}
	var reaches func(x *Tx) bool
	reaches = func(x *Tx) bool {
		if x == tx {
			return true
		}
		if seen[x] || !x.waiting {
			return false
		}
		seen[x] = true
		if x.waitsForObject == nil {
			line := l.mu.lines[x.waitsFor]
			i := slices.IndexFunc(line, func(w *waiter) bool { return w.tx == x })
			return i >= 0 && slices.ContainsFunc(l.blockersLocked(x.waitsFor, line[i], line[:i]), reaches)
		}
		at := l.mu.objects[*x.waitsForObject]
		i := slices.IndexFunc(at.line, func(w *objectWaiter) bool { return w.tx == x })
		return slices.ContainsFunc(at.blockers(at.line[i], at.line[:i]), reaches)
	}
	return reaches(from)
}
