package group

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// Epochs of a heartbeat that are none: the member joins, leaves, or leaves for a restart.
const (
	epochJoin        = 0
	epochLeave       = -1
	epochStaticLeave = -2
)

// Bounds of what a member may ask for.
const (
	maxSubscribedTopics = 10_000
	maxRegex            = 1024 // bytes
	maxNames            = 256  // bytes of an id, a rack
)

// Topics tells which topics there are. It is asked under the coordinator's mutex and must not block.
type Topics interface {
	// TopicByName finds a topic.
	TopicByName(name string) (log.Topic, bool)
	// Topics are all of them.
	Topics() []log.Topic
}

// ConsumerHeartbeat is a ConsumerGroupHeartbeat. What is nil (negative for the timeout) is as it was.
type ConsumerHeartbeat struct {
	GroupID, MemberID    string
	Epoch                int32
	InstanceID, RackID   *string
	ClientID, ClientHost string
	RebalanceTimeout     time.Duration
	Subscribed           []string
	Regex                *string // RE2, matched against whole names; "" = none
	Assignor             *string
	Owned                []TopicPartition // what the member has; nil = as it was
}

// ConsumerReply answers a ConsumerHeartbeat.
type ConsumerReply struct {
	Err      error
	MemberID string
	Epoch    int32
	// Assigned is what the member may have now; told only where Told is set.
	Assigned []TopicPartition
	Told     bool
}

// consumers is the state of a group whose members speak the consumer protocol.
type consumers struct {
	g       *group
	epoch   int32 // of the group: what members subscribe to and what topics there are
	members map[string]*consumer
	static  map[string]*consumer

	// targetEpoch is the epoch that the members' targets are of, assignor what made them.
	targetEpoch int32
	assignor    string
	// owners has who holds a partition: assigned to it, or not yet released by it.
	owners map[TopicPartition]*consumer

	// seen is a fingerprint of the topics that members subscribe to, looked at at seenAt; outdated
	// asks for new targets at the next heartbeat.
	seen     uint64
	seenAt   time.Time
	outdated bool

	// changes counts what is to be stored, saved how much of it is.
	changes, saved uint64
}

// consumerState is where a member stands between its assignment and its target.
type consumerState uint8

const (
	consumerStable     consumerState = iota // as far as it can go
	consumerUnrevoked                       // must let go of partitions first
	consumerUnreleased                      // waits for partitions that others still hold
)

// consumer is a member of the consumer protocol.
//
// INVARIANT: assigned and revoking are disjoint, and owners names the member for each of both.
type consumer struct {
	id               string
	instanceID, rack *string
	clientID, host   string
	epoch, previous  int32
	state            consumerState
	rebalance        time.Duration
	subscribed       []string // sorted
	regex            string
	pattern          *regexp.Regexp // of regex
	prefers          string         // assignor, "" = any

	assigned, revoking, target partitions

	sessionTimer *timer
	revokeTimer  *timer // while unrevoked
	bytes        int64  // counted in Machine.bytes
}

// ConsumerHeartbeat handles ConsumerGroupHeartbeat (KIP-848). reply is called once, when what it
// tells is stored.
func (m *Machine) ConsumerHeartbeat(now time.Time, r ConsumerHeartbeat, topics Topics, reply func(ConsumerReply)) {
	if err := m.consumerHeartbeat(now, &r, topics, reply); err != nil {
		reply(ConsumerReply{Err: err, MemberID: r.MemberID, Epoch: r.Epoch})
	}
}

func (m *Machine) consumerHeartbeat(now time.Time, r *ConsumerHeartbeat, topics Topics, reply func(ConsumerReply)) error {
	pattern, err := r.check()
	if err != nil {
		return err
	}
	c, err := m.consumersOf(r)
	if err != nil {
		return err
	}
	defer m.forgetIfBlank(c.g)
	if r.Epoch < 0 {
		return c.leave(r, reply)
	}
	mb, err := c.speaker(r)
	if err != nil {
		return err
	}
	if c.update(mb, r, pattern) || c.newTopics(now, topics) {
		c.outdated = true
	}
	c.keepAlive(now, mb)
	if c.outdated {
		c.retarget(topics)
	}
	moved := c.reconcile(now, mb, r)
	told := moved || r.Epoch == epochJoin || r.full()
	answer := ConsumerReply{MemberID: mb.id, Epoch: mb.epoch, Told: told}
	if told {
		answer.Assigned = mb.assigned.sorted()
	}
	c.stored(answer, reply)
	return nil
}

