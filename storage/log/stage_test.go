package log_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// stageModel is what two partitions must hold: values in the order of the commits.
type stageModel struct {
	*machine
	rng   *rand.Rand
	id    log.TopicID
	want  [2][]string
	open  []*stagedEntry
	next  int
	drops int
}

// stagedEntry is a Stage that is filled while others commit, with what it was given.
type stagedEntry struct {
	stage  *log.Stage
	values [2][]string
}

func (m *stageModel) value() string {
	m.next++
	return fmt.Sprintf("%d.%s", m.next, randomValue(m.rng, 1+m.rng.IntN(300)))
}

// some are appends of one or both partitions.
func (m *stageModel) some(into *[2][]string) (appends []log.Append) {
	for range 1 + m.rng.IntN(3) {
		k := m.rng.IntN(2)
		var values []string
		for range 1 + m.rng.IntN(3) {
			values = append(values, m.value())
		}
		into[k] = append(into[k], values...)
		appends = append(appends, log.Append{Partition: part(m.id, int32(k)), RecordBatches: batchOf(m.t, values...)})
	}
	return appends
}

func (m *stageModel) plain() {
	var values [2][]string
	logtest.Append(m.t, m.db, &log.Entry{Appends: m.some(&values)})
	m.take(&values)
}

func (m *stageModel) take(values *[2][]string) {
	for k := range values {
		m.want[k] = append(m.want[k], values[k]...)
	}
}

func (m *stageModel) stage() {
	if len(m.open) == 0 || m.rng.IntN(3) == 0 {
		m.open = append(m.open, &stagedEntry{stage: m.db.NewStage()})
	}
	e := m.open[m.rng.IntN(len(m.open))]
	if err := e.stage.Add(ctx, m.some(&e.values)); err != nil {
		m.t.Fatal(err)
	}
}

// pick takes one of the open stages away.
func (m *stageModel) pick() *stagedEntry {
	if len(m.open) == 0 {
		return nil
	}
	i := m.rng.IntN(len(m.open))
	e := m.open[i]
	m.open = slices.Delete(m.open, i, i+1)
	return e
}

func (m *stageModel) commit() {
	e := m.pick()
	if e == nil {
		return
	}
	if err := e.stage.Flush(ctx); err != nil {
		m.t.Fatal(err)
	}
	if m.rng.IntN(3) == 0 { // refused: nothing of it is there, and it may be appended again
		p := m.db.Append(&log.Entry{Staged: e.stage, Conds: []log.Condition{{Kind: log.CondProgress, Name: "p", Seq: 99}}})
		<-p.Done()
		if _, err := p.Result(); !errors.Is(err, log.ErrCondition) {
			m.t.Fatalf("got %v, want ErrCondition", err)
		}
		if m.rng.IntN(2) == 0 {
			m.dropped(e)
			return
		}
	}
	entry := &log.Entry{Staged: e.stage}
	if m.rng.IntN(2) == 0 {
		entry.Appends = m.some(&e.values)
	}
	// Neighbours in the same commit, perhaps: one before, one behind.
	var before, behind [2][]string
	ps := []log.Pending{m.db.Append(&log.Entry{Appends: m.some(&before)}), m.db.Append(entry), m.db.Append(&log.Entry{Appends: m.some(&behind)})}
	for i, values := range []*[2][]string{&before, &e.values, &behind} {
		<-ps[i].Done()
		if _, err := ps[i].Result(); err != nil {
			m.t.Fatal(err)
		}
		m.take(values)
	}
	e.stage.Drop() // does nothing
}

func (m *stageModel) dropped(e *stagedEntry) {
	e.stage.Drop()
	m.drops++
}

func (m *stageModel) check(where string) {
	m.t.Helper()
	all := newest(m.t, m.db)
	seen := changes(m.t, m.db, 0, all, 1+m.rng.IntN(2000), m.id)
	for k := range m.want {
		var want, shown []string
		for i, v := range m.want[k] {
			want = append(want, fmt.Sprintf("%d=%s", i, v))
		}
		for _, c := range seen {
			if c.p.Index == int32(k) {
				shown = append(shown, c.record)
			}
		}
		equal(m.t, fmt.Sprintf("%s, partition %d", where, k), fetchAll(m.t, m.db, part(m.id, int32(k)), 700), want)
		equal(m.t, fmt.Sprintf("%s, changes of partition %d", where, k), shown, want)
	}
}

// TestStage: whatever is staged, committed, refused and given up beside plain entries, over levels,
// rolls, restarts and cuts of power: each partition holds what was committed in the order of the
// commits, and nothing stays in the object store that is not in the log.
func TestStage(t *testing.T) {
	seeds := 30
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		m := &stageModel{rng: rng, machine: newMachine(t, log.Limits{InlineBytes: []int64{-1, 500, 4000}[rng.IntN(3)], FlushBytes: 600, LevelFan: 3, TailBytes: 1})}
		m.start()
		m.id = logtest.CreateTopic(t, m.db, "t", 2)
		for range 120 {
			switch rng.IntN(14) {
			case 0:
				if e := m.pick(); e != nil {
					m.dropped(e)
				}
			case 1:
				m.ok(m.db.Level(ctx))
			case 2:
				m.ok(m.db.Roll(ctx))
			case 3:
				m.ok(errors.Join(m.db.Snapshot(ctx), m.db.Retain(ctx)))
			case 4:
				m.open = nil // their owners die with the process
				if rng.IntN(2) == 0 {
					m.restart()
				} else {
					m.powerCut()
				}
			case 5, 6, 7:
				m.commit()
			case 8, 9:
				m.plain()
			default:
				m.stage()
			}
		}
		m.check(fmt.Sprintf("seed %d", seed))
		for e := m.pick(); e != nil; e = m.pick() {
			m.dropped(e)
		}
		if n := m.db.Stats().StagedBytes; n != 0 {
			t.Fatalf("seed %d: %d bytes count as staged, nothing is", seed, n)
		}
		m.restart() // finds what earlier lives left
		m.ok(errors.Join(m.db.Level(ctx), m.db.Snapshot(ctx), m.db.Retain(ctx), m.db.Retain(ctx)))
		m.check(fmt.Sprintf("seed %d, at last", seed))
		named := m.db.NamedObjects()
		for _, prefix := range []string{"log/", "seg/"} {
			for o, err := range m.objects.List(ctx, prefix, "") {
				m.ok(err)
				if !named[o.Key] {
					t.Fatalf("seed %d: %s is of no use and still there", seed, o.Key)
				}
			}
		}
		m.ok(m.db.Close(ctx))
		if seed == 0 && m.drops == 0 {
			t.Fatal("nothing was dropped: the test shows nothing")
		}
	}
}

