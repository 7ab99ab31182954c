package group

import (
	"bytes"
	"time"
)

// Join handles JoinGroup. reply is called once, now or when the generation is there.
func (m *Machine) Join(now time.Time, r JoinRequest, reply func(JoinReply)) {
	if err := m.join(now, &r, reply); err != nil {
		reply(JoinReply{Err: err, MemberID: r.MemberID, Generation: -1})
	}
}

func (m *Machine) join(now time.Time, r *JoinRequest, reply func(JoinReply)) error {
	switch {
	case r.GroupID == "":
		return ErrInvalidGroupID
	case r.SessionTimeout < m.limits.MinSessionTimeout || r.SessionTimeout > m.limits.MaxSessionTimeout:
		return ErrInvalidSessionTimeout
	case r.ProtocolType == "" || len(r.Protocols) == 0:
		return ErrInconsistentProtocol
	}
	g := m.groups[r.GroupID]
	if g == nil {
		if r.MemberID != "" {
			return ErrUnknownMemberID
		}
		var err error
		if g, err = m.create(r.GroupID); err != nil {
			return err
		}
	}
	defer m.forgetIfBlank(g)
	switch {
	case g.state == stateDead:
		return ErrNotAvailable
	case g.shares != nil:
		return ErrInconsistentProtocol
	case g.consumers != nil && !g.empty():
		return ErrInconsistentProtocol // its members speak the other protocol
	case g.consumers != nil:
		g.generation, g.consumers = g.consumers.epoch, nil
	}
	if r.MemberID == "" {
		return g.joinNew(now, r, reply)
	}
	return g.joinKnown(now, r, reply)
}

// joinNew: nobody knows the member yet, unless it is static and was here before.
func (g *group) joinNew(now time.Time, r *JoinRequest, reply func(JoinReply)) error {
	if r.InstanceID != nil {
		if old := g.static[*r.InstanceID]; old != nil {
			return g.replaceStatic(now, old, r, reply)
		}
	}
	if !g.takes(r.ProtocolType, r.Protocols, nil) {
		return ErrInconsistentProtocol
	}
	if len(g.members)+len(g.pending) >= g.m.limits.MaxMembers || g.m.full() {
		return ErrGroupFull
	}
	id := g.newMemberID(r)
	if r.InstanceID == nil && r.RequireKnownMember {
		g.pending[id] = g.m.timers.start(now.Add(r.SessionTimeout), func(now time.Time) { g.dropPending(now, id) })
		reply(JoinReply{Err: ErrMemberIDRequired, MemberID: id, Generation: -1})
		return nil
	}
	g.add(now, id, r, reply)
	return nil
}

func (g *group) newMemberID(r *JoinRequest) string {
	if r.InstanceID != nil {
		return *r.InstanceID + "-" + g.m.newID()
	}
	return r.ClientID + "-" + g.m.newID()
}

func (g *group) joinKnown(now time.Time, r *JoinRequest, reply func(JoinReply)) error {
	if t, ok := g.pending[r.MemberID]; ok && r.InstanceID == nil {
		if !g.takes(r.ProtocolType, r.Protocols, nil) {
			return ErrInconsistentProtocol
		}
		g.m.timers.stop(t)
		delete(g.pending, r.MemberID)
		g.add(now, r.MemberID, r, reply)
		return nil
	}
	mb, err := g.lookup(r.MemberID, r.InstanceID)
	if err != nil {
		return err
	}
	if !g.takes(r.ProtocolType, r.Protocols, mb) {
		return ErrInconsistentProtocol
	}
	same := sameProtocols(mb.protocols, r.Protocols)
	if !same && g.m.full() {
		return ErrGroupFull
	}
	switch {
	case g.state == stateCompleting && same, g.state == stateStable && same && mb.id != g.leader:
		// A retry whose first answer got lost: nothing changed.
		g.keepAlive(now, mb)
		reply(g.joinReply(mb))
		return nil
	}
	g.update(mb, r)
	g.await(now, mb, reply)
	g.rebalance(now)
	return nil
}

func sameProtocols(a, b []Protocol) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(a[i].Metadata, b[i].Metadata) {
			return false
		}
	}
	return true
}

func (g *group) add(now time.Time, id string, r *JoinRequest, reply func(JoinReply)) {
	mb := &member{id: id, instanceID: r.InstanceID, clientID: r.ClientID, host: r.ClientHost, isNew: true}
	if len(g.order) == 0 {
		g.protocolType = r.ProtocolType
		g.leader = id
	}
	g.members[id] = mb
	g.order = append(g.order, mb)
	if mb.instanceID != nil {
		g.static[*mb.instanceID] = mb
	}
	g.grew = true
	g.update(mb, r)
	g.await(now, mb, reply)
	g.rebalance(now)
}

func (g *group) update(mb *member, r *JoinRequest) {
	mb.clientID, mb.host = r.ClientID, r.ClientHost
	mb.session, mb.rebalance = r.SessionTimeout, r.RebalanceTimeout
	mb.protocols = r.Protocols
	mb.supportsSkipAssigned = r.SkipAssignment
	g.count(mb)
	if len(g.order) == 1 {
		g.protocolType = r.ProtocolType
	}
}

// await parks the member's JoinGroup; an older one of the same member is sent away.
func (g *group) await(now time.Time, mb *member, reply func(JoinReply)) {
	mb.answerJoin(JoinReply{Err: ErrRebalanceInProgress, MemberID: mb.id, Generation: -1})
	mb.joinReply = reply
	g.hold(mb)
	if mb.isNew {
		g.expireAfter(now, mb, newMemberTimeout)
	}
}

// replaceStatic gives a static member that came back a new id. While the group is stable and
// would choose the same protocol, this is no rebalance (KIP-345).
func (g *group) replaceStatic(now time.Time, old *member, r *JoinRequest, reply func(JoinReply)) error {
	if !g.takes(r.ProtocolType, r.Protocols, old) {
		return ErrInconsistentProtocol
	}
	old.answerJoin(JoinReply{Err: ErrFencedInstanceID, MemberID: old.id, Generation: -1})
	old.answerSync(SyncReply{Err: ErrFencedInstanceID})
	oldID, leader := old.id, g.leader
	delete(g.members, oldID)
	old.id = g.newMemberID(r)
	g.members[old.id] = old
	if leader == oldID {
		g.leader = old.id
	}
	g.update(old, r)
	if g.state != stateStable || g.selectProtocol() != g.protocol {
		g.await(now, old, reply)
		g.rebalance(now)
		return nil
	}
	g.keepAlive(now, old)
	answer := g.joinReply(old)
	switch {
	case leader != oldID:
	case r.SkipAssignment:
		answer.SkipAssignment = true
	default:
		// An older client that is told to be the leader would assign; naming its former self
		// as the leader makes it a follower that asks for what it already has.
		answer.LeaderID, answer.Members = oldID, nil
	}
	g.save(func(_ time.Time, err error) {
		if err != nil {
			answer = JoinReply{Err: ErrNotAvailable, MemberID: old.id, Generation: -1}
		}
		reply(answer)
	})
	return nil
}

// joinReply tells mb of the current generation.
func (g *group) joinReply(mb *member) JoinReply {
	r := JoinReply{
		Generation: g.generation, ProtocolType: g.protocolType, Protocol: g.protocol,
		LeaderID: g.leader, MemberID: mb.id,
	}
	if mb.id == g.leader {
		for _, o := range g.order {
			r.Members = append(r.Members, JoinedMember{MemberID: o.id, InstanceID: o.instanceID, Metadata: o.metadata(g.protocol)})
		}
	}
	return r
}
