package decoded_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// fakeLog is the records of one topic, by commit, in memory.
type fakeLog struct {
	log.Log // what is not needed panics
	runs    []log.ChangeRun
	newest  log.CommitSeq
	offsets map[int32]int64
	mu      sync.Mutex // of what follows
	rng     *rand.Rand
	reads   int // ranges opened
	records int // that were given out
}

var topic = log.TopicID{7}

func newFakeLog(rng *rand.Rand) *fakeLog {
	return &fakeLog{offsets: map[int32]int64{}, rng: rng}
}

// commit adds a commit that gives each of some partitions records; one in skip of them, if any, is
// no row.
func (l *fakeLog) commit(partitions []int32, records, skip int) {
	l.newest += log.CommitSeq(1 + l.rng.IntN(3)) // other topics' commits lie between
	for _, p := range partitions {
		b := recordbatch.NewBuilder(64 << 20)
		for i := range records {
			value := fmt.Appendf(nil, `{"id": %d, "name": "n%d", "at": "2026-01-01 00:00:%02d", "big": "%0*d"}`,
				l.offsets[p]+int64(i), l.rng.IntN(10), l.rng.IntN(60), 1+l.rng.IntN(40), 7)
			if skip > 0 && l.rng.IntN(skip) == 0 {
				value = []byte("no json")
			}
			if err := b.Add([]byte("k"), value, nil, int64(l.newest)*1000+int64(i)); err != nil {
				panic(err)
			}
		}
		raw := b.AppendTo(nil)
		recordbatch.Patch(raw, l.offsets[p], 0)
		l.runs = append(l.runs, log.ChangeRun{
			Partition: log.Partition{Topic: topic, Index: p}, VisibleAt: l.newest,
			CommitTime: time.UnixMilli(int64(l.newest) * 1000), RecordBatch: raw, First: l.offsets[p],
		})
		l.offsets[p] += int64(records)
	}
}

func (l *fakeLog) Touched(_ log.Filter, upTo log.CommitSeq) (v log.CommitSeq) {
	for _, r := range l.runs {
		if r.VisibleAt <= upTo {
			v = r.VisibleAt
		}
	}
	return v
}

func (l *fakeLog) Changes(_ context.Context, from, to log.CommitSeq, _ log.Filter) (log.ChangeReader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	r := &fakeReader{of: l}
	for _, run := range l.runs {
		if run.VisibleAt > from && run.VisibleAt <= to {
			r.left = append(r.left, run)
		}
	}
	return r, nil
}

type fakeReader struct {
	of   *fakeLog
	left []log.ChangeRun
}

func (r *fakeReader) Next(_ context.Context, _ log.Budget, dst *log.ChangeResult) (bool, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	n := min(len(r.left), r.of.rng.IntN(4))
	dst.Runs = append(dst.Runs[:0], r.left[:n]...)
	r.left = r.left[n:]
	r.of.records += n
	return len(r.left) > 0, nil
}

func (r *fakeReader) Close() error { return nil }
