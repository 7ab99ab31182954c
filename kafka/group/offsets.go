package group

import (
	"maps"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// Commit stores offsets; reply is called once they are durable and visible to Offsets.
func (m *Machine) Commit(now time.Time, r CommitRequest, reply func(error)) {
	g, err := m.mayCommit(&r)
	if err != nil {
		reply(err)
		return
	}
	if mb := g.members[r.MemberID]; mb != nil && mb.joinReply == nil && mb.syncReply == nil {
		g.keepAlive(now, mb)
	}
	if len(r.Offsets) == 0 {
		m.forgetIfBlank(g)
		reply(nil)
		return
	}
	if m.full() {
		m.forgetIfBlank(g)
		reply(ErrTooManyOffsets)
		return
	}
	writes := make([]meta.Write, 0, len(r.Offsets)+1)
	if !g.stored {
		writes = append(writes, g.row())
	}
	for tp, o := range r.Offsets {
		writes = append(writes, meta.Write{Key: offsetKey(g.id, tp), Value: appendOffset(nil, o)})
	}
	m.commits++
	queued := m.commits
	g.plain = true
	g.storing++
	m.store(func(_ time.Time, err error) {
		g.storing--
		if err != nil {
			m.forgetIfBlank(g)
			reply(ErrNotAvailable)
			return
		}
		g.stored = true
		for tp, o := range r.Offsets {
			if g.fresh[tp] < queued { // else a transaction's came meanwhile, see Committed
				delete(g.fresh, tp)
				g.setOffset(tp, o)
			}
		}
		reply(nil)
	}, writes...)
}

func (g *group) setOffset(tp TopicPartition, o Offset) {
	g.dropOffset(tp)
	g.m.bytes += offsetBytes + int64(len(o.Metadata))
	g.offsets[tp] = o
}

func (g *group) dropOffset(tp TopicPartition) {
	if old, ok := g.offsets[tp]; ok {
		g.m.bytes -= offsetBytes + int64(len(old.Metadata))
		delete(g.offsets, tp)
	}
}

// mayCommit finds the group that r may commit for. A consumer that assigns by itself (no
// member, generation -1) makes the group, and may use it only while it has no members.
func (m *Machine) mayCommit(r *CommitRequest) (*group, error) {
	if r.GroupID == "" {
		return nil, ErrInvalidGroupID
	}
	g := m.groups[r.GroupID]
	if g == nil {
		if r.Generation >= 0 || r.MemberID != "" {
			return nil, ErrIllegalGeneration
		}
		return m.create(r.GroupID)
	}
	switch {
	case g.state == stateDead:
		return nil, ErrNotAvailable
	case g.shares != nil:
		return nil, ErrGroupNotFound
	case g.consumers != nil:
		return g, g.consumers.mayCommit(r.MemberID, r.Generation)
	case r.Generation < 0 && g.state == stateEmpty:
		return g, nil
	case r.Generation < 0 && r.MemberID == "" && r.InstanceID == nil:
		return nil, ErrUnknownMemberID
	}
	if _, err := g.lookup(r.MemberID, r.InstanceID); err != nil {
		return nil, err
	}
	switch {
	case r.Generation != g.generation:
		return nil, ErrIllegalGeneration
	case g.state == stateCompleting:
		return nil, ErrRebalanceInProgress
	}
	return g, nil
}

// Offset of one partition that is durable; false also when nobody knows the group.
func (m *Machine) Offset(groupID string, tp TopicPartition) (Offset, bool) {
	g := m.groups[groupID]
	if g == nil {
		return Offset{}, false
	}
	o, ok := g.offsets[tp]
	return o, ok
}

// Offsets of a group that are durable; the map is the caller's.
func (m *Machine) Offsets(groupID string) map[TopicPartition]Offset {
	g := m.groups[groupID]
	if g == nil {
		return nil
	}
	return maps.Clone(g.offsets)
}

// Delete removes a group without members, and its offsets.
func (m *Machine) Delete(groupID string, reply func(error)) {
	g := m.groups[groupID]
	switch {
	case groupID == "":
		reply(ErrInvalidGroupID)
		return
	case g == nil, g.state == stateDead:
		reply(ErrGroupNotFound)
		return
	case !g.empty():
		reply(ErrNotEmpty)
		return
	}
	g.state = stateDead
	for id := range g.pending {
		m.timers.stop(g.pending[id])
		delete(g.pending, id)
	}
	writes := []meta.Write{{Key: groupKey(g.id)}}
	for tp := range g.offsets {
		writes = append(writes, meta.Write{Key: offsetKey(g.id, tp)})
	}
	if g.shares != nil {
		for tp := range g.shares.parts {
			writes = append(writes, meta.Write{Key: shareKey(g.id, tp)})
		}
	}
	m.store(func(_ time.Time, err error) {
		if err != nil {
			g.state = stateEmpty
			reply(ErrNotAvailable)
			return
		}
		for tp := range g.offsets {
			g.dropOffset(tp)
		}
		if g.shares != nil {
			g.shares.forget()
		}
		delete(m.groups, g.id)
		reply(nil)
	}, writes...)
}

// DeleteOffsets removes offsets of a group that nobody consumes with.
func (m *Machine) DeleteOffsets(groupID string, tps []TopicPartition, reply func(error)) {
	g := m.groups[groupID]
	switch {
	case groupID == "":
		reply(ErrInvalidGroupID)
		return
	case g == nil, g.state == stateDead:
		reply(ErrGroupNotFound)
		return
	case !g.empty():
		reply(ErrSubscribed)
		return
	}
	writes := make([]meta.Write, 0, len(tps))
	for _, tp := range tps {
		writes = append(writes, meta.Write{Key: offsetKey(g.id, tp)})
	}
	m.store(func(_ time.Time, err error) {
		if err != nil {
			reply(ErrNotAvailable)
			return
		}
		for _, tp := range tps {
			g.dropOffset(tp)
		}
		reply(nil)
	}, writes...)
}
