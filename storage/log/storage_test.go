package log_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

// tiny makes every path show with little data: most groups become objects.
var tiny = log.Limits{InlineBytes: 300, FlushBytes: 2000, TailBytes: 4000, ReadCache: 20_000}

func keys(t *testing.T, s objstore.Store, prefix string) (out []string) {
	t.Helper()
	for info, err := range s.List(ctx, prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

// workload appends to several partitions and remembers what must be there.
type workload struct {
	t    *testing.T
	rng  *rand.Rand
	ids  []log.TopicID
	want map[log.Partition][]string
	all  []change
}

func newWorkload(t *testing.T, db *log.DB, seed uint64) *workload {
	w := &workload{t: t, rng: rand.New(rand.NewPCG(seed, 1)), want: map[log.Partition][]string{}}
	for i := range 2 {
		w.ids = append(w.ids, logtest.CreateTopic(t, db, fmt.Sprint("topic", i), 2))
	}
	return w
}

// step appends a few entries at once and waits for them.
func (w *workload) step(db *log.DB) {
	type sent struct {
		p       log.Pending
		entry   *log.Entry
		records [][]string
	}
	var out []sent
	for range 1 + w.rng.IntN(5) {
		s := sent{entry: &log.Entry{}}
		for range 1 + w.rng.IntN(3) {
			var bytes []byte
			var values []string
			for range 1 + w.rng.IntN(2) { // record batches of one append
				var some []string
				for range 1 + w.rng.IntN(3) {
					some = append(some, randomValue(w.rng, 1+w.rng.IntN(200)))
				}
				bytes = append(bytes, batchOf(w.t, some...)...)
				values = append(values, some...)
			}
			p := part(w.ids[w.rng.IntN(2)], int32(w.rng.IntN(2)))
			s.entry.Appends = append(s.entry.Appends, log.Append{Partition: p, RecordBatches: bytes})
			s.records = append(s.records, values)
		}
		s.p = db.Append(s.entry)
		out = append(out, s)
	}
	for _, s := range out {
		<-s.p.Done()
		r, err := s.p.Result()
		if err != nil {
			w.t.Fatal(err)
		}
		for i, a := range s.entry.Appends {
			for k, v := range s.records[i] {
				record := fmt.Sprintf("%d=%s", r.BaseOffsets[i]+int64(k), v)
				w.want[a.Partition] = append(w.want[a.Partition], record)
				w.all = append(w.all, change{at: r.Seq, p: a.Partition, record: record})
			}
		}
	}
}

// check reads everything back in every way.
func (w *workload) check(db *log.DB) {
	w.t.Helper()
	for p, want := range w.want {
		for _, maxBytes := range []int{1, 700, 1 << 20} {
			equal(w.t, fmt.Sprintf("fetch of %d by %d", p.Index, maxBytes), fetchAll(w.t, db, p, maxBytes), want)
		}
	}
	last := newest(w.t, db)
	w.checkChanges(db, 0, last, 1)
	w.checkChanges(db, 0, last, 1<<20)
	from := log.CommitSeq(w.rng.IntN(int(last)))
	w.checkChanges(db, from, from+log.CommitSeq(w.rng.IntN(int(last-from)+1)), 500)
}

// sortChanges puts changes into the order in which a reader gives them.
func sortChanges(all []change) {
	slices.SortStableFunc(all, func(a, b change) int {
		if a.at != b.at {
			return int(a.at) - int(b.at)
		}
		if a.p.Topic != b.p.Topic {
			return bytes.Compare(a.p.Topic[:], b.p.Topic[:])
		}
		return int(a.p.Index - b.p.Index)
	})
}

func (w *workload) checkChanges(db *log.DB, from, to log.CommitSeq, budget int) {
	w.t.Helper()
	got := changes(w.t, db, from, to, budget, w.ids...)
	for i := range got {
		if millis := db.CommitTime(got[i].at).UnixMilli(); got[i].millis != millis {
			w.t.Fatalf("change at %d has commit time %d, the log says %d", got[i].at, got[i].millis, millis)
		}
		got[i].millis = 0
	}
	var want []change
	for _, c := range w.all {
		if c.at > from && c.at <= to {
			want = append(want, c)
		}
	}
	sortChanges(want)
	equal(w.t, fmt.Sprintf("changes (%d, %d] by %d", from, to, budget), got, want)
}

// TestReadWriteAnywhere: the same records come back whether they lie inline, in the tail
// cache, in mixed objects or in rolled segments, before and after restarts.
func TestReadWriteAnywhere(t *testing.T) {
	for name, limits := range map[string]log.Limits{
		"inline":   {},
		"tiny":     tiny,
		"interval": {InlineBytes: -1, FlushInterval: time.Millisecond, FlushBytes: 3000, TailBytes: 1, ReadCache: 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, limits)
			db := m.start()
			w := newWorkload(t, db, 7)
			for round := range 8 {
				for range 6 {
					w.step(db)
				}
				switch round % 4 {
				case 1:
					if err := db.Roll(ctx); err != nil {
						t.Fatal(err)
					}
				case 2:
					if err := db.Snapshot(ctx); err != nil {
						t.Fatal(err)
					}
				case 3:
					db = m.restart()
				}
				w.check(db)
			}
			mixed, rolled := keys(t, m.objects, "log/"), keys(t, m.objects, "seg/")
			if name != "inline" && len(mixed) == 0 || name != "interval" && len(rolled) == 0 {
				t.Fatalf("%d mixed, %d rolled segments: the test shows nothing", len(mixed), len(rolled))
			}
			for _, key := range append(mixed, rolled...) {
				r, err := segment.Open(ctx, m.objects, key)
				if err != nil {
					t.Fatal(err)
				}
				placed := r.Header().Flags&segment.FlagPlaced != 0
				if placed != strings.HasPrefix(key, "seg/") {
					t.Errorf("%s: placed = %v", key, placed)
				}
			}
		})
	}
}

