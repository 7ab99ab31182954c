package log_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

var cleanSeeds = flag.Int("cleanseeds", 300, "how many random histories of log compaction are tried")

// cleanModel is a txnModel of a compacted topic: records have few keys and times, some are tombstones.
type cleanModel struct {
	*txnModel
	clock *setClock
	needs log.Needs       // never falls
	pin   log.CommitSeq   // a version that is read again; 0 = none
	was   []visibleRecord // what was read at pin
}

func newCleanModel(t *testing.T, seed uint64) *cleanModel {
	x := &cleanModel{clock: newSetClock()}
	x.txnModel = openTxnModel(t, seed, func(m *txnModel) {
		m.m.clock = retryClock{x.clock}
		m.m.limits.CleanBytes, m.m.limits.CleanMemory = 1, int64(64*(1+m.rng.IntN(20)))
		if m.rng.IntN(2) == 0 {
			m.m.limits.LevelBytes = int64(200 + m.rng.IntN(3000))
		}
		m.m.change = func(c *log.Config) {
			c.Elapsed = x.clock.since
			c.Needs = func(log.TopicID) (log.Needs, bool) { return x.needs, true }
		}
		m.make, m.decode = x.keyed, decodeKeyed
	})
	configs := map[string]string{"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "3000"}
	if x.rng.IntN(3) == 0 {
		configs["min.compaction.lag.ms"] = "1000"
	}
	id := log.TopicID{15: 't'}
	logtest.Append(t, x.db, &log.Entry{Changes: []log.Change{log.CreateTopicChange(log.Topic{ID: id, Name: "t", Partitions: 2, Configs: configs})}})
	x.begin(id)
	return x
}

// retryClock is a setClock on which short waits end at once: what is tried again is.
type retryClock struct{ *setClock }

func (c retryClock) After(d time.Duration) <-chan time.Time {
	if d > time.Second {
		return nil
	}
	at := make(chan time.Time, 1)
	at <- c.Now()
	return at
}

// keyed makes a record batch of records with one of a few keys.
func (x *cleanModel) keyed() (raw []byte, b *modelBatch) {
	b = &modelBatch{producer: -1, timestamp: 1000 + x.rng.Int64N(50)}
	builder := recordbatch.NewBuilder(1 << 20)
	for i := range int64(1 + x.rng.IntN(4)) {
		x.values++
		key, value := fmt.Sprint("k", x.rng.IntN(6)), []byte(fmt.Sprint(x.values))
		switch x.rng.IntN(6) {
		case 0:
			value = nil
		case 1:
			value = append(value, randomValue(x.rng, 300)...)
		}
		x.must(builder.Add([]byte(key), value, nil, b.timestamp+i))
		b.values = append(b.values, keyedText(key, value, b.timestamp+i))
	}
	return builder.AppendTo(nil), b
}

func keyedText(key string, value []byte, millis int64) string {
	if value == nil {
		return fmt.Sprintf("%s:-@%d", key, millis)
	}
	return fmt.Sprintf("%s:%s@%d", key, value, millis)
}

// decodeKeyed is decode with keys and times.
func decodeKeyed(t *testing.T, src []byte) (out []string) {
	t.Helper()
	_, raw, _, err := recordbatch.Verify(src)
	if err != nil {
		t.Fatal(err)
	}
	var r recordbatch.Reader
	defer r.Release()
	if err := r.Reset(raw, 0); err != nil {
		t.Fatal(err)
	}
	for r.Next() {
		rec := r.Record()
		out = append(out, fmt.Sprintf("%d=%s", rec.Offset, keyedText(string(rec.Key), rec.Value, rec.Timestamp)))
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return out
}

func keyOf(record string) (key string, tombstone bool) {
	_, record, _ = strings.Cut(record, "=")
	key, value, _ := strings.Cut(record, ":")
	return key, strings.HasPrefix(value, "-@")
}

// latest folds records, in offset order, by key.
func latest(records []string) map[string]string {
	out := map[string]string{}
	for _, r := range records {
		key, tombstone := keyOf(r)
		if delete(out, key); !tombstone {
			out[key] = r
		}
	}
	return out
}

// within tells that got is want without some of it.
func within(got, want []string) bool {
	for _, w := range want {
		if len(got) > 0 && got[0] == w {
			got = got[1:]
		}
	}
	return len(got) == 0
}

func (x *cleanModel) checkLatest(what string, got, want []string) {
	x.t.Helper()
	if !within(got, want) {
		x.t.Fatalf("%s: is not of what was written:\n got %v\n of %v", what, got, want)
	}
	last := latest(got)
	for key, r := range latest(want) {
		if last[key] != r {
			x.t.Fatalf("%s: the last of %s is %q, want %q\n got %v\n of %v", what, key, last[key], r, got, want)
		}
		delete(last, key)
	}
	if len(last) > 0 {
		x.t.Fatalf("%s: %v came back\n got %v\n of %v", what, last, got, want)
	}
}

// checkRead reads a partition as consumers of both isolations do, and searches in it by time.
func (x *cleanModel) checkRead(p log.Partition) (committed, all []string) {
	x.t.Helper()
	stable, _ := x.lastStable(p)
	var wantCommitted, wantAll []string
	for _, b := range x.batches[p] {
		wantAll = append(wantAll, b.records(x.starts[p])...)
		if b.next <= stable && (b.txn == nil || b.txn.committed) {
			wantCommitted = append(wantCommitted, b.records(x.starts[p])...)
		}
	}
	budget := 1 + x.rng.IntN(1500)
	committed = x.consume(p, true, budget)
	x.checkLatest(fmt.Sprint("committed of partition ", p.Index), committed, wantCommitted)
	all = x.consume(p, false, budget)
	if !within(all, wantAll) || !within(committed, all) {
		x.t.Fatalf("partition %d:\n got %v\n of %v", p.Index, all, wantAll)
	}
	ms := 1000 + x.rng.Int64N(60)
	want := int64(-1)
	for _, r := range all {
		var at, millis int64
		_, err := fmt.Sscanf(r[:strings.Index(r, "=")]+" "+r[strings.LastIndex(r, "@")+1:], "%d %d", &at, &millis)
		x.must(err)
		if millis >= ms {
			want = at
			break
		}
	}
	got, _, found, err := x.db.OffsetForTime(ctx, p, ms, false)
	x.must(err)
	if !found {
		got = -1
	}
	if got != want {
		x.t.Fatalf("partition %d, time %d: offset %d, want %d", p.Index, ms, got, want)
	}
	return committed, all
}

// visible is what became visible in (from, to], in the order given.
func (x *cleanModel) visible(from, to log.CommitSeq) (out []visibleRecord) {
	x.t.Helper()
	r, err := x.db.Changes(ctx, from, to, log.Filter{Topics: []log.TopicFilter{{Topic: x.topic}}})
	x.must(err)
	defer func() { _ = r.Close() }() // never fails
	var res log.ChangeResult
	for more := true; more; {
		more, err = r.Next(ctx, log.Budget{MaxBytes: 1 + x.rng.IntN(900)}, &res)
		x.must(err)
		for _, run := range res.Runs {
			for _, rec := range decodeKeyed(x.t, run.RecordBatch) {
				var at int64
				if _, err := fmt.Sscanf(rec, "%d=", &at); err == nil && at >= run.First {
					out = append(out, visibleRecord{at: run.VisibleAt, index: run.Partition.Index, order: at, record: rec})
				}
			}
		}
	}
	return out
}

// checkVisible: from 0 on the last of each key is there, behind what may have been cleaned all is.
func (x *cleanModel) checkVisible() {
	x.t.Helper()
	v := newest(x.t, x.db)
	got := x.visible(0, v)
	slices.SortStableFunc(got, func(a, b visibleRecord) int { return int(a.order - b.order) })
	for _, p := range x.parts {
		var have, want []string
		for _, r := range got {
			if r.index == p.Index {
				have = append(have, r.record)
			}
		}
		for _, b := range x.batches[p] {
			if b.visibleAt > 0 && !b.marker {
				want = append(want, b.records(max(x.starts[p], b.first))...)
			}
		}
		x.checkLatest(fmt.Sprint("visible of partition ", p.Index), have, want)
	}
	from := max(x.needs.Keep, 1)
	if from < v {
		x.checkChanges(from, v)
		from += log.CommitSeq(x.rng.Uint64N(uint64(v - from)))
		x.checkChanges(from, from+1+log.CommitSeq(x.rng.Uint64N(uint64(v-from))))
	}
	if x.pin > 0 {
		equal(x.t, fmt.Sprint("version ", x.pin, " again"), x.visible(0, x.pin), x.was)
	}
}

func (x *cleanModel) clean() { x.must(x.db.Clean(ctx)) }

func (x *cleanModel) step() {
	switch n := x.rng.IntN(12); {
	case n < 8:
		before := x.db
		x.txnModel.step()
		if x.db != before {
			x.pin = 0 // who pinned it is gone
		}
	case n == 8:
		x.clock.pass(time.Duration(x.rng.IntN(5000)) * time.Millisecond) // transactions live for a minute
	case n == 9:
		x.clean()
	case n == 10 && x.pin == 0:
		x.pin = newest(x.t, x.db)
		x.was = x.visible(0, x.pin)
	default:
		x.pin = 0
		if x.rng.IntN(2) == 0 {
			x.must(x.db.Retain(ctx))
		}
	}
	if x.pin == 0 {
		v := newest(x.t, x.db)
		x.needs.Keep += log.CommitSeq(x.rng.Uint64N(uint64(v-min(x.needs.Keep, v)) + 1))
		x.needs.Read = x.needs.Keep
	}
}

// settle ends what is open and cleans until nothing more may go.
func (x *cleanModel) settle() {
	x.pin = 0
	for _, q := range x.producers {
		if q.open != nil {
			x.end(q)
		}
	}
	for range 4 {
		for _, p := range x.parts {
			b := &modelBatch{producer: -1, timestamp: 1000, values: []string{keyedText("last", []byte("x"), 1000)}}
			builder := recordbatch.NewBuilder(0)
			x.must(builder.Add([]byte("last"), []byte("x"), nil, 1000))
			x.append(p, log.Append{RecordBatches: builder.AppendTo(nil)}, b)
		}
		x.must(x.db.Roll(ctx))
		x.clock.pass(2 * time.Minute)
		for before := int64(-1); before != x.db.Stats().Cleans; { // few keys fit into one pass
			before = x.db.Stats().Cleans
			x.needs.Keep = newest(x.t, x.db)
			x.needs.Read = x.needs.Keep
			x.clean()
		}
	}
}

// TestCleanModel: over random histories of appends, tombstones, transactions, rolls, levels, log compaction,
// retention, snapshots, restarts and power cuts, consumers of both isolations find the last record of each
// key and nothing that was not written, at ascending offsets; readers of changes find all behind what they
// said to need, and a pinned version is what it was. In the end there is one record a key.
func TestCleanModel(t *testing.T) {
	var removed int64
	for seed := range uint64(*cleanSeeds) {
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			x := newCleanModel(t, seed)
			for range 40 {
				x.step()
				if x.rng.IntN(6) == 0 {
					x.checkRead(x.parts[x.rng.IntN(2)])
					x.checkVisible()
				}
			}
			for _, p := range x.parts {
				x.checkRead(p)
			}
			x.checkVisible()
			x.settle()
			for range 2 {
				for _, p := range x.parts {
					committed, all := x.checkRead(p)
					if len(latest(committed)) != len(committed) || len(all) != len(committed) {
						t.Fatalf("partition %d was compacted and has %v, committed %v", p.Index, all, committed)
					}
				}
				x.checkVisible()
				removed += x.db.Stats().CleanedRecords
				x.must(x.db.Retain(ctx))
				x.must(x.db.Snapshot(ctx))
				x.db = x.m.restart()
			}
			x.must(x.db.Close(ctx))
		})
		if !ok {
			return
		}
	}
	t.Logf("%d records were removed", removed)
}
