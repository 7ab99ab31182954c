package group

import (
	"cmp"
	"slices"

	"github.com/tributary-db/tributary/storage/log"
)

// subscriber is a member as an assignor sees it.
type subscriber struct {
	name   string // its place in an order that restarts do not change
	topics []log.Topic
	had    partitions // its target before
}

// assignors share partitions out; the result has an entry for each subscriber. They give the same
// for the same, and every partition of a topic that somebody subscribes to to one subscriber.
var assignors = map[string]func([]subscriber) []partitions{"uniform": uniform, "range": byRange}

const defaultAssignor = "uniform"

// byRange gives each subscriber of a topic a range of its partitions, the first ones one more.
// Subscribers of the same topics have the same indexes of each: what is joined lies together.
func byRange(members []subscriber) []partitions {
	out := make([]partitions, len(members))
	of := map[log.TopicID][]int{}
	topics := map[log.TopicID]int32{}
	for i, mb := range members {
		out[i] = partitions{}
		for _, t := range mb.topics {
			of[t.ID] = append(of[t.ID], i)
			topics[t.ID] = t.Partitions
		}
	}
	for id, subscribers := range of {
		slices.SortStableFunc(subscribers, func(a, b int) int { return cmp.Compare(members[a].name, members[b].name) })
		n, k, first := topics[id], int32(len(subscribers)), int32(0)
		for place, i := range subscribers {
			share := n / k
			if int32(place) < n%k {
				share++
			}
			for index := first; index < first+share; index++ {
				out[i][TopicPartition{Topic: id, Index: index}] = struct{}{}
			}
			first += share
		}
	}
	return out
}

// uniform gives everybody about as many partitions, and leaves with each what it had as far as
// that goes: first what everybody keeps, then what nobody has to the least loaded, then partitions
// move from the more to the less loaded while that evens the loads out.
func uniform(members []subscriber) []partitions {
	u := newUniform(members)
	u.keep()
	u.fill()
	u.even()
	return u.out
}

type uniformly struct {
	members []subscriber
	out     []partitions
	// all are the partitions, in order; who subscribes to their topics, by member.
	all  []TopicPartition
	subs map[log.TopicID][]int
}

func newUniform(members []subscriber) *uniformly {
	u := &uniformly{members: members, out: make([]partitions, len(members)), subs: map[log.TopicID][]int{}}
	for i, mb := range members {
		u.out[i] = partitions{}
		for _, t := range mb.topics {
			if u.subs[t.ID] == nil {
				for index := range t.Partitions {
					u.all = append(u.all, TopicPartition{Topic: t.ID, Index: index})
				}
			}
			u.subs[t.ID] = append(u.subs[t.ID], i)
		}
	}
	slices.SortFunc(u.all, comparePartitions)
	return u
}

// keep leaves partitions where they are; where everybody may have everything, no more than an even
// share of them: the rest would move in any case.
func (u *uniformly) keep() {
	exists := make(partitions, len(u.all))
	for _, tp := range u.all {
		exists[tp] = struct{}{}
	}
	taken := partitions{}
	for i, mb := range u.members {
		for tp := range mb.had {
			if exists.has(tp) && !taken.has(tp) && slices.Contains(u.subs[tp.Topic], i) {
				u.out[i][tp] = struct{}{}
				taken[tp] = struct{}{}
			}
		}
	}
	if len(u.members) > 0 && u.sameTopics() {
		u.trim(len(u.all)/len(u.members), len(u.all)%len(u.members))
	}
}

// trim takes from everybody what is above share, but for one more of those who have most.
func (u *uniformly) trim(share, more int) {
	order := make([]int, len(u.members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(u.out[b]), len(u.out[a])) })
	for _, i := range order {
		keep := share
		if len(u.out[i]) > share && more > 0 {
			keep++
			more--
		}
		if has := u.out[i].sorted(); len(has) > keep {
			for _, tp := range has[keep:] {
				delete(u.out[i], tp)
			}
		}
	}
}

func (u *uniformly) sameTopics() bool {
	for _, subscribers := range u.subs {
		if len(subscribers) != len(u.members) {
			return false
		}
	}
	return true
}

// fill gives what nobody has to the least loaded subscriber, topics with few subscribers first.
func (u *uniformly) fill() {
	taken := partitions{}
	for _, has := range u.out {
		for tp := range has {
			taken[tp] = struct{}{}
		}
	}
	var rest []TopicPartition
	for _, tp := range u.all {
		if !taken.has(tp) {
			rest = append(rest, tp)
		}
	}
	slices.SortStableFunc(rest, func(a, b TopicPartition) int { return cmp.Compare(len(u.subs[a.Topic]), len(u.subs[b.Topic])) })
	for _, tp := range rest {
		u.out[u.least(tp)][tp] = struct{}{}
	}
}

// least is the subscriber with the fewest partitions, of equals the first.
func (u *uniformly) least(tp TopicPartition) int {
	return slices.MinFunc(u.subs[tp.Topic], func(a, b int) int { return cmp.Or(cmp.Compare(len(u.out[a]), len(u.out[b])), cmp.Compare(a, b)) })
}

// even moves partitions while somebody has at least two more than another who could have one of
// them. Each move makes the sum of squares smaller, so it ends.
func (u *uniformly) even() {
	for moved := true; moved; {
		moved = false
		for i := range u.members {
			for _, tp := range u.out[i].sorted() {
				if to := u.least(tp); len(u.out[i]) > len(u.out[to])+1 {
					delete(u.out[i], tp)
					u.out[to][tp] = struct{}{}
					moved = true
				}
			}
		}
	}
}
