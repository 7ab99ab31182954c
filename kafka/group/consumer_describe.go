package group

// ConsumerDescription is what ConsumerGroupDescribe shows.
type ConsumerDescription struct {
	State              string
	Epoch, TargetEpoch int32
	Assignor           string
	Members            []ConsumerMember
}

// ConsumerMember is one member of a ConsumerDescription.
type ConsumerMember struct {
	MemberID             string
	InstanceID, Rack     *string
	Epoch                int32
	ClientID, ClientHost string
	Subscribed           []string
	Regex                string
	Assigned, Target     []TopicPartition
}

// DescribeConsumers shows a consumer group; false when it does not exist or is a classic one.
func (m *Machine) DescribeConsumers(groupID string) (ConsumerDescription, bool) {
	g := m.groups[groupID]
	if g == nil || g.consumers == nil {
		return ConsumerDescription{}, false
	}
	c := g.consumers
	d := ConsumerDescription{State: c.state(), Epoch: c.epoch, TargetEpoch: c.targetEpoch, Assignor: c.assignor}
	if d.Assignor == "" {
		d.Assignor = defaultAssignor
	}
	for _, mb := range c.sorted() {
		d.Members = append(d.Members, ConsumerMember{
			MemberID: mb.id, InstanceID: mb.instanceID, Rack: mb.rack, Epoch: mb.epoch, ClientID: mb.clientID, ClientHost: mb.host,
			Subscribed: mb.subscribed, Regex: mb.regex, Assigned: mb.assigned.sorted(), Target: mb.target.sorted(),
		})
	}
	return d, true
}

// state is Kafka's name of the state of a consumer group.
func (c *consumers) state() string {
	switch {
	case c.g.state == stateDead:
		return "Dead"
	case len(c.members) == 0:
		return "Empty"
	case c.outdated:
		return "Assigning"
	}
	for _, mb := range c.members {
		if mb.state != consumerStable || mb.epoch != c.targetEpoch && mb.epoch != epochStaticLeave {
			return "Reconciling"
		}
	}
	return "Stable"
}
