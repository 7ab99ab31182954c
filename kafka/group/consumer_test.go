package group

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// topicList is Topics by hand.
type topicList map[string]int32

func topicID(name string) (id log.TopicID) { copy(id[:], name); return id }

func (l topicList) TopicByName(name string) (log.Topic, bool) {
	n, ok := l[name]
	return log.Topic{ID: topicID(name), Name: name, Partitions: n}, ok
}

func (l topicList) Topics() (out []log.Topic) {
	for name, n := range l {
		out = append(out, log.Topic{ID: topicID(name), Name: name, Partitions: n})
	}
	return out
}

// client is a member as its own side sees it.
type client struct {
	id       string
	instance *string
	topics   []string
	regex    *string
	assignor *string
	epoch    int32
	owned    []TopicPartition
	full     bool // the next heartbeat says all, since an answer was not heard
}

func (c *client) heartbeat() ConsumerHeartbeat {
	r := ConsumerHeartbeat{GroupID: "g", MemberID: c.id, Epoch: c.epoch, InstanceID: c.instance, RebalanceTimeout: -1, Owned: slices.Clone(c.owned)}
	if r.Owned == nil {
		r.Owned = []TopicPartition{}
	}
	if c.epoch == 0 || c.full {
		r.RebalanceTimeout, r.Subscribed, r.Regex, r.Assignor = time.Minute, c.topics, c.regex, c.assignor
	}
	return r
}

// hear takes an answer as a client does: what it lost is let go of, an error that fences it loses all.
func (c *client) hear(t *testing.T, reply ConsumerReply) {
	switch {
	case reply.Err == nil:
		c.epoch, c.full = reply.Epoch, false
		if reply.Told {
			c.owned = reply.Assigned
		}
	case errors.Is(reply.Err, ErrNotAvailable):
		c.full = true
	case errors.Is(reply.Err, ErrUnknownMemberID), errors.Is(reply.Err, ErrFencedMemberEpoch), errors.Is(reply.Err, ErrGroupNotFound):
		c.epoch, c.owned = 0, nil
	default:
		t.Errorf("%s: %v", c.id, reply.Err)
	}
}

func (b *bench) beat(r ConsumerHeartbeat, topics Topics) ConsumerReply {
	b.t.Helper()
	var w waiting[ConsumerReply]
	b.m.ConsumerHeartbeat(b.now, r, topics, func(reply ConsumerReply) { w.reply, w.done = reply, true })
	b.after()
	return w.take(b.t)
}

// settleClients lets everybody heartbeat until nothing moves.
func (b *bench) settleClients(clients []*client, topics Topics) {
	for range 8 {
		b.pass(time.Second)
		for _, c := range clients {
			c.hear(b.t, b.beat(c.heartbeat(), topics))
		}
	}
}

func consumerLimits() Limits {
	l := testLimits()
	l.MaxMembers = 20
	return l
}

// checkShares: every partition of what somebody subscribes to is held once; even: with same topics
// for all nobody has two more than another.
func checkShares(t *testing.T, clients []*client, topics topicList, even bool) {
	t.Helper()
	held := map[TopicPartition]string{}
	least, most := 1<<30, 0
	for _, c := range clients {
		for _, tp := range c.owned {
			if other, ok := held[tp]; ok {
				t.Errorf("%v is held by %s and %s", tp, other, c.id)
			}
			held[tp] = c.id
		}
		least, most = min(least, len(c.owned)), max(most, len(c.owned))
	}
	want := 0
	for name, n := range topics {
		if slices.ContainsFunc(clients, func(c *client) bool { return slices.Contains(c.topics, name) }) {
			want += int(n)
		}
	}
	if len(held) != want {
		t.Errorf("%d partitions are held, want %d", len(held), want)
	}
	same := !slices.ContainsFunc(clients, func(c *client) bool { return !slices.Equal(c.topics, clients[0].topics) })
	if even && same && most > least+1 {
		t.Errorf("somebody has %d partitions, another %d", least, most)
	}
}

// TestConsumersRandom: members come, go, fall silent, miss answers and change their minds; topics
// grow; stores fail; the server restarts. No partition is ever held by two, and when it is quiet
// all are held.
func TestConsumersRandom(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { consumersRandom(t, seed) })
	}
}

