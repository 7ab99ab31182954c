package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// far is a store whose reads take a while.
type far struct {
	objstore.Store
	latency time.Duration
	gets    atomic.Int64
	running atomic.Int64
	most    atomic.Int64
}

func (f *far) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	f.gets.Add(1)
	if n := f.running.Add(1); n > f.most.Load() {
		f.most.Store(n)
	}
	defer f.running.Add(-1)
	select {
	case <-time.After(f.latency):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return f.Store.GetRange(ctx, key, off, dst)
}

// coldLog is a log whose records lie in objects that it has not read.
type coldLog struct {
	t          *testing.T
	machine    *machine
	store      *far
	db         *log.DB
	topic      log.TopicID
	partitions int32
	rounds     int
}

// cold makes a log of as many objects as rounds, each with a record of every partition; uneven ones are of up to twice the
// size.
func cold(t *testing.T, partitions int32, rounds, bytes int, uneven bool, limits log.Limits, change ...func(*log.Config)) *coldLog {
	m := newMachine(t, limits)
	far := &far{Store: m.objects}
	m.change = func(c *log.Config) {
		c.Objects = far
		for _, f := range change {
			f(c)
		}
	}
	db := m.start()
	c := &coldLog{t: t, machine: m, store: far, topic: logtest.CreateTopic(t, db, "a", partitions), partitions: partitions, rounds: rounds}
	rng := rand.New(rand.NewPCG(1, 2))
	long := randomValue(rng, 2*bytes)
	for round := range rounds {
		e := &log.Entry{}
		for p := range partitions {
			value := long[:bytes]
			if uneven {
				value = long[:rng.IntN(2*bytes)]
			}
			e.Appends = append(e.Appends, log.Append{Partition: part(c.topic, p), RecordBatches: batchOf(t, fmt.Sprint(round, "/", p, value))})
		}
		logtest.Append(t, db, e)
	}
	c.db = m.restart()
	far.latency = 20 * time.Millisecond
	far.gets.Store(0)
	return c
}

// consume reads every partition to its end as a client does: all that it has nothing of in one Fetch. work is what it
// does with what it got.
func (c *coldLog) consume(partitionBytes int, work time.Duration) (bytes int) {
	c.t.Helper()
	offsets := make([]int64, c.partitions)
	var result log.FetchResult
	defer func() { result.Release() }()
	for first := int32(0); ; {
		var req []log.PartitionRead
		for i := range c.partitions {
			if p := (first + i) % c.partitions; offsets[p] < int64(c.rounds) {
				req = append(req, log.PartitionRead{Partition: part(c.topic, p), Offset: offsets[p], MaxBytes: partitionBytes})
			}
		}
		if len(req) == 0 {
			return bytes
		}
		if err := c.db.Fetch(ctx, req, log.Budget{MaxBytes: 50 << 20}, &result); err != nil {
			c.t.Fatal(err)
		}
		if result.Bytes == 0 {
			c.t.Fatal("nothing is given")
		}
		for i, got := range result.Partitions {
			if got.Err != nil {
				c.t.Fatal(got.Err)
			}
			p := req[i].Partition.Index
			for _, rec := range decode(c.t, got.RecordBatches) {
				if want := fmt.Sprintf("%d=%d/%d", offsets[p], offsets[p], p); rec[:len(want)] != want {
					c.t.Fatalf("partition %d: %.20s, want %.20s", p, rec, want)
				}
				offsets[p]++
				first = p + 1
			}
		}
		bytes += result.Bytes
		time.Sleep(work)
	}
}

