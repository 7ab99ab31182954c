package log_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

func topicFilter(ids ...log.TopicID) log.Filter {
	var f log.Filter
	for _, id := range ids {
		f.Topics = append(f.Topics, log.TopicFilter{Topic: id})
	}
	return f
}

// collector is a follower that keeps what it was given: the notes, or what it reads from the
// log in their place.
type collector struct {
	db     *log.DB // to read from; nil = notes only
	topic  log.TopicID
	before func(d *log.Delivery) error // may wait, or fail

	mu    sync.Mutex
	notes []string
	reads int // deliveries without notes
	seqs  []log.CommitSeq
}

func (c *collector) Apply(ctx context.Context, d *log.Delivery) error {
	if c.before != nil {
		if err := c.before(d); err != nil {
			return err
		}
	}
	var got []string
	for _, n := range d.Notes {
		got = append(got, fmt.Sprint(n))
	}
	if d.Notes == nil {
		if c.db == nil {
			return errors.New("a delivery without notes")
		}
		values, err := readRange(ctx, c.db, c.topic, d.After, d.Seq)
		if err != nil {
			return err
		}
		got = values
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.seqs); d.After >= d.Seq || n > 0 && d.After < c.seqs[n-1] {
		return fmt.Errorf("delivery (%d, %d] after %v", d.After, d.Seq, c.seqs)
	}
	c.seqs = append(c.seqs, d.Seq)
	c.notes = append(c.notes, got...)
	if d.Notes == nil {
		c.reads++
	}
	return nil
}

func (c *collector) last() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.notes)
}

// readRange is the values of a topic's records that became visible in (after, to].
func readRange(ctx context.Context, db *log.DB, topic log.TopicID, after, to log.CommitSeq) (out []string, err error) {
	r, err := db.Changes(ctx, after, to, topicFilter(topic))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var res log.ChangeResult
	for more := true; more; {
		if more, err = r.Next(ctx, log.Budget{MaxBytes: 1 << 20}, &res); err != nil {
			return nil, err
		}
		for _, run := range res.Runs {
			out = append(out, valuesOf(run.RecordBatch)...)
		}
		res.Runs = res.Runs[:0]
	}
	return out, nil
}

// yield lets others run first, many times.
func yield() {
	for range 200 {
		runtime.Gosched()
	}
}

func valuesOf(raw []byte) (out []string) {
	var r recordbatch.Reader
	if err := r.Reset(raw, 1<<20); err != nil {
		return []string{err.Error()}
	}
	for r.Next() {
		out = append(out, string(r.Record().Value))
	}
	return out
}

// A follower sees every entry of its topics once and in order, whatever its pace, whether its
// notes fit or it reads the log, and whoever waits for v finds it at v.
func TestFollowersSeeEverything(t *testing.T) {
	for _, backlog := range []int64{0, 200, -1} {
		t.Run(fmt.Sprint(backlog), func(t *testing.T) {
			db := logtest.Open(t)
			mine, other := logtest.CreateTopic(t, db, "mine", 1), logtest.CreateTopic(t, db, "other", 1)
			logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(mine, 0), RecordBatches: batchOf(t, "before")}}, Note: "before"})
			rng := rand.New(rand.NewPCG(5, uint64(backlog)))
			var slow atomic.Bool
			c := &collector{db: db, topic: mine, before: func(*log.Delivery) error {
				if slow.Load() {
					yield()
				}
				return nil
			}}
			f := db.Follow(log.FollowConfig{Name: "test", Filter: topicFilter(mine), Backlog: backlog}, c)
			want := []string{"before"}
			for i := range 300 {
				slow.Store(i%100 > 50)
				topic := mine
				if rng.IntN(3) == 0 {
					topic = other
				}
				value := fmt.Sprint(i)
				r := logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(topic, 0), RecordBatches: batchOf(t, value)}}, Note: value})
				if topic == mine {
					want = append(want, value)
				}
				if rng.IntN(20) == 0 {
					if err := f.Reached(ctx, r.Seq); err != nil {
						t.Fatal(err)
					}
					equal(t, "delivered", c.last(), want)
					if log.PositionOf(f) < r.Seq {
						t.Fatalf("at %d after %d was reached", log.PositionOf(f), r.Seq)
					}
				}
			}
			if err := f.Reached(ctx, newest(t, db)); err != nil {
				t.Fatal(err)
			}
			equal(t, "delivered", c.last(), want)
			if backlog < 0 && c.reads != len(c.seqs) {
				t.Errorf("%d of %d deliveries had no notes, want all", c.reads, len(c.seqs))
			}
			if backlog == 0 && c.reads != 1 { // what was there before it began
				t.Errorf("%d deliveries without notes, want 1", c.reads)
			}
		})
	}
}

// Commits that touch nobody's topic are reached at once and wake no follower.
func TestQuietFollowers(t *testing.T) {
	db := logtest.Open(t)
	quiet, loud := logtest.CreateTopic(t, db, "quiet", 1), logtest.CreateTopic(t, db, "loud", 1)
	c := &collector{}
	f := db.Follow(log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(quiet)}, c)
	for range 50 {
		logtest.Values(t, db, part(loud, 0), "x")
	}
	now, end := context.WithCancel(ctx)
	end() // nothing may have to be waited for
	if err := f.Reached(now, newest(t, db)); err != nil {
		t.Fatal(err)
	}
	if len(c.seqs) > 0 {
		t.Errorf("delivered: %v", c.seqs)
	}
}

