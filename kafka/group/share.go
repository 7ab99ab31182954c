package group

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// maxShareMemberID is the longest id of a member: a UUID, which the client makes.
const maxShareMemberID = 36

// ShareHeartbeat is a ShareGroupHeartbeat (KIP-932). What is nil is as it was.
type ShareHeartbeat struct {
	GroupID, MemberID    string
	Epoch                int32
	RackID               *string
	ClientID, ClientHost string
	Subscribed           []string
}

// shares is the state of a share group: its members and what became of the records.
type shares struct {
	g       *group
	epoch   int32
	members map[string]*shareMember
	seenAt  time.Time // when the topics were looked at
	parts   map[TopicPartition]*sharedPartition

	sessions map[string]*shareSession // of members
	// news is closed and made anew when records can be acquired that could not before.
	news chan struct{}

	changes, saved uint64 // of the group's row
}

type shareMember struct {
	id              string
	rack            *string
	clientID, host  string
	epoch, previous int32
	subscribed      []string // sorted
	assigned        []TopicPartition
	sessionTimer    *timer
	bytes           int64 // counted in Machine.bytes
}

func newShares(g *group) *shares {
	return &shares{g: g, members: map[string]*shareMember{}, parts: map[TopicPartition]*sharedPartition{},
		sessions: map[string]*shareSession{}, news: make(chan struct{})}
}

// ShareHeartbeat handles ShareGroupHeartbeat. reply is called once, when what it tells is stored.
func (m *Machine) ShareHeartbeat(now time.Time, r ShareHeartbeat, topics Topics, reply func(ConsumerReply)) {
	if err := m.shareHeartbeat(now, &r, topics, reply); err != nil {
		reply(ConsumerReply{Err: err, MemberID: r.MemberID, Epoch: r.Epoch})
	}
}

func (m *Machine) shareHeartbeat(now time.Time, r *ShareHeartbeat, topics Topics, reply func(ConsumerReply)) error {
	if err := r.check(); err != nil {
		return err
	}
	s, err := m.sharesOf(r.GroupID, r.Epoch == epochJoin)
	if err != nil {
		return err
	}
	defer m.forgetIfBlank(s.g)
	mb := s.members[r.MemberID]
	switch {
	case mb == nil && r.Epoch != epochJoin:
		return ErrUnknownMemberID
	case r.Epoch == epochLeave:
		s.remove(mb)
		s.stored(ConsumerReply{MemberID: r.MemberID, Epoch: epochLeave}, reply)
		return nil
	case mb == nil:
		if len(s.members) >= m.limits.MaxMembers || m.full() {
			return ErrGroupFull
		}
		mb = &shareMember{id: r.MemberID}
		s.members[mb.id] = mb
		s.epoch++
		s.changes++
		s.seenAt = time.Time{}
	case r.Epoch != epochJoin && r.Epoch != mb.epoch && r.Epoch != mb.previous:
		return fmt.Errorf("%w: the member is at %d, not at %d", ErrFencedMemberEpoch, mb.epoch, r.Epoch)
	}
	s.update(now, mb, r)
	if s.seenAt.IsZero() || now.Sub(s.seenAt) >= namesEvery {
		s.seenAt = now
		s.assign(topics)
	}
	told := r.Epoch == epochJoin || r.Subscribed != nil
	if mb.epoch != s.epoch {
		mb.previous, mb.epoch, told = mb.epoch, s.epoch, true
		s.changes++
	}
	s.stored(ConsumerReply{MemberID: mb.id, Epoch: mb.epoch, Told: told, Assigned: mb.assigned}, reply)
	return nil
}

func (r *ShareHeartbeat) check() error {
	switch {
	case strings.TrimSpace(r.GroupID) == "":
		return fmt.Errorf("%w: GroupId can't be empty", ErrInvalidRequest)
	case strings.TrimSpace(r.MemberID) == "":
		return fmt.Errorf("%w: MemberId can't be empty", ErrInvalidRequest)
	case len(r.MemberID) > maxShareMemberID:
		return fmt.Errorf("%w: MemberId has at most %d bytes", ErrInvalidRequest, maxShareMemberID)
	case r.RackID != nil && (strings.TrimSpace(*r.RackID) == "" || len(*r.RackID) > maxNames):
		return fmt.Errorf("%w: RackId can't be empty, and has at most %d bytes", ErrInvalidRequest, maxNames)
	case r.Epoch < epochLeave:
		return fmt.Errorf("%w: MemberEpoch is %d", ErrInvalidRequest, r.Epoch)
	case r.Epoch == epochJoin && len(r.Subscribed) == 0:
		return fmt.Errorf("%w: SubscribedTopicNames must be set in first request", ErrInvalidRequest)
	case len(r.Subscribed) > maxSubscribedTopics:
		return fmt.Errorf("%w: a member subscribes to at most %d topics", ErrInvalidRequest, maxSubscribedTopics)
	}
	return nil
}

