package group

import (
	"slices"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// sharedPartition is a sharePartition of a group, with its row and its timer.
type sharedPartition struct {
	sharePartition
	s  *shares
	tp TopicPartition

	stored bool   // a row of it exists: it may be acquired from
	begins bool   // its first row is on its way
	timer  *timer // of the first lock to end
	bytes  int64  // counted in Machine.bytes
}

func (s *shares) part(tp TopicPartition) *sharedPartition {
	p := s.parts[tp]
	if p == nil {
		p = &sharedPartition{s: s, tp: tp}
		s.parts[tp] = p
	}
	return p
}

// changed arms the timer for the first lock to end and counts what p takes.
func (p *sharedPartition) changed() {
	m := p.s.g.m
	n := int64(offsetBytes + 72*cap(p.runs))
	m.bytes += n - p.bytes
	p.bytes = n
	at, some := p.firstUntil()
	switch armed := p.timer != nil && p.timer.index >= 0; {
	case !some:
		m.timers.stop(p.timer)
	case armed:
		m.timers.move(p.timer, at)
	default:
		p.timer = m.timers.start(at, p.expire)
	}
}

// expire gives back what was not acknowledged in time.
func (p *sharedPartition) expire(now time.Time) {
	if p.releaseIf(func(r *shareRun) bool { return !r.until.After(now) }, p.s.config().Deliveries) {
		p.save(nil)
		p.s.wake()
	}
	p.changed()
}

// save queues the row; done may be nil.
func (p *sharedPartition) save(done func(error)) {
	p.changed()
	g := p.s.g
	g.storing++
	g.m.store(func(_ time.Time, err error) {
		g.storing--
		if err == nil {
			p.stored = true
		}
		if done != nil {
			done(err)
		}
	}, meta.Write{Key: shareKey(g.id, p.tp), Value: appendShare(nil, &p.sharePartition)})
}

// drop forgets the partition.
func (p *sharedPartition) drop(done func(error)) {
	g := p.s.g
	g.m.timers.stop(p.timer)
	g.m.bytes -= p.bytes
	delete(p.s.parts, p.tp)
	g.storing++
	g.m.store(func(_ time.Time, err error) {
		g.storing--
		done(err)
	}, meta.Write{Key: shareKey(g.id, p.tp)})
}

func (s *shares) config() ShareConfig { return s.g.m.shareConfig(s.g.id) }

// shareSession is what a member fetches, between one ShareFetch and the next.
type shareSession struct {
	epoch int32 // of the next request
	conn  any   // that it ends with
	bytes int64 // counted in Machine.bytes
	order []TopicPartition
	told  map[TopicPartition]bool // whether the client has heard of it
}

// ShareTurn is one request in a session.
type ShareTurn struct {
	GroupID, MemberID string
	Epoch             int32
	Conn              any // the connection: what is equal to it ends the session with CloseShareSession
}

// Epochs of a share session.
const (
	shareSessionBegins = 0
	shareSessionEnds   = -1
)

// OpenShareSession begins a session or goes on in it: with added and without forgotten. It tells how many partitions it has.
func (m *Machine) OpenShareSession(t ShareTurn, added, forgotten []TopicPartition) (partitions int, err error) {
	s, err := m.sharesOf(t.GroupID, false)
	if err != nil {
		return 0, err
	}
	x := s.sessions[t.MemberID]
	if t.Epoch == shareSessionBegins {
		s.dropSession(t.MemberID)
		if m.shareSessions >= m.limits.MaxShareSessions || m.full() {
			return 0, ErrTooManyShareSessions
		}
		m.shareSessions++
		x = &shareSession{told: map[TopicPartition]bool{}}
		s.sessions[t.MemberID] = x
	} else if err := s.checkTurn(t); err != nil {
		return 0, err
	}
	for _, tp := range added {
		if _, there := x.told[tp]; !there {
			x.told[tp] = false
			x.order = append(x.order, tp)
		}
	}
	for _, tp := range forgotten {
		delete(x.told, tp)
	}
	x.order = slices.DeleteFunc(x.order, func(tp TopicPartition) bool { _, there := x.told[tp]; return !there })
	x.conn = t.Conn
	x.next()
	n := int64(sessionPartitionBytes * (len(x.order) + 1))
	m.bytes += n - x.bytes
	if x.bytes = n; m.full() {
		s.dropSession(t.MemberID)
		return 0, ErrTooManyShareSessions
	}
	return len(x.order), nil
}

// sessionPartitionBytes is about what a partition of a session takes.
const sessionPartitionBytes = 96

func (s *shares) dropSession(memberID string) {
	if x := s.sessions[memberID]; x != nil {
		delete(s.sessions, memberID)
		s.g.m.shareSessions--
		s.g.m.bytes -= x.bytes
	}
}

func (x *shareSession) next() {
	if x.epoch++; x.epoch < 1 {
		x.epoch = 1
	}
}

func (s *shares) checkTurn(t ShareTurn) error {
	x := s.sessions[t.MemberID]
	switch {
	case x == nil:
		return ErrShareSession
	case t.Epoch != shareSessionEnds && t.Epoch != x.epoch:
		return ErrShareSessionEpoch
	}
	return nil
}

// TurnShareSession takes a turn that changes nothing of what is fetched: acknowledgements alone.
func (m *Machine) TurnShareSession(t ShareTurn) error {
	s, err := m.sharesOf(t.GroupID, false)
	if err != nil {
		return err
	}
	if t.Epoch == shareSessionBegins {
		return ErrShareSessionEpoch
	}
	if err := s.checkTurn(t); err != nil {
		return err
	}
	if x := s.sessions[t.MemberID]; t.Epoch != shareSessionEnds {
		x.conn = t.Conn
		x.next()
	}
	return nil
}

// CloseShareSession ends a member's session, if it has one and that is of the connection; what it had acquired comes back.
func (m *Machine) CloseShareSession(groupID, memberID string, conn any) {
	if s, err := m.sharesOf(groupID, false); err == nil && s.sessions[memberID] != nil && s.sessions[memberID].conn == conn {
		s.closeSession(memberID)
	}
}

func (s *shares) closeSession(memberID string) {
	s.dropSession(memberID)
	released := false
	for _, p := range s.parts {
		if p.releaseIf(func(r *shareRun) bool { return r.owner == memberID }, s.config().Deliveries) {
			p.save(nil)
			released = true
		}
	}
	if released {
		s.wake()
	}
}

// ShareAcks are acknowledgements for one partition.
type ShareAcks struct {
	Partition TopicPartition
	Acks      []Ack
}

// AcknowledgeShares applies what a member says of records; reply is called once with an error, or nil, for each, when
// all that was applied is durable.
func (m *Machine) AcknowledgeShares(now time.Time, groupID, memberID string, acks []ShareAcks, maxType int8, reply func([]error)) {
	m.Tick(now) // locks that are over
	out := make([]error, len(acks))
	s, err := m.sharesOf(groupID, false)
	if err != nil {
		for i := range out {
			out[i] = err
		}
		reply(out)
		return
	}
	cfg := s.config()
	left := s.g.pendingReplies(len(acks), func(error) { reply(out) })
	for i := range acks {
		p := s.parts[acks[i].Partition]
		if p == nil || !p.stored {
			out[i] = ErrRecordState
			left(nil)
			continue
		}
		if out[i] = p.checkAcks(memberID, acks[i].Acks, maxType); out[i] != nil {
			left(nil)
			continue
		}
		p.acknowledge(acks[i].Acks, now.Add(cfg.Lock), cfg.Deliveries)
		p.save(func(err error) {
			if err != nil {
				out[i] = ErrNotAvailable
			}
			left(nil)
		})
	}
	if len(acks) > 0 {
		s.wake()
	}
}

// ShareTarget is where a member may read.
type ShareTarget struct {
	Partition TopicPartition
	Offset    int64
	New       bool // the group has not begun there: BeginShare comes first
	Untold    bool // the client has not heard of it yet
}

// ShareTargets are the partitions of a member's session, the one to begin with first, and what is closed once there may
// be more in them.
func (m *Machine) ShareTargets(now time.Time, groupID, memberID string) (targets []ShareTarget, news <-chan struct{}, err error) {
	m.Tick(now) // locks that are over
	s, err := m.sharesOf(groupID, false)
	if err != nil {
		return nil, nil, err
	}
	x := s.sessions[memberID]
	if x == nil {
		return nil, nil, ErrShareSession
	}
	for i := range x.order {
		tp := x.order[(i+int(x.epoch))%len(x.order)]
		t := ShareTarget{Partition: tp, New: true, Untold: !x.told[tp]}
		if p := s.parts[tp]; p != nil && p.stored {
			t.New, t.Offset = false, p.next()
		}
		targets = append(targets, t)
	}
	return targets, s.news, nil
}

// ToldShares notes that the client has heard of all partitions of its session.
func (m *Machine) ToldShares(groupID, memberID string) {
	if s, err := m.sharesOf(groupID, false); err == nil && s.sessions[memberID] != nil {
		for tp := range s.sessions[memberID].told {
			s.sessions[memberID].told[tp] = true
		}
	}
}

// BeginShare has a group begin in a partition, unless it has; reply is called once that is durable.
func (m *Machine) BeginShare(groupID string, tp TopicPartition, at int64, reply func(error)) {
	s, err := m.sharesOf(groupID, false)
	if err != nil {
		reply(err)
		return
	}
	if m.full() {
		reply(ErrTooManyOffsets)
		return
	}
	p := s.part(tp)
	if !p.stored && !p.begins {
		p.sharePartition, p.begins = sharePartition{start: at, end: at}, true
		p.save(func(err error) {
			p.begins = false
			reply(err)
		})
		return
	}
	p.save(reply)
}

// ShareRead is what a read of a target has found.
type ShareRead struct {
	Partition        TopicPartition
	Offset           int64
	Spans            []Span
	LogStart, LogEnd int64
}

// AcquireShares gives a member what reads have found, at most so many records; one list for each read. With exact no
// more than that, else the last record batch is given whole.
func (m *Machine) AcquireShares(now time.Time, groupID, memberID string, reads []ShareRead, atMost int64, exact bool) ([][]Acquired, error) {
	s, err := m.sharesOf(groupID, false)
	if err != nil {
		return nil, err
	}
	if s.sessions[memberID] == nil {
		return nil, ErrShareSession
	}
	cfg := s.config()
	l := lease{owner: memberID, until: now.Add(cfg.Lock), atMost: atMost, exact: exact, maxLocked: cfg.MaxLocks, limit: cfg.Deliveries}
	out := make([][]Acquired, len(reads))
	for i := range reads {
		r := &reads[i]
		p := s.parts[r.Partition]
		if p == nil || !p.stored {
			continue
		}
		if p.moved(r.LogStart, r.LogEnd) {
			p.save(nil)
			s.wake() // it is read from elsewhere
			continue
		}
		if l.atMost <= 0 || m.full() {
			continue
		}
		before := p.start
		out[i] = p.acquire(r.Offset, r.Spans, l)
		for _, a := range out[i] {
			l.atMost -= a.Last - a.First + 1
		}
		if p.start != before { // nobody acknowledges what is not there
			p.save(nil)
		}
		if p.changed(); len(out[i]) == 0 && p.next() != r.Offset {
			s.wake() // there was nothing for anybody here, but there may be behind it
		}
	}
	return out, nil
}
