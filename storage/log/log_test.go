package log_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

func TestAppendAndFetch(t *testing.T) {
	db := logtest.Open(t)
	id := logtest.CreateTopic(t, db, "orders", 2)
	for i := range 5 {
		r := logtest.Values(t, db, part(id, 0), fmt.Sprint("a", i), fmt.Sprint("b", i))
		if r.BaseOffsets[0] != int64(2*i) || r.AppendTimes[0] != -1 || r.Duplicate[0] {
			t.Fatalf("append %d: %+v", i, r)
		}
	}
	want := []string{"0=a0", "1=b0", "2=a1", "3=b1", "4=a2", "5=b2", "6=a3", "7=b3", "8=a4", "9=b4"}
	for _, maxBytes := range []int{1, 100, 1 << 20} {
		equal(t, fmt.Sprint("fetch by ", maxBytes), fetchAll(t, db, part(id, 0), maxBytes), want)
	}
	ends, err := db.Ends(ctx, []log.Partition{part(id, 0), part(id, 1)}, true)
	if err != nil || ends[0].HighWatermark != 10 || ends[0].LastStableOffset != 10 || ends[1].HighWatermark != 0 {
		t.Fatalf("ends = %+v, %v", ends, err)
	}
	if _, err := db.Ends(ctx, []log.Partition{part(id, 2)}, false); !errors.Is(err, log.ErrUnknownTopic) {
		t.Fatalf("got %v, want ErrUnknownTopic", err)
	}
}

// TestFetchSizes: KIP-74. The first partition with records gives at least one record batch,
// later ones only what the budget leaves; unknown and out of range answer for themselves.
func TestFetchSizes(t *testing.T) {
	db := logtest.Open(t)
	id := logtest.CreateTopic(t, db, "t", 4)
	batch := batchOf(t, "0123456789")
	for _, p := range []int32{1, 1, 2} {
		logtest.Append(t, db, &log.Entry{Appends: []log.Append{{Partition: part(id, p), RecordBatches: batchOf(t, "0123456789")}}})
	}
	size := len(batch)
	read := func(budget int, sizes ...int) (got []int) {
		var req []log.PartitionRead
		for i, n := range sizes {
			req = append(req, log.PartitionRead{Partition: part(id, int32(i)), MaxBytes: n})
		}
		var r log.FetchResult
		defer func() { r.Release() }()
		if err := db.Fetch(ctx, req, log.Budget{MaxBytes: budget}, &r); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Partitions {
			if p.Err != nil {
				t.Fatal(p.Err)
			}
			got = append(got, len(p.RecordBatches)/size)
		}
		return got
	}
	equal(t, "all fit", read(10*size, 10*size, 10*size, 10*size), []int{0, 2, 1})
	equal(t, "tiny", read(1, 1, 1, 1), []int{0, 1, 0})
	equal(t, "partition limit", read(10*size, size, size, size), []int{0, 1, 1})
	equal(t, "budget ends", read(2*size, 10*size, 10*size, 10*size), []int{0, 2, 0})

	var r log.FetchResult
	err := db.Fetch(ctx, []log.PartitionRead{
		{Partition: part(log.TopicID{9}, 0)}, {Partition: part(id, 1), Offset: 3}, {Partition: part(id, 1), Offset: -1},
		{Partition: part(id, 1), Offset: 2, MaxBytes: 100}, {Partition: part(id, 1), Offset: 1, MaxBytes: 1000},
	}, log.Budget{MaxBytes: 1000}, &r)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for i, want := range []error{log.ErrUnknownTopic, log.ErrOffsetOutOfRange, log.ErrOffsetOutOfRange, nil, nil} {
		if !errors.Is(r.Partitions[i].Err, want) {
			t.Errorf("read %d: %v, want %v", i, r.Partitions[i].Err, want)
		}
	}
	if r.Partitions[1].HighWatermark != 2 || len(r.Partitions[3].RecordBatches) != 0 {
		t.Errorf("ends missing or bytes at the end: %+v", r.Partitions)
	}
	equal(t, "last", decode(t, r.Partitions[4].RecordBatches), []string{"1=0123456789"})
}

