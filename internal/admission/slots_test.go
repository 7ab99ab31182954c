package admission

import (
	"slices"
	"testing"
)

func TestSlots(t *testing.T) {
	s := NewSlots(3)
	var closed []string
	take := func(name string) *Slot { return s.Take(func() { closed = append(closed, name) }) }
	expect := func(step string, want ...string) {
		t.Helper()
		if !slices.Equal(closed, want) {
			t.Fatalf("%s: closed %q, want %q", step, closed, want)
		}
		closed = nil
	}
	a, b, c := take("a"), take("b"), take("c")
	a.Busy()
	a.Rest()
	expect("room for three")
	d := take("d")
	expect("the oldest silent one goes first", "b")
	if b.Leave() {
		t.Error("b still had a place")
	}
	b.Busy() // nothing any more
	c.Busy()
	d.Busy()
	e := take("e")
	expect("then who rests longest", "a")
	e.Busy()
	if take("f") != nil {
		t.Error("a place though all are busy")
	}
	expect("nobody")
	d.Rest()
	c.Rest()
	g := take("g")
	expect("d rests longer than c", "d")
	g.Busy()
	if !c.Leave() || c.Leave() {
		t.Error("c had one place")
	}
	take("h")
	expect("c left")
	want := SlotStats{Taken: 3, Silent: 1, Evicted: 3, Rejected: 1}
	if got := s.Stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