func consumersRandom(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 848))
	b := newBench(t, consumerLimits())
	topics := topicList{"a": 5, "b": 3}
	assignor := []string{"uniform", "range"}[seed%2]
	var clients []*client
	names := 0
	subscribe := func() []string { return [][]string{{"a"}, {"b"}, {"a", "b"}}[r.IntN(3)] }
	for range 150 {
		b.fail = nil
		if r.IntN(15) == 0 {
			b.fail = errors.New("the store is away")
		}
		switch n := r.IntN(20); {
		case n == 0 && len(clients) < 8:
			names++
			clients = append(clients, &client{id: fmt.Sprint("m", names), topics: subscribe(), assignor: &assignor})
		case n == 1 && len(clients) > 0: // leaves; whoever does not hear back is gone all the same
			i := r.IntN(len(clients))
			if clients[i].epoch > 0 {
				leave := ConsumerHeartbeat{GroupID: "g", MemberID: clients[i].id, Epoch: epochLeave, RebalanceTimeout: -1}
				b.beat(leave, topics)
			}
			clients = slices.Delete(clients, i, i+1)
		case n == 2 && len(clients) > 0: // dies
			i := r.IntN(len(clients))
			clients = slices.Delete(clients, i, i+1)
		case n == 3 && len(clients) > 0:
			c := clients[r.IntN(len(clients))]
			c.topics, c.full = subscribe(), true
		case n == 4:
			topics["a"] += int32(r.IntN(2))
			b.pass(2 * time.Second)
		case n == 5:
			b = b.restart()
		case n == 6:
			b.pass(20 * time.Second)
		case len(clients) > 0:
			c := clients[r.IntN(len(clients))]
			reply := b.beat(c.heartbeat(), topics)
			if r.IntN(6) == 0 {
				c.full = true // not heard
			} else {
				c.hear(t, reply)
			}
		}
		// Whoever the server still counts as a member has what it believes to have to itself.
		held := map[TopicPartition]string{}
		for _, c := range clients {
			if g := b.m.groups["g"]; g == nil || g.consumers == nil || g.consumers.members[c.id] == nil {
				continue
			}
			for _, tp := range c.owned {
				if other, ok := held[tp]; ok {
					t.Fatalf("%v is held by %s and %s", tp, other, c.id)
				}
				held[tp] = c.id
			}
		}
	}
	if len(clients) == 0 {
		return
	}
	b.fail = nil
	b.pass(2 * time.Minute) // the dead are out
	b.settleClients(clients, topics)
	checkShares(t, clients, topics, assignor == "uniform")
	d, ok := b.m.DescribeConsumers("g")
	if !ok || d.State != "Stable" || len(d.Members) != len(clients) {
		t.Errorf("%+v, %v", d, ok)
	}
	before := b.m.bytes
	b = b.restart()
	if b.m.bytes != before {
		t.Errorf("%d bytes before a restart, %d after", before, b.m.bytes)
	}
	epoch := d.Epoch
	b.settleClients(clients, topics)
	if d, _ = b.m.DescribeConsumers("g"); d.Epoch != epoch {
		t.Error("a restart was a rebalance")
	}
}

// A partition moves only after who has it has let go of it, and whoever does not is out in time.
func TestConsumerRevocation(t *testing.T) {
	b := newBench(t, consumerLimits())
	topics := topicList{"a": 2}
	one, two := &client{id: "one", topics: []string{"a"}}, &client{id: "two", topics: []string{"a"}}
	one.hear(t, b.beat(one.heartbeat(), topics))
	if len(one.owned) != 2 {
		t.Fatalf("%v", one.owned)
	}
	two.hear(t, b.beat(two.heartbeat(), topics))
	if len(two.owned) != 0 || two.epoch == 0 {
		t.Errorf("two has %v at %d before one let go", two.owned, two.epoch)
	}
	stubborn := slices.Clone(one.owned)
	reply := b.beat(one.heartbeat(), topics)
	if !reply.Told || len(reply.Assigned) != 1 || reply.Epoch != one.epoch {
		t.Fatalf("%+v", reply)
	}
	// It goes on naming both: no new epoch, and the other does not get it.
	one.owned = stubborn
	if reply := b.beat(one.heartbeat(), topics); reply.Epoch != one.epoch || reply.Told {
		t.Errorf("%+v", reply)
	}
	if reply := b.beat(two.heartbeat(), topics); reply.Told {
		t.Errorf("%+v", reply)
	}
	for range 2 {
		b.pass(31 * time.Second) // one heartbeats and two does, but one lets nothing go
		b.beat(one.heartbeat(), topics)
		two.hear(t, b.beat(two.heartbeat(), topics))
	}
	if reply := b.beat(one.heartbeat(), topics); !errors.Is(reply.Err, ErrUnknownMemberID) {
		t.Errorf("%+v", reply)
	}
	b.settleClients([]*client{two}, topics)
	if len(two.owned) != 2 {
		t.Errorf("two has %v", two.owned)
	}
}

