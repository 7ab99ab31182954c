package group

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// modelRecord is one record of a share group, by itself.
type modelRecord struct {
	state shareState
	count int16
	owner string
	until time.Time
}

// modelShare is a share partition as a list of records.
type modelShare struct {
	start   int64
	records map[int64]modelRecord
	end     int64
}

func (m *modelShare) settle() {
	for m.start < m.end && m.records[m.start].state == shareDone {
		delete(m.records, m.start)
		m.start++
	}
}

// TestSharePartition holds runs to a model of single records, over whatever members do; a restart in between loses
// locks alone.
func TestSharePartition(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := sharePartition{start: 5, end: 5}
		m := modelShare{start: 5, end: 5, records: map[int64]modelRecord{}}
		now := time.Unix(1000, 0)
		const limit, locks = 3, 40
		for step := range 200 {
			who := fmt.Sprint("m", r.IntN(3))
			switch r.IntN(7) {
			case 0, 1: // a read from next on finds record batches, holes, and what is gone
				offset := p.next()
				var spans []Span
				at := offset - int64(r.IntN(3)) // the record batch may begin before
				for range 1 + r.IntN(4) {
					at += int64(r.IntN(3) / 2 * r.IntN(3))
					s := Span{First: at, Last: at + int64(r.IntN(6)), Gone: r.IntN(5) == 0}
					at = s.Last + 1
					spans = append(spans, s)
				}
				l := lease{owner: who, until: now.Add(time.Duration(1+r.IntN(5)) * time.Second), atMost: int64(r.IntN(12)), exact: r.IntN(2) == 0, maxLocked: locks, limit: limit}
				given := map[int64]bool{}
				n := int64(0)
				for _, a := range p.acquire(offset, spans, l) {
					for at := a.First; at <= a.Last; at++ {
						rec, known := m.records[at]
						in := slices.ContainsFunc(spans, func(s Span) bool { return !s.Gone && s.First <= at && at <= s.Last })
						if at < m.start || known && rec.state != shareAvailable || !in || given[at] || a.Count != rec.count+1 {
							t.Fatalf("seed %d step %d: record %d given, %+v, in a record batch: %v, count %d", seed, step, at, rec, in, a.Count)
						}
						given[at], m.records[at] = true, modelRecord{shareAcquired, rec.count + 1, who, l.until}
						m.end = max(m.end, at+1)
						n++
					}
				}
				if l.exact && n > l.atMost {
					t.Fatalf("seed %d step %d: %d records, want at most %d", seed, step, n, l.atMost)
				}
				// What it calls done beyond that is no record that could be given.
				for at := m.start; at < p.end; at++ {
					rec := m.records[at]
					got, known := p.at(at)
					if (at < p.start || known && got.state == shareDone) && rec.state != shareDone {
						in := slices.ContainsFunc(spans, func(s Span) bool { return !s.Gone && s.First <= at && at <= s.Last })
						if at < offset || in || rec.state == shareAcquired {
							t.Fatalf("seed %d step %d: record %d is skipped, %+v", seed, step, at, rec)
						}
						m.records[at] = modelRecord{state: shareDone}
						m.end = max(m.end, at+1)
					}
				}
			case 2, 3: // acknowledge
				first := m.start - 2 + int64(r.IntN(int(m.end-m.start)+4))
				a := Ack{First: first, Last: first + int64(r.IntN(5))}
				if n := int(a.Last - a.First + 1); r.IntN(2) == 0 {
					a.Types = []int8{int8(r.IntN(5))}
				} else {
					for range n {
						a.Types = append(a.Types, int8(r.IntN(5)))
					}
				}
				err := p.checkAcks(who, []Ack{a}, AckRenew)
				ok := a.First >= 0 && a.Last < m.end
				for at := max(a.First, m.start); at <= a.Last; at++ {
					ok = ok && m.records[at].state == shareAcquired && m.records[at].owner == who
				}
				if ok != (err == nil) {
					t.Fatalf("seed %d step %d: acknowledge %+v: %v", seed, step, a, err)
				}
				if !ok {
					continue
				}
				p.acknowledge([]Ack{a}, now.Add(9*time.Second), limit)
				for at := max(a.First, m.start); at <= a.Last; at++ {
					kind := a.Types[0]
					if len(a.Types) > 1 {
						kind = a.Types[at-a.First]
					}
					rec := m.records[at]
					switch {
					case kind == AckRenew:
						rec.until = now.Add(9 * time.Second)
					case kind == AckRelease && rec.count < limit:
						rec = modelRecord{count: rec.count}
					default:
						rec = modelRecord{state: shareDone}
					}
					m.records[at] = rec
				}
			case 4: // time goes on, locks end
				now = now.Add(time.Duration(r.IntN(4)) * time.Second)
				p.releaseIf(func(r *shareRun) bool { return !r.until.After(now) }, limit)
				for at, rec := range m.records {
					if rec.state == shareAcquired && !rec.until.After(now) {
						if rec = (modelRecord{count: rec.count}); rec.count >= limit {
							rec = modelRecord{state: shareDone}
						}
						m.records[at] = rec
					}
				}
			case 5: // the log begins later
				logStart := m.start + int64(r.IntN(4))
				p.moved(logStart, m.end+10)
				for at := m.start; at < logStart; at++ {
					m.records[at] = modelRecord{state: shareDone}
				}
				m.end = max(m.end, logStart)
			default: // a restart
				got, err := decodeShare(appendShare(nil, &p))
				if err != nil {
					t.Fatal(err)
				}
				p = got
				for at, rec := range m.records {
					if rec.state == shareAcquired {
						m.records[at] = modelRecord{count: rec.count}
					}
				}
			}
			m.settle()
			if p.start != m.start || p.end != m.end {
				t.Fatalf("seed %d step %d: [%d, %d), want [%d, %d)", seed, step, p.start, p.end, m.start, m.end)
			}
			next := p.start
			for i, run := range p.runs {
				if run.first != next || run.last < run.first || i > 0 && p.runs[i-1].same(&run) {
					t.Fatalf("seed %d step %d: runs %+v", seed, step, p.runs)
				}
				for at := run.first; at <= run.last; at++ {
					if want := m.records[at]; want.state != run.state || want.count != run.count || want.owner != run.owner || !want.until.Equal(run.until) {
						t.Fatalf("seed %d step %d: record %d is %+v, want %+v", seed, step, at, run, want)
					}
				}
				next = run.last + 1
			}
			if next != p.end {
				t.Fatalf("seed %d step %d: runs end at %d, want %d", seed, step, next, p.end)
			}
		}
	}
}

