package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
	"github.com/tributary-db/tributary/storage/rangecache"
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

// TestCacheIsCharged: what is cached of objects is taken off an account and given back; without room nothing is
// cached and everything is read.
func TestCacheIsCharged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used atomic.Int64
		full := errors.New("no room")
		limit := int64(1 << 20)
		charge := func(n int64) error {
			if used.Add(n) > limit && n > 0 {
				used.Add(-n)
				return full
			}
			return nil
		}
		limits := log.Limits{InlineBytes: -1, ReadCache: 512 << 10, LevelInterval: 24 * time.Hour, RetentionInterval: 24 * time.Hour}
		l := cold(t, 20, 30, 2000, false, limits, func(c *log.Config) { c.Charge = charge })
		l.consume(1<<20, 0)
		if n, cached := used.Load(), l.db.Stats().ReadCache; n != cached || n == 0 {
			t.Errorf("%d bytes are charged, %d are cached", n, cached)
		}
		if err := l.db.Close(ctx); err != nil || used.Load() != 0 {
			t.Errorf("%d bytes are charged after the end, %v", used.Load(), err)
		}
		limit = 100_000 // room for less than the cache may have: what is old goes
		l = cold(t, 20, 30, 2000, false, limits, func(c *log.Config) { c.Charge = charge })
		l.consume(1<<20, 0)
		if n, cached := used.Load(), l.db.Stats().ReadCache; n != cached || n == 0 || n > limit {
			t.Errorf("%d bytes are charged of %d, %d are cached", n, limit, cached)
		}
		if err := l.db.Close(ctx); err != nil || used.Load() != 0 {
			t.Errorf("%d bytes are charged after the end, %v", used.Load(), err)
		}
		limit = 0
		l = cold(t, 20, 30, 2000, false, limits, func(c *log.Config) { c.Charge = charge })
		l.consume(1<<20, 0)
		if n := l.db.Stats().ReadCache; n != 0 {
			t.Errorf("%d bytes are cached without room", n)
		}
	})
}

// diskCache is a cache of ranges in a directory, ended with the test.
func diskCache(t *testing.T, dir string, limit int64) (*rangecache.Cache, func()) {
	t.Helper()
	c, err := rangecache.Open(rangecache.Config{Dir: dir, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(running) }()
	<-c.Loaded()
	return c, func() {
		cancel()
		<-ended
	}
}

// TestWarmRestart: what was read before a restart is not asked of the store again.
func TestWarmRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "cache")
		disk, stop := diskCache(t, dir, 64<<20)
		defer func() { stop() }()
		limits := log.Limits{InlineBytes: -1, ReadCache: 1 << 20, LevelInterval: 24 * time.Hour, RetentionInterval: 24 * time.Hour}
		l := cold(t, 100, 20, 2000, false, limits, func(c *log.Config) { c.Disk = disk })
		l.consume(1<<20, 0)
		if l.store.gets.Load() == 0 {
			t.Fatal("nothing was asked of the store")
		}
		for _, restart := range []bool{false, true} {
			synctest.Wait()
			if restart {
				if err := l.db.Close(ctx); err != nil {
					t.Fatal(err)
				}
				stop()
				disk, stop = diskCache(t, dir, 64<<20)
				l.machine.meta = l.machine.meta.Reopen(t)
				l.db = l.machine.start()
			}
			l.store.gets.Store(0)
			l.consume(1<<20, 0)
			if n := l.store.gets.Load(); n != 0 {
				t.Errorf("%d requests for what was read before, after a restart %t", n, restart)
			}
		}
	})
}

// TestColdRandom appends, puts objects together, reads at random and restarts over a store whose reads fail, are lost, are torn
// or wrong, and a disk cache that is damaged: what is given is what was written, and once the store is well all of it
// is given.
func TestColdRandom(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { coldRandom(t, seed) })
		})
	}
}

