package group

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// TestRandomEvents: whatever members do, in whatever order, stores failing now and then, no
// invariant breaks, and once they behave the group becomes stable (G1, G3).
func TestRandomEvents(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		limits := testLimits()
		if seed%3 == 0 {
			limits.InitialDelay = time.Second
		}
		b := newBench(t, limits)
		ids := []string{""}
		var generation int32
		for range 400 {
			id := ids[r.IntN(len(ids))]
			var instance *string
			if r.IntN(4) == 0 {
				s := []string{"x", "y"}[r.IntN(2)]
				instance = &s
			}
			b.fail = nil
			if r.IntN(10) == 0 {
				b.fail = meta.ErrUnknown
			}
			b.auto = r.IntN(3) > 0
			switch r.IntN(7) {
			case 0, 1:
				req := joinOf(id, instance)
				req.RequireKnownMember = r.IntN(2) == 0
				w := b.join(req)
				if w.done && w.reply.MemberID != "" {
					ids = append(ids, w.reply.MemberID)
				}
			case 2:
				b.sync(id, generation, map[string][]byte{id: []byte("p")})
			case 3:
				_ = b.heartbeat(id, generation)
			case 4:
				_ = b.m.Leave(b.now, "g", id, instance)
			case 5:
				b.m.Commit(b.now, CommitRequest{GroupID: "g", MemberID: id, InstanceID: instance, Generation: generation - int32(r.IntN(2)), Offsets: map[TopicPartition]Offset{{Index: 1}: {Offset: 1}}}, func(error) {})
			case 6:
				b.pass(time.Duration(r.IntN(5000)) * time.Millisecond)
			}
			if r.IntN(2) == 0 {
				b.settle()
			}
			g := b.m.groups["g"]
			if g == nil {
				continue
			}
			if g.generation < generation && g.stored {
				t.Fatalf("seed %d: generation went back from %d to %d", seed, generation, g.generation)
			}
			generation = g.generation
			g.check(t, seed)
		}
		b.fail, b.auto = nil, true
		b.settle()
		b.pass(10 * time.Minute)
		b.pass(10 * time.Minute)
		b.pass(10 * time.Minute)
		if g := b.m.groups["g"]; g != nil && (g.state != stateEmpty || len(g.order) != 0) {
			t.Fatalf("seed %d: without anybody the group is %v with %d members", seed, g.state, len(g.order))
		}
		b.stableAfterAll(seed)
	}
}

func (b *bench) stableAfterAll(seed uint64) {
	w := b.join(joinOf("", nil))
	b.pass(2 * time.Second)
	one := w.take(b.t)
	if got := b.sync(one.MemberID, one.Generation, map[string][]byte{one.MemberID: []byte("z")}).take(b.t); string(got.Assignment) != "z" {
		b.t.Fatalf("seed %d: %+v", seed, got)
	}
	b.state("Stable")
}

func (g *group) check(t *testing.T, seed uint64) {
	t.Helper()
	if len(g.order) != len(g.members) {
		t.Fatalf("seed %d: %d members in order, %d by id", seed, len(g.order), len(g.members))
	}
	if empty := g.state == stateEmpty || g.state == stateDead; empty != (len(g.order) == 0) && g.state != statePreparing {
		t.Fatalf("seed %d: state %v with %d members", seed, g.state, len(g.order))
	}
	sum := int64(0)
	for _, g := range g.m.groups {
		sum += int64(len(g.told))
		for _, mb := range g.order {
			sum += mb.bytes
		}
		for _, o := range g.offsets {
			sum += offsetBytes + int64(len(o.Metadata))
		}
	}
	if sum != g.m.bytes {
		t.Fatalf("seed %d: %d bytes counted, %d there", seed, g.m.bytes, sum)
	}
	for _, mb := range g.order {
		if g.members[mb.id] != mb || mb.instanceID != nil && g.static[*mb.instanceID] != mb {
			t.Fatalf("seed %d: member %s is not found", seed, mb.id)
		}
		if mb.joinReply != nil && g.state != statePreparing || mb.syncReply != nil && g.state != stateCompleting {
			t.Fatalf("seed %d: member %s waits in state %v", seed, mb.id, g.state)
		}
		if mb.joinReply == nil && mb.syncReply == nil && (mb.sessionTimer == nil || mb.sessionTimer.index < 0) {
			t.Fatalf("seed %d: member %s has no session", seed, mb.id)
		}
	}
	armed := func(t *timer) bool { return t != nil && t.index >= 0 }
	if armed(g.joinTimer) != (g.state == statePreparing) || armed(g.syncTimer) && g.state != stateCompleting && g.state != stateStable {
		t.Fatalf("seed %d: state %v with join timer %v, sync timer %v", seed, g.state, armed(g.joinTimer), armed(g.syncTimer))
	}
	if g.state == stateStable && g.members[g.leader] == nil {
		t.Fatalf("seed %d: the leader is no member", seed)
	}
}
