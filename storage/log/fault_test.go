package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// power counts operations that change something; from the chosen one on nothing works, and
// that one itself has happened or not.
type power struct {
	mu      sync.Mutex
	count   int
	failAt  int  // 0 = never
	happens bool // whether operation failAt takes effect
}

var errPower = errors.New("no power")

// use reports whether the operation takes effect and whether its caller hears of it.
func (p *power) use() (effect, heard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	switch {
	case p.failAt == 0 || p.count < p.failAt:
		return true, true
	case p.count == p.failAt:
		return p.happens, false
	}
	return false, false
}

func (p *power) run(fn func() error) error {
	effect, heard := p.use()
	if effect {
		if err := fn(); err != nil {
			return err
		}
	}
	if !heard {
		return errPower
	}
	return nil
}

type poweredMeta struct {
	meta.Store
	power *power
}

func (s *poweredMeta) AppendLog(ctx context.Context, seen meta.CommitSeq, decide func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error)) (seq meta.CommitSeq, err error) {
	effect, heard := s.power.use()
	if effect {
		if seq, err = s.Store.AppendLog(ctx, seen, decide); err != nil {
			return 0, err
		}
	}
	if !heard {
		return 0, fmt.Errorf("%w: %w", meta.ErrPoisoned, errPower)
	}
	return seq, nil
}

func (s *poweredMeta) TrimLog(ctx context.Context, floor meta.CommitSeq) error {
	return s.power.run(func() error { return s.Store.TrimLog(ctx, floor) })
}

type poweredObjects struct {
	objstore.Store
	power *power
}

func (s *poweredObjects) Put(ctx context.Context, key string, parts [][]byte, cond objstore.Condition) (info objstore.ObjectInfo, err error) {
	err = s.power.run(func() error { info, err = s.Store.Put(ctx, key, parts, cond); return err })
	return info, err
}

func (s *poweredObjects) Delete(ctx context.Context, keys ...string) error {
	return s.power.run(func() error { return s.Store.Delete(ctx, keys...) })
}

// TestPowerCutAtEveryStep cuts the power at each operation that changes something, before and
// after it takes effect: nothing acknowledged is lost, nothing that was shown disappears, no
// entry is there by half or twice, and the log goes on.
func TestPowerCutAtEveryStep(t *testing.T) {
	for step := 1; ; step++ {
		more := false
		for _, happens := range []bool{false, true} {
			more = cutAt(t, &power{failAt: step, happens: happens}) || more
		}
		if !more {
			if step < 20 {
				t.Fatalf("only %d steps: the test shows nothing", step)
			}
			return
		}
	}
}

