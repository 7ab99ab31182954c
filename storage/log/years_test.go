package log_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

var monthPartitions = flag.Int("monthpartitions", 12, "partitions of TestMonth; from 100 on they are written to once an hour at most")

// keeping is a topic of the month and how long it keeps its records; 0 = for ever.
type keeping struct {
	name       string
	retention  time.Duration
	partitions int32
	every      time.Duration // between two commits that write to it
	id         log.TopicID
	given      []givenBatch
	next       map[int32]int64
	latest     []map[string]string // by partition and key, of a compacted topic; else nil
}

type givenBatch struct {
	at    time.Time
	bytes int64
}

// retained are the bytes that the topic has to keep. A compacted one may be half of what later records stand for
// (min.cleanable.dirty.ratio).
func (k *keeping) retained(now time.Time) (bytes int64) {
	for _, latest := range k.latest {
		for key, value := range latest {
			bytes += 2 * int64(len(key)+len(value))
		}
	}
	if k.latest != nil {
		return bytes
	}
	for _, g := range k.given {
		if k.retention == 0 || now.Sub(g.at) < k.retention {
			bytes += g.bytes
		}
	}
	return bytes
}

// TestMonth runs 30 days of commits, rolls, levels, retention, log compaction and restarts in a moment: the store
// holds little more than what the topics keep, objects, index and memory stay few, every read is right.
func TestMonth(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 20,000 runs")
	}
	r := newRetaining(t)
	r.limits = log.Limits{InlineBytes: 64 << 10, RollBytes: 1 << 40, RollGroups: 1 << 40, RollInterval: time.Hour, TailBytes: 1,
		RetentionInterval: time.Hour, LevelFan: 8, LevelRate: 1 << 50, LevelInterval: time.Hour, SnapshotCommits: 1 << 30, SnapshotBytes: 1 << 40, CleanBytes: 64 << 10}
	r.restart()
	all, slower := int32(*monthPartitions), time.Duration(1)
	if all >= 100 {
		slower = 6
	}
	topics := []*keeping{
		{name: "day", retention: 24 * time.Hour, partitions: all / 2, every: 10 * time.Minute * slower},
		{name: "week", retention: 7 * 24 * time.Hour, partitions: all / 3, every: 20 * time.Minute * slower},
		{name: "ever", partitions: all / 12, every: 2 * time.Hour * slower},
		{name: "keys", partitions: all / 12, every: 30 * time.Minute * slower, latest: make([]map[string]string, all/12)},
	}
	for _, k := range topics {
		configs := map[string]string{"retention.ms": "-1"}
		if k.retention > 0 {
			configs["retention.ms"] = fmt.Sprint(k.retention.Milliseconds())
		}
		if k.latest != nil {
			configs["cleanup.policy"] = "compact"
		}
		k.id, k.next = log.TopicID{15: k.name[0]}, map[int32]int64{}
		logtest.Append(t, r.db, &log.Entry{Changes: []log.Change{
			log.CreateTopicChange(log.Topic{ID: k.id, Name: k.name, Partitions: k.partitions, Configs: configs})}})
	}
	rng := rand.New(rand.NewPCG(30, 30))
	const tick = 10 * time.Minute
	var mostRuns, mostObjects, early, late int64
	worst := 0.0
	var slowest time.Duration
	for elapsed := time.Duration(0); elapsed < 30*24*time.Hour; elapsed += tick {
		r.clock.pass(tick)
		r.write(topics, elapsed, rng)
		if elapsed%time.Hour == 0 {
			r.must(errors.Join(r.db.Roll(ctx), r.db.Level(ctx), r.db.Clean(ctx), r.db.Retain(ctx)))
		}
		if elapsed%(24*time.Hour) != 0 || elapsed == 0 {
			continue
		}
		r.must(errors.Join(r.db.Snapshot(ctx), r.db.Retain(ctx)))
		began := time.Now()
		r.restart()
		slowest = max(slowest, time.Since(began))
		kept := int64(0)
		for _, k := range topics {
			kept += k.retained(r.clock.Now())
			r.checkMonth(k)
		}
		bytes, count := r.stored()
		mostRuns, mostObjects = max(mostRuns, r.db.Stats().Runs), max(mostObjects, count)
		if elapsed >= 8*24*time.Hour { // what is kept for a week has come to its size
			worst = max(worst, float64(bytes)/float64(kept))
			if used := heap() - bytes; elapsed <= 12*24*time.Hour {
				early = max(early, used)
			} else if elapsed >= 25*24*time.Hour {
				late = max(late, used)
			}
		}
	}
	if worst > 1.3 {
		t.Errorf("the store had %.2f times what is kept", worst)
	}
	if mostRuns > 125*int64(all) || mostObjects > 250 {
		t.Errorf("%d runs in the index, %d objects", mostRuns, mostObjects)
	}
	if late > early+early/3+4<<20 { // the disk of the metadata is in memory too, and what was given
		t.Errorf("%d bytes in memory apart from the objects, %d two weeks before", late, early)
	}
	t.Logf("memory apart from the objects: %d bytes at most by day 12, %d from day 25 on", early, late)
	t.Logf("at most %.2f times the bytes that are kept, %d runs, %d objects; %d levels of %d bytes; slowest restart %v",
		worst, mostRuns, mostObjects, r.db.Stats().Levels, r.db.Stats().LevelBytes, slowest)
}

