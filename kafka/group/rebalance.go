package group

import (
	"slices"
	"time"
)

// rebalance starts the next generation, or goes on with the one being prepared.
func (g *group) rebalance(now time.Time) {
	if g.state == statePreparing {
		g.completeIfAllJoined(now)
		return
	}
	wasEmpty := g.state == stateEmpty
	if g.state == stateCompleting {
		g.dropAssignments(now)
	}
	g.m.timers.stop(g.syncTimer)
	g.state = statePreparing
	wait := g.rebalanceTimeout()
	g.initialUntil = time.Time{}
	if delay := g.m.limits.InitialDelay; wasEmpty && delay > 0 {
		g.initialUntil = now.Add(wait)
		wait = min(wait, delay)
		g.grew = false
	}
	g.joinTimer = g.m.timers.start(now.Add(wait), g.joinTimeUp)
	g.completeIfAllJoined(now)
}

// dropAssignments sends those away who wait for their share of a generation that will not be.
func (g *group) dropAssignments(now time.Time) {
	for _, mb := range g.order {
		mb.assignment = nil
		if mb.syncReply != nil {
			g.keepAlive(now, mb)
			mb.answerSync(SyncReply{Err: ErrRebalanceInProgress})
		}
	}
}

func (g *group) joinTimeUp(now time.Time) {
	if !g.initialUntil.IsZero() && g.grew && now.Before(g.initialUntil) {
		g.grew = false
		next := now.Add(g.m.limits.InitialDelay)
		if next.After(g.initialUntil) {
			next = g.initialUntil
		}
		g.joinTimer = g.m.timers.start(next, g.joinTimeUp)
		return
	}
	g.completeJoin(now)
}

func (g *group) completeIfAllJoined(now time.Time) {
	if g.state != statePreparing || !g.initialUntil.IsZero() || len(g.pending) > 0 {
		return
	}
	for _, mb := range g.order {
		if mb.joinReply == nil {
			return
		}
	}
	g.completeJoin(now)
}

// completeJoin makes a generation of those who have joined. Dynamic members who have not are
// out; static ones stay until their session ends.
func (g *group) completeJoin(now time.Time) {
	g.m.timers.stop(g.joinTimer)
	g.initialUntil = time.Time{}
	for _, mb := range slices.Clone(g.order) {
		if mb.joinReply == nil && mb.instanceID == nil {
			g.detach(mb)
		}
	}
	if len(g.order) == 0 {
		g.becomeEmpty()
		return
	}
	if !g.electLeader() {
		// Only static members are left and none has come back yet.
		g.joinTimer = g.m.timers.start(now.Add(g.rebalanceTimeout()), g.joinTimeUp)
		return
	}
	g.nextGeneration()
	g.protocol = g.selectProtocol()
	g.state = stateCompleting
	for _, mb := range g.order {
		mb.assignment, mb.synced = nil, false
		if mb.joinReply != nil {
			mb.isNew = false
			g.keepAlive(now, mb)
			mb.answerJoin(g.joinReply(mb))
		}
	}
	g.syncTimer = g.m.timers.start(now.Add(g.rebalanceTimeout()), g.syncTimeUp)
}

// electLeader keeps the leader if it has joined, else takes the first who has.
func (g *group) electLeader() bool {
	if mb := g.members[g.leader]; mb != nil && mb.joinReply != nil {
		return true
	}
	for _, mb := range g.order {
		if mb.joinReply != nil {
			g.leader = mb.id
			return true
		}
	}
	return false
}

func (g *group) becomeEmpty() {
	g.nextGeneration()
	g.state = stateEmpty
	g.protocol, g.leader = "", ""
	g.emptySince = time.Time{}
	g.save(nil)
}

// syncTimeUp removes those who joined and then never asked for their share.
func (g *group) syncTimeUp(now time.Time) {
	generation := g.generation
	for _, mb := range slices.Clone(g.order) {
		if !mb.synced && g.members[mb.id] == mb {
			g.removeMember(now, mb, ErrUnknownMemberID)
		}
		if g.generation != generation {
			return
		}
	}
}

// detach takes mb out of the group's lists.
func (g *group) detach(mb *member) {
	g.hold(mb)
	g.m.bytes -= mb.bytes
	delete(g.members, mb.id)
	if mb.instanceID != nil {
		delete(g.static, *mb.instanceID)
	}
	g.order = slices.DeleteFunc(g.order, func(o *member) bool { return o == mb })
}

// removeMember is leaving, being expired or being thrown out; who waits gets why.
func (g *group) removeMember(now time.Time, mb *member, why error) {
	g.detach(mb)
	mb.answerJoin(JoinReply{Err: why, MemberID: mb.id, Generation: -1})
	mb.answerSync(SyncReply{Err: why})
	switch g.state {
	case stateStable, stateCompleting:
		g.rebalance(now)
	case statePreparing:
		if len(g.order) == 0 {
			g.completeJoin(now)
			return
		}
		g.completeIfAllJoined(now)
	}
}

// dropPending: an id was given out and nobody joined with it.
func (g *group) dropPending(now time.Time, id string) {
	g.m.timers.stop(g.pending[id])
	delete(g.pending, id)
	g.completeIfAllJoined(now)
	g.m.forgetIfBlank(g)
}
