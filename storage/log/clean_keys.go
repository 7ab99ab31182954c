package log

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// keyHash stands for a record's key. Two keys with one hash would be one key, so it is one that nobody
// finds two keys for.
type keyHash [16]byte

// keyMapEntry is about what an entry of a keyMap takes.
const keyMapEntry = 64

// keyMap has the last offset of each key in what was not compacted yet, for as many keys as there is
// room. Below end it is complete: of a record below end it tells whether a later one has its key.
type keyMap struct {
	last map[keyHash]int64
	most int
	end  int64
}

func hashKey(key []byte) keyHash {
	sum := sha256.Sum256(key)
	return keyHash(sum[:16])
}

// fits: there is room for so many keys more. One record batch always fits.
func (m *keyMap) fits(n int) bool { return len(m.last) == 0 || len(m.last)+n <= m.most }

// shadowed: a later record has the key.
func (m *keyMap) shadowed(key []byte, offset int64) bool {
	last, ok := m.last[hashKey(key)]
	return ok && last > offset
}

// add takes in the records of a record batch whose header is h and which begins at base.
func (m *keyMap) add(raw []byte, base int64) error {
	var r recordbatch.Reader
	defer r.Release()
	if err := r.Reset(raw, cleanDecoded); err != nil {
		return err
	}
	for r.Next() {
		if rec := r.Record(); rec.Key != nil {
			m.last[hashKey(rec.Key)] = base + int64(rec.OffsetDelta)
		}
	}
	return r.Err()
}

// cleanDecoded bounds the decompressed size of one record batch.
const cleanDecoded = 256 << 20

// outcomes tells of the Kafka transactions of a partition how they ended.
type outcomes map[int64][]span // by producer id, by first

func (o outcomes) add(s span) { o[s.producer] = append(o[s.producer], s) }

func (o outcomes) sort() {
	for _, spans := range o {
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	}
}

// of is the transaction that a record batch of a producer belongs to, part of which may have been deleted
// before the transaction ended.
func (o outcomes) of(b *batchOfRun) (span, error) {
	spans := o[b.header.ProducerID]
	i := sort.Search(len(spans), func(i int) bool { return spans[i].first >= b.next }) - 1
	if i < 0 || b.base >= spans[i].marker {
		return span{}, fmt.Errorf("%w: no transaction is known that offset %d belongs to", ErrCorrupt, b.base)
	}
	return spans[i], nil
}

// outcomes of all transactions in the runs of a job.
func (db *DB) outcomes(ctx context.Context, j *cleanJob) (outcomes, error) {
	o := outcomes{}
	for _, s := range j.ended {
		o.add(s)
	}
	for i := range j.runs {
		r := &j.runs[i]
		if !r.transactional || !r.block.placed {
			continue
		}
		spans, err := db.settledSpans(ctx, j.partition, &r.run)
		if err != nil {
			return nil, r.unreadable(err)
		}
		for _, s := range spans {
			o.add(s)
		}
	}
	o.sort()
	return o, nil
}

// keys reads what was not compacted and notes the last offset of each key.
func (c *cleaner) keys(ctx context.Context, j *cleanJob, o outcomes) (*keyMap, error) {
	m := &keyMap{last: map[keyHash]int64{}, most: int(max(c.db.limits.CleanMemory/keyMapEntry, 1)), end: j.next()}
	for i := range j.runs {
		r := &j.runs[i]
		if r.next() <= j.clean {
			continue
		}
		if !c.goesOn(j) {
			return nil, errCleanEnds
		}
		full := false
		err := c.db.eachBatch(ctx, j.partition, &r.plannedRun, func(b *batchOfRun) error {
			if full || b.next <= max(j.clean, j.logStart) || b.header.Control() {
				return nil
			}
			if !m.fits(int(b.header.RecordCount)) {
				full, m.end = true, b.base
				return nil
			}
			if b.header.Transactional() {
				if s, err := o.of(b); err != nil || !s.committed {
					return err
				}
			}
			return m.add(b.raw, b.base)
		})
		if err != nil {
			return nil, r.unreadable(err)
		}
		if full {
			break
		}
		if err := c.pace(ctx, r.length); err != nil {
			return nil, err
		}
	}
	return m, nil
}
