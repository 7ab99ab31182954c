package group

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

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
	if b.rowsOfGroups() != 0 || len(b.m.groups) != 0 || b.m.bytes != 0 {
		t.Errorf("after the delete %d rows, %d groups and %d bytes are left", b.rowsOfGroups(), len(b.m.groups), b.m.bytes)
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
		if _, ok := cutPrefix(key, journalPrefix); ok {
			err = c.m.restoreBound([]byte(key), value)
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
