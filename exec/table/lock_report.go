package table

import "slices"

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
		if o := tx.waitsForObject; o != nil && !o.keys {
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
		ahead := []*Tx{l.mu.owner[k]}
		for _, w := range line {
			visit(w.tx, ahead)
			ahead = append(ahead, w.tx)
		}
	}
	for _, at := range l.mu.objects {
		for i, w := range at.line {
			visit(w.tx, at.blockers(w, at.line[:i]))
		}
	}
}