// cutAt runs the script; false = it ended before the power did.
func cutAt(t *testing.T, p *power) bool {
	m := newMachine(t, log.Limits{InlineBytes: 400, FlushBytes: 1500, TailBytes: 1, LevelFan: 3, LevelInterval: time.Hour})
	objects := &poweredObjects{m.objects, p}
	db, err := log.Open(ctx, log.Config{Meta: &poweredMeta{m.meta, p}, Objects: objects, Rand: logtest.Rand(9), Limits: m.limits})
	m.db = db
	if err == nil {
		m.db = db
	}
	id := log.TopicID{1}
	script := &script{t: t, db: db, id: id, rng: rand.New(rand.NewPCG(3, 4))}
	if err == nil {
		script.run()
	}
	shown := script.shown()
	cut := p.count >= p.failAt
	if m.db != nil {
		_ = m.db.Close(ctx) // the power is gone
	}
	m.meta = m.meta.PowerCut(t)
	db = m.start()
	defer func() {
		if err := m.db.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	where := fmt.Sprintf("power cut at operation %d (effect %v)", p.failAt, p.happens)
	if _, ok := db.TopicByID(id); !ok {
		if len(script.acked) > 0 {
			t.Fatalf("%s: topic is gone", where)
		}
		return cut
	}
	got := fetchAll(t, db, part(id, 0), 1000)
	if len(got) < len(shown) || !slices.Equal(got[:len(shown)], shown) {
		t.Fatalf("%s: was shown %v\nis now %v", where, shown, got)
	}
	count := map[string]int{}
	for _, r := range got {
		var offset int
		var value string
		if _, err := fmt.Sscanf(r, "%d=%s", &offset, &value); err != nil {
			t.Fatal(err)
		}
		count[value]++
	}
	for _, v := range script.acked {
		if count[v] != 1 {
			t.Fatalf("%s: acknowledged %s is there %d times", where, v, count[v])
		}
	}
	for _, pair := range script.sent {
		if a, b := count[pair[0]], count[pair[1]]; a != b || a > 1 {
			t.Fatalf("%s: entry %v is there %d and %d times", where, pair, a, b)
		}
	}
	if err := errors.Join(db.Level(ctx), db.Retain(ctx)); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	equal(t, where+", after another level", fetchAll(t, db, part(id, 0), 1000), got)
	r := logtest.Values(t, db, part(id, 0), "later")
	if r.BaseOffsets[0] != int64(len(got)) {
		t.Fatalf("%s: next offset is %d after %d records", where, r.BaseOffsets[0], len(got))
	}
	return cut
}

// script appends small and large entries, rolls, levels, snapshots and deletes garbage, one after the other.
type script struct {
	t     *testing.T
	db    *log.DB
	id    log.TopicID
	rng   *rand.Rand
	acked []string
	sent  [][2]string
}

func (s *script) run() {
	p := s.db.Append(&log.Entry{Changes: []log.Change{log.CreateTopicChange(log.Topic{ID: s.id, Name: "t", Partitions: 1})}})
	<-p.Done()
	for round := range 4 {
		for i := range 3 {
			size := 20
			if i == 2 {
				size = 900 // an object, or two
			}
			pair := [2]string{fmt.Sprintf("%d.%d.a%s", round, i, randomValue(s.rng, size)), fmt.Sprintf("%d.%d.b%s", round, i, randomValue(s.rng, size))}
			s.sent = append(s.sent, pair)
			e := &log.Entry{Appends: []log.Append{
				{Partition: part(s.id, 0), RecordBatches: batchOf(s.t, pair[0])},
				{Partition: part(s.id, 0), RecordBatches: batchOf(s.t, pair[1])},
			}}
			if i == 1 { // the first half is written ahead
				e.Staged = s.db.NewStage()
				if errors.Join(e.Staged.Add(ctx, e.Appends[:1]), e.Staged.Flush(ctx)) != nil {
					e.Staged.Drop()
					continue
				}
				e.Appends = e.Appends[1:]
			}
			p := s.db.Append(e)
			<-p.Done()
			if _, err := p.Result(); err == nil {
				s.acked = append(s.acked, pair[0], pair[1])
			}
		}
		_ = s.db.Roll(ctx) // may fail: the power does
		_ = s.db.Level(ctx)
		if round%2 == 1 {
			_ = s.db.Snapshot(ctx)
			_ = s.db.Retain(ctx) // what was put together is deleted
		}
	}
}

// shown is what a reader sees at the end.
func (s *script) shown() []string {
	if s.db == nil {
		return nil
	}
	if _, ok := s.db.TopicByID(s.id); !ok {
		return nil
	}
	return fetchAll(s.t, s.db, part(s.id, 0), 1000)
}

// TestUnknownOutcomes: commits whose outcome the store does not tell are resolved by asking
// again; every entry is there exactly once and is delivered once with its note.
func TestUnknownOutcomes(t *testing.T) {
	m := newMachine(t, log.Limits{})
	rng := rand.New(rand.NewPCG(1, 2))
	gate := newGate()
	m.wrap = gate.wrap
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	gate.mu.Lock()
	gate.outcome = func(int) outcome { return outcome(rng.IntN(3)) } // as is, lost after, lost before
	gate.mu.Unlock()
	var want []string
	seen := &collector{}
	following := db.Follow(log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(id)}, seen)
	for i := range 12 {
		r := logtest.Append(t, db, &log.Entry{
			Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, fmt.Sprint(i))}},
			Note:    i,
		})
		if err := following.Reached(ctx, r.Seq); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%d=%d", i, i))
		if got := seen.last(); r.BaseOffsets[0] != int64(i) || len(got) != i+1 || got[i] != fmt.Sprint(i) {
			t.Fatalf("entry %d: offset %d, delivered %v", i, r.BaseOffsets[0], got)
		}
	}
	if db.Stats().UnknownOutcomes == 0 {
		t.Fatal("no outcome was unknown: the test shows nothing")
	}
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), want)

	gate.mu.Lock()
	gate.outcome = func(int) outcome { return unavailable }
	gate.mu.Unlock()
	p := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "refused")}}})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	gate.mu.Lock()
	gate.outcome = nil
	gate.mu.Unlock()
	logtest.Values(t, db, part(id, 0), "12")
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), append(want, "12=12"))
}

