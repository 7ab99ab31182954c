package group

import (
	"sort"
	"time"
)

// JournalRecord is one record of __consumer_offsets: a committed offset, a classic group's members, or that one of them is deleted.
type JournalRecord struct {
	Number, Millis int64
	GroupID        string
	// Partition is of Offset; Group is set instead for the members. Without either the key is deleted.
	Partition TopicPartition
	Offset    *Offset
	Group     *StoredGroup
	OfGroup   bool
}

// StoredGroup is a classic group as it is stored.
type StoredGroup struct {
	Generation                     int32
	ProtocolType, Protocol, Leader string
	Members                        []StoredMember
}

// StoredMember is one member of a StoredGroup.
type StoredMember struct {
	MemberDescription
	Rebalance, Session time.Duration
}

// JournalEnd is the offset behind the last that can be read in a partition of the journal.
func (m *Machine) JournalEnd(part int32) int64 { return m.journal.parts[part].end }

// Journal reads up to limit records of a partition from number from on. Behind them it goes on at next.
func (m *Machine) Journal(part int32, from int64, limit int) (records []JournalRecord, next int64, err error) {
	p := &m.journal.parts[part]
	next = max(from, p.end)
	entries := p.entries[sort.Search(len(p.entries), func(i int) bool { return p.entries[i].number >= from }):]
	graves := p.graves[sort.Search(len(p.graves), func(i int) bool { return p.graves[i].number >= from }):]
	for len(entries)+len(graves) > 0 {
		if len(records) == limit {
			return records, records[limit-1].Number + 1, nil
		}
		if len(entries) == 0 || len(graves) > 0 && graves[0].number < entries[0].number {
			d := &graves[0]
			records = append(records, JournalRecord{Number: d.number, Millis: d.millis, GroupID: d.id, Partition: d.tp, OfGroup: d.tp == noPartition})
			graves = graves[1:]
			continue
		}
		if e := &entries[0]; e.live() {
			r, err := e.record()
			if err != nil {
				return nil, from, err
			}
			records = append(records, r)
		}
		entries = entries[1:]
	}
	return records, next, nil
}

func (e *journalEntry) record() (JournalRecord, error) {
	r := JournalRecord{Number: e.number, Millis: e.millis, GroupID: e.group.id, Partition: e.tp}
	if e.tp != noPartition {
		o := e.group.offsets[e.tp]
		o.place = 0
		r.Offset = &o
		return r, nil
	}
	// why: not the group as it is: members do not hear of what is not stored yet, nor does who reads this.
	g := (&Machine{}).blank(e.group.id)
	if err := decodeGroup(e.group.told, g); err != nil {
		return r, err
	}
	r.OfGroup = true
	r.Group = &StoredGroup{Generation: g.generation, ProtocolType: g.protocolType, Protocol: g.protocol, Leader: g.leader}
	for _, mb := range g.order {
		r.Group.Members = append(r.Group.Members, StoredMember{
			MemberDescription: MemberDescription{
				MemberID: mb.id, InstanceID: mb.instanceID, ClientID: mb.clientID, ClientHost: mb.host,
				Metadata: mb.metadata(g.protocol), Assignment: mb.assignment,
			},
			Rebalance: mb.rebalance, Session: mb.session,
		})
	}
	return r, nil
}

// JournalTime finds the first record of a partition at or after a time, or with newest the last one.
func (m *Machine) JournalTime(part int32, millis int64, newest bool) (number, at int64, found bool) {
	p := &m.journal.parts[part]
	if newest {
		for i := len(p.entries) - 1; i >= 0; i-- {
			if e := &p.entries[i]; e.live() {
				return e.number, e.millis, true
			}
		}
		return 0, 0, false
	}
	for i := sort.Search(len(p.entries), func(i int) bool { return p.entries[i].millis >= millis }); i < len(p.entries); i++ {
		if e := &p.entries[i]; e.live() {
			return e.number, e.millis, true
		}
	}
	return 0, 0, false
}

// JournalChanged is closed once something becomes readable that is not now.
func (m *Machine) JournalChanged() <-chan struct{} {
	if m.journal.changed == nil {
		m.journal.changed = make(chan struct{})
	}
	return m.journal.changed
}

// JournalBytes is about what a partition of the journal takes.
func (m *Machine) JournalBytes(part int32) int64 {
	return int64(len(m.journal.parts[part].entries))*offsetBytes/2 + int64(m.journal.parts[part].buried)
}