func (r *retaining) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// write gives each topic that is due a record a partition.
func (r *retaining) write(topics []*keeping, elapsed time.Duration, rng *rand.Rand) {
	var e log.Entry
	for _, k := range topics {
		if elapsed%k.every != 0 {
			continue
		}
		for p := range k.partitions {
			value := fmt.Sprintf("%s.%d.%d %s", k.name, p, k.next[p], randomValue(rng, 1500))
			k.next[p]++
			if k.latest != nil {
				e.Appends = append(e.Appends, log.Append{Partition: part(k.id, p), RecordBatches: k.keyed(r, p, value, rng)})
				continue
			}
			raw := logtest.RecordBatch(r.t, r.clock.Now().UnixMilli(), value)
			k.given = append(k.given, givenBatch{r.clock.Now(), int64(len(raw))})
			e.Appends = append(e.Appends, log.Append{Partition: part(k.id, p), RecordBatches: raw})
		}
	}
	logtest.Append(r.t, r.db, &e)
}

// keyed gives one of forty keys a value, or removes it.
func (k *keeping) keyed(r *retaining, p int32, value string, rng *rand.Rand) []byte {
	if k.latest[p] == nil {
		k.latest[p] = map[string]string{}
	}
	key, bytes := fmt.Sprint("key ", rng.IntN(40)), []byte(value)
	if k.latest[p][key] = value; rng.IntN(10) == 0 {
		bytes = nil
		delete(k.latest[p], key)
	}
	b := recordbatch.NewBuilder(0)
	r.must(b.Add([]byte(key), bytes, nil, r.clock.Now().UnixMilli()))
	return b.AppendTo(nil)
}

// checkLatest reads a compacted topic from its beginning: of each key the last value is there.
func (r *retaining) checkLatest(k *keeping) {
	r.t.Helper()
	for p := range k.partitions {
		got := map[string]string{}
		v := versions{}
		v.read(r, k.id, 0, newest(r.t, r.db), func(_ log.CommitSeq, rec *recordbatch.Record) {
			put(got, rec)
		}, p)
		if !maps.Equal(got, k.latest[p]) {
			r.t.Fatalf("%s/%d has %d keys, want %d", k.name, p, len(got), len(k.latest[p]))
		}
	}
}

// heap is what is in use once garbage is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools have kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// checkMonth reads all that a topic keeps.
func (r *retaining) checkMonth(k *keeping) {
	r.t.Helper()
	if k.latest != nil {
		r.checkLatest(k)
		return
	}
	for p := range k.partitions {
		ends, err := r.db.Ends(ctx, []log.Partition{part(k.id, p)}, false)
		r.must(err)
		if ends[0].HighWatermark != k.next[p] {
			r.t.Fatalf("%s/%d ends at %d, %d were given", k.name, p, ends[0].HighWatermark, k.next[p])
		}
		first := ends[0].LogStart
		if due := k.next[p] - int64(k.retention/k.every); k.retention == 0 && first != 0 || first > max(due, 0) {
			r.t.Fatalf("%s/%d begins at %d", k.name, p, first)
		}
		for i, got := range fetchFrom(r.t, r.db, part(k.id, p), first, 1<<20) {
			if want := fmt.Sprintf("%d=%s.%d.%d ", first+int64(i), k.name, p, first+int64(i)); !strings.HasPrefix(got, want) {
				r.t.Fatalf("%.40s, want %s", got, want)
			}
		}
	}
}

// stored is what the segments in the store hold.
func (r *retaining) stored() (bytes, count int64) {
	for _, prefix := range []string{"log/", "seg/"} {
		for o, err := range r.objects.List(ctx, prefix, "") {
			r.must(err)
			bytes += o.Size
			count++
		}
	}
	return bytes, count
}
