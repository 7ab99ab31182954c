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
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
	"github.com/tributary-db/tributary/storage/rangecache"
)

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
