package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// TestTwoWriters: brokers over one metadata store see each other's commits; a broker whose
// fence was raised by its successor is refused.
func TestTwoWriters(t *testing.T) {
	m := newMachine(t, log.Limits{})
	open := func(writer uint32) *log.DB {
		db, err := log.Open(ctx, log.Config{Meta: m.meta, Objects: m.objects, Rand: logtest.Rand(uint64(writer)), Writer: writer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close(ctx) }) // one of them is fenced
		return db
	}
	one, two := open(1), open(2)
	id := logtest.CreateTopic(t, one, "t", 1)
	var want []string
	for i := range 20 {
		db := []*log.DB{one, two}[i%2]
		newest(t, db)
		r := logtest.Values(t, db, part(id, 0), fmt.Sprint("v", i))
		if r.BaseOffsets[0] != int64(i) {
			t.Fatalf("offset %d, want %d", r.BaseOffsets[0], i)
		}
		want = append(want, fmt.Sprintf("%d=v%d", i, i))
	}
	for _, db := range []*log.DB{one, two} {
		newest(t, db)
		equal(t, "log", fetchAll(t, db, part(id, 0), 1000), want)
	}
	successor := open(1)
	logtest.Values(t, successor, part(id, 0), "new life")
	p := one.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "zombie")}}})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrFenced) {
		t.Fatalf("got %v, want ErrFenced", err)
	}
	equal(t, "log", fetchAll(t, successor, part(id, 0), 1000), append(want, "20=new life"))
}

// TestIdempotence: a retried record batch gets its first offset, also after restarts, power
// cuts, rolls and snapshots.
func TestIdempotence(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	if _, err := db.NewProducerID(ctx); err != nil { // the ids below lie in its block
		t.Fatal(err)
	}
	send := func(producer int64, epoch int16, sequence int32) (log.Appended, error) {
		raw := batchOf(t, fmt.Sprintf("%d.%d.%d", producer, epoch, sequence), "second")
		logtest.SetProducer(raw, producer, epoch, sequence)
		p := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: raw}}})
		<-p.Done()
		return p.Result()
	}
	expect := func(producer int64, sequence int32, offset int64, duplicate bool) {
		t.Helper()
		r, err := send(producer, 0, sequence)
		if err != nil || r.BaseOffsets[0] != offset || r.Duplicate[0] != duplicate {
			t.Fatalf("producer %d sequence %d: %+v, %v", producer, sequence, r, err)
		}
	}
	for i := range int32(4) {
		expect(1, 2*i, int64(2*i), false)
	}
	for i, again := range []func(){
		func() { db = m.restart() },
		func() { db = m.powerCut() },
		func() {
			if err := errors.Join(db.Roll(ctx), db.Snapshot(ctx)); err != nil {
				t.Fatal(err)
			}
			db = m.powerCut()
		},
	} {
		again()
		expect(1, 6, 6, true)
		expect(1, 2, 2, true)
		if _, err := send(1, 0, 20); !errors.Is(err, log.ErrOutOfOrderSequence) {
			t.Fatalf("gap after restart %d: %v", i, err)
		}
		expect(int64(10+i), 0, int64(8+2*i), false)
	}
	if _, err := send(1, 1, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := send(1, 0, 8); !errors.Is(err, log.ErrInvalidEpoch) {
		t.Fatalf("old epoch: %v", err)
	}
	if n := len(fetchAll(t, db, part(id, 0), 1000)); n != 16 {
		t.Fatalf("%d records, want 16", n)
	}
}

// TestManyAtOnce: appenders, fetchers, change readers, waits, rolls and snapshots side by side.
func TestManyAtOnce(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: 5000, FlushBytes: 20_000, TailBytes: 50_000, RollBytes: 20_000, SnapshotCommits: 50})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 2)
	const writers, each = 6, 60
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 1))
			var last log.Pending
			for i := range each {
				value := fmt.Sprintf("%d.%d.%s", w, i, randomValue(rng, rng.IntN(1500)))
				last = db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, int32(w%2)), RecordBatches: batchOf(t, value)}}})
				if i%5 == 0 {
					<-last.Done()
				}
			}
			<-last.Done()
		})
	}
	read := make([][]string, 2)
	for k := range 2 {
		wg.Go(func() { read[k] = tail(t, db, part(id, int32(k)), writers/2*each) })
	}
	var ticked []string
	wg.Go(func() {
		at := log.CommitSeq(0)
		for len(ticked) < writers*each {
			f := log.Filter{Topics: []log.TopicFilter{{Topic: id}}}
			to, err := db.Wait(ctx, f, at)
			if err != nil {
				t.Error(err)
				return
			}
			for _, c := range changes(t, db, at, to, 3000, id) {
				ticked = append(ticked, fmt.Sprint(c.p.Index, "/", c.record))
			}
			at = to
		}
	})
	wg.Wait()
	next := map[string]int{}
	for k := range read {
		for i, r := range read[k] {
			var offset, w, n int
			if _, err := fmt.Sscanf(r, "%d=%d.%d.", &offset, &w, &n); err != nil || offset != i {
				t.Fatalf("record %q at %d: %v", r[:20], i, err)
			}
			if key := fmt.Sprint(w); next[key] != n {
				t.Fatalf("writer %d: record %d where %d was expected", w, n, next[key])
			}
			next[fmt.Sprint(w)]++
		}
	}
	for k := range read {
		var mine []string
		for _, r := range ticked {
			if rest, ok := cutPrefix(r, fmt.Sprint(k, "/")); ok {
				mine = append(mine, rest)
			}
		}
		equal(t, "changes against fetch", mine, read[k])
	}
	db = m.restart()
	for k := range read {
		equal(t, "after a restart", fetchAll(t, db, part(id, int32(k)), 5000), read[k])
	}
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return "", false
	}
	return s[len(prefix):], true
}

// tail consumes a partition by long polls until it has n records.
func tail(t *testing.T, db *log.DB, p log.Partition, n int) (out []string) {
	var r log.FetchResult
	defer func() { r.Release() }()
	for len(out) < n {
		req := []log.PartitionRead{{Partition: p, Offset: int64(len(out)), MaxBytes: 4000}}
		if err := db.Fetch(ctx, req, log.Budget{MaxBytes: 4000}, &r); err != nil {
			t.Error(err)
			return out
		}
		if err := r.Partitions[0].Err; err != nil {
			t.Error(err)
			return out
		}
		got := decode(t, r.Partitions[0].RecordBatches)
		out = append(out, got...)
		if len(got) > 0 {
			continue
		}
		short, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := db.Wait(short, log.Filter{Topics: []log.TopicFilter{{Topic: p.Topic, Partitions: []int32{p.Index}}}}, r.AsOf)
		cancel()
		if err != nil {
			t.Error(err)
			return out
		}
	}
	return out
}
