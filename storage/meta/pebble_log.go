package meta

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble"
)

// AppendLog writes the next commit record as one batch. ErrFull without ErrUnknown: decide has seen
// all that is in the log, and its record is not.
func (s *PebbleStore) AppendLog(ctx context.Context, seen CommitSeq, decide func(next CommitSeq, missed []Record) ([]byte, []Write, error)) (CommitSeq, error) {
	var p placed
	err := s.use(ctx, func(e *engine) (err error) {
		p, err = e.placeRecordLocked(seen, decide)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := p.engine.finish(p); err != nil {
		return 0, err
	}
	return p.seq, nil
}

// REQUIRES: the store's mu held.
func (e *engine) placeRecordLocked(seen CommitSeq, decide func(CommitSeq, []Record) ([]byte, []Write, error)) (placed, error) {
	var missed []Record
	if seen < e.last {
		var err error
		if missed, err = e.scan(seen, e.last, 0); err != nil {
			return placed{}, err
		}
	}
	next := e.last + 1
	record, writes, err := decide(next, missed)
	if err != nil {
		return placed{}, err
	}
	b := e.db.NewBatchWithSize(len(record) + 1024)
	if err := b.Set(numberKey(prefixLog, uint64(next)), record, nil); err != nil {
		return placed{}, err
	}
	if err := e.addWritesLocked(b, writes); err != nil {
		return placed{}, err
	}
	p, err := e.placeLocked(b)
	if err != nil {
		return placed{}, err
	}
	e.last = next
	p.seq = next
	return p, nil
}

// ScanLog returns durable records only.
func (s *PebbleStore) ScanLog(ctx context.Context, after CommitSeq, maxBytes int) (records []Record, err error) {
	err = s.use(ctx, func(e *engine) (err error) {
		records, err = e.scan(after, e.durable.lastSeq(), max(maxBytes, 1))
		return err
	})
	return records, err
}

// scan reads (after, last]; maxBytes 0 = no limit.
// REQUIRES: the store's mu held.
func (e *engine) scan(after, last CommitSeq, maxBytes int) ([]Record, error) {
	if after+1 < e.floor {
		return nil, fmt.Errorf("%w: records below %d are gone", ErrTruncated, e.floor)
	}
	it, err := e.db.NewIter(&pebble.IterOptions{
		LowerBound: numberKey(prefixLog, uint64(after)+1), UpperBound: numberKey(prefixLog, uint64(last)+1)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	var records []Record
	total := 0
	for ok := it.First(); ok; ok = it.Next() {
		seq, err := logSeq(it.Key())
		if err != nil {
			return nil, err
		}
		if want := after + 1 + CommitSeq(len(records)); seq != want {
			return nil, fmt.Errorf("%w: commit record %d is missing", ErrCorrupt, want)
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		if total += len(value); maxBytes > 0 && len(records) > 0 && total > maxBytes {
			return records, nil
		}
		records = append(records, Record{Seq: seq, Bytes: append([]byte(nil), value...)})
	}
	if err := it.Error(); err != nil {
		return nil, err
	}
	if got := after + CommitSeq(len(records)); got < last {
		return nil, fmt.Errorf("%w: commit record %d is missing", ErrCorrupt, got+1)
	}
	return records, nil
}

// LastSeq is the newest durable number.
func (s *PebbleStore) LastSeq(ctx context.Context) (last CommitSeq, err error) {
	err = s.use(ctx, func(e *engine) error {
		last = e.durable.lastSeq()
		return nil
	})
	return last, err
}

// TrimLog removes the records below floor. The newest record always stays, so that the log's
// numbers never begin again.
func (s *PebbleStore) TrimLog(ctx context.Context, floor CommitSeq) error {
	var p placed
	err := s.use(ctx, func(e *engine) (err error) {
		p, err = e.trimLocked(floor)
		return err
	})
	if err != nil || p.batch == nil {
		return err
	}
	return p.engine.finish(p)
}

// REQUIRES: the store's mu held.
func (e *engine) trimLocked(floor CommitSeq) (placed, error) {
	floor = min(floor, e.durable.lastSeq())
	if floor <= e.floor {
		return placed{}, nil
	}
	b := e.db.NewBatch()
	if err := b.DeleteRange(numberKey(prefixLog, 0), numberKey(prefixLog, uint64(floor)), nil); err != nil {
		return placed{}, err
	}
	if err := b.Set(metaKey("floor"), number(uint64(floor)), nil); err != nil {
		return placed{}, err
	}
	p, err := e.placeLocked(b)
	if err == nil {
		e.floor = floor
	}
	return p, err
}
