package group

import (
	"bytes"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// row is the group as it is to be stored, at a place in the journal.
func (g *group) row(place int64) meta.Write {
	value := func(dst []byte, g *group) []byte { return appendGroup(dst, g, place) }
	if g.shares != nil {
		return meta.Write{Key: groupKey(g.id), Value: appendShares(nil, g.shares)}
	}
	if g.consumers != nil {
		value = func(dst []byte, g *group) []byte { return appendConsumers(dst, g.consumers) }
	}
	return meta.Write{Key: groupKey(g.id), Value: value(nil, g)}
}

// save queues the group's row; done may be nil. A row of an empty group that fails to be stored
// is stored with the next one: nobody was told of it. The row of a classic group is told of in the journal too.
func (g *group) save(done func(now time.Time, err error)) {
	g.storing++
	var writes []meta.Write
	gone := burials{g: g}
	classic := g.consumers == nil && g.shares == nil && g.generation > 0
	if classic {
		g.place = g.m.number(g, &writes) + 1
	} else {
		gone.bury(noPartition, g.place, &writes)
		g.place = 0
	}
	place, row := g.place, g.row(g.place)
	g.m.store(func(now time.Time, err error) {
		g.storing--
		if err == nil {
			g.stored = true
			gone.done(now.UnixMilli())
			if place == g.place { // else a later row is on its way
				g.tell(row.Value, now.UnixMilli())
			}
		}
		if done != nil {
			done(now, err)
		}
	}, append(writes, row)...)
}

// tell has the journal tell of the group's row, or no more if it has no place there.
func (g *group) tell(row []byte, millis int64) {
	if g.untell(); g.place == 0 {
		return
	}
	g.told, g.toldNumber = row, g.place-1
	g.m.bytes += int64(len(row))
	g.m.publish(g, g.place-1, millis, noPartition)
}

func (g *group) untell() {
	if g.told != nil {
		g.m.bytes -= int64(len(g.told))
		g.m.journal.parts[g.part].dead++
		g.told = nil
	}
}

// restore takes one row of a group; restoreOffset one of an offset; restored ends it. What is
// stored is taken whatever the limits are now.
func (m *Machine) restore(id string, value []byte) error {
	g := m.add(id)
	g.stored = true
	if err := decodeGroup(value, g); err != nil {
		return err
	}
	if g.consumers == nil && g.shares == nil && g.generation > 0 {
		g.told, g.toldNumber = bytes.Clone(value), g.place-1
		m.bytes += int64(len(value))
	}
	return nil
}

func (m *Machine) restoreOffset(id string, tp TopicPartition, value []byte) error {
	o, err := decodeOffset(value)
	if err != nil {
		return err
	}
	g := m.groups[id]
	if g == nil {
		g = m.add(id)
	}
	g.setOffset(tp, o)
	return nil
}

// restoreShare takes one row of a partition of a share group.
func (m *Machine) restoreShare(id string, tp TopicPartition, value []byte) error {
	p, err := decodeShare(value)
	if err != nil {
		return err
	}
	g := m.groups[id]
	if g == nil {
		g = m.add(id)
	}
	if g.shares == nil {
		g.shares = newShares(g)
	}
	at := g.shares.part(tp)
	at.sharePartition, at.stored = p, true
	at.changed()
	return nil
}

// restored lets the members' sessions start. A group was stored when it got stable or empty.
func (m *Machine) restored(now time.Time) {
	m.restoreJournal(now.UnixMilli())
	for _, g := range m.groups {
		if g.shares != nil {
			g.shares.restored(now)
			continue
		}
		if c := g.consumers; c != nil {
			c.restored(now)
			continue
		}
		if len(g.order) == 0 {
			continue
		}
		g.state = stateStable
		for _, mb := range g.order {
			g.keepAlive(now, mb)
		}
	}
}

// restored lets the members' sessions start.
func (c *consumers) restored(now time.Time) {
	for _, mb := range c.members {
		c.keepAlive(now, mb)
		if mb.state == consumerUnrevoked {
			c.awaitRevocation(now, mb)
		}
	}
}
