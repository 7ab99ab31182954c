package meta

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble"
)

// AppendLog writes the next commit record as one batch.
func (s *PebbleStore) AppendLog(ctx context.Context, seen CommitSeq, decide func(next CommitSeq, missed []Record) ([]byte, []Write, error)) (CommitSeq, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	p, err := s.placeRecordLocked(seen, decide)
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if err := s.finish(p); err != nil {
		return 0, err
	}
	return p.seq, nil
}

// REQUIRES: s.mu held.
func (s *PebbleStore) placeRecordLocked(seen CommitSeq, decide func(CommitSeq, []Record) ([]byte, []Write, error)) (placed, error) {
	if err := s.usableLocked(); err != nil {
		return placed{}, err
	}
	var missed []Record
	if seen < s.mu.last {
		var err error
		if missed, err = s.scan(seen, s.mu.last, 0); err != nil {
			return placed{}, err
		}
	}
	next := s.mu.last + 1
	record, writes, err := decide(next, missed)
	if err != nil {
		return placed{}, err
	}
	b := s.db.NewBatchWithSize(len(record) + 1024)
	if err := b.Set(numberKey(prefixLog, uint64(next)), record, nil); err != nil {
		return placed{}, err
	}
	if err := s.addWritesLocked(b, writes); err != nil {
		return placed{}, err
	}
	p, err := s.placeLocked(b)
	if err != nil {
		return placed{}, err
	}
	s.mu.last = next
	p.seq = next
	return p, nil
}

// ScanLog returns durable records only.
func (s *PebbleStore) ScanLog(ctx context.Context, after CommitSeq, maxBytes int) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usableLocked(); err != nil {
		return nil, err
	}
	return s.scan(after, s.durable.lastSeq(), max(maxBytes, 1))
}

// scan reads (after, last]; maxBytes 0 = no limit.
// REQUIRES: s.mu held.
func (s *PebbleStore) scan(after, last CommitSeq, maxBytes int) ([]Record, error) {
	if after+1 < s.mu.floor {
		return nil, fmt.Errorf("%w: records below %d are gone", ErrTruncated, s.mu.floor)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{
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
func (s *PebbleStore) LastSeq(ctx context.Context) (CommitSeq, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usableLocked(); err != nil {
		return 0, err
	}
	return s.durable.lastSeq(), nil
}

// TrimLog removes the records below floor. The newest record always stays, so that the log's
// numbers never begin again.
func (s *PebbleStore) TrimLog(ctx context.Context, floor CommitSeq) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	p, err := s.trimLocked(floor)
	s.mu.Unlock()
	if err != nil || p.batch == nil {
		return err
	}
	return s.finish(p)
}

// REQUIRES: s.mu held.
func (s *PebbleStore) trimLocked(floor CommitSeq) (placed, error) {
	if err := s.usableLocked(); err != nil {
		return placed{}, err
	}
	floor = min(floor, s.durable.lastSeq())
	if floor <= s.mu.floor {
		return placed{}, nil
	}
	b := s.db.NewBatch()
	if err := b.DeleteRange(numberKey(prefixLog, 0), numberKey(prefixLog, uint64(floor)), nil); err != nil {
		return placed{}, err
	}
	if err := b.Set(metaKey("floor"), number(uint64(floor)), nil); err != nil {
		return placed{}, err
	}
	p, err := s.placeLocked(b)
	if err == nil {
		s.mu.floor = floor
	}
	return p, err
}
