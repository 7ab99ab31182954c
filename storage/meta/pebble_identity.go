package meta

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble"
)

func identityKey(identity []byte) []byte { return append([]byte{prefixIdentity}, identity...) }

// addIdentityLocked remembers the identity and forgets the oldest beyond maxIdentities.
// REQUIRES: s.mu held.
func (s *PebbleStore) addIdentityLocked(b *pebble.Batch, identity []byte) error {
	s.mu.version++
	v := s.mu.version
	if err := b.Set(metaKey("version"), number(v), nil); err != nil {
		return err
	}
	if err := b.Set(identityKey(identity), number(v), nil); err != nil {
		return err
	}
	if err := b.Set(numberKey(prefixOrder, v), identity, nil); err != nil {
		return err
	}
	s.mu.identities++
	for s.mu.identities > maxIdentities {
		if err := s.dropOldestIdentityLocked(b); err != nil {
			return err
		}
	}
	return nil
}

// REQUIRES: s.mu held.
func (s *PebbleStore) dropOldestIdentityLocked(b *pebble.Batch) error {
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: numberKey(prefixOrder, s.mu.oldestID), UpperBound: []byte{prefixOrder + 1}})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	if !it.First() {
		s.mu.identities = 0
		return it.Error()
	}
	if len(it.Key()) != 9 {
		return fmt.Errorf("%w: identity key of %d bytes", ErrCorrupt, len(it.Key()))
	}
	if err := b.Delete(identityKey(it.Value()), nil); err != nil {
		return err
	}
	if err := b.Delete(it.Key(), nil); err != nil {
		return err
	}
	s.mu.oldestID = binary.BigEndian.Uint64(it.Key()[1:]) + 1
	s.mu.identities--
	return it.Error()
}

func (s *PebbleStore) loadIdentities() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixOrder}, UpperBound: []byte{prefixOrder + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		s.mu.identities++
	}
	return it.Close()
}
