package group

import (
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// MayCommitInTxn tells whether r may commit offsets with a transaction. Who names no member is not
// checked: so did clients before KIP-447.
func (m *Machine) MayCommitInTxn(now time.Time, r *CommitRequest) error {
	if r.GroupID == "" {
		return ErrInvalidGroupID
	}
	if m.full() {
		return ErrTooManyOffsets
	}
	if r.Generation < 0 && r.MemberID == "" && r.InstanceID == nil {
		return nil
	}
	if m.groups[r.GroupID] == nil {
		return ErrIllegalGeneration
	}
	g, err := m.mayCommit(r)
	if err != nil {
		return err
	}
	if mb := g.members[r.MemberID]; mb != nil && mb.joinReply == nil && mb.syncReply == nil {
		g.keepAlive(now, mb)
	}
	return nil
}

// OffsetRows are the rows of a group's offsets, to be written with the commit that makes them hold.
func OffsetRows(groupID string, offsets []log.GroupOffset, commitMillis int64) []meta.Write {
	writes := make([]meta.Write, 0, len(offsets))
	for i := range offsets {
		tp, o := offsetOf(&offsets[i], commitMillis)
		writes = append(writes, meta.Write{Key: offsetKey(groupID, tp), Value: appendOffset(nil, o)})
	}
	return writes
}

func offsetOf(o *log.GroupOffset, commitMillis int64) (TopicPartition, Offset) {
	return TopicPartition{o.Partition.Topic, o.Partition.Index},
		Offset{Offset: o.Offset, LeaderEpoch: o.LeaderEpoch, Metadata: o.Metadata, CommitMillis: commitMillis}
}

// Committed takes in offsets that a transaction made hold; they are durable already.
//
// A plain commit of the same partition may be on its way to the store, or its answer back: which of the
// two rows was written last nobody knows. So the rows are written once more if the group ever commits
// plainly, and what was on its way does not replace them in memory. The store is also for the journal, whose numbers become readable
// in the order in which they were given out; mostly there is nothing to write in it.
func (m *Machine) Committed(groupID string, offsets []log.GroupOffset, commitMillis int64) {
	g := m.groups[groupID]
	if g == nil {
		g = m.add(groupID)
	}
	m.commits++
	var writes []meta.Write
	numbered := make(map[TopicPartition]Offset, len(offsets))
	for i := range offsets {
		tp, o := offsetOf(&offsets[i], commitMillis)
		o.place = m.number(g, &writes) + 1
		numbered[tp] = o
		g.setOffset(tp, o)
		if g.plain {
			writes = append(writes, meta.Write{Key: offsetKey(g.id, tp), Value: appendOffset(nil, o)})
			if g.fresh == nil {
				g.fresh = map[TopicPartition]uint64{}
			}
			g.fresh[tp] = m.commits
		}
	}
	g.storing++
	m.store(func(_ time.Time, err error) {
		if g.storing--; err == nil {
			m.publishOffsets(g, numbered)
		}
	}, writes...)
}
