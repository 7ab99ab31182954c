package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// doubt makes one operation of the stores end without an answer, with or without its effect; what
// comes after it works.
type doubt struct {
	count, at int
	happens   bool
}

var errDoubt = errors.New("the answer got lost")

func (d *doubt) here() bool { d.count++; return d.count == d.at }

type doubtedMeta struct {
	meta.Store
	doubt *doubt
}

func (s *doubtedMeta) AppendLog(ctx context.Context, seen meta.CommitSeq, decide func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error)) (meta.CommitSeq, error) {
	if !s.doubt.here() {
		return s.Store.AppendLog(ctx, seen, decide)
	}
	_, err := s.Store.AppendLog(ctx, seen, func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
		record, writes, err := decide(next, missed)
		if err == nil && !s.doubt.happens {
			err = meta.ErrUnknown
		}
		return record, writes, err
	})
	if err == nil {
		err = meta.ErrUnknown
	}
	return 0, err
}

type doubtedObjects struct {
	objstore.Store
	doubt *doubt
}

func (s *doubtedObjects) Put(ctx context.Context, key string, parts [][]byte, cond objstore.Condition) (info objstore.ObjectInfo, err error) {
	here := s.doubt.here()
	if !here || s.doubt.happens {
		info, err = s.Store.Put(ctx, key, parts, cond)
	}
	if here && err == nil {
		err = errDoubt
	}
	return info, err
}

func (s *doubtedObjects) Delete(ctx context.Context, keys ...string) error {
	here := s.doubt.here()
	if !here || s.doubt.happens {
		if err := s.Store.Delete(ctx, keys...); err != nil {
			return err
		}
	}
	if here {
		return errDoubt
	}
	return nil
}

// keyedScript writes keys, plain and in transactions, and has all of upkeep done in between.
type keyedScript struct {
	t     *testing.T
	db    *log.DB
	clock *setClock
	rng   *rand.Rand
	id    log.TopicID
	sent  int
	// sure is the last value of each key that was acknowledged, maybe are those sent since.
	sure  map[string]string
	maybe map[string][]string
}

func (s *keyedScript) batch(n int) ([]byte, map[string]string) {
	b := recordbatch.NewBuilder(0)
	out := map[string]string{}
	for range n {
		s.sent++
		key, value := fmt.Sprint("k", s.rng.IntN(8)), []byte(fmt.Sprint("v", s.sent))
		if s.rng.IntN(5) == 0 {
			value = nil
		} else if s.rng.IntN(6) == 0 {
			value = append(value, randomValue(s.rng, 600)...)
		}
		if err := b.Add([]byte(key), value, nil, 1000); err != nil {
			s.t.Fatal(err)
		}
		if out[key] = string(value); value == nil {
			out[key] = "-"
		}
	}
	return b.AppendTo(nil), out
}

// take notes what was written; done: it was acknowledged.
func (s *keyedScript) take(values map[string]string, done bool) {
	for key, v := range values {
		s.maybe[key] = append(s.maybe[key], v)
		if done {
			s.sure[key], s.maybe[key] = v, nil
		}
	}
}

func (s *keyedScript) append(e *log.Entry) bool {
	p := s.db.Append(e)
	<-p.Done()
	_, err := p.Result()
	return err == nil
}

