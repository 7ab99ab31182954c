package table

import "github.com/tributary-db/tributary/catalog"

// Waiting reports whether tx stands in line for a lock.
func (tx *Tx) Waiting() bool {
	tx.set.locks.mu.Lock()
	defer tx.set.locks.mu.Unlock()
	return tx.waiting
}

// LocksHeld counts the keys that are locked.
func (s *Set) LocksHeld() int {
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	return len(s.locks.mu.owner)
}

// Hurt is what a block that cannot be read brings about.
func (t *Table) Hurt(err error) { t.hurt(err) }

// Spoil takes all rows out of an index, and out of nothing else.
func (t *Table) Spoil(oid catalog.OID) error {
	c := t.now()
	for _, ix := range t.indexesOf(c) {
		if ix.rel.OID != oid {
			continue
		}
		view, err := ix.rows.At(latest)
		if err != nil {
			return err
		}
		defer view.Release()
		ix.rows = t.indexOf(c, ix.rel, ix.more).rows
		return ix.rows.Publish(view.Version())
	}
	return nil
}