func TestConsumerStatic(t *testing.T) {
	b := newBench(t, consumerLimits())
	topics := topicList{"a": 4}
	instance := "i"
	static, other := &client{id: "s1", instance: &instance, topics: []string{"a"}}, &client{id: "o", topics: []string{"a"}}
	both := []*client{static, other}
	b.settleClients(both, topics)
	had := static.owned
	again := &client{id: "s2", instance: &instance, topics: []string{"a"}}
	if reply := b.beat(again.heartbeat(), topics); !errors.Is(reply.Err, ErrUnreleasedInstanceID) {
		t.Errorf("%+v", reply)
	}
	if reply := b.beat(ConsumerHeartbeat{GroupID: "g", MemberID: "s1", InstanceID: &instance, Epoch: epochStaticLeave, RebalanceTimeout: -1}, topics); reply.Err != nil || reply.Epoch != -2 {
		t.Errorf("%+v", reply)
	}
	b.settleClients([]*client{other}, topics)
	if len(other.owned) != 2 {
		t.Errorf("the other has %v while the static member restarts", other.owned)
	}
	d, _ := b.m.DescribeConsumers("g")
	again.hear(t, b.beat(again.heartbeat(), topics))
	if after, _ := b.m.DescribeConsumers("g"); !slices.Equal(again.owned, had) || after.Epoch != d.Epoch {
		t.Errorf("%v at %d, had %v at %d", again.owned, after.Epoch, had, d.Epoch)
	}
	if reply := b.beat(static.heartbeat(), topics); !errors.Is(reply.Err, ErrFencedInstanceID) {
		t.Errorf("%+v", reply)
	}
	if err := b.m.Leave(b.now, "g", "", &instance); err != nil {
		t.Error(err)
	}
	b.settleClients([]*client{other}, topics)
	checkShares(t, []*client{other}, topics, true)
}

func TestConsumerRegex(t *testing.T) {
	b := newBench(t, consumerLimits())
	topics := topicList{"orders-1": 1, "orders-2": 2, "other": 1}
	regex := "orders-.*"
	c := &client{id: "c", regex: &regex}
	b.settleClients([]*client{c}, topics)
	if len(c.owned) != 3 {
		t.Errorf("%v", c.owned)
	}
	topics["orders-3"] = 4
	b.settleClients([]*client{c}, topics)
	if len(c.owned) != 7 {
		t.Errorf("%v", c.owned)
	}
	delete(topics, "orders-1")
	b.settleClients([]*client{c}, topics)
	if len(c.owned) != 6 {
		t.Errorf("%v", c.owned)
	}
	bad := "("
	if reply := b.beat(ConsumerHeartbeat{GroupID: "g", MemberID: "d", RebalanceTimeout: time.Minute, Regex: &bad}, topics); !errors.Is(reply.Err, ErrInvalidRegex) {
		t.Errorf("%+v", reply)
	}
}

