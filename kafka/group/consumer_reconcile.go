package group

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// partitions is a set. A set that is shared is never changed: it is replaced.
type partitions map[TopicPartition]struct{}

func (p partitions) has(tp TopicPartition) bool { _, ok := p[tp]; return ok }

func (p partitions) hasAll(tps []TopicPartition) bool {
	return !slices.ContainsFunc(tps, func(tp TopicPartition) bool { return !p.has(tp) })
}

func (p partitions) hasAny(tps []TopicPartition) bool {
	return slices.ContainsFunc(tps, p.has)
}

// sorted lists the set by topic and index; never nil.
func (p partitions) sorted() []TopicPartition {
	out := slices.AppendSeq(make([]TopicPartition, 0, len(p)), maps.Keys(p))
	slices.SortFunc(out, comparePartitions)
	return out
}

func comparePartitions(a, b TopicPartition) int {
	return cmp.Or(slices.Compare(a.Topic[:], b.Topic[:]), cmp.Compare(a.Index, b.Index))
}

// How often the topics are looked at: names are cheap, a regular expression asks for all.
const (
	namesEvery = time.Second
	regexEvery = 5 * time.Second
)

// newTopics tells whether the topics that members subscribe to have changed since targets were
// made: created, deleted, given partitions.
func (c *consumers) newTopics(now time.Time, topics Topics) bool {
	every := namesEvery
	for _, mb := range c.members {
		if mb.pattern != nil {
			every = regexEvery
		}
	}
	if !c.seenAt.IsZero() && now.Sub(c.seenAt) < every {
		return false
	}
	c.seenAt = now
	return c.fingerprint(c.resolve(topics)) != c.seen
}

// resolve finds the topics that each member subscribes to, sorted by id.
func (c *consumers) resolve(topics Topics) map[*consumer][]log.Topic {
	var all []log.Topic
	byName := map[string]*log.Topic{}
	out := make(map[*consumer][]log.Topic, len(c.members))
	for _, mb := range c.members {
		found := map[log.TopicID]log.Topic{}
		for _, name := range mb.subscribed {
			t, ok := byName[name]
			if !ok {
				if got, exists := topics.TopicByName(name); exists {
					t = &got
				}
				byName[name] = t
			}
			if t != nil {
				found[t.ID] = *t
			}
		}
		if mb.pattern != nil {
			if all == nil {
				all = topics.Topics()
			}
			for _, t := range all {
				if mb.pattern.MatchString(t.Name) {
					found[t.ID] = t
				}
			}
		}
		out[mb] = slices.SortedFunc(maps.Values(found), func(a, b log.Topic) int { return slices.Compare(a.ID[:], b.ID[:]) })
	}
	return out
}

// fingerprint is of which topics there are for whom; it is stored, so that a restart is no reason
// to assign anew.
func (c *consumers) fingerprint(resolved map[*consumer][]log.Topic) uint64 {
	union := map[log.TopicID]int32{}
	for _, topics := range resolved {
		for _, t := range topics {
			union[t.ID] = t.Partitions
		}
	}
	h := fnv.New64a()
	for _, id := range slices.SortedFunc(maps.Keys(union), func(a, b log.TopicID) int { return slices.Compare(a[:], b[:]) }) {
		h.Write(id[:])
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(union[id])))
	}
	return h.Sum64()
}

// retarget begins an epoch: every member gets a target made of what there is now.
func (c *consumers) retarget(topics Topics) {
	resolved := c.resolve(topics)
	c.seen = c.fingerprint(resolved)
	c.epoch++
	c.assignor = c.electAssignor()
	members := slices.SortedFunc(maps.Keys(resolved), func(a, b *consumer) int { return cmp.Compare(a.id, b.id) })
	assign := make([]subscriber, len(members))
	for i, mb := range members {
		assign[i] = subscriber{name: mb.sortName(), topics: resolved[mb], had: mb.target}
	}
	for i, target := range assignors[c.assignor](assign) {
		members[i].target = target
	}
	c.targetEpoch = c.epoch
	c.outdated = false
	c.changes++
}

