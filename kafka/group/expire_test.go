package group

import (
	"testing"
	"time"
)

// TestExpire: offsets go when their group has had no members for the time and nobody has committed them since; not sooner, not by
// a restart, and not while somebody is in the group.
func TestExpire(t *testing.T) {
	const week = 7 * 24 * time.Hour
	b := newBench(t, testLimits())
	sweep := func(want int) {
		t.Helper()
		if n := b.m.Expire(b.now, "g", week); n != want {
			t.Errorf("%d offsets expire, want %d", n, want)
		}
		b.settle()
	}
	left := func(offsets int) {
		t.Helper()
		if n := len(b.m.Offsets("g")); n != offsets {
			t.Errorf("%d offsets are left, want %d", n, offsets)
		}
	}
	commit := func(at time.Time, indexes ...int32) {
		t.Helper()
		offsets := map[TopicPartition]Offset{}
		for _, i := range indexes {
			offsets[TopicPartition{Index: i}] = Offset{Offset: 5, CommitMillis: at.UnixMilli()}
		}
		b.m.Commit(b.now, CommitRequest{GroupID: "g", Generation: -1, Offsets: offsets}, func(err error) { want(t, err, nil) })
		b.settle()
	}

	// A member is there for long: nothing goes, however old it is.
	leader, follower, generation := b.stable()
	want(t, b.commit(leader, generation, TopicPartition{Index: 0}, 5), nil)
	for range 3 {
		b.now = b.now.Add(week)
		sweep(0)
	}
	left(1)
	for _, member := range []string{leader, follower} {
		want(t, b.m.Leave(b.now, "g", member, nil), nil)
		b.settle()
	}
	b.pass(time.Minute)
	b.state("Empty")

	// The time begins with the first sweep, and a restart does not begin it anew.
	sweep(0)
	b.now = b.now.Add(week - time.Minute)
	sweep(0)
	b = b.restart()
	commit(b.now, 1)
	b.now = b.now.Add(time.Minute)
	sweep(1) // the one that nobody has committed since
	left(1)

	// Who comes and goes begins it anew.
	b.now = b.now.Add(week - 2*time.Minute)
	one := b.join(joinOf("", nil)).take(t)
	want(t, b.m.Leave(b.now, "g", one.MemberID, nil), nil)
	b.settle()
	b.state("Empty")
	sweep(0)
	b.now = b.now.Add(week - time.Minute)
	sweep(0)
	left(1)

	// With its last offset the group goes, from memory and from the store.
	b.now = b.now.Add(time.Minute)
	sweep(1)
	if len(b.m.IDs()) != 0 || b.rowsOfGroups() != 0 || b.m.bytes != 0 {
		t.Errorf("groups %v, %d rows and %d bytes are left", b.m.IDs(), b.rowsOfGroups(), b.m.bytes)
	}
}

// TestExpireConsumers is TestExpire for the consumer protocol, and for a store that fails.
func TestExpireConsumers(t *testing.T) {
	b := newBench(t, testLimits())
	topics := topicList{"a": 1}
	r := ConsumerHeartbeat{GroupID: "g", MemberID: "m", RebalanceTimeout: time.Minute, Subscribed: []string{"a"}, Owned: []TopicPartition{}}
	reply := b.beat(r, topics)
	want(t, reply.Err, nil)
	want(t, b.commit("m", reply.Epoch, TopicPartition{Index: 0}, 5), nil)
	if b.now = b.now.Add(time.Hour); b.m.Expire(b.now, "g", time.Minute) != 0 {
		t.Error("offsets expire beside a member")
	}
	want(t, b.beat(ConsumerHeartbeat{GroupID: "g", MemberID: "m", Epoch: epochLeave, RebalanceTimeout: -1}, topics).Err, nil)
	if b.m.Expire(b.now, "g", time.Minute) != 0 {
		t.Error("offsets expire at once")
	}
	b.settle()
	b = b.restart()
	b.now = b.now.Add(time.Minute)
	b.fail = ErrNotAvailable
	if n := b.m.Expire(b.now, "g", time.Minute); n != 1 {
		t.Errorf("%d offsets expire, want 1", n)
	}
	b.settle()
	if len(b.m.Offsets("g")) != 1 || b.rowsOfGroups() != 2 {
		t.Error("what could not be stored is forgotten")
	}
	b.fail = nil
	b.m.Expire(b.now, "g", time.Minute)
	b.settle()
	if len(b.m.IDs()) != 0 || b.rowsOfGroups() != 0 {
		t.Errorf("groups %v and %d rows are left", b.m.IDs(), b.rowsOfGroups())
	}
}
