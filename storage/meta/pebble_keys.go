package meta

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble"
)

const (
	prefixKey      = 'k'
	prefixLog      = 'l'
	prefixIdentity = 'i'
	prefixOrder    = 'j'
	prefixMeta     = 'm'
)

func metaKey(name string) []byte { return append([]byte{prefixMeta}, name...) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func numberKey(prefix byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix}, n)
}

func userKey(key []byte) []byte { return append([]byte{prefixKey}, key...) }

func logSeq(key []byte) (CommitSeq, error) {
	if len(key) != 9 {
		return 0, fmt.Errorf("%w: log key of %d bytes", ErrCorrupt, len(key))
	}
	return CommitSeq(binary.BigEndian.Uint64(key[1:])), nil
}

func splitValue(stored []byte) (value []byte, version uint64, err error) {
	if len(stored) < 8 {
		return nil, 0, fmt.Errorf("%w: value of %d bytes lacks its version", ErrCorrupt, len(stored))
	}
	return stored[8:], binary.BigEndian.Uint64(stored), nil
}

// pebbleReader is what a Pebble database, snapshot and indexed batch share.
type pebbleSnapshot struct{ reader pebble.Reader }

var _ Snapshot = pebbleSnapshot{}

// Get copies the value: Pebble's own bytes end with the closer.
func (p pebbleSnapshot) Get(key []byte) ([]byte, uint64, error) {
	stored, closer, err := p.reader.Get(userKey(key))
	if err == pebble.ErrNotFound {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = closer.Close() }() // only releases a cache block
	value, version, err := splitValue(stored)
	if err != nil {
		return nil, 0, err
	}
	return append([]byte{}, value...), version, nil
}

// Scan lends key and value to visit until it returns.
func (p pebbleSnapshot) Scan(from, to []byte, visit func(key, value []byte, version uint64) bool) error {
	upper := []byte{prefixKey + 1}
	if to != nil {
		upper = userKey(to)
	}
	it, err := p.reader.NewIter(&pebble.IterOptions{LowerBound: userKey(from), UpperBound: upper})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, version, err := splitValue(it.Value())
		if err != nil {
			_ = it.Close() // the corruption is what matters
			return err
		}
		if !visit(it.Key()[1:], value, version) {
			break
		}
	}
	return it.Close()
}
