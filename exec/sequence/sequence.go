package sequence

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// ahead is how many values a range has at least, as PostgreSQL logs ahead (SEQ_LOG_VALS); most is the
// largest range.
const ahead, most = 32, 1 << 20

// Log is the part of the log that sequences need.
type Log interface {
	Append(e *log.Entry) log.Pending
	Progress(name string) (seq log.CommitSeq, number int64)
}

// Set is the sequences of a database. Safe for concurrent use.
type Set struct {
	log    Log
	taken  int64 // ranges, under mu
	mu     sync.Mutex
	places map[catalog.OID]*place
}

// place is how far a sequence is.
type place struct {
	mu      sync.Mutex
	rel     *catalog.Relation
	known   bool // what follows is what the log has
	counter log.CommitSeq
	written value // what the log has
	at      value
	left    int // values of the range that have not been given
	// own: the sequence is that of one transaction, which commits its place with it. Nothing is written before.
	own bool
}

// value is a sequence's last value; it may be the first one and not have been given.
type value struct {
	last  int64
	given bool
}

// New makes a Set.
func New(l Log) *Set { return &Set{log: l, places: map[catalog.OID]*place{}} }

// ProgressName is the name of a sequence's progress in the log.
func ProgressName(oid catalog.OID) string { return fmt.Sprintf("sequence:%d", oid) }

// Taken counts the ranges that were made durable.
func (s *Set) Taken() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

func (s *Set) place(rel *catalog.Relation) *place {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[rel.OID]
	if p == nil {
		p = &place{}
		s.places[rel.OID] = p
	}
	return p
}

// Forget drops what is known of a sequence that is gone.
func (s *Set) Forget(oid catalog.OID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.places, oid)
}

// Begin makes the place of a sequence that a transaction makes.
func (s *Set) Begin(oid catalog.OID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places[oid] = &place{own: true}
}