// TestShareWindow: no more than so many records are between the first that is not done and the last given.
func TestShareWindow(t *testing.T) {
	p := sharePartition{}
	l := lease{owner: "m", until: time.Unix(9, 0), atMost: 1000, maxLocked: 100, limit: 5}
	got := p.acquire(0, []Span{{First: 0, Last: 299}}, l)
	if !slices.Equal(got, []Acquired{{0, 99, 1}}) {
		t.Fatalf("%+v", got)
	}
	if got = p.acquire(p.next(), []Span{{First: 0, Last: 299}}, l); len(got) != 0 {
		t.Fatalf("%+v beyond the window", got)
	}
	p.acknowledge([]Ack{{0, 9, []int8{AckAccept}}, {20, 29, []int8{AckRelease}}}, l.until, 5)
	got = p.acquire(p.next(), []Span{{First: 0, Last: 299}}, l)
	if !slices.Equal(got, []Acquired{{20, 29, 2}, {100, 109, 1}}) {
		t.Fatalf("%+v, %d", got, p.start)
	}
}

// TestShareRows: what is stored is read again, and damage is refused.
func TestShareRows(t *testing.T) {
	m := NewMachine(Limits{MaxGroups: 10}, nil)
	g := m.add("g")
	g.shares = newShares(g)
	rack := "r"
	g.shares.epoch = 7
	g.shares.members["a"] = &shareMember{id: "a", rack: &rack, clientID: "c", host: "h", epoch: 6, previous: 5, subscribed: []string{"x", "y"},
		assigned: []TopicPartition{{Topic: log.TopicID{1}, Index: 2}}}
	row := appendShares(nil, g.shares)
	again := m.add("again")
	if err := decodeGroup(row, again); err != nil || again.shares == nil {
		t.Fatal(err)
	}
	if string(appendShares(nil, again.shares)) != string(row) {
		t.Error("a group's row changes by being read")
	}
	rows := map[string]func([]byte) error{
		string(row): func(b []byte) error { return decodeGroup(b, m.add("x")) },
		string(appendShare(nil, &sharePartition{start: 1, end: 9, runs: []shareRun{{first: 1, last: 8, count: 2}}})): func(b []byte) error { _, err := decodeShare(b); return err },
		string(appendConfigs(nil, map[string]string{"a": "b"})):                                                      func(b []byte) error { _, err := decodeConfigs(b); return err },
	}
	for good, read := range rows {
		for i := range good {
			bad := []byte(good)
			bad[i] ^= 1
			if read(bad) == nil || read(bad[:i]) == nil {
				t.Errorf("damage at byte %d of %d is not seen", i, len(good))
			}
		}
	}
}

