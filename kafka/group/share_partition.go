package group

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// What an acknowledgement of a share group may meet; kafka/errors.go has the codes.
var (
	ErrRecordState          = errors.New("the record is not acquired by this member")
	ErrShareSession         = errors.New("share session not found")
	ErrShareSessionEpoch    = errors.New("invalid share session epoch")
	ErrTooManyShareSessions = errors.New("too many share sessions")
)

// shareState is what became of a record in a share group.
type shareState uint8

const (
	shareAvailable shareState = iota // to be delivered (again)
	shareAcquired                    // a member has it, until its lock is over
	shareDone                        // accepted, rejected, delivered too often, or there is no such record
)

// shareRun is a range of records of which the same is true.
type shareRun struct {
	first, last int64
	state       shareState
	count       int16 // deliveries
	owner       string
	until       time.Time // of the lock
}

func (r *shareRun) same(o *shareRun) bool {
	return r.state == o.state && r.count == o.count && r.owner == o.owner && r.until.Equal(o.until)
}

// sharePartition is how far a share group has come in one partition.
//
// INVARIANT: runs are in order, without holes, and cover [start, end); the first is not done.
type sharePartition struct {
	start int64 // everything before it is done (Kafka's SPSO)
	end   int64 // nothing from it on was ever delivered
	runs  []shareRun
}

// Acquired is a range of records that a member got.
type Acquired struct {
	First, Last int64
	Count       int16
}

// Span is what a read found: a record batch, or where there is none for anybody.
type Span struct {
	First, Last int64
	Gone        bool // control records, or aborted ones that are not to be seen
}

// next is where a member reads on: what came back first.
func (p *sharePartition) next() int64 {
	for i := range p.runs {
		if p.runs[i].state == shareAvailable {
			return p.runs[i].first
		}
	}
	return p.end
}

// set makes one thing true of a range, which begins at end or before, and stretches it over what is new.
func (p *sharePartition) set(run shareRun) {
	run.first = max(run.first, p.start)
	if run.first > run.last {
		return
	}
	i, _ := p.find(run.first)
	j := i
	var parts []shareRun
	if i < len(p.runs) && p.runs[i].first < run.first {
		left := p.runs[i]
		left.last = run.first - 1
		parts = append(parts, left)
	}
	parts = append(parts, run)
	for j < len(p.runs) && p.runs[j].first <= run.last {
		if p.runs[j].last > run.last {
			right := p.runs[j]
			right.first = run.last + 1
			parts = append(parts, right)
		}
		j++
	}
	p.runs = slices.Replace(p.runs, i, j, parts...)
	p.end = max(p.end, run.last+1)
}

// settle puts equal neighbours together and moves start over what is done.
func (p *sharePartition) settle() {
	out := p.runs[:0]
	for _, r := range p.runs {
		if len(out) > 0 && out[len(out)-1].same(&r) {
			out[len(out)-1].last = r.last
		} else {
			out = append(out, r)
		}
	}
	p.runs = out
	if len(p.runs) > 0 && p.runs[0].state == shareDone {
		p.start = p.runs[0].last + 1
		p.runs = slices.Delete(p.runs, 0, 1)
	}
}

// moved takes account of where the log begins and ends: what is not there any more is done, and a group that is
// beyond the end goes on at it.
func (p *sharePartition) moved(logStart, logEnd int64) bool {
	switch {
	case p.start > logEnd:
		*p = sharePartition{start: logEnd, end: logEnd}
	case p.start < logStart && p.end <= logStart:
		*p = sharePartition{start: logStart, end: logStart}
	case p.start < logStart:
		p.set(shareRun{first: p.start, last: logStart - 1, state: shareDone})
		p.settle()
	default:
		return false
	}
	return true
}

// lease is how records are given to a member.
type lease struct {
	owner     string
	until     time.Time
	atMost    int64 // records; of a batch that was begun all are given unless exact
	exact     bool
	maxLocked int64 // from start to end
	limit     int16 // deliveries
}

// acquire gives a member of what a read from offset on has found, in order. Where spans have a hole there is no record.
func (p *sharePartition) acquire(offset int64, spans []Span, l lease) (got []Acquired) {
	n := int64(0)
	for _, s := range spans {
		if offset < s.First {
			p.vanish(offset, s.First-1, l.maxLocked)
		}
		first := max(s.First, offset)
		offset = max(offset, s.Last+1)
		if s.Gone {
			p.vanish(first, s.Last, l.maxLocked)
			continue
		}
		if n >= l.atMost {
			break
		}
		last := s.Last
		for at := max(first, p.start); at <= last && (!l.exact || n < l.atMost); {
			run, known := p.at(at)
			if !known {
				room := l.maxLocked - (p.end - p.start)
				if room <= 0 || at > p.end {
					break
				}
				run = shareRun{first: at, last: min(last, at+room-1)}
			}
			run.first, run.last = at, min(run.last, last)
			if at = run.last + 1; run.state != shareAvailable {
				continue
			}
			if l.exact {
				run.last = min(run.last, run.first+l.atMost-n-1)
				at = run.last + 1
			}
			run.state, run.owner, run.until = shareAcquired, l.owner, l.until
			run.count++
			p.set(run)
			n += run.last - run.first + 1
			got = append(got, Acquired{run.first, run.last, run.count})
		}
	}
	p.settle()
	return got
}