// TestRollTrimsLog: after a roll and a snapshot nothing of the inline groups is left in the
// log, and a start reads them from the segment.
func TestRollTrimsLog(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	w := newWorkload(t, db, 3)
	for range 10 {
		w.step(db)
	}
	if err := db.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	if records, err := m.meta.ScanLog(ctx, 3, 1<<20); err != nil || len(records) < 10 {
		t.Fatalf("%d records, %v: the log was trimmed though its bytes are inline", len(records), err)
	}
	db = m.restart()
	w.check(db)
	if err := db.Roll(ctx); err != nil {
		t.Fatal(err)
	}
	if n := db.Stats().InlineBytes; n != 0 {
		t.Fatalf("%d inline bytes after a roll", n)
	}
	if err := db.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	older := newest(t, db)
	if _, err := m.meta.ScanLog(ctx, 3, 1<<20); err != nil {
		t.Fatalf("the log was trimmed though the snapshot before needs it: %v", err)
	}
	w.step(db)
	if err := db.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	if records, err := m.meta.ScanLog(ctx, older, 1<<20); err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v: trimmed above the older snapshot", len(records), err)
	}
	if _, err := m.meta.ScanLog(ctx, older-1, 1<<20); err == nil {
		t.Fatal("the log was not trimmed after roll and snapshot")
	}
	if n := len(keys(t, m.objects, "meta/snap/")); n != 2 {
		t.Fatalf("%d snapshots kept", n)
	}
	w.check(db)
	db = m.powerCut()
	w.check(db)
	w.step(db)
	w.check(db)
}

// TestUpkeepRuns: rolls and snapshots happen by themselves at their limits.
func TestUpkeepRuns(t *testing.T) {
	m := newMachine(t, log.Limits{RollBytes: 5000, SnapshotCommits: 20})
	db := m.start()
	w := newWorkload(t, db, 5)
	for db.Stats().Rolls < 2 || db.Stats().Snapshots < 2 {
		w.step(db)
	}
	w.check(db)
	db = m.restart()
	w.check(db)
}

// TestChangesAcrossRoll: a reader that stands in the middle when the roll replaces what it
// reads goes on without a gap; a deleted topic stays readable for it.
func TestChangesAcrossRoll(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	var want []string
	for i := range 20 {
		logtest.Values(t, db, part(id, 0), fmt.Sprint("v", i))
		want = append(want, fmt.Sprintf("%d=v%d", i, i))
	}
	r, err := db.Changes(ctx, 0, newest(t, db), log.Filter{Topics: []log.TopicFilter{{Topic: id}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var result log.ChangeResult
	for i := 0; ; i++ {
		more, err := r.Next(ctx, log.Budget{MaxBytes: 1}, &result)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range result.Runs {
			got = append(got, decode(t, run.RecordBatch)...)
		}
		if !more {
			break
		}
		switch i {
		case 5:
			if err := db.Roll(ctx); err != nil {
				t.Fatal(err)
			}
		case 10:
			logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.DeleteTopicChange(id)}})
		}
	}
	equal(t, "changes", got, want)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(ctx, log.Budget{}, &result); !errors.Is(err, log.ErrClosed) {
		t.Fatalf("next after close: %v", err)
	}
}

