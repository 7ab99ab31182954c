package group

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// bench drives a Machine by hand: its time moves when told, its stores succeed when told.
type bench struct {
	t   *testing.T
	m   *Machine
	now time.Time
	// rows are what was stored.
	rows map[string][]byte
	fail error
	auto bool // stores succeed at once
}

func testLimits() Limits {
	return Limits{MaxGroups: 10, MaxMembers: 4, MaxBytes: 1 << 20, MinSessionTimeout: time.Second, MaxSessionTimeout: time.Minute, ConsumerSession: 45 * time.Second}
}

func newBench(t *testing.T, limits Limits) *bench {
	n := 0
	return &bench{t: t, now: time.Unix(1000, 0), rows: map[string][]byte{}, auto: true, m: NewMachine(limits, func() string {
		n++
		return fmt.Sprint(n)
	})}
}

func (b *bench) settle() {
	for {
		stores := b.m.TakeStores()
		if len(stores) == 0 {
			return
		}
		for _, s := range stores {
			for _, w := range s.Writes {
				switch {
				case b.fail != nil:
				case w.Value == nil:
					delete(b.rows, string(w.Key))
				default:
					b.rows[string(w.Key)] = w.Value
				}
			}
			s.Done(b.now, b.fail)
		}
	}
}

func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	b.m.Tick(b.now)
	b.after()
}

func (b *bench) after() {
	if b.auto {
		b.settle()
	}
}

// waiting is an answer that may come later.
type waiting[T any] struct {
	reply T
	done  bool
}

func (w *waiting[T]) take(t *testing.T) T {
	t.Helper()
	if !w.done {
		t.Fatal("no answer yet")
	}
	return w.reply
}

func joinOf(member string, instance *string) JoinRequest {
	return JoinRequest{
		GroupID: "g", MemberID: member, InstanceID: instance, ClientID: "c", ProtocolType: "consumer",
		Protocols:      []Protocol{{Name: "range", Metadata: []byte("m")}, {Name: "rr", Metadata: []byte("m")}},
		SessionTimeout: 10 * time.Second, RebalanceTimeout: 30 * time.Second,
	}
}

func (b *bench) join(r JoinRequest) *waiting[JoinReply] {
	w := &waiting[JoinReply]{}
	b.m.Join(b.now, r, func(reply JoinReply) {
		if w.done {
			b.t.Error("answered twice")
		}
		w.reply, w.done = reply, true
	})
	b.after()
	return w
}

func (b *bench) sync(member string, generation int32, assignments map[string][]byte) *waiting[SyncReply] {
	w := &waiting[SyncReply]{}
	b.m.Sync(b.now, SyncRequest{GroupID: "g", MemberID: member, Generation: generation, Assignments: assignments}, func(reply SyncReply) {
		if w.done {
			b.t.Error("answered twice")
		}
		w.reply, w.done = reply, true
	})
	b.after()
	return w
}

func (b *bench) commit(member string, generation int32, tp TopicPartition, offset int64) error {
	var err error
	answered := false
	b.m.Commit(b.now, CommitRequest{GroupID: "g", MemberID: member, Generation: generation, Offsets: map[TopicPartition]Offset{tp: {Offset: offset}}}, func(e error) { err, answered = e, true })
	b.after()
	if !answered {
		b.t.Fatal("commit was not answered")
	}
	return err
}

func (b *bench) heartbeat(member string, generation int32) error {
	err := b.m.Heartbeat(b.now, "g", member, nil, generation)
	b.after()
	return err
}

func (b *bench) state(want string) {
	b.t.Helper()
	if d, _ := b.m.Describe("g"); d.State != want {
		b.t.Errorf("state is %q, want %s", d.State, want)
	}
}

func want(t *testing.T, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Errorf("error is %v, want %v", err, sentinel)
	}
}

