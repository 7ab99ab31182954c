package log_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

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