// TestPoison: after a failed sync nothing is accepted any more; what was there can be read.
func TestPoison(t *testing.T) {
	m := newMachine(t, log.Limits{})
	p := &power{}
	m.wrap = func(s meta.Store) meta.Store { return &poweredMeta{s, p} }
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	logtest.Values(t, db, part(id, 0), "good")
	p.mu.Lock()
	p.failAt = p.count + 1
	p.mu.Unlock()
	waiting := make(chan error, 1)
	after := newest(t, db)
	go func() {
		_, err := db.Wait(ctx, log.Filter{}, after)
		waiting <- err
	}()
	for range 2 {
		pending := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "lost")}}})
		<-pending.Done()
		if _, err := pending.Result(); !errors.Is(err, log.ErrPoisoned) {
			t.Fatalf("got %v, want ErrPoisoned", err)
		}
	}
	if err := <-waiting; !errors.Is(err, log.ErrPoisoned) {
		t.Fatalf("wait: %v, want ErrPoisoned", err)
	}
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), []string{"0=good"})
	if !db.Stats().Poisoned {
		t.Error("stats do not say so")
	}
}

// TestFailedUpload: a group whose object cannot be written fails retriably, later ones go on;
// an ambiguous write is resolved by its name.
func TestFailedUpload(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: -1})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Err: errors.New("500")})
	p := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "lost")}}})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Err: objstore.ErrUnknown, Ambiguous: true})
	logtest.Values(t, db, part(id, 0), "happened")
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 1, Err: objstore.ErrUnknown})
	logtest.Values(t, db, part(id, 0), "did not")
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), []string{"0=happened", "1=did not"})
	if n := len(keys(t, m.objects, "log/")); n != 2 {
		t.Fatalf("%d objects for two groups", n)
	}
}

// TestBadObject: a flipped bit or a missing object is that partition's error, never data.
func TestBadObject(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: -1, TailBytes: 1, ReadCache: 1})
	db := m.start()
	bad, good := logtest.CreateTopic(t, db, "bad", 1), logtest.CreateTopic(t, db, "good", 1)
	logtest.Values(t, db, part(bad, 0), "x")
	key := keys(t, m.objects, "log/")[0]
	logtest.Values(t, db, part(good, 0), "y")
	read := func(want error) {
		t.Helper()
		var r log.FetchResult
		defer func() { r.Release() }()
		err := db.Fetch(ctx, []log.PartitionRead{{Partition: part(bad, 0), MaxBytes: 1000}, {Partition: part(good, 0), MaxBytes: 1000}},
			log.Budget{MaxBytes: 10_000}, &r)
		if err != nil {
			t.Fatal(err)
		}
		if !errors.Is(r.Partitions[0].Err, want) || len(r.Partitions[0].RecordBatches) > 0 {
			t.Fatalf("bad: %v, want %v, %d bytes", r.Partitions[0].Err, want, len(r.Partitions[0].RecordBatches))
		}
		equal(t, "good", decode(t, r.Partitions[1].RecordBatches), []string{"0=y"})
	}
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: key, FlipBit: true, FlipAt: 50})
	read(log.ErrCorrupt)
	m.objects.Heal()
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: key, Truncate: 10})
	read(log.ErrCorrupt)
	m.objects.Heal()
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: key, Err: errors.New("503")})
	read(log.ErrUnavailable)
	m.objects.Heal()
	if err := m.objects.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
	read(log.ErrCorrupt)
	if _, _, _, err := db.OffsetForTime(ctx, part(bad, 0), 0, false); !errors.Is(err, log.ErrCorrupt) {
		t.Fatalf("offset for time: %v", err)
	}
	r, err := db.Changes(ctx, 0, newest(t, db), log.Filter{Topics: []log.TopicFilter{{Topic: bad}}})
	if err != nil {
		t.Fatal(err)
	}
	var result log.ChangeResult
	if _, err := r.Next(ctx, log.Budget{MaxBytes: 100}, &result); !errors.Is(err, log.ErrCorrupt) {
		t.Fatalf("changes: %v", err)
	}
}