func (m *machine) ok(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// TestStageRefused: what no entry can be made of is told at once, and what is under way when the
// log ends is no hang.
func TestStageRefused(t *testing.T) {
	m := newMachine(t, log.Limits{FlushBytes: 500, MaxEntryBytes: 5000})
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	add := func(s *log.Stage, raw []byte) error {
		return s.Add(ctx, []log.Append{{Partition: part(id, 0), RecordBatches: raw}})
	}
	s := db.NewStage()
	if err := add(s, nil); !errors.Is(err, log.ErrInvalidRecord) {
		t.Fatalf("nothing to add: %v", err)
	}
	raw := batchOf(t, "a")
	logtest.SetProducer(raw, 1, 0, 0)
	if err := add(s, raw); !errors.Is(err, log.ErrInvalidRecord) {
		t.Fatalf("of an idempotent producer: %v", err)
	}
	gone := func(s *log.Stage) error {
		p := db.Append(&log.Entry{Staged: s})
		<-p.Done()
		_, err := p.Result()
		return err
	}
	if err := add(s, batchOf(t, "a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	logtest.Append(t, db, &log.Entry{Changes: []log.Change{log.DeleteTopicChange(id)}})
	if err := gone(s); !errors.Is(err, log.ErrUnknownTopic) {
		t.Fatalf("of a topic that is gone: %v", err)
	}
	s.Drop()
	if err := gone(s); err == nil {
		t.Fatal("a dropped stage was appended")
	}

	id = logtest.CreateTopic(t, db, "u", 1)
	late := db.NewStage()
	if err := add(late, batchOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := late.Flush(ctx); err != nil {
		t.Fatal(err) // it was written before the log ended
	}
	if err := add(late, batchOf(t, "c")); !errors.Is(err, log.ErrClosed) {
		t.Fatalf("of a closed log: %v", err)
	}
	late.Drop()
}

// TestStagePassingErrors: a piece that could not be written is tried again and comes in its place; a disk without
// room refuses pieces.
func TestStagePassingErrors(t *testing.T) {
	m := newMachine(t, log.Limits{FlushBytes: 500, DiskReserve: 1000, InlineBytes: -1})
	var free atomic.Int64
	free.Store(1 << 40)
	clock := newSetClock() // so that the room is looked at when the test says
	m.change = func(c *log.Config) { c.Free = func() (int64, error) { return free.Load(), nil }; c.Clock = clock }
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	s := db.NewStage()
	add := func(values ...string) error {
		return s.Add(ctx, []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, values...)}})
	}
	m.ok(add("a"))
	m.ok(s.Flush(ctx))
	broken := errors.New("broken")
	m.objects.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/", Times: 2, Err: broken})
	m.ok(add("b")) // under way
	for range 2 {
		if err := s.Flush(ctx); !errors.Is(err, log.ErrUnavailable) || !errors.Is(err, broken) {
			t.Fatalf("got %v", err)
		}
	}
	m.ok(s.Flush(ctx))
	free.Store(500)
	clock.pass(time.Minute)
	if err := add("c"); !errors.Is(err, log.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	free.Store(1 << 40)
	clock.pass(time.Minute)
	m.ok(add("c"))
	m.ok(s.Flush(ctx))
	logtest.Append(t, db, &log.Entry{Staged: s})
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), []string{"0=a", "1=b", "2=c"})
}

// TestStageUnsure: while nobody knows whether an entry is in the log, what it names is not deleted.
func TestStageUnsure(t *testing.T) {
	m := newMachine(t, log.Limits{InlineBytes: -1})
	gate := newGate()
	m.wrap = gate.wrap
	db := m.start()
	id := logtest.CreateTopic(t, db, "t", 1)
	s := db.NewStage()
	err := errors.Join(s.Add(ctx, []log.Append{{Partition: part(id, 0), RecordBatches: batchOf(t, "a")}}), s.Flush(ctx))
	if err != nil {
		t.Fatal(err)
	}
	gate.mu.Lock()
	gate.outcome = func(int) outcome { return unavailable }
	gate.mu.Unlock()
	p := db.Append(&log.Entry{Staged: s})
	<-p.Done()
	if _, err := p.Result(); !errors.Is(err, log.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	s.Drop()
	if err := db.Retain(ctx); err != nil {
		t.Fatal(err)
	}
	gate.mu.Lock()
	gate.outcome = nil
	gate.mu.Unlock()
	logtest.Append(t, db, &log.Entry{Staged: s})
	equal(t, "log", fetchAll(t, db, part(id, 0), 1000), []string{"0=a"})
}
