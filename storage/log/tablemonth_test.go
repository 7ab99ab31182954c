package log_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// versions of a table are its rows by commit, as far as somebody may ask for them.
type versions struct {
	at   []log.CommitSeq
	rows []map[string]string
}

// TestTableMonth updates few rows of a table for 30 days, in small commits that lie inline at first. What the table
// goes on from, a day back, stays as it was commit by commit; the rest is about what the table has. It is read right
// all along, from the beginning and from there.
func TestTableMonth(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 13,000 commits")
	}
	r := newRetaining(t)
	r.limits = log.Limits{InlineBytes: 64 << 10, RollBytes: 1 << 40, RollGroups: 1 << 40, RollInterval: time.Hour, TailBytes: 1,
		RetentionInterval: time.Hour, LevelFan: 8, LevelRate: 1 << 50, LevelInterval: time.Hour, SnapshotCommits: 1 << 30, SnapshotBytes: 1 << 40,
		CleanBytes: 64 << 10}
	r.restart()
	id := log.TopicID{15: 't'}
	logtest.Append(t, r.db, &log.Entry{Changes: []log.Change{
		log.CreateTopicChange(log.Topic{ID: id, Name: "t", Partitions: 1, Internal: true, Configs: map[string]string{"cleanup.policy": "compact"}})}})
	rng := rand.New(rand.NewPCG(31, 31))
	const keys, size, tick, perDay = 40, 1000, 10 * time.Minute, 6 * 24 * 3
	now, v := map[string]string{}, versions{}
	written, most, runs := int64(0), int64(0), int64(0)
	for elapsed := tick; elapsed < 30*24*time.Hour; elapsed += tick {
		r.clock.pass(tick)
		for range 3 {
			key, value := fmt.Sprint("key ", rng.IntN(keys)), []byte(nil)
			if delete(now, key); rng.IntN(5) > 0 {
				value = []byte(randomValue(rng, size))
				now[key] = string(value)
			}
			b := recordbatch.NewBuilder(0)
			r.must(b.Add([]byte(key), value, nil, r.clock.Now().UnixMilli()))
			done := logtest.Append(t, r.db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: b.AppendTo(nil)}}})
			v.at, v.rows = append(v.at, done.Seq), append(v.rows, maps.Clone(now))
			written += int64(len(value))
		}
		if len(v.at) > perDay {
			v.at, v.rows = v.at[len(v.at)-perDay:], v.rows[len(v.rows)-perDay:]
		}
		r.needs = log.Needs{Read: v.at[len(v.at)-1], Keep: v.at[0], Firm: true}
		if elapsed%time.Hour == 0 {
			r.must(errors.Join(r.db.Roll(ctx), r.db.Level(ctx), r.db.Clean(ctx), r.db.Retain(ctx)))
		}
		if elapsed%(24*time.Hour) != 0 {
			continue
		}
		r.must(errors.Join(r.db.Snapshot(ctx), r.db.Retain(ctx)))
		r.restart()
		v.check(r, id)
		bytes, _ := r.stored()
		if elapsed > 3*24*time.Hour {
			most, runs = max(most, bytes), max(runs, r.db.Stats().Runs)
		}
	}
	// A day is not compacted, the day before waits for its tombstones' horizons and for the garbage of a snapshot.
	if most > 4*perDay*size || runs > 200 {
		t.Errorf("%d bytes in the store, %d runs in the index; a day has %d bytes", most, runs, perDay*size)
	}
	t.Logf("%d bytes written, at most %d in the store, %d runs", written, most, runs)
}

// check reads the table as a start does: up to each of some versions from the beginning, and from the oldest version
// commit by commit.
func (v *versions) check(r *retaining, id log.TopicID) {
	r.t.Helper()
	for i := 0; i < len(v.at); i += 50 {
		got := map[string]string{}
		v.read(r, id, 0, v.at[i], func(_ log.CommitSeq, rec *recordbatch.Record) { put(got, rec) })
		if !maps.Equal(got, v.rows[i]) {
			r.t.Fatalf("version %d, read from the beginning, has %d rows, want %d", v.at[i], len(got), len(v.rows[i]))
		}
	}
	got, i := maps.Clone(v.rows[0]), 0
	v.read(r, id, v.at[0], v.at[len(v.at)-1], func(at log.CommitSeq, rec *recordbatch.Record) {
		if i++; at != v.at[i] {
			r.t.Fatalf("commit %d where %d is next", at, v.at[i])
		}
		if put(got, rec); !maps.Equal(got, v.rows[i]) {
			r.t.Fatalf("version %d is not what it was", at)
		}
	})
	if i != len(v.at)-1 {
		r.t.Fatalf("%d commits of %d", i, len(v.at)-1)
	}
}

func put(rows map[string]string, rec *recordbatch.Record) {
	if delete(rows, string(rec.Key)); rec.Value != nil {
		rows[string(rec.Key)] = string(rec.Value)
	}
}

// read visits what became visible in some partitions, all if none is named.
func (v *versions) read(r *retaining, id log.TopicID, from, to log.CommitSeq, visit func(log.CommitSeq, *recordbatch.Record), partitions ...int32) {
	r.t.Helper()
	changes, err := r.db.Changes(ctx, from, to, log.Filter{Topics: []log.TopicFilter{{Topic: id, Partitions: partitions}}})
	r.must(err)
	defer changes.Close()
	var res log.ChangeResult
	var records recordbatch.Reader
	defer records.Release()
	for more := true; more; {
		more, err = changes.Next(ctx, log.Budget{MaxBytes: 1 << 20}, &res)
		r.must(err)
		for _, run := range res.Runs {
			r.must(records.Reset(run.RecordBatch, 1<<20))
			for records.Next() {
				visit(run.VisibleAt, records.Record())
			}
			r.must(records.Err())
		}
		res.Runs = res.Runs[:0]
	}
}
