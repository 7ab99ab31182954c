package meta

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble"
)

// load reads the counters, and writes the format into a new store.
func (e *engine) load() error {
	format, found, err := e.getNumber(metaKey("format"))
	if err != nil {
		return err
	}
	if !found {
		return e.initialize()
	}
	if format != pebbleFormat {
		return fmt.Errorf("%w: metadata format %d is not known (this version reads %d)", ErrCorrupt, format, pebbleFormat)
	}
	if e.version, _, err = e.getNumber(metaKey("version")); err != nil {
		return err
	}
	floor, _, err := e.getNumber(metaKey("floor"))
	if err != nil {
		return err
	}
	e.floor = CommitSeq(floor)
	if err := e.loadLast(); err != nil {
		return err
	}
	return e.loadIdentities()
}

func (e *engine) initialize() error {
	e.floor = 1
	b := e.db.NewBatch()
	for name, n := range map[string]uint64{"format": pebbleFormat, "floor": 1, "version": 0} {
		if err := b.Set(metaKey(name), number(n), nil); err != nil {
			return err
		}
	}
	p, err := e.placeLocked(b)
	if err != nil {
		return err
	}
	return e.finish(p)
}

func (e *engine) loadLast() error {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixLog}, UpperBound: []byte{prefixLog + 1}})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	e.last = e.floor - 1
	if it.Last() {
		seq, err := logSeq(it.Key())
		if err != nil {
			return err
		}
		if seq < e.floor {
			return fmt.Errorf("%w: commit record %d lies below the floor %d", ErrCorrupt, seq, e.floor)
		}
		e.last = seq
	}
	e.durable.last = e.last
	return it.Error()
}

func (e *engine) getNumber(key []byte) (n uint64, found bool, err error) {
	value, closer, err := e.db.Get(key)
	if err == pebble.ErrNotFound {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = closer.Close() }() // only releases a cache block
	if len(value) != 8 {
		return 0, false, fmt.Errorf("%w: key %q has %d bytes, want 8", ErrCorrupt, key, len(value))
	}
	return binary.BigEndian.Uint64(value), true, nil
}
