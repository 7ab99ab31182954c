package group

import (
	"cmp"
	"maps"
	"slices"
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
		writes = append(writes, g.row(0)) // the journal tells it when it is saved as such
	}
	numbered := make(map[TopicPartition]Offset, len(r.Offsets))
	for tp, o := range r.Offsets {
		o.place = m.number(g, &writes) + 1
		numbered[tp] = o
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
		for tp, o := range numbered {
			if g.fresh[tp] < queued { // else a transaction's came meanwhile, see Committed
				delete(g.fresh, tp)
				g.setOffset(tp, o)
			}
		}
		m.publishOffsets(g, numbered)
		reply(nil)
	}, writes...)
}

// publishOffsets makes readable what is committed, in the order of its numbers.
func (m *Machine) publishOffsets(g *group, numbered map[TopicPartition]Offset) {
	byNumber := func(a, b TopicPartition) int { return cmp.Compare(numbered[a].place, numbered[b].place) }
	for _, tp := range slices.SortedFunc(maps.Keys(numbered), byNumber) {
		m.publish(g, numbered[tp].place-1, numbered[tp].CommitMillis, tp)
	}
}

func (g *group) setOffset(tp TopicPartition, o Offset) {
	g.dropOffset(tp)
	g.m.bytes += offsetBytes + int64(len(o.Metadata))
	g.offsets[tp] = o
}

func (g *group) dropOffset(tp TopicPartition) {
	if old, ok := g.offsets[tp]; ok {
		g.m.bytes -= offsetBytes + int64(len(old.Metadata))
		g.m.journal.parts[g.part].dead++
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
	o.place = 0
	return o, ok
}

// Offsets of a group that are durable; the map is the caller's.
func (m *Machine) Offsets(groupID string) map[TopicPartition]Offset {
	g := m.groups[groupID]
	if g == nil {
		return nil
	}
	all := maps.Clone(g.offsets)
	for tp, o := range all {
		o.place = 0
		all[tp] = o
	}
	return all
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
	case g.storing > 0:
		m.behindStores(func() { m.Delete(groupID, reply) })
		return
	}
	g.state = stateDead
	for id := range g.pending {
		m.timers.stop(g.pending[id])
		delete(g.pending, id)
	}
	writes := []meta.Write{{Key: groupKey(g.id)}}
	gone := burials{g: g}
	for tp, o := range g.offsets {
		writes = append(writes, meta.Write{Key: offsetKey(g.id, tp)})
		gone.bury(tp, o.place, &writes)
	}
	gone.bury(noPartition, g.place, &writes)
	if g.shares != nil {
		for tp := range g.shares.parts {
			writes = append(writes, meta.Write{Key: shareKey(g.id, tp)})
		}
	}
	m.store(func(now time.Time, err error) {
		if err != nil {
			g.state = stateEmpty
			reply(ErrNotAvailable)
			return
		}
		for tp := range g.offsets {
			g.dropOffset(tp)
		}
		gone.done(now.UnixMilli())
		g.untell()
		if g.shares != nil {
			g.shares.forget()
		}
		delete(m.groups, g.id)
		reply(nil)
	}, writes...)
}

// behindStores calls fn once what is on its way to be stored now has ended: what deletes has to know of all that there is, else a
// row stays, and comes back with the next start.
func (m *Machine) behindStores(fn func()) {
	m.store(func(time.Time, error) { fn() })
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
	case g.storing > 0:
		m.behindStores(func() { m.DeleteOffsets(groupID, tps, reply) })
		return
	}
	writes := make([]meta.Write, 0, len(tps))
	gone := burials{g: g}
	for _, tp := range tps {
		writes = append(writes, meta.Write{Key: offsetKey(g.id, tp)})
		gone.bury(tp, g.offsets[tp].place, &writes)
	}
	m.store(func(now time.Time, err error) {
		if err != nil {
			reply(ErrNotAvailable)
			return
		}
		for _, tp := range tps {
			g.dropOffset(tp)
		}
		gone.done(now.UnixMilli())
		reply(nil)
	}, writes...)
}