// stable makes a group of two members in one generation.
func (b *bench) stable() (leader, follower string, generation int32) {
	b.t.Helper()
	one := b.join(joinOf("", nil)).take(b.t)
	second := b.join(joinOf("", nil))
	if second.done {
		b.t.Fatal("the second member did not wait for the first")
	}
	again := b.join(joinOf(one.MemberID, nil)).take(b.t)
	two := second.take(b.t)
	if again.Generation != two.Generation || again.LeaderID != one.MemberID || two.LeaderID != one.MemberID || len(again.Members) != 2 || len(two.Members) != 0 {
		b.t.Fatalf("generations: %+v and %+v", again, two)
	}
	waits := b.sync(two.MemberID, two.Generation, nil)
	if waits.done {
		b.t.Fatal("the follower did not wait for the leader")
	}
	b.state("CompletingRebalance")
	mine := b.sync(one.MemberID, two.Generation, map[string][]byte{one.MemberID: []byte("a"), two.MemberID: []byte("b")}).take(b.t)
	if string(mine.Assignment) != "a" || string(waits.take(b.t).Assignment) != "b" {
		b.t.Fatalf("assignments %q and %q", mine.Assignment, waits.reply.Assignment)
	}
	b.state("Stable")
	return one.MemberID, two.MemberID, two.Generation
}

func TestJoinSyncLeave(t *testing.T) {
	b := newBench(t, testLimits())
	leader, follower, generation := b.stable()
	want(t, b.heartbeat(leader, generation), nil)
	want(t, b.heartbeat(leader, generation-1), ErrIllegalGeneration)
	want(t, b.heartbeat("nobody", generation), ErrUnknownMemberID)
	want(t, b.sync(leader, generation+1, nil).take(t).Err, ErrIllegalGeneration)
	tp := TopicPartition{Topic: log.TopicID{1}}
	want(t, b.commit(follower, generation, tp, 1), nil)
	// A follower's retry changes nothing; a leader's asks for a new generation.
	if r := b.join(joinOf(follower, nil)).take(t); r.Generation != generation || r.Err != nil {
		t.Errorf("retry: %+v", r)
	}
	want(t, b.m.Leave(b.now, "g", follower, nil), nil)
	b.state("PreparingRebalance")
	want(t, b.heartbeat(leader, generation), ErrRebalanceInProgress)
	want(t, b.heartbeat(follower, generation), ErrUnknownMemberID)
	r := b.join(joinOf(leader, nil)).take(t)
	if r.Generation != generation+1 || len(r.Members) != 1 {
		t.Errorf("after leaving: %+v", r)
	}
	want(t, b.commit(leader, generation+1, tp, 2), ErrRebalanceInProgress)
	want(t, b.m.Leave(b.now, "g", leader, nil), nil)
	b.after()
	b.state("Empty")
}

func TestSessionsExpire(t *testing.T) {
	b := newBench(t, testLimits())
	leader, follower, generation := b.stable()
	for range 3 {
		b.pass(6 * time.Second)
		_ = b.heartbeat(leader, generation)
	}
	b.state("PreparingRebalance")
	want(t, b.heartbeat(follower, generation), ErrUnknownMemberID)
	b.pass(11 * time.Second)
	b.state("Empty")
}

func TestRebalanceTimeout(t *testing.T) {
	b := newBench(t, testLimits())
	leader, follower, generation := b.stable()
	waits := b.join(joinOf(leader, nil))
	for range 4 {
		b.pass(7 * time.Second)
		want(t, b.heartbeat(follower, generation), ErrRebalanceInProgress) // it lives, but does not join
	}
	b.pass(3 * time.Second)
	r := waits.take(t)
	if r.Generation != generation+1 || len(r.Members) != 1 {
		t.Errorf("after the rebalance timeout: %+v", r)
	}
	want(t, b.heartbeat(follower, generation+1), ErrUnknownMemberID)
}

// A leader that joins and never brings assignments is removed, and the follower is told to join.
func TestLeaderNeverSyncs(t *testing.T) {
	b := newBench(t, testLimits())
	leader, follower, _ := b.stable()
	first := b.join(joinOf(leader, nil))
	b.join(joinOf(follower, nil))
	generation := first.take(t).Generation
	waits := b.sync(follower, generation, nil)
	for range 4 {
		b.pass(8 * time.Second)
		_ = b.heartbeat(leader, generation)
	}
	want(t, waits.take(t).Err, ErrRebalanceInProgress)
	want(t, b.heartbeat(leader, generation), ErrUnknownMemberID)
	r := b.join(joinOf(follower, nil)).take(t)
	if r.LeaderID != follower {
		t.Errorf("leader is %s", r.LeaderID)
	}
}