// check refuses what no member may send, as Kafka does, and compiles the regular expression.
func (r *ConsumerHeartbeat) check() (*regexp.Regexp, error) {
	joins := r.Epoch == epochJoin
	for _, id := range []*string{&r.MemberID, r.InstanceID, r.RackID} {
		if id != nil && len(*id) > maxNames {
			return nil, fmt.Errorf("%w: an id has at most %d bytes", ErrInvalidRequest, maxNames)
		}
	}
	switch {
	case r.GroupID == "":
		return nil, fmt.Errorf("%w: GroupId can't be empty", ErrInvalidRequest)
	case r.MemberID == "":
		return nil, fmt.Errorf("%w: MemberId can't be empty", ErrInvalidRequest)
	case r.InstanceID != nil && *r.InstanceID == "", r.RackID != nil && *r.RackID == "":
		return nil, fmt.Errorf("%w: InstanceId and RackId can't be empty", ErrInvalidRequest)
	case r.Epoch < epochStaticLeave:
		return nil, fmt.Errorf("%w: MemberEpoch is %d", ErrInvalidRequest, r.Epoch)
	case r.Epoch == epochStaticLeave && r.InstanceID == nil:
		return nil, fmt.Errorf("%w: InstanceId can't be null in a static member's leave", ErrInvalidRequest)
	case joins && r.RebalanceTimeout <= 0:
		return nil, fmt.Errorf("%w: RebalanceTimeoutMs must be provided in the first request", ErrInvalidRequest)
	case joins && len(r.Owned) > 0:
		return nil, fmt.Errorf("%w: TopicPartitions must be empty when (re-)joining", ErrInvalidRequest)
	case joins && r.Subscribed == nil && (r.Regex == nil || *r.Regex == ""):
		return nil, fmt.Errorf("%w: either SubscribedTopicNames or SubscribedTopicRegex must be provided when (re-)joining", ErrInvalidRequest)
	case len(r.Subscribed) > maxSubscribedTopics:
		return nil, fmt.Errorf("%w: a member subscribes to at most %d topics", ErrInvalidRequest, maxSubscribedTopics)
	case r.Assignor != nil && *r.Assignor != "" && assignors[*r.Assignor] == nil:
		return nil, fmt.Errorf("%w: %q; supported are range and uniform", ErrUnsupportedAssignor, *r.Assignor)
	case r.Regex == nil || *r.Regex == "":
		return nil, nil
	case len(*r.Regex) > maxRegex:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrInvalidRegex, maxRegex)
	}
	pattern, err := compileWhole(*r.Regex)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalidRegex, err)
	}
	return pattern, nil
}

// compileWhole compiles a regular expression that matches whole names.
func compileWhole(regex string) (*regexp.Regexp, error) { return regexp.Compile("^(?:" + regex + ")$") }

// full tells whether a heartbeat says all about its member, as after an error: its sender wants
// to hear all, too.
func (r *ConsumerHeartbeat) full() bool {
	return r.RebalanceTimeout >= 0 && (r.Subscribed != nil || r.Regex != nil) && r.Owned != nil
}

// consumersOf finds the group, or makes it for a member that joins. A classic group is taken over
// once it has no members.
func (m *Machine) consumersOf(r *ConsumerHeartbeat) (*consumers, error) {
	g := m.groups[r.GroupID]
	joins := r.Epoch == epochJoin
	if g == nil {
		if !joins {
			return nil, ErrGroupNotFound
		}
		var err error
		if g, err = m.create(r.GroupID); err != nil {
			return nil, err
		}
	}
	switch {
	case g.state == stateDead:
		return nil, ErrNotAvailable
	case g.consumers != nil:
		return g.consumers, nil
	case !joins, g.state != stateEmpty, len(g.pending) > 0, g.shares != nil:
		m.forgetIfBlank(g)
		return nil, fmt.Errorf("%w: group %s is not a consumer group", ErrGroupNotFound, r.GroupID)
	}
	g.consumers = newConsumers(g)
	g.consumers.epoch = g.generation // epochs never go back
	g.protocolType, g.protocol, g.leader = "", "", ""
	return g.consumers, nil
}