// sharesOf finds a share group, or makes it. A group of another kind stays what it is.
func (m *Machine) sharesOf(id string, create bool) (*shares, error) {
	g := m.groups[id]
	switch {
	case g == nil && !create:
		return nil, ErrGroupNotFound
	case g == nil:
		var err error
		if g, err = m.create(id); err != nil {
			return nil, err
		}
		g.shares = newShares(g)
	case g.state == stateDead:
		return nil, ErrNotAvailable
	case g.shares == nil:
		return nil, fmt.Errorf("%w: group %s is not a share group", ErrGroupNotFound, id)
	}
	return g.shares, nil
}

func (s *shares) update(now time.Time, mb *shareMember, r *ShareHeartbeat) {
	mb.clientID, mb.host = r.ClientID, r.ClientHost
	if r.RackID != nil {
		mb.rack = r.RackID
	}
	if r.Subscribed != nil {
		names := slices.Clone(r.Subscribed)
		slices.Sort(names)
		if names = slices.Compact(names); !slices.Equal(names, mb.subscribed) {
			mb.subscribed, s.seenAt = names, time.Time{}
			s.changes++
		}
	}
	s.keepAlive(now, mb)
}

func (s *shares) keepAlive(now time.Time, mb *shareMember) {
	at := now.Add(s.g.m.shareConfig(s.g.id).Session)
	if mb.sessionTimer != nil && mb.sessionTimer.index >= 0 {
		s.g.m.timers.move(mb.sessionTimer, at)
		return
	}
	mb.sessionTimer = s.g.m.timers.start(at, func(time.Time) {
		s.remove(mb)
		s.save(nil)
	})
}

// remove takes a member out; what it had acquired comes back.
func (s *shares) remove(mb *shareMember) {
	s.closeSession(mb.id)
	s.g.m.timers.stop(mb.sessionTimer)
	s.g.m.bytes -= mb.bytes
	delete(s.members, mb.id)
	s.epoch++
	s.changes++
	s.seenAt = time.Time{}
}

// assign shares out the partitions: each goes to about equally many members, one at least, and each member has about
// equally many of a topic that it subscribes to.
func (s *shares) assign(topics Topics) {
	targets := make(map[string][]TopicPartition, len(s.members))
	subscribers := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(s.members)) {
		targets[id] = []TopicPartition{}
		for _, name := range s.members[id].subscribed {
			subscribers[name] = append(subscribers[name], id)
		}
	}
	for name, ids := range subscribers {
		t, ok := topics.TopicByName(name)
		if !ok {
			continue
		}
		n, parts := len(ids), int(t.Partitions)
		slots := (n + parts - 1) / parts * parts
		for i, id := range ids {
			for slot := i * slots / n; slot < (i+1)*slots/n; slot++ {
				targets[id] = append(targets[id], TopicPartition{Topic: t.ID, Index: int32(slot % parts)})
			}
		}
	}
	moved := false
	for id, target := range targets {
		slices.SortFunc(target, comparePartitions)
		if mb := s.members[id]; !slices.Equal(mb.assigned, target) {
			mb.assigned, moved = target, true
		}
	}
	if moved {
		s.epoch++
		s.changes++
	}
}

// stored answers once everything that changed is durable.
func (s *shares) stored(answer ConsumerReply, reply func(ConsumerReply)) {
	if s.saved == s.changes {
		reply(answer)
		return
	}
	s.save(func(err error) {
		if err != nil {
			answer = ConsumerReply{Err: ErrNotAvailable, MemberID: answer.MemberID, Epoch: answer.Epoch}
		}
		reply(answer)
	})
}