// TestTwoWriters: brokers over one metadata store see each other's commits; a broker whose
// fence was raised by its successor is refused.
func TestTwoWriters(t *testing.T) {
	m := newMachine(t, log.Limits{})
	open := func(writer uint32) *log.DB {
		db, err := log.Open(ctx, log.Config{Meta: m.meta, Objects: m.objects, Rand: logtest.Rand(uint64(writer)), Writer: writer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close(ctx) }) // one of them is fenced
		return db
	}
	one, two := open(1), open(2)
	id := logtest.CreateTopic(t, one, "t", 1)
	var want []string
	for i := range 20 {
		db := []*log.DB{one, two}[i%2]
		newest(t, db)
		r := logtest.Values(t, db, part(id, 0), fmt.Sprint("v", i))
		if r.BaseOffsets[0] != int64(i) {
			t.Fatalf("offset %d, want %d", r.BaseOffsets[0], i)
		}
		want = append(want, fmt.Sprintf("%d=v%d", i, i))
	}
	for _, db := range []*log.DB{one, two} {
		newest(t, db)
		equal(t, "log", fetchAll(t, db, part(id, 0), 1000), want)
	}
	successor := open(1)
	logtest.Values(t, successor, part(id, 0), "new life")
	p := one.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "zombie")}}})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrFenced) {
		t.Fatalf("got %v, want ErrFenced", err)
	}
	equal(t, "log", fetchAll(t, successor, part(id, 0), 1000), append(want, "20=new life"))
}

// TestIdempotence: a retried record batch gets its first offset, also after restarts, power
// cuts, rolls and snapshots.
func TestIdempotence(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	if _, err := db.NewProducerID(ctx); err != nil { // the ids below lie in its block
		t.Fatal(err)
	}
	send := func(producer int64, epoch int16, sequence int32) (log.Appended, error) {
		raw := batchOf(t, fmt.Sprintf("%d.%d.%d", producer, epoch, sequence), "second")
		logtest.SetProducer(raw, producer, epoch, sequence)
		p := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: raw}}})
		<-p.Done()
		return p.Result()
	}
	expect := func(producer int64, sequence int32, offset int64, duplicate bool) {
		t.Helper()
		r, err := send(producer, 0, sequence)
		if err != nil || r.BaseOffsets[0] != offset || r.Duplicate[0] != duplicate {
			t.Fatalf("producer %d sequence %d: %+v, %v", producer, sequence, r, err)
		}
	}
	for i := range int32(4) {
		expect(1, 2*i, int64(2*i), false)
	}
	for i, again := range []func(){
		func() { db = m.restart() },
		func() { db = m.powerCut() },
		func() {
			if err := errors.Join(db.Roll(ctx), db.Snapshot(ctx)); err != nil {
				t.Fatal(err)
			}
			db = m.powerCut()
		},
	} {
		again()
		expect(1, 6, 6, true)
		expect(1, 2, 2, true)
		if _, err := send(1, 0, 20); !errors.Is(err, log.ErrOutOfOrderSequence) {
			t.Fatalf("gap after restart %d: %v", i, err)
		}
		expect(int64(10+i), 0, int64(8+2*i), false)
	}
	if _, err := send(1, 1, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := send(1, 0, 8); !errors.Is(err, log.ErrInvalidEpoch) {
		t.Fatalf("old epoch: %v", err)
	}
	if n := len(fetchAll(t, db, part(id, 0), 1000)); n != 16 {
		t.Fatalf("%d records, want 16", n)
	}
}

