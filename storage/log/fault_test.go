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