// Settle is the change that makes the place durable of a sequence that a transaction has made; counted is false where
// it still stands at its start.
func (s *Set) Settle(oid catalog.OID) (c log.Change, counted bool) {
	s.mu.Lock()
	p := s.places[oid]
	s.mu.Unlock()
	if p == nil {
		return c, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known || p.counter == 0 {
		return c, false
	}
	return log.ProgressChange(ProgressName(oid), p.counter, p.written.last), true
}

// Committed ends that a sequence is a transaction's own.
func (s *Set) Committed(oid catalog.OID) {
	s.mu.Lock()
	p := s.places[oid]
	s.mu.Unlock()
	if p != nil {
		p.mu.Lock()
		p.own = false
		p.mu.Unlock()
	}
}

// open reads a sequence's place, and takes its newest definition: of a range that another one counted
// nothing more is given.
func (s *Set) open(p *place, rel *catalog.Relation) {
	if p.rel != nil && *p.rel.Sequence != *rel.Sequence {
		p.left = 0
	}
	p.rel = rel
	if p.known {
		return
	}
	var counter log.CommitSeq
	var last int64
	if !p.own {
		counter, last = s.log.Progress(ProgressName(rel.OID))
	}
	p.counter, p.known, p.left = counter, true, 0
	if p.at = (value{last: last, given: counter&1 == 1}); counter == 0 {
		p.at = value{last: rel.Sequence.Start}
	}
	p.written = p.at
}

// maxTries bounds how often a range is asked for again because another writer had it.
const maxTries = 100

// Next gives the next n values, in order.
func (s *Set) Next(rel *catalog.Relation, n int) ([]int64, error) {
	p := s.place(rel)
	p.mu.Lock()
	defer p.mu.Unlock()
	s.open(p, rel)
	out := make([]int64, 0, n)
	for tries := 0; len(out) < n; {
		if p.left == 0 {
			err := s.take(p, n-len(out))
			if errors.Is(err, log.ErrCondition) && tries < maxTries {
				tries++
				s.open(p, rel)
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		for p.left > 0 && len(out) < n {
			if err := p.at.step(rel); err != nil {
				return nil, err
			}
			p.left--
			out = append(out, p.at.last)
		}
	}
	return out, nil
}

// take makes the next range durable.
func (s *Set) take(p *place, want int) error {
	want = min(max(want, ahead, int(min(p.rel.Sequence.Cache, most))), most)
	end, n := p.at, 0
	for ; n < want; n++ {
		next := end
		if err := next.step(p.rel); err != nil {
			if n == 0 {
				return err
			}
			break
		}
		end = next
	}
	if err := s.write(p, end); err != nil {
		return err
	}
	p.left = n
	return nil
}

// write makes a place durable. After an error it is read again.
func (s *Set) write(p *place, v value) error {
	next := (p.counter>>1 + 1) << 1
	if v.given {
		next |= 1
	}
	if p.own {
		p.counter, p.written = next, v
		return nil
	}
	name := ProgressName(p.rel.OID)
	pending := s.log.Append(&log.Entry{
		Conds:   []log.Condition{log.ProgressIs(name, p.counter)},
		Changes: []log.Change{log.ProgressChange(name, next, v.last)},
	})
	<-pending.Done()
	if _, err := pending.Result(); err != nil {
		p.known = false
		return err
	}
	p.counter, p.written = next, v
	s.mu.Lock()
	s.taken++
	s.mu.Unlock()
	return nil
}

// step goes on to the next value.
func (v *value) step(rel *catalog.Relation) error {
	q := rel.Sequence
	if !v.given {
		v.given = true
		return nil
	}
	next := v.last + q.Increment
	up := q.Increment > 0
	switch past := up && (next > q.Max || next < v.last) || !up && (next < q.Min || next > v.last); {
	case !past:
		v.last = next
	case q.Cycle && up:
		v.last = q.Min
	case q.Cycle:
		v.last = q.Max
	case up:
		return sqlerr.New(sqlerr.SequenceLimitExceeded, "nextval: reached maximum value of sequence %q (%d)", rel.Name, q.Max)
	default:
		return sqlerr.New(sqlerr.SequenceLimitExceeded, "nextval: reached minimum value of sequence %q (%d)", rel.Name, q.Min)
	}
	return nil
}

// Restart makes v the sequence's last value, or with given false its next one.
func (s *Set) Restart(rel *catalog.Relation, v int64, given bool) error {
	if q := rel.Sequence; v < q.Min || v > q.Max {
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "setval: value %d is out of bounds for sequence %q (%d..%d)", v, rel.Name, q.Min, q.Max)
	}
	p := s.place(rel)
	p.mu.Lock()
	defer p.mu.Unlock()
	for tries := 0; ; tries++ {
		s.open(p, rel)
		at := value{last: v, given: given}
		err := s.write(p, at)
		if errors.Is(err, log.ErrCondition) && tries < maxTries {
			continue
		}
		if err == nil {
			p.at, p.left = at, 0
		}
		return err
	}
}

// Keep makes the place durable of a sequence that has none yet: another START would move it.
func (s *Set) Keep(rel *catalog.Relation) error {
	if _, given := s.Last(rel); given {
		return nil
	}
	p := s.place(rel)
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.open(p, rel); p.counter > 0 {
		return nil
	}
	return s.write(p, p.at)
}

// Last is a sequence's last value, and whether it has been given.
func (s *Set) Last(rel *catalog.Relation) (last int64, given bool) {
	p := s.place(rel)
	p.mu.Lock()
	defer p.mu.Unlock()
	s.open(p, rel)
	return p.at.last, p.at.given
}

// Close writes back what is left of every range, so that a start goes on without a gap. Values must not be
// asked for any more.
func (s *Set) Close(ctx context.Context) error {
	s.mu.Lock()
	places := make([]*place, 0, len(s.places))
	for _, p := range s.places {
		places = append(places, p)
	}
	s.mu.Unlock()
	var all error
	for _, p := range places {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.mu.Lock()
		if p.known && !p.own && p.at != p.written {
			all = errors.Join(all, s.write(p, p.at))
			p.left = 0
		}
		p.mu.Unlock()
	}
	return all
}