// TestManyAtOnce: appenders, fetchers, change readers, waits, rolls and snapshots side by side.
func TestManyAtOnce(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: 5000, FlushBytes: 20_000, TailBytes: 50_000, RollBytes: 20_000, SnapshotCommits: 50})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 2)
	const writers, each = 6, 60
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 1))
			var last log.Pending
			for i := range each {
				value := fmt.Sprintf("%d.%d.%s", w, i, randomValue(rng, rng.IntN(1500)))
				last = db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, int32(w%2)), RecordBatches: batchOf(t, value)}}})
				if i%5 == 0 {
					<-last.Done()
				}
			}
			<-last.Done()
		})
	}
	read := make([][]string, 2)
	for k := range 2 {
		wg.Go(func() { read[k] = tail(t, db, part(id, int32(k)), writers/2*each) })
	}
	var ticked []string
	wg.Go(func() {
		at := log.CommitSeq(0)
		for len(ticked) < writers*each {
			f := log.Filter{Topics: []log.TopicFilter{{Topic: id}}}
			to, err := db.Wait(ctx, f, at)
			if err != nil {
				t.Error(err)
				return
			}
			for _, c := range changes(t, db, at, to, 3000, id) {
				ticked = append(ticked, fmt.Sprint(c.p.Index, "/", c.record))
			}
			at = to
		}
	})
	wg.Wait()
	next := map[string]int{}
	for k := range read {
		for i, r := range read[k] {
			var offset, w, n int
			if _, err := fmt.Sscanf(r, "%d=%d.%d.", &offset, &w, &n); err != nil || offset != i {
				t.Fatalf("record %q at %d: %v", r[:20], i, err)
			}
			if key := fmt.Sprint(w); next[key] != n {
				t.Fatalf("writer %d: record %d where %d was expected", w, n, next[key])
			}
			next[fmt.Sprint(w)]++
		}
	}
	for k := range read {
		var mine []string
		for _, r := range ticked {
			if rest, ok := cutPrefix(r, fmt.Sprint(k, "/")); ok {
				mine = append(mine, rest)
			}
		}
		equal(t, "changes against fetch", mine, read[k])
	}
	db = m.restart()
	for k := range read {
		equal(t, "after a restart", fetchAll(t, db, part(id, int32(k)), 5000), read[k])
	}
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return "", false
	}
	return s[len(prefix):], true
}

// tail consumes a partition by long polls until it has n records.
func tail(t *testing.T, db *log.DB, p log.Partition, n int) (out []string) {
	var r log.FetchResult
	defer func() { r.Release() }()
	for len(out) < n {
		req := []log.PartitionRead{{Partition: p, Offset: int64(len(out)), MaxBytes: 4000}}
		if err := db.Fetch(ctx, req, log.Budget{MaxBytes: 4000}, &r); err != nil {
			t.Error(err)
			return out
		}
		if err := r.Partitions[0].Err; err != nil {
			t.Error(err)
			return out
		}
		got := decode(t, r.Partitions[0].RecordBatches)
		out = append(out, got...)
		if len(got) > 0 {
			continue
		}
		short, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := db.Wait(short, log.Filter{Topics: []log.TopicFilter{{Topic: p.Topic, Partitions: []int32{p.Index}}}}, r.AsOf)
		cancel()
		if err != nil {
			t.Error(err)
			return out
		}
	}
	return out
}
