package meta

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/vfs"
)

// Salvage says what of a store that lost something goes on.
type Salvage struct {
	Kept CommitSeq // newest commit that stays
	// Readable: what Readable found is taken over; otherwise the store begins empty behind Kept.
	Readable bool
	NoLog    bool    // no commit record is taken over: the log begins behind Kept
	Writes   []Write // made in the new store
	Suffix   string  // the old directory is renamed by it, and kept
}

// Readable is how far a damaged store can be read, if it can be read at all; nothing is changed.
// What it finds may be less than was there.
func Readable(path string) (e Extent) {
	_ = contained(func() error { // a store that cannot be read has no extent
		db, done, err := openDamaged(path)
		if err != nil {
			return err
		}
		defer done()
		s := &engine{db: db}
		s.durable.init()
		_, found, err := s.getNumber(metaKey("format"))
		if err != nil || !found {
			return err
		}
		if err := s.load(); err != nil {
			return err
		}
		if err := s.checkDense(); err != nil {
			return err
		}
		if err := eachEntry(db, func(_, _ []byte) error { return nil }); err != nil {
			return err
		}
		e = Extent{Exists: true, Floor: s.floor, Last: s.last}
		return nil
	})
	return e
}

func openDamaged(path string) (db *pebble.DB, done func(), err error) {
	lock, err := pebble.LockDirectory(path, vfs.Default)
	if err != nil {
		return nil, nil, err
	}
	db, err = pebble.Open(path, &pebble.Options{FS: &readOnlyFS{FS: vfs.Default}, ReadOnly: true, Lock: lock, Logger: silentLogger{}})
	if err != nil {
		_ = lock.Close() // nothing was written
		return nil, nil, err
	}
	return db, func() {
		_ = db.Close() // nothing was written
		_ = lock.Close()
	}, nil
}

func eachEntry(db pebble.Reader, visit func(key, value []byte) error) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := visit(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}

// newSuffix is of the store that Do builds; it takes the old one's place by a rename.
const newSuffix = ".new"

// Do builds a store of what goes on and puts it in the place of the old one, which is kept
// under another name. A crash leaves the old one, or is completed by FinishSalvage.
func (s Salvage) Do(ctx context.Context, path string, opts PebbleOptions) error {
	made := path + newSuffix
	if err := os.RemoveAll(made); err != nil {
		return err
	}
	store, err := OpenPebble(made, opts)
	if err != nil {
		return err
	}
	err = contained(func() error { return s.fill(ctx, store, path) })
	if closeErr := store.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("salvage metadata: %w", err)
	}
	if store, err = OpenPebble(made, opts); err != nil { // the counters are read anew
		return err
	}
	err = store.Commit(ctx, Txn{Writes: s.Writes})
	if closeErr := store.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("salvage metadata: %w", err)
	}
	if err := os.Rename(path, path+s.Suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return FinishSalvage(path)
}

// FinishSalvage completes a Salvage that a crash cut off between its two renames.
func FinishSalvage(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDirectory(vfs.Default, vfs.Default.PathDir(path))
}

// salvageBatch bounds one write of the new store.
const salvageBatch = 4 << 20

func (s Salvage) fill(ctx context.Context, to *PebbleStore, path string) error {
	b := new(pebble.Batch)
	floor := s.Kept + 1
	flush := func() error {
		err := to.write(ctx, b)
		b = new(pebble.Batch)
		return err
	}
	if s.Readable {
		db, done, err := openDamaged(path)
		if err != nil {
			return err
		}
		defer done()
		err = eachEntry(db, func(key, value []byte) error {
			if skip, err := s.skips(key, value, &floor); skip || err != nil {
				return err
			}
			if err := b.Set(key, value, nil); err != nil || b.Len() < salvageBatch {
				return err
			}
			return flush()
		})
		if err != nil {
			return err
		}
	}
	if err := b.Set(metaKey("floor"), number(uint64(floor)), nil); err != nil {
		return err
	}
	return flush()
}

// skips tells whether an entry of the old store stays behind: commits above Kept, or all. The floor that it finds is the new store's.
func (s Salvage) skips(key, value []byte, floor *CommitSeq) (bool, error) {
	switch {
	case key[0] == prefixLog:
		seq, err := logSeq(key)
		if s.NoLog || seq > s.Kept {
			return true, err
		}
		*floor = min(*floor, seq)
		return false, err
	case string(key) == string(metaKey("floor")):
		return true, nil
	}
	return false, nil
}
