package meta

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble"
)

// Commit checks and writes at once. A check sees writes that are placed but not yet durable:
// this transaction lies behind them in the WAL, so it is never durable without them.
func (s *PebbleStore) Commit(ctx context.Context, t Txn) error {
	var p placed
	err := s.use(ctx, func(e *engine) (err error) {
		p, err = e.placeTxnLocked(t)
		return err
	})
	if err != nil {
		return err
	}
	if p.batch == nil {
		return outcome(p.engine.durable.wait(ctx, p.ticket))
	}
	return p.engine.finish(p)
}

// write makes a batch durable.
func (s *PebbleStore) write(ctx context.Context, b *pebble.Batch) error {
	var p placed
	err := s.use(ctx, func(e *engine) (err error) {
		p, err = e.placeLocked(b)
		return err
	})
	if err != nil {
		return err
	}
	return p.engine.finish(p)
}

// outcome of a write that has its place in the WAL: if there was no room it may be there or not.
func outcome(err error) error {
	if errors.Is(err, ErrFull) {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return err
}

// placed is a write with its place in the WAL; a nil batch = nothing had to be written.
type placed struct {
	engine *engine
	batch  *pebble.Batch
	wal    *aheadFile // nil = it is durable
	end    int64      // of the write in wal
	ticket uint64
	seq    CommitSeq // of AppendLog
}

// REQUIRES: the store's mu held.
func (e *engine) placeTxnLocked(t Txn) (placed, error) {
	if len(t.Identity) > 0 {
		_, done, err := e.getNumber(identityKey(t.Identity))
		if err != nil {
			return placed{}, err
		}
		if done {
			return placed{engine: e, ticket: e.ticket}, nil
		}
	}
	for _, c := range t.Checks {
		_, version, err := pebbleSnapshot{e.db}.Get(c.Key)
		if err != nil {
			return placed{}, err
		}
		if version != c.Version {
			return placed{}, fmt.Errorf("%w: key %q has version %d, expected %d", ErrConflict, c.Key, version, c.Version)
		}
	}
	if len(t.Writes) == 0 && len(t.Identity) == 0 {
		return placed{engine: e, ticket: e.ticket}, nil
	}
	b := e.db.NewBatch()
	if err := e.addWritesLocked(b, t.Writes); err != nil {
		return placed{}, err
	}
	if len(t.Identity) > 0 {
		if err := e.addIdentityLocked(b, t.Identity); err != nil {
			return placed{}, err
		}
	}
	return e.placeLocked(b)
}

// addWritesLocked adds the writes under one new version.
// REQUIRES: the store's mu held.
func (e *engine) addWritesLocked(b *pebble.Batch, writes []Write) error {
	if len(writes) == 0 {
		return nil
	}
	e.version++
	if err := b.Set(metaKey("version"), number(e.version), nil); err != nil {
		return err
	}
	for _, w := range writes {
		var err error
		if w.Value == nil {
			err = b.Delete(userKey(w.Key), nil)
		} else {
			stored := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(w.Value)), e.version)
			err = b.Set(userKey(w.Key), append(stored, w.Value...), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// placeLocked puts the batch into the WAL without waiting for its sync.
// REQUIRES: the store's mu held.
func (e *engine) placeLocked(b *pebble.Batch) (placed, error) {
	if e.readOnly {
		return placed{}, fmt.Errorf("%w: it can only be read now", ErrFull)
	}
	p := placed{engine: e, batch: b}
	before := e.files.wal.Load()
	if err := e.place(b); err != nil {
		return placed{}, outcome(e.fail(err))
	}
	p.wal = e.files.wal.Load()
	if p.wal != before {
		e.room.rotated()
	}
	e.room.take(b)
	// Pebble keeps the bytes of a batch that is too large for a memtable, and has ended the WAL behind it, with a sync.
	if repr := b.Repr(); len(repr) > walBatchHeader {
		p.end = p.wal.emit(repr)
	} else {
		p.wal = nil
	}
	e.ticket++
	p.ticket = e.ticket
	return p, nil
}

// place gives the batch to Pebble. With room in the memtable that is a copy into it and into LogWriter's buffer.
// Without, Pebble makes a new memtable and a new WAL first, and may let the write wait for a flush that has ended;
// that does not outlive the engine. What is left behind goes on inside Pebble, which closes only when it has come out.
func (e *engine) place(b *pebble.Batch) (err error) {
	apply := func() error { return e.db.Apply(b, pebble.NoSync) }
	if !e.room.has(b) {
		e.placing.Add(1)
		return containedUntil(e.durable.stopped, func() error {
			defer e.placing.Done()
			return apply()
		})
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("storage engine: %v", r)
		}
	}()
	return apply()
}

// finish waits for the sync. A write whose sync failed has an unknown outcome: ErrPoisoned wraps
// the cause, or ErrUnknown and ErrFull do when there was no room.
func (e *engine) finish(p placed) error {
	if p.wal != nil {
		if err := p.wal.durable(p.end); err != nil {
			return outcome(e.fail(err))
		}
	}
	e.durable.reached(p.ticket, p.seq)
	// why: not when the engine failed meanwhile: an earlier write's sync failed, and
	// what is behind it in the WAL may not be readable after a restart.
	if err := e.durable.failure(); err != nil {
		return outcome(err)
	}
	return p.batch.Close()
}

// memtableRoom is how much room the memtable has at least: whether Pebble will have to make another one for a batch,
// it does not tell beforehand.
type memtableRoom struct {
	size int64 // of the newest memtable, at least
	left int64
	most int64 // how large memtables become
}

// Of Pebble: the first memtable's size, each next one being twice as large; what an empty one holds, and an entry
// beside its key and value, at most.
const (
	firstMemTable = 256 << 10
	emptyMemTable = 4 << 10
	memTableEntry = 256
)

func (r *memtableRoom) init(most uint64) {
	r.most = int64(most)
	r.size = min(firstMemTable, r.most)
	r.left = r.size - emptyMemTable
}

// rotated: Pebble has made another memtable.
func (r *memtableRoom) rotated() {
	r.size = min(2*r.size, r.most)
	r.left = r.size - emptyMemTable
}

// has: a batch of about half a memtable goes to none, and has another one made behind it.
func (r *memtableRoom) has(b *pebble.Batch) bool {
	return need(b) <= min(r.left, r.most/2-emptyMemTable)
}

func (r *memtableRoom) take(b *pebble.Batch) { r.left -= need(b) }

func need(b *pebble.Batch) int64 { return int64(b.Len()) + memTableEntry*int64(b.Count()) }
