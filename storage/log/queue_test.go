package log_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// slowFirst holds the first segment's Put back.
type slowFirst struct {
	objstore.Store
	once    sync.Once
	entered chan struct{} // closed when the first Put has come
	gate    chan struct{} // it goes on when this is closed
	err     error         // and fails with this
	written chan struct{} // one for each other Put that ended
}

func (s *slowFirst) Put(ctx context.Context, key string, parts [][]byte, cond objstore.Condition) (objstore.ObjectInfo, error) {
	if !strings.HasPrefix(key, "log/") {
		return s.Store.Put(ctx, key, parts, cond)
	}
	first := false
	s.once.Do(func() { first = true })
	if first {
		close(s.entered)
		<-s.gate
		if s.err != nil {
			return objstore.ObjectInfo{}, s.err
		}
	}
	info, err := s.Store.Put(ctx, key, parts, cond)
	if !first {
		s.written <- struct{}{}
	}
	return info, err
}

// TestUploadsOverlap: a slow upload holds later groups back but not their uploads; when it
// ends they are committed in seal order; when it fails, it fails alone.
func TestUploadsOverlap(t *testing.T) {
	for _, failure := range []error{nil, errors.New("500")} {
		slow := &slowFirst{Store: objstore.NewMem(), err: failure,
			entered: make(chan struct{}), gate: make(chan struct{}), written: make(chan struct{}, 10)}
		db := logtest.Open(t, logtest.WithLimits(log.Limits{InlineBytes: -1, FlushBytes: 1, FlushInterval: time.Hour}),
			func(cfg *log.Config) { cfg.Objects = slow })
		id := logtest.CreateTopic(t, db, "t", 1)
		appendOne := func(value string) log.Pending {
			return db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, value)}}})
		}
		results := []log.Pending{appendOne("slow")}
		<-slow.entered
		for i := range 3 {
			results = append(results, appendOne(fmt.Sprint("v", i)))
			<-slow.written
		}
		for i, p := range results {
			select {
			case <-p.Done():
				t.Fatalf("entry %d was answered before the group in front of it was durable", i)
			default:
			}
		}
		close(slow.gate)
		last := log.CommitSeq(0)
		for i, p := range results {
			<-p.Done()
			r, err := p.Result()
			if failed := i == 0 && failure != nil; failed != errors.Is(err, log.ErrUnavailable) {
				t.Fatalf("entry %d: %v", i, err)
			}
			if err == nil && r.Seq < last {
				t.Fatalf("entry %d is in commit %d, the one before in %d", i, r.Seq, last)
			}
			last = max(last, r.Seq)
		}
		want := []string{"0=slow", "1=v0", "2=v1", "3=v2"}
		if failure != nil {
			want = []string{"0=v0", "1=v1", "2=v2"}
		}
		equal(t, "log", fetchAll(t, db, part(id, 0), 1000), want)
	}
}

// manualClock moves when told.
// retentionInterval is one that no other timer has.
const retentionInterval = 23 * time.Hour

type manualClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[chan time.Time]time.Time
	armed  chan time.Duration
}

var _ clock.Clock = (*manualClock)(nil)

func newManualClock() *manualClock {
	return &manualClock{now: time.UnixMilli(1_000_000), timers: map[chan time.Time]time.Time{}, armed: make(chan time.Duration, 100)}
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	ch := make(chan time.Time, 1)
	c.timers[ch] = c.now.Add(d)
	c.mu.Unlock()
	if d != retentionInterval {
		c.armed <- d
	}
	return ch
}

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, at := range c.timers {
		if !at.After(c.now) {
			ch <- c.now
			delete(c.timers, ch)
		}
	}
}

// TestFlushInterval: the first small group after idle goes at once, later entries wait for the
// interval of their group together, and commit times and rolls follow the injected clock.
func TestFlushInterval(t *testing.T) {
	const interval = 100 * time.Millisecond
	c := newManualClock()
	db := logtest.Open(t, logtest.WithLimits(log.Limits{FlushInterval: interval, RollInterval: time.Minute, RetentionInterval: retentionInterval, LevelInterval: retentionInterval}),
		func(cfg *log.Config) { cfg.Clock = c })
	c.advance(interval)
	id := logtest.CreateTopic(t, db, "t", 1) // after idle: at once
	entry := func() *log.Entry {
		return &log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "x")}}}
	}
	one, two := db.Append(entry()), db.Append(entry())
	if d := <-c.armed; d != interval {
		t.Fatalf("flush timer of %v", d)
	}
	select {
	case <-one.Done():
		t.Fatal("committed before the interval")
	default:
	}
	c.advance(interval)
	<-one.Done()
	<-two.Done()
	a, errA := one.Result()
	b, errB := two.Result()
	if errA != nil || errB != nil || a.Seq != b.Seq {
		t.Fatalf("commits %d and %d, %v, %v", a.Seq, b.Seq, errA, errB)
	}
	if got := db.CommitTime(a.Seq); !got.Equal(c.Now()) {
		t.Fatalf("commit time %v, the clock says %v", got, c.Now())
	}
	if d := <-c.armed; d != time.Minute {
		t.Fatalf("roll timer of %v", d)
	}
	c.advance(time.Minute)
	for db.Stats().InlineBytes > 0 { // the swap is the first small group after idle
		if _, err := db.Wait(ctx, log.Filter{}, a.Seq); err != nil {
			t.Fatal(err)
		}
	}
	if db.Stats().Rolls == 0 && db.Stats().RolledBytes == 0 {
		t.Fatal("nothing was rolled")
	}
}

// TestRollFails: while segments cannot be written inline bytes grow to their limit and no
// further; once they can, appends go on and nothing is lost.
func TestRollFails(t *testing.T) {
	c := newManualClock()
	objects := objstoretest.NewFaulty(objstore.NewMem())
	db := logtest.Open(t, logtest.WithLimits(log.Limits{RollBytes: 1000, MaxInlineBytes: 3000}),
		func(cfg *log.Config) { cfg.Clock, cfg.Objects = c, objects })
	id := logtest.CreateTopic(t, db, "t", 1)
	objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "seg/", Err: errors.New("disk full")})
	var want []string
	send := func() error {
		value := fmt.Sprint("v", len(want))
		p := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, value)}}})
		<-p.Done()
		_, err := p.Result()
		if err == nil {
			want = append(want, fmt.Sprintf("%d=%s", len(want), value))
		}
		return err
	}
	var err error
	for err == nil && len(want) < 1000 {
		err = send()
	}
	if !errors.Is(err, log.ErrUnavailable) {
		t.Fatalf("after %d records: %v, want ErrUnavailable", len(want), err)
	}
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), want)
	objects.Heal()
	at := newest(t, db)
	for db.Stats().InlineBytes > 1000 {
		c.advance(time.Second)
		if at, err = db.Wait(ctx, log.Filter{}, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), want)
}
