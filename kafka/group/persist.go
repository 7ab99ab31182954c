package group

import (
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// row is the group as it is to be stored.
func (g *group) row() meta.Write {
	value := appendGroup
	if g.shares != nil {
		return meta.Write{Key: groupKey(g.id), Value: appendShares(nil, g.shares)}
	}
	if g.consumers != nil {
		value = func(dst []byte, g *group) []byte { return appendConsumers(dst, g.consumers) }
	}
	return meta.Write{Key: groupKey(g.id), Value: value(nil, g)}
}

// save queues the group's row; done may be nil. A row of an empty group that fails to be stored
// is stored with the next one: nobody was told of it.
func (g *group) save(done func(now time.Time, err error)) {
	g.storing++
	g.m.store(func(now time.Time, err error) {
		g.storing--
		if err == nil {
			g.stored = true
		}
		if done != nil {
			done(now, err)
		}
	}, g.row())
}

// restore takes one row of a group; restoreOffset one of an offset; restored ends it. What is
// stored is taken whatever the limits are now.
func (m *Machine) restore(id string, value []byte) error {
	g := m.add(id)
	g.stored = true
	return decodeGroup(value, g)
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