// TestEntriesFailAlone: a refused entry in the middle of a commit changes nothing and takes no
// offsets from its neighbours.
func TestEntriesFailAlone(t *testing.T) {
	m := newMachine(t, log.Limits{})
	gate := newGate()
	m.wrap = gate.wrap
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	gate.hold()
	first := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "first")}}})
	gate.waitHeld()
	entry := func(value string, conds []log.Condition, changes ...log.Change) *log.Entry {
		return &log.Entry{Conds: conds, Changes: changes,
			Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, value)}}}
	}
	var results []log.Pending
	for _, e := range []*log.Entry{
		entry("one", []log.Condition{log.ProgressIs("sink", 0)}, log.ProgressChange("sink", 7, 70)),
		entry("no: progress is 7 now", []log.Condition{log.ProgressIs("sink", 0)}, log.ProgressChange("sink", 8, 0)),
		entry("two", []log.Condition{log.ProgressIs("sink", 7)}, log.ProgressChange("sink", 9, 90)),
		entry("no: topic is there", []log.Condition{log.TopicAbsent("t")}),
		entry("no: second append to nowhere", nil),
		entry("three", []log.Condition{log.TopicAbsent("u")}, log.CreateTopicChange(log.Topic{ID: log.TopicID{5}, Name: "u", Partitions: 1})),
		entry("no: u was made just now", nil, log.CreateTopicChange(log.Topic{ID: log.TopicID{6}, Name: "u", Partitions: 1})),
		entry("no: unknown kind", nil, log.Change{Kind: 99}),
		entry("no: not from outside", nil, log.Change{Kind: log.KindSwap}),
		{Appends: []log.Append{{Partition: part(log.TopicID{5}, 0), RecordBatches: batchOf(t, "into u")}}},
		{Appends: []log.Append{{Partition: part(log.TopicID{6}, 0), RecordBatches: batchOf(t, "into nothing")}}},
	} {
		if len(results) == 4 {
			e.Appends = append(e.Appends, log.Append{Partition: part(id, 1), RecordBatches: batchOf(t, "x")})
		}
		results = append(results, db.Append(e))
	}
	gate.release()
	<-first.Done()
	wants := []error{nil, log.ErrCondition, nil, log.ErrTopicExists, log.ErrUnknownTopic, nil, log.ErrTopicExists,
		log.ErrInvalidRecord, log.ErrInvalidRecord, nil, log.ErrUnknownTopic}
	seqs := map[log.CommitSeq]bool{}
	for i, p := range results {
		<-p.Done()
		r, err := p.Result()
		if !errors.Is(err, wants[i]) {
			t.Errorf("entry %d: %v, want %v", i, err, wants[i])
		}
		if err == nil {
			seqs[r.Seq] = true
		}
	}
	if len(seqs) != 1 {
		t.Errorf("entries were spread over commits %v: the test shows nothing", seqs)
	}
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), []string{"0=first", "1=one", "2=two", "3=three"})
	equal(t, "u", fetchAll(t, db, part(log.TopicID{5}, 0), 1000), []string{"0=into u"})
	if seq, number := db.Progress("sink"); seq != 9 || number != 90 {
		t.Errorf("progress = %d, %d", seq, number)
	}
	db = m.restart()
	equal(t, "after a restart", fetchAll(t, db, part(id, 0), 1000), []string{"0=first", "1=one", "2=two", "3=three"})
}

func TestTopics(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	b := log.Topic{ID: log.TopicID{2}, Name: "b", Partitions: 3, Internal: true, Configs: map[string]string{"cleanup.policy": "compact"}}
	a := log.Topic{ID: log.TopicID{1}, Name: "a", Partitions: 1}
	logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.CreateTopicChange(b), log.CreateTopicChange(a)}})
	check := func() {
		t.Helper()
		if got := fmt.Sprint(db.Topics()); got != fmt.Sprint([]log.Topic{a, b}) {
			t.Fatalf("topics = %s", got)
		}
	}
	check()
	db = m.restart()
	check()
	logtest.Values(t, db, part(b.ID, 0), "x")
	logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.DeleteTopicChange(b.ID)}})
	if _, ok := db.TopicByName("b"); ok {
		t.Fatal("deleted topic is still there by name")
	}
	if _, ok := db.TopicByID(b.ID); ok {
		t.Fatal("deleted topic is still there by id")
	}
	again := b
	again.ID = log.TopicID{3}
	logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.CreateTopicChange(again)}})
	if ends, err := db.Ends(ctx, []log.Partition{part(again.ID, 0)}, false); err != nil || ends[0].HighWatermark != 0 {
		t.Fatalf("a new topic of an old name begins with %v, %v", ends, err)
	}
	p := db.Append(&log.Entry{Changes: []log.Change{log.DeleteTopicChange(b.ID)}})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrUnknownTopic) {
		t.Fatalf("got %v, want ErrUnknownTopic", err)
	}
}

