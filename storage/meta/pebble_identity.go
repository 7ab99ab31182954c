package meta

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble"
)

func identityKey(identity []byte) []byte { return append([]byte{prefixIdentity}, identity...) }

// addIdentityLocked remembers the identity and forgets the oldest beyond maxIdentities.
// REQUIRES: the store's mu held.
func (e *engine) addIdentityLocked(b *pebble.Batch, identity []byte) error {
	e.version++
	v := e.version
	if err := b.Set(metaKey("version"), number(v), nil); err != nil {
		return err
	}
	if err := b.Set(identityKey(identity), number(v), nil); err != nil {
		return err
	}
	if err := b.Set(numberKey(prefixOrder, v), identity, nil); err != nil {
		return err
	}
	e.identities++
	for e.identities > maxIdentities {
		if err := e.dropOldestIdentityLocked(b); err != nil {
			return err
		}
	}
	return nil
}

// REQUIRES: the store's mu held.
func (e *engine) dropOldestIdentityLocked(b *pebble.Batch) error {
	it, err := e.db.NewIter(&pebble.IterOptions{
		LowerBound: numberKey(prefixOrder, e.oldestID), UpperBound: []byte{prefixOrder + 1}})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	if !it.First() {
		e.identities = 0
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
	e.oldestID = binary.BigEndian.Uint64(it.Key()[1:]) + 1
	e.identities--
	return it.Error()
}

func (e *engine) loadIdentities() error {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixOrder}, UpperBound: []byte{prefixOrder + 1}})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		e.identities++
	}
	return it.Close()
}
