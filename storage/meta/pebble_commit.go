package meta

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble"
)

// Commit checks and writes at once. A check sees writes that are placed but not yet durable:
// this transaction lies behind them in the WAL, so it is never durable without them.
func (s *PebbleStore) Commit(ctx context.Context, t Txn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	p, err := s.placeTxnLocked(t)
	s.mu.Unlock()
	if err != nil || p.batch == nil {
		return firstErr(err, func() error { return s.durable.wait(ctx, p.ticket) })
	}
	return s.finish(p)
}

func firstErr(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// placed is a write with its place in the WAL; a nil batch = nothing had to be written.
type placed struct {
	batch  *pebble.Batch
	ticket uint64
	seq    CommitSeq // of AppendLog
}

// REQUIRES: s.mu held.
func (s *PebbleStore) placeTxnLocked(t Txn) (placed, error) {
	if err := s.usableLocked(); err != nil {
		return placed{}, err
	}
	if len(t.Identity) > 0 {
		_, done, err := s.getNumber(identityKey(t.Identity))
		if err != nil {
			return placed{}, err
		}
		if done {
			return placed{ticket: s.mu.ticket}, nil
		}
	}
	for _, c := range t.Checks {
		_, version, err := pebbleSnapshot{s.db}.Get(c.Key)
		if err != nil {
			return placed{}, err
		}
		if version != c.Version {
			return placed{}, fmt.Errorf("%w: key %q has version %d, expected %d", ErrConflict, c.Key, version, c.Version)
		}
	}
	if len(t.Writes) == 0 && len(t.Identity) == 0 {
		return placed{ticket: s.mu.ticket}, nil
	}
	b := s.db.NewBatch()
	if err := s.addWritesLocked(b, t.Writes); err != nil {
		return placed{}, err
	}
	if len(t.Identity) > 0 {
		if err := s.addIdentityLocked(b, t.Identity); err != nil {
			return placed{}, err
		}
	}
	return s.placeLocked(b)
}

// addWritesLocked adds the writes under one new version.
// REQUIRES: s.mu held.
func (s *PebbleStore) addWritesLocked(b *pebble.Batch, writes []Write) error {
	if len(writes) == 0 {
		return nil
	}
	s.mu.version++
	if err := b.Set(metaKey("version"), number(s.mu.version), nil); err != nil {
		return err
	}
	for _, w := range writes {
		var err error
		if w.Value == nil {
			err = b.Delete(userKey(w.Key), nil)
		} else {
			stored := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(w.Value)), s.mu.version)
			err = b.Set(userKey(w.Key), append(stored, w.Value...), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// placeLocked puts the batch into the WAL without waiting for its sync.
// REQUIRES: s.mu held.
func (s *PebbleStore) placeLocked(b *pebble.Batch) (placed, error) {
	if err := contained(func() error { return s.db.ApplyNoSyncWait(b, pebble.Sync) }); err != nil {
		return placed{}, s.durable.poison(err)
	}
	s.mu.ticket++
	return placed{batch: b, ticket: s.mu.ticket}, nil
}

// finish waits for the sync. A write whose sync failed has an unknown outcome: the store is
// poisoned and ErrPoisoned wraps the cause.
func (s *PebbleStore) finish(p placed) error {
	if err := p.batch.SyncWait(); err != nil {
		return s.durable.poison(err)
	}
	s.durable.reached(p.ticket, p.seq)
	// why: not when the store was poisoned meanwhile: an earlier write's sync failed, and
	// what is behind it in the WAL may not be readable after a restart.
	if err := s.durable.poisoned(); err != nil {
		return err
	}
	return p.batch.Close()
}