// at is the run of an offset, if it was ever looked at.
func (p *sharePartition) at(offset int64) (shareRun, bool) {
	if i, ok := p.find(offset); ok {
		return p.runs[i], true
	}
	return shareRun{}, false
}

// find is the place of the run of an offset, or of the first behind it.
func (p *sharePartition) find(offset int64) (int, bool) {
	return slices.BinarySearchFunc(p.runs, offset, func(r shareRun, at int64) int {
		switch {
		case r.last < at:
			return -1
		case r.first > at:
			return 1
		}
		return 0
	})
}

// vanish notes that there are no records to deliver in a range. What a member has of it stays the member's.
func (p *sharePartition) vanish(first, last, maxLocked int64) {
	first = max(first, p.start)
	if first > p.end || p.end-p.start >= maxLocked && last >= p.end && p.start < p.end {
		return // later, once there is room
	}
	for i := 0; i < len(p.runs) && p.runs[i].first <= last; i++ {
		if r := p.runs[i]; r.last >= first && r.state == shareAvailable {
			p.set(shareRun{first: max(r.first, first), last: min(r.last, last), state: shareDone})
			i = -1 // the runs have changed
		}
	}
	if last >= p.end {
		p.set(shareRun{first: p.end, last: last, state: shareDone})
	}
}

// Ack is what a member says of a range of records: one type for all, or one for each.
type Ack struct {
	First, Last int64
	Types       []int8
}

// Types of an Ack.
const (
	AckGap     = 0 // there was no record
	AckAccept  = 1
	AckRelease = 2
	AckReject  = 3
	AckRenew   = 4 // the lock begins anew
)

// checkAcks refuses acknowledgements as a whole, as Kafka does.
func (p *sharePartition) checkAcks(owner string, acks []Ack, maxType int8) error {
	before := int64(-1)
	for i := range acks {
		a := &acks[i]
		n := a.Last - a.First + 1
		if a.First > a.Last || a.First <= before || len(a.Types) == 0 || len(a.Types) > 1 && int64(len(a.Types)) != n {
			return fmt.Errorf("%w: acknowledgement of %d to %d with %d types", ErrInvalidRequest, a.First, a.Last, len(a.Types))
		}
		for _, t := range a.Types {
			if t < 0 || t > maxType {
				return fmt.Errorf("%w: acknowledgement type %d", ErrInvalidRequest, t)
			}
		}
		if before = a.Last; a.Last >= p.end {
			return fmt.Errorf("%w: records up to %d were never acquired", ErrInvalidRequest, a.Last)
		}
		j, _ := p.find(max(a.First, p.start))
		for ; j < len(p.runs) && p.runs[j].first <= a.Last; j++ {
			r := &p.runs[j]
			if r.state != shareAcquired || r.owner != owner {
				return fmt.Errorf("%w: %d to %d", ErrRecordState, r.first, r.last)
			}
		}
	}
	return nil
}

// acknowledge applies acknowledgements that were checked.
func (p *sharePartition) acknowledge(acks []Ack, until time.Time, limit int16) {
	for i := range acks {
		a := &acks[i]
		first := max(a.First, p.start)
		for first <= a.Last {
			kind, last := a.Types[0], a.Last
			if len(a.Types) > 1 {
				kind, last = a.Types[first-a.First], first
				for last < a.Last && a.Types[last+1-a.First] == kind {
					last++
				}
			}
			p.become(first, last, kind, until, limit)
			first = last + 1
		}
	}
	p.settle()
}

func (p *sharePartition) become(first, last int64, kind int8, until time.Time, limit int16) {
	for at := first; at <= last; {
		run, known := p.at(at)
		if !known {
			return
		}
		run.first, run.last = at, min(run.last, last)
		at = run.last + 1
		switch kind {
		case AckRenew:
			run.until = until
		case AckRelease:
			run.release(limit)
		default:
			run = shareRun{first: run.first, last: run.last, state: shareDone}
		}
		p.set(run)
	}
}

// release gives records back: they are delivered again, unless that was done often enough.
func (r *shareRun) release(limit int16) {
	r.owner, r.until = "", time.Time{}
	if r.state = shareAvailable; r.count >= limit {
		*r = shareRun{first: r.first, last: r.last, state: shareDone}
	}
}

// releaseIf gives back what is acquired and for which is says so.
func (p *sharePartition) releaseIf(is func(*shareRun) bool, limit int16) (any bool) {
	for i := range p.runs {
		if r := &p.runs[i]; r.state == shareAcquired && is(r) {
			r.release(limit)
			any = true
		}
	}
	p.settle()
	return any
}

// firstUntil is when the first lock is over.
func (p *sharePartition) firstUntil() (at time.Time, some bool) {
	for i := range p.runs {
		if r := &p.runs[i]; r.state == shareAcquired && (!some || r.until.Before(at)) {
			at, some = r.until, true
		}
	}
	return at, some
}

// done counts records behind start that are not to be delivered any more.
func (p *sharePartition) done() (n int64) {
	for i := range p.runs {
		if r := &p.runs[i]; r.state == shareDone {
			n += r.last - r.first + 1
		}
	}
	return n
}
