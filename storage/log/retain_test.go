package log_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// setClock is a clock that a test sets: time elapses by pass, the wall clock also moves by set.
type setClock struct {
	mu      sync.Mutex
	wall    time.Time
	elapsed time.Duration
}

func newSetClock() *setClock { return &setClock{wall: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)} }

func (c *setClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

// After never comes: the tests run upkeep by hand.
func (c *setClock) After(time.Duration) <-chan time.Time { return nil }

func (c *setClock) since() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed
}

func (c *setClock) pass(d time.Duration) { c.set(d); c.mu.Lock(); c.elapsed += d; c.mu.Unlock() }

func (c *setClock) set(d time.Duration) { c.mu.Lock(); c.wall = c.wall.Add(d); c.mu.Unlock() }

// retaining is a machine whose log retains by hand.
type retaining struct {
	*machine
	clock *setClock
	needs log.Needs
	known bool
}

func newRetaining(t *testing.T) *retaining {
	r := &retaining{machine: newMachine(t, log.Limits{InlineBytes: -1, RetentionGrace: 24 * time.Hour}), clock: newSetClock(), needs: log.NoNeeds, known: true}
	r.machine.clock = r.clock
	r.change = func(c *log.Config) {
		c.Elapsed = r.clock.since
		c.Needs = func(log.TopicID) (log.Needs, bool) { return r.needs, r.known }
	}
	r.start()
	return r
}

func (r *retaining) topic(name string, configs map[string]string) log.TopicID {
	id := log.TopicID{15: name[0]}
	logtest.Append(r.t, r.db, &log.Entry{Changes: []log.Change{
		log.CreateTopicChange(log.Topic{ID: id, Name: name, Partitions: 1, Configs: configs}),
	}})
	return id
}

func (r *retaining) give(id log.TopicID, values ...string) log.Appended {
	raw := logtest.RecordBatch(r.t, r.clock.Now().UnixMilli(), values...)
	return logtest.Append(r.t, r.db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: raw}}})
}

func (r *retaining) retain() {
	r.t.Helper()
	if err := r.db.Retain(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func (r *retaining) wantStart(id log.TopicID, want int64) {
	r.t.Helper()
	ends, err := r.db.Ends(ctx, []log.Partition{part(id, 0)}, false)
	if err != nil || ends[0].LogStart != want {
		r.t.Fatalf("log start %d, %v; want %d", ends[0].LogStart, err, want)
	}
	var result log.FetchResult
	defer result.Release()
	if want > 0 {
		if err := r.db.Fetch(ctx, []log.PartitionRead{{Partition: part(id, 0), Offset: want - 1, MaxBytes: 1}}, log.Budget{MaxBytes: 1}, &result); err != nil || !errors.Is(result.Partitions[0].Err, log.ErrOffsetOutOfRange) {
			r.t.Fatalf("fetch before the log start: %v, %v", err, result.Partitions[0].Err)
		}
	}
	if err := r.db.Fetch(ctx, []log.PartitionRead{{Partition: part(id, 0), Offset: want, MaxBytes: 1 << 20}}, log.Budget{MaxBytes: 1 << 20}, &result); err != nil || result.Partitions[0].Err != nil {
		r.t.Fatalf("fetch at the log start: %v, %v", err, result.Partitions[0].Err)
	}
}

// objects counts the segments in the store.
func (r *retaining) segments() (n int) {
	r.t.Helper()
	for _, prefix := range []string{"log/", "seg/"} {
		for _, err := range r.objects.List(ctx, prefix, "") {
			if err != nil {
				r.t.Fatal(err)
			}
			n++
		}
	}
	return n
}

// TestRetentionByTime: a record goes once its own time, its commit's time and the clock are past.
func TestRetentionByTime(t *testing.T) {
	r := newRetaining(t)
	id := r.topic("a", map[string]string{"retention.ms": "3600000"})
	kept := r.topic("k", map[string]string{"retention.ms": "-1"})
	compact := r.topic("c", map[string]string{"retention.ms": "1", "cleanup.policy": "compact"})
	r.give(id, "one")
	r.give(kept, "one")
	r.give(compact, "one")
	r.clock.pass(40 * time.Minute)
	r.give(id, "two", "three")
	old := logtest.RecordBatch(t, 1000, "old") // of 1970, given now: it stays as long as any other
	logtest.Append(t, r.db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: old}}})
	r.retain()
	r.wantStart(id, 0)
	r.clock.pass(30 * time.Minute)
	r.retain()
	r.wantStart(id, 1)
	r.restart()
	r.wantStart(id, 1)
	r.clock.pass(2 * time.Hour)
	before := newest(t, r.db)
	r.retain()
	r.wantStart(id, 4)
	r.wantStart(kept, 0)
	r.wantStart(compact, 0)
	r.retain()
	if after := newest(t, r.db); after != before+1 {
		t.Errorf("%d commits to delete once, and then nothing", after-before)
	}
	r.give(id, "four")
	equal(t, "after all went", changes(t, r.db, 0, newest(t, r.db), 1<<20, id)[:1], []change{{at: newest(t, r.db), millis: r.clock.Now().UnixMilli(), p: part(id, 0), record: "4=four"}})
	r.powerCut()
	r.wantStart(id, 4)
}