func (s *shares) save(done func(error)) {
	for _, mb := range s.members {
		n := int64(memberBytes + 32*len(mb.assigned))
		for _, name := range mb.subscribed {
			n += int64(16 + len(name))
		}
		s.g.m.bytes += n - mb.bytes
		mb.bytes = n
	}
	upTo := s.changes
	s.g.save(func(_ time.Time, err error) {
		if err == nil {
			s.saved = max(s.saved, upTo)
		}
		if done != nil {
			done(err)
		}
	})
}

// restored lets the members' sessions start.
func (s *shares) restored(now time.Time) {
	for _, mb := range s.members {
		s.keepAlive(now, mb)
	}
}

// forget gives back what the group takes.
func (s *shares) forget() {
	for _, p := range s.parts {
		s.g.m.timers.stop(p.timer)
		s.g.m.bytes -= p.bytes
	}
	for id := range s.sessions {
		s.dropSession(id)
	}
}

// wake tells those who wait that there may be something to acquire.
func (s *shares) wake() {
	close(s.news)
	s.news = make(chan struct{})
}

func (s *shares) state() string {
	if len(s.members) == 0 {
		return "Empty"
	}
	return "Stable"
}

// DescribeShares shows a share group; false when it does not exist or is of another kind.
func (m *Machine) DescribeShares(groupID string) (ConsumerDescription, bool) {
	g := m.groups[groupID]
	if g == nil || g.shares == nil {
		return ConsumerDescription{}, false
	}
	s := g.shares
	d := ConsumerDescription{State: s.state(), Epoch: s.epoch, TargetEpoch: s.epoch, Assignor: "simple"}
	for _, mb := range s.members {
		d.Members = append(d.Members, ConsumerMember{MemberID: mb.id, Rack: mb.rack, Epoch: mb.epoch, ClientID: mb.clientID,
			ClientHost: mb.host, Subscribed: mb.subscribed, Assigned: mb.assigned})
	}
	slices.SortFunc(d.Members, func(a, b ConsumerMember) int { return cmp.Compare(a.MemberID, b.MemberID) })
	return d, true
}

// ShareOffset is how far a share group has come in a partition.
type ShareOffset struct {
	Start int64 // everything before it is done
	Done  int64 // so many records behind it are done too
}

// ShareOffsets of a group; false when it is no share group.
func (m *Machine) ShareOffsets(groupID string) (map[TopicPartition]ShareOffset, bool) {
	g := m.groups[groupID]
	if g == nil || g.shares == nil {
		return nil, false
	}
	out := map[TopicPartition]ShareOffset{}
	for tp, p := range g.shares.parts {
		if p.stored {
			out[tp] = ShareOffset{p.start, p.done()}
		}
	}
	return out, true
}

// AlterShareOffsets has a group without members go on elsewhere; it is made if there is none.
func (m *Machine) AlterShareOffsets(groupID string, starts map[TopicPartition]int64, reply func(error)) {
	s, err := m.sharesOf(groupID, true)
	switch {
	case err == nil && len(s.members) > 0:
		err = ErrNotEmpty
	case err == nil && m.full():
		err = ErrTooManyOffsets
	}
	if err != nil {
		reply(err)
		return
	}
	if !s.g.stored {
		s.changes++
		s.save(nil)
	}
	left := s.g.pendingReplies(len(starts), reply)
	for tp, at := range starts {
		p := s.part(tp)
		p.sharePartition = sharePartition{start: at, end: at}
		p.save(left)
	}
}

// pendingReplies calls reply once n stores are done, with the first error.
func (g *group) pendingReplies(n int, reply func(error)) func(error) {
	var first error
	if n == 0 {
		reply(nil)
	}
	return func(err error) {
		if err != nil && first == nil {
			first = ErrNotAvailable
		}
		if n--; n == 0 {
			reply(first)
		}
	}
}

// DeleteShareOffsets has a group without members forget topics.
func (m *Machine) DeleteShareOffsets(groupID string, topics []log.TopicID, reply func(error)) {
	s, err := m.sharesOf(groupID, false)
	if err == nil && len(s.members) > 0 {
		err = ErrNotEmpty
	}
	if err != nil {
		reply(err)
		return
	}
	var gone []*sharedPartition
	for tp, p := range s.parts {
		if slices.Contains(topics, tp.Topic) {
			gone = append(gone, p)
		}
	}
	left := s.g.pendingReplies(len(gone), reply)
	for _, p := range gone {
		p.drop(left)
	}
}
