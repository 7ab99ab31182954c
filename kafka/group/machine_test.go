package group

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
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

// rowsOfGroups counts rows; those of the journal stay when groups go.
func (b *bench) rowsOfGroups() (n int) {
	for key := range b.rows {
		if !strings.HasPrefix(key, journalPrefix) {
			n++
		}
	}
	return n
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
