package kafka

import (
	"time"

	"github.com/tributary-db/tributary/kafka/group"
)

// GroupStatus is what a consumer group is at the moment.
type GroupStatus struct {
	ID, State string
	Members   int
	// Offsets it has committed.
	Offsets map[group.TopicPartition]group.Offset
}

// ShareStats counts what share groups hold, for metrics.
func (s *Server) ShareStats() (st group.ShareStats) {
	s.groups.With(func(_ time.Time, m *group.Machine) { st = m.ShareStats() })
	return st
}

// Groups lists the consumer groups by name. Each is read by itself, so that no lock is held for
// all of them.
func (s *Server) Groups() []GroupStatus {
	var list []group.Description
	s.groups.With(func(_ time.Time, m *group.Machine) { list = m.List() })
	out := make([]GroupStatus, len(list))
	for i, d := range list {
		s.groups.With(func(_ time.Time, m *group.Machine) {
			out[i] = GroupStatus{ID: d.GroupID, State: d.State, Members: m.Members(d.GroupID), Offsets: m.Offsets(d.GroupID)}
		})
	}
	return out
}
