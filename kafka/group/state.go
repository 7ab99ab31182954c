package group

import (
	"math"
	"time"
)

// state of a group, see the picture in doc.go.
type state uint8

const (
	stateEmpty state = iota
	statePreparing
	stateCompleting
	stateStable
	stateDead // being deleted
)

// String is Kafka's name of the state.
func (s state) String() string {
	return [...]string{"Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"}[s]
}

// group is one consumer group.
//
// INVARIANT: state is Empty or Dead exactly when there are no members, but inside a method.
type group struct {
	m            *Machine
	id           string
	state        state
	protocolType string
	protocol     string // of the current generation
	generation   int32
	leader       string
	members      map[string]*member
	order        []*member // by time of joining; the first is the first choice for leader
	static       map[string]*member
	pending      map[string]*timer // ids given out, not joined yet

	joinTimer *timer // Preparing: when it ends without those who have not joined
	syncTimer *timer // Completing: when those who have not synced are removed
	// initialUntil is set while an empty group waits for more members; grew tells whether one
	// came since joinTimer was set.
	initialUntil time.Time
	grew         bool

	// consumers is set while the group is one of the consumer protocol (KIP-848): what is above
	// this line is then unused, and state Empty or Dead.
	consumers *consumers
	// shares is set for good in a share group (KIP-932), of which nothing else here is used.
	shares *shares

	offsets map[TopicPartition]Offset
	// plain: offsets were committed without a transaction since the start. fresh are then the partitions
	// whose offset is a transaction's, with Machine.commits as it came.
	plain bool
	fresh map[TopicPartition]uint64
	// emptySince is when Expire first found no members after the last one had left; zero = there are some, or it was not asked yet.
	emptySince time.Time
	// part is the group's partition in the journal, place that of its row there, which may be on its way (codec.go).
	part  int32
	place int64
	// told is the row that the journal tells, under a number; nil = none.
	told       []byte
	toldNumber int64
	stored     bool // a row of it exists
	storing    int  // stores on their way
}

// empty tells whether the group has no members of either protocol and is not being deleted.
func (g *group) empty() bool {
	return g.state == stateEmpty && (g.consumers == nil || len(g.consumers.members) == 0) && (g.shares == nil || len(g.shares.members) == 0)
}

// member is one consumer of a classic group.
type member struct {
	id                   string
	instanceID           *string
	clientID, host       string
	session, rebalance   time.Duration
	protocols            []Protocol
	assignment           []byte
	isNew                bool // was never in a generation
	synced               bool // in this generation
	joinReply            func(JoinReply)
	syncReply            func(SyncReply)
	sessionTimer         *timer
	supportsSkipAssigned bool
	bytes                int64 // counted in Machine.bytes
}

// Rough sizes of a member and an offset beside their variable parts.
const (
	memberBytes = 512
	offsetBytes = 192 // half of it in the journal
)

// count brings Machine.bytes up to what mb takes now.
func (g *group) count(mb *member) {
	n := int64(memberBytes + len(mb.assignment))
	for _, p := range mb.protocols {
		n += int64(len(p.Name) + len(p.Metadata))
	}
	g.m.bytes += n - mb.bytes
	mb.bytes = n
}

func (m *Machine) full() bool { return m.bytes >= m.limits.MaxBytes }

func (mb *member) metadata(protocol string) []byte {
	for _, p := range mb.protocols {
		if p.Name == protocol {
			return p.Metadata
		}
	}
	return nil
}

func (mb *member) supports(protocol string) bool {
	for _, p := range mb.protocols {
		if p.Name == protocol {
			return true
		}
	}
	return false
}

// answerJoin calls the waiting JoinGroup, if any.
func (mb *member) answerJoin(r JoinReply) {
	if reply := mb.joinReply; reply != nil {
		mb.joinReply = nil
		reply(r)
	}
}

// answerSync calls the waiting SyncGroup, if any.
func (mb *member) answerSync(r SyncReply) {
	if reply := mb.syncReply; reply != nil {
		mb.syncReply = nil
		reply(r)
	}
}

// keepAlive starts the session timer anew.
func (g *group) keepAlive(now time.Time, mb *member) { g.expireAfter(now, mb, mb.session) }

func (g *group) expireAfter(now time.Time, mb *member, d time.Duration) {
	at := now.Add(d)
	if mb.sessionTimer != nil && mb.sessionTimer.index >= 0 {
		g.m.timers.move(mb.sessionTimer, at)
		return
	}
	mb.sessionTimer = g.m.timers.start(at, func(now time.Time) { g.removeMember(now, mb, ErrUnknownMemberID) })
}

// hold stops the session timer: the member waits for us.
func (g *group) hold(mb *member) {
	g.m.timers.stop(mb.sessionTimer)
	mb.sessionTimer = nil
}

// lookup finds the member that a request speaks for.
func (g *group) lookup(memberID string, instanceID *string) (*member, error) {
	if instanceID != nil {
		mb := g.static[*instanceID]
		switch {
		case mb == nil:
			return nil, ErrUnknownMemberID
		case mb.id != memberID:
			return nil, ErrFencedInstanceID
		}
		return mb, nil
	}
	mb := g.members[memberID]
	if mb == nil {
		return nil, ErrUnknownMemberID
	}
	return mb, nil
}

// rebalanceTimeout is the longest that any member asks for.
func (g *group) rebalanceTimeout() time.Duration {
	var d time.Duration
	for _, mb := range g.order {
		d = max(d, mb.rebalance)
	}
	return d
}

// takes tells whether a member with these protocols can be in the group beside the others
// (but self).
func (g *group) takes(protocolType string, protocols []Protocol, self *member) bool {
	others := 0
	for _, mb := range g.order {
		if mb != self {
			others++
		}
	}
	if others == 0 {
		return true
	}
	if protocolType != g.protocolType {
		return false
	}
	for _, p := range protocols {
		if g.allSupport(p.Name, self) {
			return true
		}
	}
	return false
}

func (g *group) allSupport(protocol string, but *member) bool {
	for _, mb := range g.order {
		if mb != but && !mb.supports(protocol) {
			return false
		}
	}
	return true
}

// selectProtocol lets each member vote for the first of its protocols that all support; on a
// tie the one that the longest member prefers wins.
func (g *group) selectProtocol() string {
	votes := map[string]int{}
	for _, mb := range g.order {
		for _, p := range mb.protocols {
			if g.allSupport(p.Name, nil) {
				votes[p.Name]++
				break
			}
		}
	}
	best := ""
	for _, p := range g.order[0].protocols {
		if votes[p.Name] > votes[best] {
			best = p.Name
		}
	}
	return best
}

func (g *group) nextGeneration() {
	if g.generation == math.MaxInt32 {
		g.generation = 0
	}
	g.generation++
}
