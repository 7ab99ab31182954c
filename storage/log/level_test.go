package log_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// levelLimits put what there is together as soon as asked.
func levelLimits(fan int) log.Limits {
	return log.Limits{InlineBytes: -1, TailBytes: 1, LevelFan: fan, LevelInterval: time.Hour, LevelRate: 1 << 40,
		RollInterval: time.Hour, RetentionInterval: time.Hour, SnapshotCommits: 1 << 30}
}

func objects(t *testing.T, store objstore.Store, prefix string) (keys []string) {
	t.Helper()
	for o, err := range store.List(ctx, prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// TestLevels: many small objects of several partitions become few: the index and the store shrink to
// what the levels allow, the records stay what they were, also after a restart, and what was put
// together is told.
func TestLevels(t *testing.T) {
	const fan, partitions, commits = 4, 3, 400
	m := newMachine(t, levelLimits(fan))
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", partitions)
	want := map[int32][]string{}
	for i := range commits {
		var e log.Entry
		for p := range int32(partitions) {
			if (i+int(p))%partitions == 0 {
				continue
			}
			v := fmt.Sprint("value ", i, " of ", p)
			e.Appends = append(e.Appends, log.Append{Partition: part(id, p), RecordBatches: logtest.RecordBatch(t, 1000+int64(i), v)})
			want[p] = append(want[p], v)
		}
		logtest.Append(t, db, &e)
		if i%50 == 49 {
			if err := db.Level(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(when string) {
		t.Helper()
		for p, values := range want {
			got := fetchAll(t, db, part(id, p), 1<<20)
			for i := range got {
				_, got[i], _ = strings.Cut(got[i], "=")
			}
			equal(t, fmt.Sprintf("%s, partition %d", when, p), got, values)
		}
	}
	check("after levels")
	runs := db.Stats().Runs
	if most := int64(partitions * (3 * fan)); runs > most {
		t.Errorf("%d runs in the index, at most %d were wanted", runs, most)
	}
	if err := db.Retain(ctx); err != nil { // what was put together goes
		t.Fatal(err)
	}
	left := objects(t, m.objects, "log/")
	left = append(left, objects(t, m.objects, "seg/")...)
	if len(left) > 4*fan {
		t.Errorf("%d objects are left: %v", len(left), left)
	}
	jobs := db.Compactions() // nothing was inline: there is no roll among them
	if len(jobs) == 0 || db.Stats().Levels != int64(len(jobs)) {
		t.Fatalf("%d compactions are told of, %d were made", len(jobs), db.Stats().Levels)
	}
	for _, j := range jobs {
		if j.What != "level" || j.To != j.From+1 || j.Bytes == 0 || j.Written == 0 || j.Ended.IsZero() || j.Err != nil {
			t.Errorf("%+v", j)
		}
	}
	check("after the objects were deleted")
	db = m.restart()
	check("after a restart")
	db = m.powerCut()
	check("after a power cut")
	if got := db.Stats().Runs; got != runs {
		t.Errorf("%d runs after a restart, %d before it", got, runs)
	}
	t.Logf("%d commits: %d runs, %d objects, %d compactions", commits, runs, len(left), len(jobs))
}

// TestLevelRaces: what is truncated, dropped or swapped between the reading of a level and its commit
// is left out; the rest of it comes in, and an object of which nothing is left goes.
func TestLevelRaces(t *testing.T) {
	for _, race := range []string{"drop", "truncate", "all gone", "grow", "level"} {
		t.Run(race, func(t *testing.T) {
			m := newMachine(t, levelLimits(3))
			held := &heldStore{Store: m.objects, reached: make(chan struct{}), release: make(chan struct{})}
			m.change = func(c *log.Config) { c.Objects = held }
			db := m.start()
			one, two := logtest.CreateTopic(t, db, "one", 1), logtest.CreateTopic(t, db, "two", 1)
			for i := range 8 {
				logtest.Append(t, db, &log.Entry{Appends: []log.Append{
					{Partition: part(one, 0), RecordBatches: logtest.RecordBatch(t, 1000, fmt.Sprint("one ", i))},
					{Partition: part(two, 0), RecordBatches: logtest.RecordBatch(t, 1000, fmt.Sprint("two ", i))},
				}})
			}
			held.armed.Store(true)
			done := make(chan error, 1)
			go func() { done <- db.Level(ctx) }()
			<-held.reached // all was read
			change := func(c log.Change) { logtest.Append(t, db, &log.Entry{Changes: []log.Change{c}}) }
			switch race {
			case "drop":
				change(log.DeleteTopicChange(one))
			case "truncate":
				change(log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: part(one, 0), Offset: 5}}))
				if err := db.Retain(ctx); err != nil {
					t.Fatal(err)
				}
			case "all gone":
				change(log.DeleteTopicChange(one))
				change(log.DeleteTopicChange(two))
			case "grow":
				change(log.GrowTopicChange(one, 3))
			case "level":
				if err := db.Level(ctx); err != nil {
					t.Fatal(err)
				}
			}
			close(held.release)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			expect := func(id log.TopicID, name string, from int) {
				t.Helper()
				var want []string
				for i := from; i < 8; i++ {
					want = append(want, fmt.Sprintf("%d=%s %d", i, name, i))
				}
				equal(t, name, fetchFrom(t, db, part(id, 0), int64(from), 1000), want)
			}
			for range 2 {
				switch race {
				case "drop":
					expect(two, "two", 0)
				case "truncate":
					expect(one, "one", 5)
					expect(two, "two", 0)
				case "grow", "level":
					expect(one, "one", 0)
					expect(two, "two", 0)
				}
				if err := db.Retain(ctx); err != nil {
					t.Fatal(err)
				}
				db = m.restart()
			}
			if left := objects(t, m.objects, "seg/"); race == "all gone" && len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// heldStore holds the first Put of a segment, once it is armed.
type heldStore struct {
	objstore.Store
	armed   atomic.Bool
	reached chan struct{}
	release chan struct{}
}

func (s *heldStore) Put(ctx context.Context, key string, parts [][]byte, cond objstore.Condition) (objstore.ObjectInfo, error) {
	if strings.HasPrefix(key, "seg/") && s.armed.Swap(false) {
		close(s.reached)
		<-s.release
	}
	return s.Store.Put(ctx, key, parts, cond)
}

// TestLevelDamage: an object that is damaged stays as it is and is told of; all others are put together.
func TestLevelDamage(t *testing.T) {
	m := newMachine(t, levelLimits(3))
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	for i := range 9 {
		logtest.Values(t, db, part(id, 0), fmt.Sprint(i))
	}
	damaged := ""
	for _, key := range objects(t, m.objects, "log/") {
		if strings.Contains(key, "/1-1-5-") || damaged == "" {
			damaged = key
		}
	}
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: damaged, FlipBit: true, FlipAt: 50})
	if err := db.Level(ctx); err != nil {
		t.Fatal(err)
	}
	m.objects.Heal()
	if err := db.Retain(ctx); err != nil {
		t.Fatal(err)
	}
	if left := objects(t, m.objects, "log/"); len(left) != 1 || left[0] != damaged {
		t.Errorf("%v is left, %s is damaged", left, damaged)
	}
	failed := 0
	for _, j := range db.Compactions() {
		if j.Err != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d failures are told", failed)
	}
	if got := fetchAll(t, db, part(id, 0), 1000); len(got) != 9 {
		t.Errorf("%v", got)
	}
}
