package group

import "sort"

// Describe shows one classic group; false when nobody knows it.
func (m *Machine) Describe(groupID string) (Description, bool) {
	g := m.groups[groupID]
	if g == nil || g.consumers != nil || g.shares != nil {
		return Description{}, false
	}
	d := g.describe()
	for _, mb := range g.order {
		d.Members = append(d.Members, MemberDescription{
			MemberID: mb.id, InstanceID: mb.instanceID, ClientID: mb.clientID, ClientHost: mb.host,
			Metadata: mb.metadata(g.protocol), Assignment: mb.assignment,
		})
	}
	return d, true
}

// List shows all groups by name, without their members.
func (m *Machine) List() []Description {
	list := make([]Description, 0, len(m.groups))
	for _, g := range m.groups {
		list = append(list, g.describe())
	}
	sort.Slice(list, func(i, j int) bool { return list[i].GroupID < list[j].GroupID })
	return list
}

// Members is how many a group has now.
func (m *Machine) Members(groupID string) int {
	g := m.groups[groupID]
	switch {
	case g == nil:
		return 0
	case g.shares != nil:
		return len(g.shares.members)
	case g.consumers != nil:
		return len(g.consumers.members)
	}
	return len(g.members)
}

func (g *group) describe() Description {
	if g.shares != nil {
		return Description{GroupID: g.id, State: g.shares.state(), Type: "share", ProtocolType: "share"}
	}
	if c := g.consumers; c != nil {
		return Description{GroupID: g.id, State: c.state(), Type: "consumer", ProtocolType: "consumer"}
	}
	d := Description{GroupID: g.id, State: g.state.String(), Type: "classic", ProtocolType: g.protocolType}
	if g.state == stateStable {
		d.Protocol = g.protocol
	}
	return d
}
