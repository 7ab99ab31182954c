package connector

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/nexmark"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeClock moves by hand; After fires when the time has come.
type fakeClock struct {
	mu      sync.Mutex
	now     time.Time
	waiting []waiter
	asked   *sync.Cond // somebody waits
}

type waiter struct {
	at time.Time
	c  chan time.Time
}

func newClock() *fakeClock {
	c := &fakeClock{now: time.Unix(1_700_000_000, 0)}
	c.asked = sync.NewCond(&c.mu)
	return c
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := waiter{c.now.Add(d), make(chan time.Time, 1)}
	c.waiting = append(c.waiting, w)
	c.asked.Broadcast()
	return w.c
}

// step waits until somebody waits for the time, and moves it.
func (c *fakeClock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) == 0 {
		c.asked.Wait()
	}
	c.moveLocked(d)
}

// move moves the time whether somebody waits or not.
func (c *fakeClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moveLocked(d)
}

func (c *fakeClock) moveLocked(d time.Duration) {
	c.now = c.now.Add(d)
	c.waiting = slices.DeleteFunc(c.waiting, func(w waiter) bool {
		if w.at.After(c.now) {
			return false
		}
		w.c <- c.now
		return true
	})
}

// freeClock passes a while whenever somebody waits.
type freeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *freeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *freeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	out := make(chan time.Time, 1)
	out <- c.now
	return out
}

// world is a log with a catalog.
type world struct {
	t   *testing.T
	db  *log.DB
	cat *catalog.Catalog
}

func newWorld(t *testing.T) *world {
	cat := catalog.New()
	return &world{t, logtest.Open(t, logtest.WithParts(cat)), cat}
}

