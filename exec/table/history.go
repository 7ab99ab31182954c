package table

import (
	"errors"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// Kept is the size of the changes that each table and its indexes keep.
func (s *Set) Kept() map[catalog.OID]int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[catalog.OID]int64{}
	for oid, t := range s.mu.tables {
		for _, a := range t.arrangements(t.now()) {
			out[oid] += a.Kept()
		}
	}
	return out
}

// Condense puts changes of a table together; see state.RunSet.Condense. It gives the size of what is
// left.
func (s *Set) Condense(oid catalog.OID, read []log.CommitSeq, to log.CommitSeq, breathe func() error) (left int64, err error) {
	t := s.lookup(oid)
	if t == nil {
		return 0, nil
	}
	for _, a := range t.arrangements(t.now()) {
		err = errors.Join(err, a.Condense(read, to, breathe))
		left += a.Kept()
	}
	return left, err
}