// TestShareAssignment: every partition has somebody, and everybody about as much.
func TestShareAssignment(t *testing.T) {
	for members := 1; members <= 9; members++ {
		for parts := int32(1); parts <= 9; parts++ {
			m := NewMachine(Limits{MaxGroups: 10}, nil)
			g := m.add("g")
			s := newShares(g)
			for i := range members {
				id := fmt.Sprint("m", i)
				s.members[id] = &shareMember{id: id, subscribed: []string{"t"}}
			}
			s.assign(oneTopic{log.Topic{ID: log.TopicID{1}, Name: "t", Partitions: parts}})
			has := map[TopicPartition]int{}
			least, most := 1000, 0
			for _, mb := range s.members {
				least, most = min(least, len(mb.assigned)), max(most, len(mb.assigned))
				for i, tp := range mb.assigned {
					if has[tp]++; i > 0 && mb.assigned[i-1] == tp {
						t.Fatalf("%d members, %d partitions: %v twice", members, parts, tp)
					}
				}
			}
			if len(has) != int(parts) || most-least > 1 || least == 0 {
				t.Errorf("%d members, %d partitions: %v, %d to %d", members, parts, has, least, most)
			}
		}
	}
}

type oneTopic struct{ topic log.Topic }

func (o oneTopic) TopicByName(name string) (log.Topic, bool) { return o.topic, name == o.topic.Name }
func (o oneTopic) Topics() []log.Topic                       { return []log.Topic{o.topic} }

func TestShareConfigs(t *testing.T) {
	for value, want := range map[string]time.Duration{"P1D": 24 * time.Hour, "PT1H30M": 90 * time.Minute, "P2DT0.5S": 48*time.Hour + 500*time.Millisecond} {
		if d, err := isoDuration(value); err != nil || d != want {
			t.Errorf("%s: %v, %v", value, d, err)
		}
	}
	for _, bad := range []string{"", "P", "PT", "1D", "P-1D", "PT-1S", "P1M", "PT1MS", "PT1US"} {
		if d, err := isoDuration(bad); err == nil {
			t.Errorf("%q is %v", bad, d)
		}
	}
	for name, bad := range map[string]string{shareReset: "none", shareLock: "1", shareIsolation: "x", shareDeliveries: "1", "consumer.session.timeout.ms": "45000", "x": "y"} {
		if err := CheckConfigs(map[string]string{name: bad}); !errors.Is(err, ErrInvalidConfig) {
			t.Errorf("%s=%s: %v", name, bad, err)
		}
	}
}