// TestRetentionByBytes: the partition keeps at least so many.
func TestRetentionByBytes(t *testing.T) {
	r := newRetaining(t)
	size := int64(len(logtest.RecordBatch(t, r.clock.Now().UnixMilli(), strings.Repeat("x", 1000))))
	id := r.topic("a", map[string]string{"retention.bytes": fmt.Sprint(3 * size)})
	for range 10 {
		r.give(id, strings.Repeat("x", 1000))
	}
	r.retain()
	r.wantStart(id, 7)
	if got := r.segments(); got != 3 {
		t.Errorf("%d segments are left, want 3", got)
	}
	r.retain()
	r.wantStart(id, 7)
}

// TestRetentionWaits: what a relation still needs stays until the grace has passed, in the log and
// in the index; as long as nothing can be said of what is needed, everything does.
func TestRetentionWaits(t *testing.T) {
	r := newRetaining(t)
	id := r.topic("a", map[string]string{"retention.ms": "1000"})
	first := r.give(id, "one").Seq
	r.give(id, "two")
	r.clock.pass(time.Hour)
	r.known = false
	r.retain()
	r.wantStart(id, 0)
	r.known, r.needs.Keep = true, first
	r.retain()
	r.wantStart(id, 1)
	equal(t, "behind what was lost", changes(t, r.db, first, newest(t, r.db), 1<<20, id), []change{{first + 1, r.clock.Now().Add(-time.Hour).UnixMilli(), part(id, 0), "1=two"}})
	r.clock.pass(25 * time.Hour)
	r.retain()
	r.wantStart(id, 2)
	// The grace moves the log start; the index still has what is needed, also after a restart.
	for range 2 {
		if got := changes(t, r.db, first, newest(t, r.db), 1<<20, id); len(got) != 1 {
			t.Fatalf("%d records are left to who needs them", len(got))
		}
		if got := changes(t, r.db, 0, newest(t, r.db), 1<<20, id); len(got) != 0 {
			t.Fatalf("a reader from the beginning gets %v", got)
		}
		r.restart()
		r.retain()
	}
	if at := r.db.LostBy(id); at <= first {
		t.Errorf("lost by %d", at)
	}
	r.needs = log.NoNeeds
	r.retain()
	f := log.Filter{Topics: []log.TopicFilter{{Topic: id}}}
	if _, err := r.db.Changes(ctx, first, newest(t, r.db), f); !errors.Is(err, log.ErrTruncated) {
		t.Errorf("a reader that needs what is gone: %v", err)
	}
	if n := r.segments(); n != 0 {
		t.Errorf("%d segments are left", n)
	}
}