func TestWaitIsFiltered(t *testing.T) {
	db := logtest.Open(t)
	one, two := logtest.CreateTopic(t, db, "one", 2), logtest.CreateTopic(t, db, "two", 1)
	after := newest(t, db)
	woken := make(chan log.CommitSeq, 1)
	go func() {
		v, err := db.Wait(ctx, log.Filter{Topics: []log.TopicFilter{{Topic: one, Partitions: []int32{1}}}}, after)
		if err != nil {
			t.Error(err)
		}
		woken <- v
	}()
	logtest.Values(t, db, part(two, 0), "x")
	logtest.Values(t, db, part(one, 0), "x")
	select {
	case v := <-woken:
		t.Fatalf("woken at %d by another partition", v)
	default:
	}
	r := logtest.Values(t, db, part(one, 1), "x")
	if v := <-woken; v != r.Seq {
		t.Fatalf("woken at %d, want %d", v, r.Seq)
	}
	f := log.Filter{Topics: []log.TopicFilter{{Topic: one}}}
	if got := db.Touched(f, r.Seq-1); got != after+2 {
		t.Fatalf("touched = %d, want %d", got, after+2)
	}
	if got := db.Touched(f, after); got != 0 {
		t.Fatalf("touched = %d before anything", got)
	}
	short, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := db.Wait(short, f, r.Seq); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
}

func TestLogAppendTime(t *testing.T) {
	db := logtest.Open(t)
	id := log.TopicID{1}
	logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.CreateTopicChange(log.Topic{ID: id, Name: "t", Partitions: 1,
		Configs: map[string]string{"message.timestamp.type": "LogAppendTime"}})}})
	before := time.Now().UnixMilli()
	r := logtest.Values(t, db, part(id, 0), "a", "b")
	if r.AppendTimes[0] < before || r.AppendTimes[0] > time.Now().UnixMilli() {
		t.Fatalf("append time %d, now %d", r.AppendTimes[0], before)
	}
	equal(t, "records", fetchAll(t, db, part(id, 0), 1000), []string{"0=a", "1=b"})
	offset, ms, found, err := db.OffsetForTime(ctx, part(id, 0), before, false)
	if err != nil || !found || offset != 0 || ms != r.AppendTimes[0] {
		t.Fatalf("offset for time = %d, %d, %v, %v", offset, ms, found, err)
	}
}

func TestProducerIDs(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	seen := map[int64]bool{}
	for range 3 {
		for range 1500 {
			id, err := db.NewProducerID(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if id < 1 || seen[id] {
				t.Fatalf("producer id %d twice", id)
			}
			seen[id] = true
		}
		db = m.restart()
	}
}

func TestAdmit(t *testing.T) {
	db := logtest.Open(t, logtest.WithLimits(log.Limits{InFlightBytes: 100}))
	release, err := db.Admit(ctx, "a", 1000) // more than all there is takes all there is
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := db.Admit(short, "a", 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("admitted past the budget: %v", err)
	}
	release()
	release() // once more is harmless
	if again, err := db.Admit(ctx, "a", 100); err != nil {
		t.Fatal(err)
	} else {
		again()
	}
	if n := db.Stats().InFlightBytes; n != 0 {
		t.Fatalf("%d bytes in flight after release", n)
	}
}

func TestInvalidEntries(t *testing.T) {
	db := logtest.Open(t, logtest.WithLimits(log.Limits{MaxEntryBytes: 10_000}))
	id := logtest.CreateTopic(t, db, "t", 1)
	good := batchOf(t, "x")
	for name, c := range map[string]struct {
		bytes []byte
		want  error
	}{
		"empty":     {nil, log.ErrInvalidRecord},
		"cut":       {good[:len(good)-1], log.ErrInvalidRecord},
		"garbage":   {[]byte("hello"), log.ErrInvalidRecord},
		"trailing":  {append(append([]byte{}, good...), 0), log.ErrInvalidRecord},
		"too large": {make([]byte, 0), log.ErrInvalidRecord},
	} {
		p := db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: c.bytes}}})
		<-p.Done()
		if _, err := p.Result(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	p := db.Append(&log.Entry{Changes: []log.Change{{Kind: log.KindCatalog, Payload: make([]byte, 10_001)}}})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestCloseAnswersEverything(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	var results []log.Pending
	for i := range 50 {
		results = append(results, db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, fmt.Sprint(i))}}}))
	}
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for i, p := range results {
		<-p.Done()
		if r, err := p.Result(); err != nil || r.BaseOffsets[0] != int64(i) {
			t.Fatalf("entry %d: %+v, %v", i, r, err)
		}
	}
	p := db.Append(&log.Entry{})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrClosed) {
		t.Fatalf("append after close: %v", err)
	}
	if _, err := db.Wait(ctx, log.Filter{}, 1000); !errors.Is(err, log.ErrClosed) {
		t.Fatalf("wait after close: %v", err)
	}
}
