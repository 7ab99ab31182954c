package log

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/objstore"
)

// maxTimestampQuery asks for the record with the largest timestamp (KIP-734).
const maxTimestampQuery = -3

// OffsetForTime finds the first record at or after ms, or for -3 the first with the largest
// timestamp. With committed one at or behind the last stable offset is none, as in Kafka.
func (db *DB) OffsetForTime(ctx context.Context, p Partition, ms int64, committed bool) (offset, timestamp int64, found bool, err error) {
	ends, err := db.Ends(ctx, []Partition{p}, false)
	if err != nil {
		return 0, 0, false, err
	}
	offset, timestamp, found, err = db.offsetForTime(ctx, p, ms)
	if errors.Is(err, objstore.ErrNotFound) { // swapped meanwhile: once more
		offset, timestamp, found, err = db.offsetForTime(ctx, p, ms)
	}
	if err != nil || !found || committed && offset >= ends[0].LastStableOffset {
		return 0, 0, false, err
	}
	return offset, timestamp, true, nil
}

func (db *DB) offsetForTime(ctx context.Context, id Partition, ms int64) (offset, timestamp int64, found bool, err error) {
	largest := ms == maxTimestampQuery
	from := int64(0)
	for {
		r, memory, target, least, ok, err := db.runForTime(id, ms, largest, from)
		if err != nil || !ok {
			return 0, 0, false, err
		}
		offset, timestamp, found, err = db.searchRun(ctx, id, &r, memory, target, least)
		if err != nil || found || largest {
			return offset, timestamp, found, err
		}
		from = r.next() // the headers promised more than the records hold
	}
}

// runForTime finds the first run from offset from on that has a timestamp at or after target;
// records before least are deleted.
func (db *DB) runForTime(id Partition, ms int64, largest bool, from int64) (r run, memory []byte, target, least int64, ok bool, err error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	p := db.mu.fold.partition(id)
	if p == nil {
		return run{}, nil, 0, 0, false, ErrUnknownTopic
	}
	target = ms
	if largest {
		target = 0
		for i := range p.runs {
			if p.runs[i].base < p.highWatermark && p.runs[i].base >= p.logStart {
				target = max(target, p.runs[i].maxTime)
			}
		}
	}
	for i := p.runAt(max(from, p.logStart)); i < len(p.runs) && p.runs[i].base < p.highWatermark; i++ {
		if p.runs[i].maxTime >= target {
			return p.runs[i], p.runs[i].data(), target, p.logStart, true, nil
		}
	}
	return run{}, nil, 0, 0, false, nil
}

// searchRun walks the record batches of a run; only those whose header promises the timestamp
// are decoded.
func (db *DB) searchRun(ctx context.Context, id Partition, r *run, memory []byte, target, least int64) (offset, timestamp int64, found bool, err error) {
	next, err := db.startForTime(ctx, id, r, memory, target)
	if err != nil {
		return 0, 0, false, err
	}
	next = max(next, least)
	for next < r.next() {
		s, err := db.readRun(ctx, id, r, memory, next)
		if err != nil {
			return 0, 0, false, err
		}
		for len(s.data) > 0 {
			raw, after, err := step(s.data, s.base, r.block.placed)
			if err != nil {
				return 0, 0, false, err
			}
			base := s.offset(r.block.placed)
			delta, timestamp, found, err := searchRecordBatch(raw, target, least-base)
			if err != nil || found {
				return base + delta, timestamp, found, err
			}
			s.data, s.base, next = s.data[len(raw):], after, after
		}
	}
	return 0, 0, false, nil
}

// startForTime skips chunks of an object that are all older.
func (db *DB) startForTime(ctx context.Context, id Partition, r *run, memory []byte, target int64) (int64, error) {
	if memory != nil {
		return r.base, nil
	}
	_, info, err := db.runInfo(ctx, id, r)
	if err != nil {
		return 0, err
	}
	if at := info.ChunkAtTime(target); at >= 0 {
		return max(r.base, r.base+info.Chunks[at].Offset-r.relative), nil
	}
	return r.base, nil
}

func searchRecordBatch(raw []byte, target, least int64) (delta, timestamp int64, found bool, err error) {
	h, err := recordbatch.ParseHeader(raw)
	if err != nil || h.MaxTimestamp < target || h.Control() {
		return 0, 0, false, err
	}
	var reader recordbatch.Reader
	defer reader.Release()
	if err := reader.Reset(raw, 0); err != nil {
		return 0, 0, false, err
	}
	for reader.Next() {
		if rec := reader.Record(); rec.Timestamp >= target && int64(rec.OffsetDelta) >= least {
			return int64(rec.OffsetDelta), rec.Timestamp, true, nil
		}
	}
	return 0, 0, false, reader.Err()
}