// Offsets are committed at the member's epoch only; the two protocols do not mix in one group.
func TestConsumerAndClassic(t *testing.T) {
	b := newBench(t, consumerLimits())
	topics := topicList{"a": 1}
	c := &client{id: "c", topics: []string{"a"}}
	b.settleClients([]*client{c}, topics)
	commit := func(member string, epoch int32) error {
		var got error
		b.m.Commit(b.now, CommitRequest{GroupID: "g", MemberID: member, Generation: epoch,
			Offsets: map[TopicPartition]Offset{{Topic: topicID("a")}: {Offset: 7}}}, func(err error) { got = err })
		b.after()
		return got
	}
	for _, tc := range []struct {
		member string
		epoch  int32
		want   error
	}{{"c", c.epoch, nil}, {"c", c.epoch - 1, ErrStaleMemberEpoch}, {"d", c.epoch, ErrUnknownMemberID}, {"", -1, ErrUnknownMemberID}} {
		if err := commit(tc.member, tc.epoch); !errors.Is(err, tc.want) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
	if err := b.m.CheckFetch("g", &c.id, c.epoch+1); !errors.Is(err, ErrStaleMemberEpoch) {
		t.Error(err)
	}
	if err := b.m.CheckFetch("g", nil, -1); err != nil {
		t.Error(err)
	}
	join := JoinRequest{GroupID: "g", ProtocolType: "consumer", Protocols: []Protocol{{Name: "range"}}, SessionTimeout: 10 * time.Second, RebalanceTimeout: time.Minute}
	var joined JoinReply
	b.m.Join(b.now, join, func(r JoinReply) { joined = r })
	if !errors.Is(joined.Err, ErrInconsistentProtocol) {
		t.Errorf("%+v", joined)
	}
	var deleted error
	b.m.Delete("g", func(err error) { deleted = err })
	if !errors.Is(deleted, ErrNotEmpty) {
		t.Error(deleted)
	}
	b.beat(ConsumerHeartbeat{GroupID: "g", MemberID: "c", Epoch: epochLeave, RebalanceTimeout: -1}, topics)
	b.m.Join(b.now, join, func(r JoinReply) { joined = r })
	b.after()
	if joined.Err != nil {
		t.Fatalf("%+v", joined)
	}
	if reply := b.beat(c.heartbeat(), topics); !errors.Is(reply.Err, ErrGroupNotFound) {
		t.Errorf("%+v", reply)
	}
	if o, ok := b.m.Offset("g", TopicPartition{Topic: topicID("a")}); !ok || o.Offset != 7 {
		t.Errorf("%+v, %v", o, ok)
	}
}

// Assignors: everything once, to subscribers only, and with little movement.
func TestAssignors(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		all := make([]log.Topic, 1+r.IntN(5))
		for i := range all {
			name := fmt.Sprint("t", i)
			all[i] = log.Topic{ID: topicID(name), Name: name, Partitions: int32(1 + r.IntN(12))}
		}
		members := make([]subscriber, 1+r.IntN(6))
		same := r.IntN(2) == 0
		for i := range members {
			members[i].name = fmt.Sprint("m", i)
			for _, topic := range all {
				if same || r.IntN(2) == 0 {
					members[i].topics = append(members[i].topics, topic)
				}
			}
		}
		for name, assign := range assignors {
			first := assign(members)
			total := 0
			seen := partitions{}
			for i, share := range first {
				total += len(share)
				for tp := range share {
					if seen.has(tp) || !slices.ContainsFunc(members[i].topics, func(t log.Topic) bool { return t.ID == tp.Topic }) {
						t.Fatalf("%d %s: %v", seed, name, tp)
					}
					seen[tp] = struct{}{}
				}
				members[i].had = share
			}
			want := 0
			for _, topic := range all {
				if slices.ContainsFunc(members, func(s subscriber) bool {
					return slices.ContainsFunc(s.topics, func(t log.Topic) bool { return t.ID == topic.ID })
				}) {
					want += int(topic.Partitions)
				}
			}
			if total != want {
				t.Fatalf("%d %s: %d of %d", seed, name, total, want)
			}
			// Nothing changed: nothing moves. One more: only what it gets moves.
			for i, share := range assign(members) {
				if len(share) != len(first[i]) || !first[i].hasAll(share.sorted()) {
					t.Fatalf("%d %s: %v became %v", seed, name, first[i], share)
				}
			}
			if name == "uniform" && same {
				more := append(slices.Clone(members), subscriber{name: "z", topics: all})
				second := assign(more)
				moved := 0
				for i := range members {
					moved += len(first[i])
					for tp := range second[i] {
						if first[i].has(tp) {
							moved--
						}
					}
				}
				if moved != len(second[len(members)]) {
					t.Fatalf("%d: %d moved, the new member got %d", seed, moved, len(second[len(members)]))
				}
			}
		}
	}
}
