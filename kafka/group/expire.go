package group

import (
	"time"
)

// Expire has a group forget the offsets whose time is over: the group has had no members for so long, and nobody has committed the
// offset since (Kafka's offsets.retention.minutes). A group that keeps none goes with them, and its name is free. It
// gives how many it begins to forget. Call it again and again: the first call that finds a group without members notes the time.
//
// Share groups stay. So do, unlike Kafka's since KIP-211, offsets of topics that a group with members reads no more.
func (m *Machine) Expire(now time.Time, groupID string, after time.Duration) int {
	g := m.groups[groupID]
	if g == nil || g.shares != nil || !g.empty() || g.storing > 0 || len(g.pending) > 0 {
		return 0
	}
	if g.emptySince.IsZero() {
		g.emptySince = now
		g.save(nil)
		return 0
	}
	cut := now.Add(-after)
	if g.emptySince.After(cut) {
		return 0
	}
	over := func(tp TopicPartition) bool { return !time.UnixMilli(g.offsets[tp].CommitMillis).After(cut) }
	n := 0
	for tp := range g.offsets {
		if over(tp) {
			n++
		}
	}
	if n == len(g.offsets) {
		m.Delete(groupID, func(error) {}) // one that could not be stored is found by the next call
		return n
	}
	g.forgetOffsets(over)
	return n
}