// A follower that fails, or panics, ends alone: who waits for it is told, the log and others go
// on. One that is stopped is given nothing more.
func TestFollowersFailAlone(t *testing.T) {
	db := logtest.Open(t)
	id := logtest.CreateTopic(t, db, "t", 1)
	cfg := log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(id)}
	broken := errors.New("broken")
	bad := db.Follow(cfg, &collector{before: func(*log.Delivery) error { return broken }})
	panics := db.Follow(cfg, &collector{before: func(*log.Delivery) error { panic("a bug") }})
	good := &collector{}
	fine := db.Follow(cfg, good)
	stopped := &collector{}
	if err := db.Follow(cfg, stopped).Stop(ctx); err != nil {
		t.Fatal(err)
	}
	var then atomic.Int64
	for i := range 3 {
		r := logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "x")}}, Note: i})
		bad.Then(r.Seq, func() { then.Add(1) })
		if err := bad.Reached(ctx, r.Seq); !errors.Is(err, broken) {
			t.Fatalf("got %v, want the follower's error", err)
		}
		if err := panics.Reached(ctx, r.Seq); err == nil {
			t.Fatal("no error from a follower that panicked")
		}
		if err := fine.Reached(ctx, r.Seq); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "delivered", good.last(), []string{"0", "1", "2"})
	if n := then.Load(); n != 3 {
		t.Errorf("%d calls of Then's functions, want 3", n)
	}
	if len(stopped.last()) > 0 {
		t.Errorf("a stopped follower was given %v", stopped.last())
	}
}

// A wait ends with its context; the delivery goes on. Stop waits for it.
func TestFollowerWaits(t *testing.T) {
	db := logtest.Open(t)
	id := logtest.CreateTopic(t, db, "t", 1)
	begun, gate := make(chan struct{}), make(chan struct{})
	c := &collector{before: func(*log.Delivery) error { close(begun); <-gate; return nil }}
	f := db.Follow(log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(id)}, c)
	r := logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "x")}}, Note: "x"})
	<-begun // the commit is acknowledged though its follower stands
	if err := f.Reached(ctx, r.Seq-1); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if err := f.Reached(short, r.Seq); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if err := f.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Stop during a delivery: %v", err)
	}
	close(gate)
	if err := f.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	equal(t, "delivered", c.last(), []string{"x"})
	if err := f.Reached(ctx, r.Seq); !errors.Is(err, log.ErrClosed) {
		t.Errorf("after Stop: %v, want ErrClosed", err)
	}
}

// Closing the log lets followers take what was committed, and ends later ones at once.
func TestFollowersAtClose(t *testing.T) {
	db := logtest.Open(t)
	id := logtest.CreateTopic(t, db, "t", 1)
	cfg := log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(id)}
	c := &collector{before: func(*log.Delivery) error { yield(); return nil }}
	f := db.Follow(cfg, c)
	var want []string
	for i := range 30 {
		logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "x")}}, Note: i})
		want = append(want, fmt.Sprint(i))
	}
	v := newest(t, db)
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	equal(t, "delivered", c.last(), want)
	for _, f := range []log.Following{f, db.Follow(cfg, c)} {
		if err := f.Reached(ctx, v+1); !errors.Is(err, log.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

// again counts deliveries of nothing, and collects the others.
type again struct {
	collector
	nothing atomic.Int64
}

func (a *again) Apply(ctx context.Context, d *log.Delivery) error {
	if d.After == d.Seq {
		a.nothing.Add(1)
		return nil
	}
	return a.collector.Apply(ctx, d)
}

// A follower that asks to be called again is, behind all that it was given, and misses nothing for it.
func TestFollowersAgain(t *testing.T) {
	for _, backlog := range []int64{0, -1} {
		db := logtest.Open(t)
		id := logtest.CreateTopic(t, db, "t", 1)
		c := &again{collector: collector{db: db, topic: id, before: func(*log.Delivery) error { yield(); return nil }}}
		f := db.Follow(log.FollowConfig{Name: "test", After: newest(t, db), Filter: topicFilter(id), Backlog: backlog}, c)
		f.Again()
		for c.nothing.Load() == 0 {
			runtime.Gosched()
		}
		var want []string
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 200 {
				f.Again()
				runtime.Gosched()
			}
		})
		for i := range 200 {
			value := fmt.Sprint(i)
			r := logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, value)}}, Note: value})
			want = append(want, value)
			if i%20 == 0 {
				if err := f.Reached(ctx, r.Seq); err != nil {
					t.Fatal(err)
				}
				equal(t, "delivered", c.last(), want)
			}
		}
		wg.Wait()
		if err := f.Reached(ctx, newest(t, db)); err != nil {
			t.Fatal(err)
		}
		equal(t, "delivered", c.last(), want)
	}
}