// TestRefusedInsideObject: entries refused or duplicate in the middle of an object leave no
// gap in the offsets, though their bytes lie there.
func TestRefusedInsideObject(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: -1, TailBytes: 1})
	gate := newGate()
	m.wrap = gate.wrap
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	gate.hold()
	first := db.Append(&log.Entry{Changes: []log.Change{log.ProgressChange("p", 1, 0)}})
	gate.waitHeld()
	var results []log.Pending
	var want []string
	for i := range 9 {
		e := &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, fmt.Sprint("v", i), "w")}}}
		if i%3 == 1 || i == 0 {
			e.Conds = []log.Condition{log.ProgressIs("p", 99)}
		} else {
			want = append(want, fmt.Sprintf("%d=v%d", len(want), i), fmt.Sprintf("%d=w", len(want)+1))
		}
		results = append(results, db.Append(e))
	}
	gate.release()
	<-first.Done()
	for i, p := range results {
		<-p.Done()
		if _, err := p.Result(); (err != nil) != (i%3 == 1 || i == 0) {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
	if n := len(keys(t, m.objects, "log/")); n != 1 {
		t.Fatalf("%d objects, want 1: the test shows nothing", n)
	}
	for range 2 {
		equal(t, "all", fetchAll(t, db, part(id, 0), 1), want)
		var got []string
		for _, c := range changes(t, db, 0, newest(t, db), 1, id) {
			got = append(got, c.record)
		}
		equal(t, "changes", got, want)
		db = m.restart()
	}
}

func TestOffsetForTime(t *testing.T) {
	for name, limits := range map[string]log.Limits{"inline": {}, "objects": {InlineBytes: -1, TailBytes: 1}} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, limits)
			db := m.start()
			id := logtest.CreateTopic(t, db, "t", 2)
			for _, from := range []int64{1000, 5000, 3000, 2000} { // out of order, three records each
				batch := logtest.RecordBatch(t, from, "a", "b", "c")
				logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batch}}})
			}
			check := func() {
				t.Helper()
				for _, c := range []struct {
					ms, offset, timestamp int64
					found                 bool
				}{
					{0, 0, 1000, true}, {1001, 1, 1001, true}, {1003, 3, 5000, true}, {5002, 5, 5002, true},
					{5003, 0, 0, false}, {-3, 5, 5002, true},
				} {
					offset, ms, found, err := db.OffsetForTime(ctx, part(id, 0), c.ms, true)
					if err != nil || offset != c.offset || ms != c.timestamp || found != c.found {
						t.Errorf("time %d: offset %d, timestamp %d, %v, %v", c.ms, offset, ms, found, err)
					}
				}
				if _, _, found, err := db.OffsetForTime(ctx, part(id, 1), -3, false); found || err != nil {
					t.Errorf("empty partition: %v, %v", found, err)
				}
				if _, _, _, err := db.OffsetForTime(ctx, part(id, 2), 0, false); !errors.Is(err, log.ErrUnknownTopic) {
					t.Errorf("got %v, want ErrUnknownTopic", err)
				}
			}
			check()
			if err := db.Roll(ctx); err != nil {
				t.Fatal(err)
			}
			check()
			db = m.restart()
			check()
		})
	}
}

func TestDumpLog(t *testing.T) {
	m := newMachine(t, tiny)
	db := m.start()
	w := newWorkload(t, db, 2)
	for range 5 {
		w.step(db)
	}
	logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.ProgressChange("sink", 5, 6), log.DeleteTopicChange(w.ids[1])}})
	if err := db.Roll(ctx); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := log.DumpLog(ctx, &out, m.meta, 0, 1000); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"commit 1 at ", "writer 1 starts with fence 1", `"topic0" partitions 2`,
		"append inline", "append object log/", `progress of "sink" is 5 (6)`, "topic delete", "swap ", "in seg/default/"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("dump lacks %q:\n%s", want, out.String())
		}
	}
	if err := db.Snapshot(ctx); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := log.DumpLog(ctx, &out, m.meta, 0, 1); err != nil || strings.Count(out.String(), "commit ") < 1 {
		t.Fatalf("dump of a trimmed log: %q, %v", out.String(), err)
	}
}
