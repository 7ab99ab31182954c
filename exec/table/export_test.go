package table

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
