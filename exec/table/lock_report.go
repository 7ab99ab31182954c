package table

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
)

// For names the session whose Tx this is.
func (tx *Tx) For(owner int32) *Tx {
	tx.owner = owner
	return tx
}

// Blocking are the owners of those that a session's Tx waits for, or stands in line behind; nil = it does not wait.
func (s *Set) Blocking(owner int32) (out []int32) {
	l := s.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eachWaitLocked(func(tx *Tx, blockers []*Tx) {
		if tx.owner != owner {
			return
		}
		for _, b := range blockers {
			if !slices.Contains(out, b.owner) {
				out = append(out, b.owner)
			}
		}
	})
	return out
}

// Waiting are the owners of those Tx that wait for a lock, and what sort it is of in PostgreSQL's words.
func (s *Set) Waiting() map[int32]string {
	l, out := s.locks, map[int32]string{}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eachWaitLocked(func(tx *Tx, _ []*Tx) {
		out[tx.owner] = "transactionid"
		if o := tx.waitsForObject; o != nil && !o.keys && !o.commit {
			out[tx.owner] = "relation"
			if o.name != "" {
				out[tx.owner] = "object"
			}
		}
	})
	return out
}

// eachWaitLocked visits who waits, with those whom they wait for.
func (l *locks) eachWaitLocked(visit func(tx *Tx, blockers []*Tx)) {
	for k, line := range l.mu.lines {
		for i, w := range line {
			visit(w.tx, l.blockersLocked(k, w, line[:i]))
		}
	}
	for _, at := range l.mu.objects {
		for i, w := range at.line {
			visit(w.tx, at.blockers(w, at.line[:i]))
		}
	}
}

// HeldLock is a lock that a Tx holds, or waits for, as pg_locks has it.
type HeldLock struct {
	Owner int32
	Tx    uint64
	// Sort is relation, transactionid or object; Of is the Tx whose end is waited for, or the Tx itself.
	Sort     string
	Relation catalog.OID
	Of       uint64
	Modes    []string
	Granted  bool
}

// Locks are those of now: what is held on relations, each Tx that holds some, and what is waited for. Rows and keys that are held are
// not among them, as they may be millions.
func (s *Set) Locks() (out []HeldLock) {
	l, seen := s.locks, map[*Tx]bool{}
	l.mu.Lock()
	defer l.mu.Unlock()
	present := func(tx *Tx) {
		if !seen[tx] {
			seen[tx] = true
			out = append(out, HeldLock{Owner: tx.owner, Tx: tx.id, Sort: "transactionid", Of: tx.id, Modes: ExclusiveMode.Names(), Granted: true})
		}
	}
	for o, at := range l.mu.objects {
		for _, h := range at.holders {
			present(h.tx)
			if !o.keys && !o.commit && o.name == "" && o.oid != 0 {
				out = append(out, HeldLock{Owner: h.tx.owner, Tx: h.tx.id, Sort: "relation", Relation: o.oid, Modes: h.mode.Names(), Granted: true})
			}
		}
	}
	l.eachWaitLocked(func(tx *Tx, blockers []*Tx) {
		present(tx)
		w := HeldLock{Owner: tx.owner, Tx: tx.id, Sort: "transactionid", Modes: Share.Names()}
		if len(blockers) > 0 {
			w.Of = blockers[0].id
		}
		if o := tx.waitsForObject; o != nil && !o.keys && !o.commit {
			w.Sort, w.Relation = "object", 0
			if o.name == "" {
				w.Sort, w.Relation = "relation", o.oid
			}
			w.Modes = waitedFor(l.mu.objects[*o], tx)
		}
		out = append(out, w)
	})
	return out
}

// waitedFor are the modes that a Tx in the line wants and does not have.
func waitedFor(at *objectLock, tx *Tx) []string {
	var has, wants LockMode
	for _, h := range at.holders {
		if h.tx == tx {
			has = h.mode
		}
	}
	for _, w := range at.line {
		if w.tx == tx {
			wants = w.mode
		}
	}
	return (wants &^ has).Names()
}