func newConsumers(g *group) *consumers {
	return &consumers{g: g, members: map[string]*consumer{}, static: map[string]*consumer{}, owners: map[TopicPartition]*consumer{}}
}

// speaker finds the member that a heartbeat is of, or adds it when it joins.
func (c *consumers) speaker(r *ConsumerHeartbeat) (*consumer, error) {
	joins := r.Epoch == epochJoin
	mb := c.members[r.MemberID]
	if r.InstanceID != nil {
		old := c.static[*r.InstanceID]
		switch {
		case old == nil && mb != nil:
			return nil, ErrUnknownMemberID // it joined without being static
		case old == nil, old.id == r.MemberID:
			mb = old
		case !joins:
			return nil, ErrFencedInstanceID
		case old.epoch != epochStaticLeave:
			return nil, ErrUnreleasedInstanceID
		default:
			c.replace(old, r.MemberID)
			return old, nil
		}
	}
	if mb == nil {
		if !joins {
			return nil, ErrUnknownMemberID
		}
		return c.add(r)
	}
	switch {
	case r.Epoch == mb.epoch:
		return mb, nil
	case joins:
		// It has lost all, or did not hear that it joined.
		c.hold(mb, nil, nil)
		mb.epoch, mb.previous, mb.state = 0, 0, consumerStable
		c.changes++
		return mb, nil
	case r.Epoch == mb.previous && r.Owned != nil && mb.assigned.hasAll(r.Owned):
		return mb, nil // the answer with the new epoch got lost
	}
	return nil, fmt.Errorf("%w: the member is at %d, not at %d", ErrFencedMemberEpoch, mb.epoch, r.Epoch)
}

func (c *consumers) add(r *ConsumerHeartbeat) (*consumer, error) {
	if len(c.members) >= c.g.m.limits.MaxMembers || c.g.m.full() {
		return nil, ErrGroupFull
	}
	mb := &consumer{id: r.MemberID, instanceID: r.InstanceID}
	c.members[mb.id] = mb
	if mb.instanceID != nil {
		c.static[*mb.instanceID] = mb
	}
	c.outdated = true
	return mb, nil
}

// replace gives a static member that came back its new id; what it had stays its own.
func (c *consumers) replace(mb *consumer, id string) {
	delete(c.members, mb.id)
	mb.id = id
	c.members[id] = mb
	mb.epoch, mb.previous = 0, 0
	c.changes++
}

// update takes what a member says of itself; true: its group needs new targets.
func (c *consumers) update(mb *consumer, r *ConsumerHeartbeat, pattern *regexp.Regexp) (anew bool) {
	mb.clientID, mb.host = r.ClientID, r.ClientHost
	if r.RackID != nil {
		mb.rack = r.RackID
	}
	if r.RebalanceTimeout >= 0 {
		mb.rebalance = r.RebalanceTimeout
	}
	if r.Subscribed != nil {
		names := slices.Clone(r.Subscribed)
		slices.Sort(names)
		names = slices.Compact(names)
		anew = anew || !slices.Equal(names, mb.subscribed)
		mb.subscribed = names
	}
	if r.Regex != nil && *r.Regex != mb.regex {
		anew = true
		mb.regex, mb.pattern = *r.Regex, pattern
	}
	if r.Assignor != nil && *r.Assignor != mb.prefers {
		anew = true
		mb.prefers = *r.Assignor
	}
	return anew
}

// leave takes a member out; a static one may keep its share for the time of a restart.
func (c *consumers) leave(r *ConsumerHeartbeat, reply func(ConsumerReply)) error {
	mb := c.members[r.MemberID]
	if r.InstanceID != nil {
		if mb = c.static[*r.InstanceID]; mb != nil && mb.id != r.MemberID {
			return ErrFencedInstanceID
		}
	}
	if mb == nil {
		return ErrUnknownMemberID
	}
	if r.Epoch == epochStaticLeave {
		mb.epoch = epochStaticLeave
		c.changes++
	} else {
		c.remove(mb)
	}
	c.stored(ConsumerReply{MemberID: r.MemberID, Epoch: r.Epoch}, reply)
	return nil
}