// sortName brings static members into the same order after each restart.
func (mb *consumer) sortName() string {
	if mb.instanceID != nil {
		return *mb.instanceID
	}
	return mb.id
}

// electAssignor is what most members prefer, of equals the first by name.
func (c *consumers) electAssignor() string {
	votes := map[string]int{}
	for _, mb := range c.members {
		if mb.prefers != "" {
			votes[mb.prefers]++
		}
	}
	best := defaultAssignor
	for _, name := range slices.Sorted(maps.Keys(votes)) {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// reconcile moves a member as far towards its target as the others allow; true: what it may have
// has changed.
//
//	Stable ── new target ──► next
//	Unrevoked ── the member no longer names what it must let go of ──► next
//	Unreleased ── (each heartbeat) ──► next
func (c *consumers) reconcile(now time.Time, mb *consumer, r *ConsumerHeartbeat) bool {
	switch {
	case mb.state == consumerStable && mb.epoch == c.targetEpoch:
		return false
	case mb.state == consumerUnrevoked && (r.Owned == nil || mb.revoking.hasAny(r.Owned)):
		return false
	}
	before := mb.assigned
	state, epoch := mb.state, mb.epoch
	c.next(mb, r)
	if mb.state == consumerUnrevoked {
		c.awaitRevocation(now, mb)
	} else {
		c.g.m.timers.stop(mb.revokeTimer)
		mb.revokeTimer = nil
	}
	moved := !maps.Equal(before, mb.assigned)
	if moved || state != mb.state || epoch != mb.epoch {
		c.changes++
	}
	return moved
}

// next is one step: a member first lets go of what is not in its target; only then it is at the
// new epoch and gets what nobody else holds any more.
func (c *consumers) next(mb *consumer, r *ConsumerHeartbeat) {
	keep, revoke, get := partitions{}, partitions{}, partitions{}
	for tp := range mb.assigned {
		if mb.target.has(tp) {
			keep[tp] = struct{}{}
		} else {
			revoke[tp] = struct{}{}
		}
	}
	if len(revoke) > 0 && (r.Owned == nil || revoke.hasAny(r.Owned)) {
		c.hold(mb, keep, revoke)
		mb.state = consumerUnrevoked
		return
	}
	waits := false
	for tp := range mb.target {
		owner := c.owners[tp]
		switch {
		case keep.has(tp):
		case owner != nil && owner != mb:
			waits = true
		default:
			get[tp] = struct{}{}
		}
	}
	maps.Copy(get, keep)
	c.hold(mb, get, nil)
	if mb.epoch != c.targetEpoch {
		mb.previous, mb.epoch = mb.epoch, c.targetEpoch
	}
	mb.state = consumerStable
	if waits {
		mb.state = consumerUnreleased
	}
}

// hold sets what a member has and has to let go of, and who owns what.
func (c *consumers) hold(mb *consumer, assigned, revoking partitions) {
	for _, old := range []partitions{mb.assigned, mb.revoking} {
		for tp := range old {
			if c.owners[tp] == mb {
				delete(c.owners, tp)
			}
		}
	}
	mb.assigned, mb.revoking = assigned, revoking
	c.own(mb)
}

func (c *consumers) own(mb *consumer) {
	for _, now := range []partitions{mb.assigned, mb.revoking} {
		for tp := range now {
			c.owners[tp] = mb
		}
	}
}

// awaitRevocation gives a member its rebalance timeout to let go of partitions, then it is out.
func (c *consumers) awaitRevocation(now time.Time, mb *consumer) {
	if mb.revokeTimer != nil && mb.revokeTimer.index >= 0 {
		return
	}
	mb.revokeTimer = c.g.m.timers.start(now.Add(mb.rebalance), func(time.Time) { c.expel(mb) })
}