// TestColdConsumer: what a consumer of 1,000 partitions that fell behind costs in requests, and how long it waits for them, with
// and without reading ahead.
func TestColdConsumer(t *testing.T) {
	for name, c := range map[string]struct {
		limits         log.Limits
		partitions     int32
		rounds, bytes  int
		uneven         bool
		partitionBytes int
		mostPerMB      float64
		most           time.Duration
	}{
		"a thousand":                {limits: log.Limits{ReadCache: 24 << 20}, partitions: 1000, rounds: 24, bytes: 2000, partitionBytes: 1 << 20, mostPerMB: 3, most: 900 * time.Millisecond},
		"a thousand, no read ahead": {limits: log.Limits{ReadCache: 24 << 20, ReadAhead: -1}, partitions: 1000, rounds: 24, bytes: 2000, partitionBytes: 1 << 20, mostPerMB: 3, most: 1500 * time.Millisecond},
		"a thousand, small cache":   {limits: log.Limits{ReadCache: 6 << 20}, partitions: 1000, rounds: 24, bytes: 2000, partitionBytes: 1 << 20, mostPerMB: 4, most: 2500 * time.Millisecond},
		"a thousand, uneven":        {limits: log.Limits{ReadCache: 32 << 20}, partitions: 1000, rounds: 24, bytes: 2000, uneven: true, partitionBytes: 1 << 20, mostPerMB: 1.2, most: 900 * time.Millisecond},
		"one":                       {limits: log.Limits{ReadCache: 24 << 20}, partitions: 1, rounds: 16, bytes: 2 << 20, partitionBytes: 1 << 20, mostPerMB: 3, most: time.Second},
		"one, small steps":          {limits: log.Limits{ReadCache: 24 << 20}, partitions: 3, rounds: 40, bytes: 200_000, partitionBytes: 64 << 10, mostPerMB: 6, most: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.limits.InlineBytes, c.limits.LevelInterval, c.limits.RetentionInterval = -1, 24*time.Hour, 24*time.Hour
				l := cold(t, c.partitions, c.rounds, c.bytes, c.uneven, c.limits)
				began := time.Now()
				bytes := l.consume(c.partitionBytes, 5*time.Millisecond)
				took, perMB := time.Since(began), float64(l.store.gets.Load())/(float64(bytes)/1e6)
				s := l.db.Stats()
				t.Logf("%.1f MB in %v at 20 ms a request: %.2f requests a MB, at most %d at once, read ahead %d times", float64(bytes)/1e6, took, perMB, l.store.most.Load(), s.AheadReads)
				if perMB > c.mostPerMB || took > c.most || l.store.most.Load() > 16 {
					t.Errorf("want %.1f a MB in %v", c.mostPerMB, c.most)
				}
				if (s.AheadReads > 0) != (c.limits.ReadAhead >= 0) {
					t.Errorf("read ahead %d times", s.AheadReads)
				}
				if s.ReadCache > c.limits.ReadCache {
					t.Errorf("%d bytes are cached, the limit is %d", s.ReadCache, c.limits.ReadCache)
				}
			})
		})
	}
}

// TestColdChanges: a view that reads old records of many partitions waits for few requests.
func TestColdChanges(t *testing.T) {
	for name, c := range map[string]struct {
		limits   log.Limits
		mostGets int64 // for each object
		most     time.Duration
	}{
		"read ahead":    {log.Limits{ReadCache: 24 << 20}, 4, time.Second},
		"no read ahead": {log.Limits{ReadCache: 24 << 20, ReadAhead: -1}, 4, time.Second},
		"small cache":   {log.Limits{ReadCache: 1 << 20}, 12, 5 * time.Second},
	} {
		limits := c.limits
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits.InlineBytes, limits.LevelInterval, limits.RetentionInterval = -1, 24*time.Hour, 24*time.Hour
				const partitions, rounds = 300, 30
				l := cold(t, partitions, rounds, 2000, false, limits)
				began := time.Now()
				got := changes(t, l.db, 0, newest(t, l.db), 1<<20, l.topic)
				took, gets := time.Since(began), l.store.gets.Load()
				t.Logf("%d records in %v at 20 ms a request, %d requests", len(got), took, gets)
				for i := range got {
					if want := fmt.Sprintf("%d=%d/%d", i/partitions, i/partitions, i%partitions); got[i].record[:len(want)] != want {
						t.Fatalf("change %d is %.20s, want %s", i, got[i].record, want)
					}
				}
				if len(got) != partitions*rounds || gets > c.mostGets*rounds || took > c.most {
					t.Errorf("%d records, %d requests, %v", len(got), gets, took)
				}
			})
		})
	}
}

// TestSlowNeighbour: readers whose objects do not come hold up neither those of other objects nor the tail.
func TestSlowNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, log.Limits{InlineBytes: -1, ObjectReads: 4, LevelInterval: 24 * time.Hour, RetentionInterval: 24 * time.Hour})
		db := m.start()
		slow, well := logtest.CreateTopic(t, db, "slow", 1), logtest.CreateTopic(t, db, "well", 1)
		logtest.Values(t, db, part(slow, 0), "s")
		stuck := keys(t, m.objects, "log/")[0]
		logtest.Values(t, db, part(well, 0), "w")
		db = m.restart()
		gate := make(chan struct{})
		m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: stuck, Gate: gate})
		ended := make(chan error, 20)
		for range 20 {
			go func() {
				var r log.FetchResult
				defer r.Release()
				err := db.Fetch(ctx, []log.PartitionRead{{Partition: part(slow, 0), MaxBytes: 1000}}, log.Budget{MaxBytes: 1000}, &r)
				ended <- errors.Join(err, r.Partitions[0].Err)
			}()
		}
		synctest.Wait()
		began := time.Now()
		equal(t, "other object", fetchAll(t, db, part(well, 0), 1000), []string{"0=w"})
		logtest.Values(t, db, part(well, 0), "new")
		equal(t, "tail", fetchAll(t, db, part(well, 0), 1000), []string{"0=w", "1=new"})
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it took %v", waited)
		}
		close(gate)
		for range 20 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}