// remove takes a member out; the others get its share at their next heartbeats.
func (c *consumers) remove(mb *consumer) {
	c.hold(mb, nil, nil)
	c.g.m.timers.stop(mb.sessionTimer)
	c.g.m.timers.stop(mb.revokeTimer)
	c.g.m.bytes -= mb.bytes
	delete(c.members, mb.id)
	c.g.emptySince = time.Time{}
	if mb.instanceID != nil {
		delete(c.static, *mb.instanceID)
	}
	c.outdated = true
	c.changes++
}

// throwOut removes a member that an administrator names, by its id or its instance id.
func (c *consumers) throwOut(memberID string, instanceID *string) error {
	mb := c.members[memberID]
	if instanceID != nil {
		if mb = c.static[*instanceID]; mb != nil && memberID != "" && mb.id != memberID {
			return ErrFencedInstanceID
		}
	}
	if mb == nil {
		return ErrUnknownMemberID
	}
	c.expel(mb)
	return nil
}

// expel removes a member that has not been heard of in time, and has it stored.
func (c *consumers) expel(mb *consumer) {
	c.remove(mb)
	c.save(nil)
}

// keepAlive starts the session timer anew.
func (c *consumers) keepAlive(now time.Time, mb *consumer) {
	at := now.Add(c.g.m.limits.ConsumerSession)
	if mb.sessionTimer != nil && mb.sessionTimer.index >= 0 {
		c.g.m.timers.move(mb.sessionTimer, at)
		return
	}
	mb.sessionTimer = c.g.m.timers.start(at, func(time.Time) { c.expel(mb) })
}

// stored answers once everything that changed is durable.
func (c *consumers) stored(answer ConsumerReply, reply func(ConsumerReply)) {
	if c.saved == c.changes {
		reply(answer)
		return
	}
	c.save(func(err error) {
		if err != nil {
			answer = ConsumerReply{Err: ErrNotAvailable, MemberID: answer.MemberID, Epoch: answer.Epoch}
		}
		reply(answer)
	})
}

// save queues the group's row. What could not be stored is with the next one.
func (c *consumers) save(done func(error)) {
	for _, mb := range c.members {
		c.count(mb)
	}
	upTo := c.changes
	c.g.save(func(_ time.Time, err error) {
		if err == nil {
			c.saved = max(c.saved, upTo)
		}
		if done != nil {
			done(err)
		}
	})
}

// count brings Machine.bytes up to what mb takes now.
func (c *consumers) count(mb *consumer) {
	n := int64(memberBytes + len(mb.regex) + 64*(len(mb.assigned)+len(mb.revoking)+len(mb.target)))
	for _, name := range mb.subscribed {
		n += int64(16 + len(name))
	}
	c.g.m.bytes += n - mb.bytes
	mb.bytes = n
}

// mayCommit tells whether a member may commit offsets at an epoch, or a client without one.
func (c *consumers) mayCommit(memberID string, epoch int32) error {
	if len(c.members) == 0 && epoch < 0 {
		return nil
	}
	mb := c.members[memberID]
	switch {
	case mb == nil:
		return ErrUnknownMemberID
	case mb.epoch != epoch:
		return fmt.Errorf("%w: the member is at %d, not at %d", ErrStaleMemberEpoch, mb.epoch, epoch)
	}
	return nil
}

// CheckFetch tells whether a member may read the offsets of its group: of a consumer group only
// at its epoch. A nil member asks from outside.
func (m *Machine) CheckFetch(groupID string, memberID *string, epoch int32) error {
	g := m.groups[groupID]
	if g == nil || g.consumers == nil || memberID == nil && epoch < 0 {
		return nil
	}
	id := ""
	if memberID != nil {
		id = *memberID
	}
	return g.consumers.mayCommit(id, epoch)
}
