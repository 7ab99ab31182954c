package group

import (
	"maps"
	"slices"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// IDs of all groups, in order.
func (m *Machine) IDs() []string { return slices.Sorted(maps.Keys(m.groups)) }

// ForgetTopics has a group forget what it keeps of topics that are gone: its offsets, or how far it has come as a share
// group. What is on its way to be stored meanwhile stays until it is called again.
func (m *Machine) ForgetTopics(groupID string, gone func(log.TopicID) bool) {
	g := m.groups[groupID]
	if g == nil || g.state == stateDead {
		return
	}
	g.forgetOffsets(func(tp TopicPartition) bool { return gone(tp.Topic) })
	if g.shares == nil {
		return
	}
	var parts []*sharedPartition
	for tp, p := range g.shares.parts {
		if p.stored && gone(tp.Topic) {
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		p.drop(func(error) {}) // a row that stays is found by the next start
	}
}

func (g *group) forgetOffsets(gone func(TopicPartition) bool) {
	var writes []meta.Write
	var tps []TopicPartition
	buried := burials{g: g}
	for tp, o := range g.offsets {
		if gone(tp) {
			tps = append(tps, tp)
			writes = append(writes, meta.Write{Key: offsetKey(g.id, tp)})
			buried.bury(tp, o.place, &writes)
		}
	}
	if len(tps) == 0 {
		return
	}
	g.storing++
	g.m.store(func(now time.Time, err error) {
		if g.storing--; err != nil {
			return // the next call finds them
		}
		buried.done(now.UnixMilli())
		for _, tp := range tps {
			g.dropOffset(tp)
			delete(g.fresh, tp)
		}
		g.m.forgetIfBlank(g)
	}, writes...)
}