func coldRandom(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 4711))
	dir := filepath.Join(t.TempDir(), "cache")
	disk, stop := diskCache(t, dir, 200<<10)
	defer func() { stop() }()
	limits := tiny
	limits.ReadCache, limits.ReadAhead, limits.ObjectReads = 2000+rng.Int64N(30_000), []int64{-1, 3000, 50_000}[rng.IntN(3)], 1+rng.IntN(8)
	limits.LevelFan, limits.LevelInterval, limits.RetentionInterval = 3, 24*time.Hour, 24*time.Hour
	m := newMachine(t, limits)
	m.change = func(c *log.Config) { c.Disk = disk }
	w := newWorkload(t, m.start(), seed)
	given, failed := 0, 0
	for range 60 {
		switch n := rng.IntN(10); {
		case n < 3:
			w.step(m.db)
		case n == 3:
			if err := m.db.Level(ctx); err != nil {
				t.Fatal(err)
			}
		case n == 4:
			if err := m.db.Close(ctx); err != nil {
				t.Fatal(err)
			}
			stop()
			if rng.IntN(2) == 0 {
				spoil(t, rng, dir)
			}
			disk, stop = diskCache(t, dir, 200<<10)
			m.meta = m.meta.Reopen(t)
			m.start()
		default:
			for range rng.IntN(3) {
				m.objects.Inject(readFault(rng))
			}
			ok, bad := w.readSome(m.db, rng)
			given, failed = given+ok, failed+bad
			m.objects.Heal()
		}
		synctest.Wait()
	}
	w.check(m.db)
	if given == 0 {
		t.Errorf("nothing was given, %d reads failed", failed)
	}
}

// readFault is one of the ways in which a read goes wrong.
func readFault(rng *rand.Rand) objstoretest.Fault {
	f := objstoretest.Fault{Op: objstoretest.OpGet, Skip: rng.IntN(3), Times: 1 + rng.IntN(3)}
	switch rng.IntN(5) {
	case 0:
		f.Err = errors.New("503")
	case 1:
		f.Ambiguous = true
	case 2:
		f.Truncate = 1 + rng.IntN(500)
	case 3:
		f.FlipBit, f.FlipAt = true, rng.IntN(2000)
	default:
		gate := make(chan struct{})
		time.AfterFunc(time.Duration(rng.IntN(2000))*time.Millisecond, func() { close(gate) })
		f.Gate = gate
	}
	return f
}

// spoil changes a byte of one of the files.
func spoil(t *testing.T, rng *rand.Rand, dir string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		return
	}
	path := filepath.Join(dir, files[rng.IntN(len(files))].Name())
	data, err := os.ReadFile(path)
	if err == nil && len(data) > 0 {
		data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// readSome fetches of all partitions from places anywhere, twice in order, and reads some changes. What is given must
// be right; it counts partitions that were given and those that failed.
func (w *workload) readSome(db *log.DB, rng *rand.Rand) (given, failed int) {
	w.t.Helper()
	offsets := map[log.Partition]int{}
	var req []log.PartitionRead
	for _, id := range w.ids {
		for i := range int32(2) {
			p := part(id, i)
			offsets[p] = rng.IntN(len(w.want[p]) + 1)
			req = append(req, log.PartitionRead{Partition: p, MaxBytes: 1 + rng.IntN(5000)})
		}
	}
	var result log.FetchResult
	defer func() { result.Release() }()
	for range 3 {
		for i := range req {
			req[i].Offset = int64(offsets[req[i].Partition])
		}
		if err := db.Fetch(ctx, req, log.Budget{MaxBytes: 1 + rng.IntN(20_000)}, &result); err != nil {
			w.t.Fatal(err)
		}
		for i, got := range result.Partitions {
			if got.Err != nil {
				failed++
				continue
			}
			p := req[i].Partition
			records := decode(w.t, got.RecordBatches)
			for len(records) > 0 && offsets[p] < len(w.want[p]) && records[0] != w.want[p][offsets[p]] {
				records = records[1:] // before the offset, in the record batch that has it
			}
			equal(w.t, "fetched", records, w.want[p][offsets[p]:offsets[p]+len(records)])
			offsets[p] += len(records)
			given++
		}
	}
	last := newest(w.t, db)
	from := log.CommitSeq(rng.IntN(int(last)))
	r, err := db.Changes(ctx, from, last, log.Filter{Topics: []log.TopicFilter{{Topic: w.ids[0]}, {Topic: w.ids[1]}}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // never fails
	var want []change
	for _, c := range w.all {
		if c.at > from && c.at <= last {
			want = append(want, c)
		}
	}
	sortChanges(want)
	at := 0
	var changed log.ChangeResult
	for more := true; more; {
		if more, err = r.Next(ctx, log.Budget{MaxBytes: 1 + rng.IntN(3000)}, &changed); err != nil {
			return given, failed + 1
		}
		for _, run := range changed.Runs {
			for _, rec := range decode(w.t, run.RecordBatch) {
				if got := (change{at: run.VisibleAt, p: run.Partition, record: rec}); at >= len(want) || got != want[at] {
					w.t.Fatalf("change %d of %d is %v", at, len(want), got)
				}
				at++
			}
		}
	}
	if at != len(want) {
		w.t.Fatalf("%d changes, want %d", at, len(want))
	}
	return given + 1, failed
}