func (s *keyedScript) run() {
	s.append(&log.Entry{Changes: []log.Change{log.CreateTopicChange(log.Topic{ID: s.id, Name: "c", Partitions: 1,
		Configs: map[string]string{"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "1"}})}})
	for round := range 4 {
		for range 3 {
			raw, values := s.batch(2)
			s.take(values, s.append(&log.Entry{Appends: []log.Append{{Partition: part(s.id, 0), RecordBatches: raw}}}))
		}
		s.transaction(round%2 == 0)
		_ = s.db.Roll(ctx) // may fail: the store does
		_ = s.db.Level(ctx)
		s.clock.pass(time.Second)
		_ = s.db.Clean(ctx)
		if round%2 == 1 {
			_ = s.db.Snapshot(ctx)
		}
		_ = s.db.Retain(ctx)
	}
}

func (s *keyedScript) transaction(commit bool) {
	id, err := s.db.InitTransactions(ctx, "x", time.Hour, log.NoIdentity)
	if err != nil {
		return
	}
	raw, values := s.batch(3)
	logtest.SetTransactional(raw, id.ID, id.Epoch, 0)
	if !s.append(&log.Entry{Appends: []log.Append{{Partition: part(s.id, 0), RecordBatches: raw, TransactionalID: "x", Implicit: true}}}) {
		commit = false
	}
	_, err = s.db.EndTransaction(ctx, "x", id, commit, true)
	if commit {
		s.take(values, err == nil)
	}
}

// check reads as a consumer does; acknowledged values are there, or later ones.
func (s *keyedScript) check(where string) {
	s.t.Helper()
	x := &txnModel{t: s.t, db: s.db, decode: decodeKeyed}
	ends, err := s.db.Ends(ctx, []log.Partition{part(s.id, 0)}, true)
	if err != nil {
		s.t.Fatalf("%s: %v", where, err)
	}
	x.stable = &ends[0]
	x.starts = map[log.Partition]int64{}
	got := map[string]string{}
	for _, r := range x.consume(part(s.id, 0), true, 1000) {
		key, _ := keyOf(r)
		got[key] = r
	}
	for key, want := range s.sure {
		r, ok := got[key]
		_, tombstone := keyOf(r)
		is := func(v string) bool {
			if v == "-" {
				return !ok || tombstone
			}
			return ok && strings.HasSuffix(r, ":"+v+"@1000")
		}
		if !is(want) && !slices.ContainsFunc(s.maybe[key], is) {
			s.t.Fatalf("%s: the last of %s is %q, want %q or %q", where, key, r, want, s.maybe[key])
		}
	}
}

// TestCleanCutAtEveryStep cuts the power, or loses an answer and goes on, at each operation that changes
// something while topics are written, put together and compacted: acknowledged values stay, older ones
// and aborted ones do not come back, and the next compaction goes through.
func TestCleanCutAtEveryStep(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for step := 1; ; step++ {
			more := false
			for _, happens := range []bool{false, true} {
				more = cleanCutAt(t, step, happens, lost) || more
			}
			if !more {
				if step < 40 {
					t.Fatalf("only %d steps: the test shows nothing", step)
				}
				t.Logf("%d steps, answers lost %t", step, lost)
				break
			}
		}
	}
}

func cleanCutAt(t *testing.T, step int, happens, lost bool) (more bool) {
	limits := levelLimits(3)
	limits.InlineBytes, limits.FlushBytes, limits.CleanBytes, limits.LevelBytes = 400, 1500, 1, 4000
	m := newMachine(t, limits)
	clock := newSetClock()
	m.clock = retryClock{clock}
	m.change = func(c *log.Config) { c.Elapsed = clock.since }
	p, d := &power{failAt: step, happens: happens}, &doubt{at: step, happens: happens}
	cfg := log.Config{Meta: &poweredMeta{m.meta, p}, Objects: &poweredObjects{m.objects, p}, Rand: logtest.Rand(9), Limits: limits, Clock: m.clock, Elapsed: clock.since}
	if lost {
		cfg.Meta, cfg.Objects = &doubtedMeta{m.meta, d}, &doubtedObjects{m.objects, d}
	}
	s := &keyedScript{t: t, clock: clock, rng: rand.New(rand.NewPCG(3, 4)), id: log.TopicID{1}, sure: map[string]string{}, maybe: map[string][]string{}}
	db, err := log.Open(ctx, cfg)
	where := fmt.Sprintf("operation %d (effect %v, answer lost %v)", step, happens, lost)
	if err == nil {
		s.db = db
		s.run()
		if _, ok := db.TopicByID(s.id); ok {
			s.check(where + ", before the cut")
		}
		m.db = db
		_ = db.Close(ctx) // the power may be gone
	}
	m.meta = m.meta.PowerCut(t)
	s.db = m.start()
	defer func() { _ = m.db.Close(ctx) }() // the machine is left
	if _, ok := s.db.TopicByID(s.id); !ok {
		if len(s.sure) > 0 {
			t.Fatalf("%s: the topic is gone", where)
		}
		return p.count >= step || d.count >= step
	}
	if _, err := s.db.InitTransactions(ctx, "x", time.Hour, log.NoIdentity); err != nil { // what is open is aborted
		t.Fatalf("%s: %v", where, err)
	}
	s.check(where)
	for range 2 {
		raw, values := s.batch(2)
		s.take(values, s.append(&log.Entry{Appends: []log.Append{{Partition: part(s.id, 0), RecordBatches: raw}}}))
		clock.pass(time.Second)
		if err := errors.Join(s.db.Roll(ctx), s.db.Level(ctx), s.db.Clean(ctx), s.db.Retain(ctx)); err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		s.check(where + ", after another compaction")
	}
	return p.count >= step || d.count >= step
}