func TestMemberIDRequired(t *testing.T) {
	b := newBench(t, testLimits())
	r := joinOf("", nil)
	r.RequireKnownMember = true
	first := b.join(r).take(t)
	want(t, first.Err, ErrMemberIDRequired)
	r.MemberID = first.MemberID
	if got := b.join(r).take(t); got.Err != nil || got.MemberID != first.MemberID || got.Generation != 1 {
		t.Errorf("second try: %+v", got)
	}
	b.sync(first.MemberID, 1, nil)
	b.state("Stable")
	// An id that nobody joins with is dropped, and with it what waits for it.
	r.MemberID = ""
	b.join(r)
	waits := b.join(joinOf(first.MemberID, nil))
	if waits.done {
		t.Fatal("the generation did not wait for the pending member")
	}
	b.pass(11 * time.Second)
	if got := waits.take(t); got.Generation != 2 {
		t.Errorf("after the pending member expired: %+v", got)
	}
	want(t, b.join(joinOf("made-up", nil)).take(t).Err, ErrUnknownMemberID)
}

func TestRefusedJoins(t *testing.T) {
	b := newBench(t, testLimits())
	for name, c := range map[string]struct {
		change func(r *JoinRequest)
		err    error
	}{
		"no group":      {func(r *JoinRequest) { r.GroupID = "" }, ErrInvalidGroupID},
		"short session": {func(r *JoinRequest) { r.SessionTimeout = time.Millisecond }, ErrInvalidSessionTimeout},
		"long session":  {func(r *JoinRequest) { r.SessionTimeout = time.Hour }, ErrInvalidSessionTimeout},
		"no protocol":   {func(r *JoinRequest) { r.Protocols = nil }, ErrInconsistentProtocol},
		"no type":       {func(r *JoinRequest) { r.ProtocolType = "" }, ErrInconsistentProtocol},
	} {
		r := joinOf("", nil)
		c.change(&r)
		if err := b.join(r).take(t).Err; !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(b.m.groups) != 0 {
		t.Errorf("refused joins left %d groups", len(b.m.groups))
	}
	b.stable()
	r := joinOf("", nil)
	r.Protocols = []Protocol{{Name: "other"}}
	want(t, b.join(r).take(t).Err, ErrInconsistentProtocol)
	b.join(joinOf("", nil))
	b.join(joinOf("", nil))
	want(t, b.join(joinOf("", nil)).take(t).Err, ErrGroupFull)
	r = joinOf("", nil)
	for i := range 20 {
		r.GroupID = fmt.Sprint(i)
		if err := b.join(r).take(t).Err; (err != nil) != (i >= 9) {
			t.Errorf("group %d: %v", i, err)
		}
	}
}

func TestProtocolSelection(t *testing.T) {
	b := newBench(t, testLimits())
	r := joinOf("", nil)
	one := b.join(r).take(t)
	r.Protocols = []Protocol{{Name: "rr", Metadata: []byte("x")}}
	second := b.join(r)
	first := b.join(joinOf(one.MemberID, nil)).take(t)
	if first.Protocol != "rr" || second.take(t).Protocol != "rr" || string(first.Members[1].Metadata) != "x" {
		t.Errorf("protocol %+v", first)
	}
}

func TestStaticMembers(t *testing.T) {
	b := newBench(t, testLimits())
	x, y := "x", "y"
	one := b.join(joinOf("", &x)).take(t)
	second := b.join(joinOf("", &y))
	again := b.join(joinOf(one.MemberID, &x)).take(t)
	two := second.take(t)
	syncOf := func(member string, instance *string, assignments map[string][]byte) *waiting[SyncReply] {
		w := &waiting[SyncReply]{}
		b.m.Sync(b.now, SyncRequest{GroupID: "g", MemberID: member, InstanceID: instance, Generation: again.Generation, Assignments: assignments}, func(r SyncReply) { w.reply, w.done = r, true })
		b.after()
		return w
	}
	syncOf(two.MemberID, &y, nil)
	syncOf(one.MemberID, &x, map[string][]byte{one.MemberID: []byte("a"), two.MemberID: []byte("b")})
	b.state("Stable")

	// The follower comes back under its instance id: no rebalance, the same share.
	back := b.join(joinOf("", &y)).take(t)
	if back.Err != nil || back.Generation != again.Generation || back.MemberID == two.MemberID {
		t.Fatalf("follower is back: %+v", back)
	}
	if got := syncOf(back.MemberID, &y, nil).take(t); string(got.Assignment) != "b" {
		t.Errorf("its share is %q", got.Assignment)
	}
	want(t, b.m.Heartbeat(b.now, "g", two.MemberID, &y, again.Generation), ErrFencedInstanceID)
	b.state("Stable")

	// So does the leader; an old client must not think it has to assign.
	leader := b.join(joinOf("", &x)).take(t)
	if leader.LeaderID == leader.MemberID || len(leader.Members) != 0 {
		t.Errorf("leader is back: %+v", leader)
	}
	r := joinOf("", &x)
	r.SkipAssignment = true
	newer := b.join(r).take(t)
	if newer.LeaderID != newer.MemberID || !newer.SkipAssignment || len(newer.Members) != 2 {
		t.Errorf("newer leader is back: %+v", newer)
	}
	b.state("Stable")
	want(t, b.m.Leave(b.now, "g", "", &y), nil)
	b.state("PreparingRebalance")
}

func TestInitialDelay(t *testing.T) {
	limits := testLimits()
	limits.InitialDelay = 3 * time.Second
	b := newBench(t, limits)
	one := b.join(joinOf("", nil))
	b.pass(2 * time.Second)
	two := b.join(joinOf("", nil))
	b.pass(time.Second)
	b.pass(2 * time.Second)
	if one.done || two.done {
		t.Fatal("the delay did not start anew with the second member")
	}
	b.pass(time.Second)
	if one.take(t).Generation != 1 || two.take(t).Generation != 1 || len(one.reply.Members) != 2 {
		t.Errorf("%+v, %+v", one.reply, two.reply)
	}
}

func TestOffsets(t *testing.T) {
	b := newBench(t, testLimits())
	tp := TopicPartition{Topic: log.TopicID{1}, Index: 3}
	want(t, b.commit("", -1, tp, 5), nil) // a consumer without a group's members
	if o, ok := b.m.Offset("g", tp); !ok || o.Offset != 5 {
		t.Errorf("offset %+v, %v", o, ok)
	}
	leader, _, generation := b.stable()
	want(t, b.commit("", -1, tp, 6), ErrUnknownMemberID)
	want(t, b.commit(leader, generation-1, tp, 6), ErrIllegalGeneration)
	want(t, b.commit("nobody", generation, tp, 6), ErrUnknownMemberID)
	want(t, b.commit(leader, generation, tp, 7), nil)
	b.fail = meta.ErrUnknown
	want(t, b.commit(leader, generation, tp, 8), ErrNotAvailable)
	b.fail = nil
	if o, _ := b.m.Offset("g", tp); o.Offset != 7 {
		t.Errorf("a commit that failed is shown: %+v", o)
	}
	var err error
	b.m.Delete("g", func(e error) { err = e })
	want(t, err, ErrNotEmpty)
	b.pass(time.Minute)
	b.pass(time.Minute)
	b.state("Empty")
	if o, _ := b.m.Offset("g", tp); o.Offset != 7 {
		t.Errorf("offset of the empty group: %+v", o)
	}
	b.m.Delete("g", func(e error) { err = e })
	b.after()
	want(t, err, nil)
	if len(b.rows) != 0 || len(b.m.groups) != 0 || b.m.bytes != 0 {
		t.Errorf("after the delete %d rows, %d groups and %d bytes are left", len(b.rows), len(b.m.groups), b.m.bytes)
	}
	b.m.Delete("g", func(e error) { err = e })
	want(t, err, ErrGroupNotFound)
	want(t, b.commit("", 3, tp, 1), ErrIllegalGeneration)
}

// A generation whose assignment cannot be stored is not told to anybody.
func TestAssignmentNotStored(t *testing.T) {
	b := newBench(t, testLimits())
	b.fail = meta.ErrUnknown
	one := b.join(joinOf("", nil)).take(t)
	want(t, b.sync(one.MemberID, one.Generation, map[string][]byte{one.MemberID: []byte("a")}).take(t).Err, ErrNotAvailable)
	b.state("PreparingRebalance")
	b.fail = nil
	again := b.join(joinOf(one.MemberID, nil)).take(t)
	if got := b.sync(one.MemberID, again.Generation, map[string][]byte{one.MemberID: []byte("a")}).take(t); string(got.Assignment) != "a" {
		t.Errorf("second try: %+v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	limits := testLimits()
	limits.MaxBytes = 4 * memberBytes
	b := newBench(t, limits)
	leader, _, generation := b.stable()
	var err error
	for i := int32(0); err == nil && i < 1000; i++ {
		err = b.commit(leader, generation, TopicPartition{Index: i}, 1)
	}
	want(t, err, ErrTooManyOffsets)
	want(t, b.join(joinOf("", nil)).take(t).Err, ErrGroupFull)
	before := b.m.bytes
	if b = b.restart(); b.m.bytes != before {
		t.Errorf("%d bytes before the restart, %d after", before, b.m.bytes)
	}
}

func (b *bench) restart() *bench {
	c := newBench(b.t, b.m.limits)
	c.now, c.rows = b.now, maps.Clone(b.rows)
	for key, value := range c.rows {
		var err error
		if id, ok := cutPrefix(key, groupPrefix); ok {
			err = c.m.restore(id, value)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	for key, value := range c.rows {
		if _, ok := cutPrefix(key, offsetPrefix); ok {
			id, tp, err := parseOffsetKey([]byte(key))
			if err == nil {
				err = c.m.restoreOffset(id, tp, value)
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
	}
	c.m.restored(c.now)
	return c
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return "", false
}

func TestRestart(t *testing.T) {
	b := newBench(t, testLimits())
	leader, follower, generation := b.stable()
	tp := TopicPartition{Topic: log.TopicID{7}, Index: 1}
	want(t, b.commit(leader, generation, tp, 42), nil)
	b = b.restart()
	b.state("Stable")
	want(t, b.heartbeat(leader, generation), nil)
	if got := b.sync(follower, generation, nil).take(t); string(got.Assignment) != "b" {
		t.Errorf("share after the restart: %+v", got)
	}
	if o, _ := b.m.Offset("g", tp); o.Offset != 42 {
		t.Errorf("offset after the restart: %+v", o)
	}
	b.pass(11 * time.Second)
	b.pass(31 * time.Second)
	b.state("Empty")
	b = b.restart()
	b.state("Empty")
	d, _ := b.m.Describe("g")
	if o, _ := b.m.Offset("g", tp); o.Offset != 42 || len(d.Members) != 0 {
		t.Errorf("empty group after the restart: %+v, %+v", o, d)
	}
	if r := b.join(joinOf("", nil)).take(t); r.Generation <= generation {
		t.Errorf("generation went back from %d to %d", generation, r.Generation)
	}
}

func TestCorruptRows(t *testing.T) {
	row := appendOffset(nil, Offset{Offset: 1, Metadata: "m"})
	for i := range row {
		bad := append([]byte(nil), row...)
		bad[i] ^= 0x10
		if _, err := decodeOffset(bad); !errors.Is(err, meta.ErrCorrupt) {
			t.Errorf("byte %d: %v", i, err)
		}
		if _, err := decodeOffset(row[:i]); !errors.Is(err, meta.ErrCorrupt) {
			t.Errorf("%d bytes: %v", i, err)
		}
	}
}

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
