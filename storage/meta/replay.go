package meta

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/vfs"
)

// Batch is what a store wrote at once, with all conditions met: a copy of the store that takes the
// batches in order is the same.
type Batch struct {
	Seq        CommitSeq // of Record; 0 = there is none
	Record     []byte
	Writes     []Write // in order: the last one of a key counts
	Identities [][]byte
}

// Replay makes the writes of b, all or none; durable on return. ErrCorrupt when its record is not the next.
func (s *PebbleStore) Replay(ctx context.Context, b Batch) error {
	var p placed
	err := s.use(ctx, func(e *engine) (err error) {
		p, err = e.placeReplayLocked(b)
		return err
	})
	if err != nil {
		return err
	}
	return p.engine.finish(p)
}

// REQUIRES: the store's mu held.
func (e *engine) placeReplayLocked(b Batch) (placed, error) {
	if b.Seq != 0 && b.Seq != e.last+1 {
		return placed{}, fmt.Errorf("%w: commit record %d follows %d", ErrCorrupt, b.Seq, e.last)
	}
	batch := e.db.NewBatchWithSize(len(b.Record) + 1024)
	if b.Seq != 0 {
		if err := batch.Set(numberKey(prefixLog, uint64(b.Seq)), b.Record, nil); err != nil {
			return placed{}, err
		}
	}
	if err := e.addWritesLocked(batch, b.Writes); err != nil {
		return placed{}, err
	}
	for _, id := range b.Identities {
		if err := e.addIdentityLocked(batch, id); err != nil {
			return placed{}, err
		}
	}
	p, err := e.placeLocked(batch)
	if err != nil {
		return placed{}, err
	}
	if b.Seq != 0 {
		e.last, p.seq = b.Seq, b.Seq
	}
	return p, nil
}

// Done tells whether a transaction with this identity has happened.
func (s *PebbleStore) Done(ctx context.Context, identity []byte) (done bool, err error) {
	err = s.use(ctx, func(e *engine) (err error) {
		_, done, err = e.getNumber(identityKey(identity))
		return err
	})
	return done, err
}

// Image is one durable state of a store, whatever is written meanwhile. It must be closed.
type Image struct {
	Floor, Last CommitSeq

	engine *engine
	snap   *pebble.Snapshot
}

// Image takes the newest state.
func (s *PebbleStore) Image(ctx context.Context) (*Image, error) {
	for {
		var im *Image
		var ticket uint64
		err := s.use(ctx, func(e *engine) error {
			im, ticket = &Image{Floor: e.floor, Last: e.last, engine: e, snap: e.db.NewSnapshot()}, e.ticket
			e.users.Add(1)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if err = im.engine.durable.wait(ctx, ticket); err == nil {
			return im, nil
		}
		im.Close()
		if !errors.Is(err, ErrFull) {
			return nil, err
		}
	}
}

// Close ends the use of the image.
func (im *Image) Close() {
	_ = im.snap.Close() // a read snapshot holds no state to lose
	im.engine.users.Done()
}

// Each visits all that the store has, as Rebuild takes it, in an order that stays the same. Key and value are
// lent until visit returns.
func (im *Image) Each(visit func(key, value []byte) error) error {
	return contained(func() error { return eachEntry(im.snap, visit) })
}

// Rebuild makes a store at path of what fill puts, in the place of what is there: the remains of a
// Rebuild that a crash cut off. So path is a name that no start uses; Adopt gives it its own.
func Rebuild(ctx context.Context, path string, opts PebbleOptions, fill func(put func(key, value []byte) error) error) error {
	opts.setDefaults()
	if err := opts.FS.RemoveAll(path); err != nil {
		return err
	}
	store, err := OpenPebble(path, opts)
	if err != nil {
		return err
	}
	err = contained(func() error { return rebuild(ctx, store, fill) })
	if closeErr := store.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Adopt renames a closed store, durably.
func Adopt(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDirectory(vfs.Default, vfs.Default.PathDir(to))
}

func rebuild(ctx context.Context, to *PebbleStore, fill func(put func(key, value []byte) error) error) error {
	b := new(pebble.Batch)
	err := fill(func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.Set(key, value, nil); err != nil || b.Len() < salvageBatch {
			return err
		}
		err := to.write(ctx, b)
		b = new(pebble.Batch)
		return err
	})
	if err != nil {
		return err
	}
	return to.write(ctx, b)
}

// CommitOf is the number of the commit record that an entry of Each is; ok is false for all else.
func CommitOf(key []byte) (seq CommitSeq, ok bool) {
	if len(key) == 0 || key[0] != prefixLog {
		return 0, false
	}
	seq, err := logSeq(key)
	return seq, err == nil
}