// TestTruncateByVersion: who reads from the beginning at a version gets what the log had then,
// as long as somebody may read at it.
func TestTruncateByVersion(t *testing.T) {
	r := newRetaining(t)
	id := r.topic("a", nil)
	r.give(id, "a", "b", "c")
	v := newest(t, r.db)
	r.needs.Read = v
	truncate := func(offset int64) error {
		p := r.db.Append(&log.Entry{Changes: []log.Change{log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: part(id, 0), Offset: offset}})}})
		<-p.Done()
		_, err := p.Result()
		return err
	}
	if err := truncate(4); !errors.Is(err, log.ErrOffsetOutOfRange) {
		t.Fatalf("behind the end: %v", err)
	}
	for _, offset := range []int64{2, 1, 2} { // lower ones change nothing
		if err := truncate(offset); err != nil {
			t.Fatal(err)
		}
	}
	r.give(id, "d")
	r.retain()
	r.wantStart(id, 2)
	read := func(at log.CommitSeq) (out []string) {
		reader, err := r.db.Changes(ctx, 0, at, log.Filter{Topics: []log.TopicFilter{{Topic: id}}})
		if err != nil {
			return []string{err.Error()}
		}
		defer func() { _ = reader.Close() }()
		var result log.ChangeResult
		for more := true; more; {
			if more, err = reader.Next(ctx, log.Budget{MaxBytes: math.MaxInt32}, &result); err != nil {
				t.Fatal(err)
			}
			for _, run := range result.Runs {
				for _, rec := range decode(t, run.RecordBatch) {
					var offset int64
					_, _ = fmt.Sscanf(rec, "%d=", &offset)
					if offset >= run.First {
						out = append(out, rec)
					}
				}
			}
		}
		return out
	}
	for range 2 {
		equal(t, "before", read(v), []string{"0=a", "1=b", "2=c"})
		equal(t, "between", read(v+1), []string{"2=c"})
		equal(t, "now", read(newest(t, r.db)), []string{"2=c", "3=d"})
		r.restart()
	}
	held, err := r.db.Changes(ctx, 0, v, log.Filter{Topics: []log.TopicFilter{{Topic: id}}})
	if err != nil {
		t.Fatal(err)
	}
	r.needs = log.NoNeeds
	if err := truncate(3); err != nil {
		t.Fatal(err)
	}
	r.retain()
	if got := read(v); len(got) != 1 || got[0][0] == '0' {
		t.Errorf("a version that nobody held: %v", got)
	}
	// The reader that was open goes on over what it began with, objects included.
	var result log.ChangeResult
	if _, err := held.Next(ctx, log.Budget{MaxBytes: 1 << 20}, &result); err != nil || len(result.Runs) != 1 {
		t.Fatalf("an open reader: %d runs, %v", len(result.Runs), err)
	}
	segments := r.segments()
	_ = held.Close()
	r.retain()
	if got := r.segments(); got != segments-1 {
		t.Errorf("%d segments with the reader, %d behind it", segments, got)
	}
}

// TestGarbage: objects of a dropped topic, of refused entries and of an earlier life go; none that
// the log names does.
func TestGarbage(t *testing.T) {
	r := newRetaining(t)
	a, b := r.topic("a", nil), r.topic("b", nil)
	r.give(a, "in a")
	r.give(b, "in b")
	refused := r.db.Append(&log.Entry{
		Conds:   []log.Condition{log.TopicAbsent("a")},
		Appends: []log.Append{{Partition: part(a, 0), RecordBatches: batchOf(t, "never")}},
	})
	<-refused.Done()
	if got := r.segments(); got != 3 {
		t.Fatalf("%d segments", got)
	}
	r.retain()
	if got := r.segments(); got != 2 {
		t.Errorf("%d segments once the refused one's is gone", got)
	}
	logtest.Append(t, r.db, &log.Entry{Changes: []log.Change{log.DeleteTopicChange(b)}})
	r.retain()
	if got := r.segments(); got != 1 {
		t.Errorf("%d segments once a topic is gone", got)
	}
	logtest.Append(t, r.db, &log.Entry{Changes: []log.Change{log.DeleteTopicChange(a)}})
	c := r.topic("c", nil)
	r.give(c, "in c")
	r.powerCut() // before anything was deleted
	r.retain()
	if got := r.segments(); got != 1 {
		t.Errorf("%d segments after a power cut", got)
	}
	equal(t, "what is left", fetchAll(t, r.db, part(c, 0), 1<<20), []string{"0=in c"})
	r.restart()
	r.retain()
	equal(t, "after a restart", fetchAll(t, r.db, part(c, 0), 1<<20), []string{"0=in c"})
}

// TestClockSteps: a clock that is set wrong deletes nothing, and what was right before goes on.
func TestClockSteps(t *testing.T) {
	for name, c := range map[string]struct {
		step    time.Duration
		restart bool
	}{
		"30 years on": {30 * 365 * 24 * time.Hour, false}, "a day back": {-24 * time.Hour, false}, "8 days on": {8 * 24 * time.Hour, false},
		"30 years on, at a start": {30 * 365 * 24 * time.Hour, true}, "a day back, at a start": {-24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRetaining(t)
			id := r.topic("a", nil) // seven days
			r.give(id, "one")
			r.clock.pass(time.Hour)
			r.retain()
			r.clock.set(c.step)
			if c.restart {
				r.restart()
			}
			r.retain()
			r.give(id, "two")
			r.retain()
			r.wantStart(id, 0)
			if at := r.db.CommitTime(newest(t, r.db)); c.step > 31*24*time.Hour && at.Year() > 2026 {
				t.Errorf("a commit of %v", at)
			}
		})
	}
}