// stream creates a stream with a topic of its own; options are name, value, …
func (w *world) stream(name string, partitions int32, options ...string) *catalog.Relation {
	w.t.Helper()
	rel := &catalog.Relation{
		Schema: "public", Name: name, Kind: catalog.KindStream, TimestampColumn: -1, Format: catalog.Format{Name: "json"},
		Options: map[string]string{"connector": "nexmark"}, TopicName: name,
	}
	copy(rel.Topic[:], name)
	for i := 0; i < len(options); i += 2 {
		rel.Options[options[i]] = options[i+1]
	}
	_, err := w.cat.Run(w.t.Context(), w.db, func(t *catalog.Txn) error {
		t.CreateTopic(log.Topic{ID: rel.Topic, Name: name, Partitions: partitions})
		t.Put(rel)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return rel
}

func (w *world) drop(rel *catalog.Relation) {
	w.t.Helper()
	_, err := w.cat.Run(w.t.Context(), w.db, func(t *catalog.Txn) error {
		t.Drop(rel.OID)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// values of a partition, in offset order.
func (w *world) values(rel *catalog.Relation, partition int32) (out []string) {
	w.t.Helper()
	p := log.Partition{Topic: rel.Topic, Index: partition}
	for offset := int64(0); ; {
		var res log.FetchResult
		err := w.db.Fetch(w.t.Context(), []log.PartitionRead{{Partition: p, Offset: offset, MaxBytes: 1 << 20}}, log.Budget{MaxBytes: 1 << 20}, &res)
		if err = errors.Join(err, res.Partitions[0].Err); err != nil {
			w.t.Fatal(err)
		}
		raw := res.Partitions[0].RecordBatches
		if len(raw) == 0 {
			res.Release()
			return out
		}
		for len(raw) > 0 {
			h, one, rest, err := recordbatch.Verify(raw)
			if err != nil {
				w.t.Fatal(err)
			}
			var r recordbatch.Reader
			if err := r.Reset(one, 64<<20); err != nil {
				w.t.Fatal(err)
			}
			for r.Next() {
				out = append(out, string(r.Record().Value))
			}
			r.Release()
			offset, raw = h.LastOffset()+1, rest
		}
		res.Release()
	}
}

// reaches waits until the source of rel has made the events before number.
func (w *world) reaches(rel *catalog.Relation, number int64) {
	w.t.Helper()
	filter := log.Filter{Topics: []log.TopicFilter{{Topic: rel.Topic}}}
	for {
		at := w.db.Touched(filter, 1<<62)
		if _, n := w.db.Progress(ProgressName(rel.OID)); n >= number {
			return
		}
		if _, err := w.db.Wait(w.t.Context(), filter, at); err != nil {
			w.t.Fatal(err)
		}
	}
}

// want are the flat forms of the events of table in [0, n).
func want(t *testing.T, c nexmark.Config, table nexmark.Table, n int64) (out []string) {
	t.Helper()
	g, err := nexmark.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var e nexmark.Event
	for i := range n {
		if g.At(i, &e); table.Has(e.Kind) {
			out = append(out, string(e.AppendFlat(nil)))
		}
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: record %d\n got %s\nwant %s", what, i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d records, want %d", what, len(got), len(want))
	}
}

// TestAllTables: three streams of one seed are the tables of one auction site, to the last event.
func TestAllTables(t *testing.T) {
	w := newWorld(t)
	r := New(Config{Log: w.db, Catalog: w.cat, Clock: &freeClock{}, MaxRecordBatch: 64 << 10})
	defer r.Close()
	var streams []*catalog.Relation
	for _, table := range []string{"bid", "auction", "person"} {
		rel := w.stream(table, 1, "table", table, "seed", "4", "rate", "100000", "events", "20000")
		streams = append(streams, rel)
		if err := r.Start(rel); err != nil {
			t.Fatal(err)
		}
	}
	for _, rel := range streams {
		<-r.running[rel.OID].done // the end of the events ends the source
		c := nexmark.Config{Seed: 4, Rate: 100_000}
		same(t, rel.Name, w.values(rel, 0), want(t, c, nexmark.Table(rel.Name), 20_000))
	}
}

func TestPace(t *testing.T) {
	w, clock := newWorld(t), newClock()
	rel := w.stream("bid", 1, "table", "bid", "rate", "1000")
	r := New(Config{Log: w.db, Catalog: w.cat, Clock: clock})
	defer r.Close()
	if err := r.Start(rel); err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	for _, d := range []time.Duration{tick, tick, 10 * time.Second, tick, time.Minute} {
		clock.step(d)
		at += int64(d / time.Millisecond)
		w.reaches(rel, at)
		if _, n := w.db.Progress(ProgressName(rel.OID)); n != at {
			t.Fatalf("%d events after the clock moved by %v, want %d", n, d, at)
		}
	}
	same(t, "bid", w.values(rel, 0), want(t, nexmark.Config{Rate: 1000}, nexmark.TableBid, at))
}

// TestRestarts stops and starts again at odd places; four partitions together hold every event once.
func TestRestarts(t *testing.T) {
	w := newWorld(t)
	rel := w.stream("bid", 4, "table", "bid", "rate", "777", "events", "6000", "base_time", "2020-01-01")
	for n := int64(1); n <= 6000; n += 733 {
		r := New(Config{Log: w.db, Catalog: w.cat, Clock: &freeClock{}})
		r.Restart()
		w.reaches(rel, n)
		r.Close()
	}
	r := New(Config{Log: w.db, Catalog: w.cat, Clock: &freeClock{}})
	r.Restart()
	<-r.running[rel.OID].done
	r.Close()
	source, err := newSource(&Config{Log: w.db, Catalog: w.cat}, rel)
	if err != nil {
		t.Fatal(err)
	}
	wants := make([][]string, 4)
	var e nexmark.Event
	for i := range int64(6000) {
		if source.gen.At(i, &e); e.Kind == nexmark.Bid {
			p := source.partition(i)
			wants[p] = append(wants[p], string(e.AppendFlat(nil)))
		}
	}
	for p := range wants {
		if len(wants[p]) < 1000 {
			t.Errorf("partition %d has only %d of the bids", p, len(wants[p]))
		}
		same(t, fmt.Sprint("partition ", p), w.values(rel, int32(p)), wants[p])
	}
}

// shakyLog refuses entries now and then, and now and then says so of one that was taken.
type shakyLog struct {
	log.Log
	rand               *rand.Rand
	refused, misstated int
}

type failedEntry struct{ done chan struct{} }

func (f failedEntry) Done() <-chan struct{}         { return f.done }
func (f failedEntry) Result() (log.Appended, error) { return log.Appended{}, log.ErrUnavailable }

func (l *shakyLog) Append(e *log.Entry) log.Pending {
	failed := failedEntry{make(chan struct{})}
	close(failed.done)
	switch l.rand.IntN(3) {
	case 0:
		l.refused++
		return failed
	case 1:
		<-l.Log.Append(e).Done()
		l.misstated++
		return failed
	}
	return l.Log.Append(e)
}

func TestUnknownOutcomes(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(t)
		shaky := &shakyLog{Log: w.db, rand: rand.New(rand.NewPCG(seed, 1))}
		rel := w.stream("bid", 1, "table", "bid", "rate", "1000", "events", "3000", "seed", "8")
		r := New(Config{Log: shaky, Catalog: w.cat, Clock: &freeClock{}})
		if err := r.Start(rel); err != nil {
			t.Fatal(err)
		}
		<-r.running[rel.OID].done
		r.Close()
		if shaky.refused == 0 || shaky.misstated == 0 {
			t.Fatalf("seed %d: %d refused, %d misstated", seed, shaky.refused, shaky.misstated)
		}
		same(t, fmt.Sprint("seed ", seed), w.values(rel, 0), want(t, nexmark.Config{Seed: 8, Rate: 1000}, nexmark.TableBid, 3000))
	}
}

// TestTwoSources: two runtimes that fill one stream, as a stopped server's and its successor's
// might for a moment, write every event once.
func TestTwoSources(t *testing.T) {
	w := newWorld(t)
	rel := w.stream("bid", 1, "table", "bid", "rate", "5000", "events", "4000")
	var all []*Runtime
	for range 2 {
		r := New(Config{Log: w.db, Catalog: w.cat, Clock: &freeClock{}})
		r.Restart()
		defer r.Close()
		all = append(all, r)
	}
	for _, r := range all {
		<-r.running[rel.OID].done
	}
	same(t, "bid", w.values(rel, 0), want(t, nexmark.Config{Rate: 5000}, nexmark.TableBid, 4000))
}

func TestDrop(t *testing.T) {
	w, clock := newWorld(t), newClock()
	r := New(Config{Log: w.db, Catalog: w.cat, Clock: clock})
	defer r.Close()
	kept, gone := w.stream("kept", 1, "table", "bid"), w.stream("gone", 1, "table", "bid")
	for _, rel := range []*catalog.Relation{kept, gone, gone} { // starting twice changes nothing
		if err := r.Start(rel); err != nil {
			t.Fatal(err)
		}
	}
	r.Drop(gone.OID)
	w.drop(gone)
	for n := int64(0); n == 0; _, n = w.db.Progress(ProgressName(kept.OID)) {
		clock.step(tick)
	}
	if _, n := w.db.Progress(ProgressName(gone.OID)); n != 0 {
		t.Errorf("a dropped stream got %d events", n)
	}
	// A stream that is gone ends its source without being told.
	h := r.running[kept.OID]
	w.drop(kept)
	for ended := false; !ended; {
		select {
		case <-h.done:
			ended = true
		default:
			clock.move(tick)
		}
	}
	r.Drop(kept.OID)
	r.Drop(12345)
}

func TestCheck(t *testing.T) {
	good := func() *catalog.Relation {
		return &catalog.Relation{Kind: catalog.KindStream, Format: catalog.Format{Name: "json"},
			Options: map[string]string{"connector": "nexmark", "table": "bid"}}
	}
	if err := Check(good()); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*catalog.Relation){
		"22023 unknown connector":               func(r *catalog.Relation) { r.Options["connector"] = "datagen" },
		"22023 invalid value for option \"rate": func(r *catalog.Relation) { r.Options["rate"] = "fast" },
		"22023 invalid value for option \"tabl": func(r *catalog.Relation) { delete(r.Options, "table") },
		"0A000 connector nexmark with format c": func(r *catalog.Relation) { r.Format.Name = "csv" },
		"0A000 connector nexmark with a key":    func(r *catalog.Relation) { r.Format.Key = []string{"auction"} },
	} {
		rel := good()
		change(rel)
		err := Check(rel)
		if err == nil || !strings.HasPrefix(string(sqlerr.CodeOf(err))+" "+err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if cols, ok := Columns("nexmark", "bid"); !ok || len(cols) != 7 || cols[5].Name != "date_time" {
		t.Errorf("%v, %v", cols, ok)
	}
	for _, no := range [][2]string{{"nexmark", "all"}, {"nexmark", ""}, {"kafka", "bid"}} {
		if _, ok := Columns(no[0], no[1]); ok {
			t.Errorf("%v has columns", no)
		}
	}
}

func TestStartWithoutTopic(t *testing.T) {
	w := newWorld(t)
	r := New(Config{Log: w.db, Catalog: w.cat, Clock: newClock()})
	defer r.Close()
	rel := w.stream("bid", 1, "table", "bid")
	other := *rel
	other.Topic = log.TopicID(bytes.Repeat([]byte{1}, 16))
	if err := r.Start(&other); !errors.Is(err, log.ErrUnknownTopic) {
		t.Error(err)
	}
	plain := *rel
	plain.Options = nil
	if err := r.Start(&plain); err != nil || len(r.running) != 0 {
		t.Errorf("a stream without a connector: %v, %d running", err, len(r.running))
	}
}
