package group

import "time"

// Sync handles SyncGroup. reply is called once, when the assignment is stored.
func (m *Machine) Sync(now time.Time, r SyncRequest, reply func(SyncReply)) {
	if err := m.sync(now, &r, reply); err != nil {
		reply(SyncReply{Err: err})
	}
}

func (m *Machine) sync(now time.Time, r *SyncRequest, reply func(SyncReply)) error {
	g, mb, err := m.member(r.GroupID, r.MemberID, r.InstanceID, r.Generation)
	if err != nil {
		return err
	}
	if r.ProtocolType != nil && *r.ProtocolType != g.protocolType || r.Protocol != nil && *r.Protocol != g.protocol {
		return ErrInconsistentProtocol
	}
	switch g.state {
	case statePreparing:
		return ErrRebalanceInProgress
	case stateStable:
		g.keepAlive(now, mb)
		reply(g.syncReply(mb))
		return nil
	}
	mb.answerSync(SyncReply{Err: ErrRebalanceInProgress})
	mb.syncReply = reply
	mb.synced = true
	g.hold(mb)
	if mb.id == g.leader {
		g.assign(r.Assignments)
	}
	return nil
}

// member finds a group and its member, and checks the generation.
func (m *Machine) member(groupID, memberID string, instanceID *string, generation int32) (*group, *member, error) {
	if groupID == "" {
		return nil, nil, ErrInvalidGroupID
	}
	g := m.groups[groupID]
	if g == nil {
		return nil, nil, ErrUnknownMemberID
	}
	if g.state == stateDead {
		return nil, nil, ErrNotAvailable
	}
	mb, err := g.lookup(memberID, instanceID)
	if err != nil {
		return nil, nil, err
	}
	if generation != g.generation {
		return nil, nil, ErrIllegalGeneration
	}
	return g, mb, nil
}

// assign stores what the leader has decided; the members learn it once it is durable.
func (g *group) assign(assignments map[string][]byte) {
	generation := g.generation
	for _, mb := range g.order {
		mb.assignment = assignments[mb.id]
		g.count(mb)
	}
	g.save(func(now time.Time, err error) {
		if g.state != stateCompleting || g.generation != generation {
			return // a rebalance came in between and has answered
		}
		if err != nil {
			for _, mb := range g.order {
				mb.assignment = nil
				if mb.syncReply != nil {
					g.keepAlive(now, mb)
					mb.answerSync(SyncReply{Err: ErrNotAvailable})
				}
			}
			g.rebalance(now)
			return
		}
		g.state = stateStable
		for _, mb := range g.order {
			if mb.syncReply != nil {
				g.keepAlive(now, mb)
				mb.answerSync(g.syncReply(mb))
			}
		}
	})
}

func (g *group) syncReply(mb *member) SyncReply {
	return SyncReply{ProtocolType: g.protocolType, Protocol: g.protocol, Assignment: mb.assignment}
}

// Heartbeat keeps a member alive; ErrRebalanceInProgress tells it to join again.
func (m *Machine) Heartbeat(now time.Time, groupID, memberID string, instanceID *string, generation int32) error {
	g, mb, err := m.member(groupID, memberID, instanceID, generation)
	if err != nil {
		return err
	}
	if mb.joinReply == nil && mb.syncReply == nil {
		g.keepAlive(now, mb)
	}
	if g.state == statePreparing {
		return ErrRebalanceInProgress
	}
	return nil
}

// Leave takes a member out, by id, or by instance id alone when memberID is empty.
func (m *Machine) Leave(now time.Time, groupID, memberID string, instanceID *string) error {
	if groupID == "" {
		return ErrInvalidGroupID
	}
	g := m.groups[groupID]
	if g == nil {
		return ErrUnknownMemberID
	}
	if g.state == stateDead {
		return ErrNotAvailable
	}
	if g.consumers != nil {
		return g.consumers.throwOut(memberID, instanceID)
	}
	if _, ok := g.pending[memberID]; ok && instanceID == nil {
		g.dropPending(now, memberID)
		return nil
	}
	var mb *member
	var err error
	if instanceID != nil && memberID == "" {
		if mb = g.static[*instanceID]; mb == nil {
			err = ErrUnknownMemberID
		}
	} else {
		mb, err = g.lookup(memberID, instanceID)
	}
	if err != nil {
		return err
	}
	g.removeMember(now, mb, ErrUnknownMemberID)
	return nil
}
