package fetchsession

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// handClock goes on only when it is told to.
type handClock struct{ now time.Time }

func (c *handClock) Now() time.Time                       { return c.now }
func (c *handClock) After(time.Duration) <-chan time.Time { panic("nobody waits here") }
func (c *handClock) Advance(d time.Duration)              { c.now = c.now.Add(d) }

func newCache(limits Limits) (*Cache, *handClock) {
	clk := &handClock{time.Unix(1_000_000, 0)}
	return New(limits, clk, rand.NewChaCha8([32]byte{1})), clk
}

var wide = Limits{Slots: 10, MaxBytes: 1 << 20, MinAge: 2 * time.Minute}

// asks are for partitions 0 to n-1 of a topic.
func asks(topic string, n int) (out []Ask) {
	for i := range n {
		out = append(out, Ask{Key: Key{Name: topic, Index: int32(i)}, MaxBytes: 1})
	}
	return out
}

func begin(c *Cache, peer string, n int) int32 {
	return c.Begin(Owner{"ann", peer}, false, asks("a", n), make([]Seen, n))
}

// TestTurns: epochs, what is put and forgotten, and what is told.
func TestTurns(t *testing.T) {
	c, _ := newCache(wide)
	ann := Owner{"ann", "h"}
	ends := func(hw int64) Seen { return Seen{Ends: log.Ends{HighWatermark: hw, LastStableOffset: hw}} }
	id := c.Begin(ann, false, asks("a", 3), []Seen{ends(1), ends(2), {Failed: true}})
	take := func(epoch int32, put []Ask, forgotten ...Key) *Turn {
		t.Helper()
		turn, err := c.Take(id, epoch, ann, false, put, forgotten)
		if err != nil {
			t.Fatal(err)
		}
		return turn
	}
	told := func(turn *Turn, seen ...Seen) []bool {
		t.Helper()
		news := make([]bool, len(seen))
		if len(turn.Asks) != len(seen) || !turn.Answer(seen, news) {
			t.Fatalf("%d partitions", len(turn.Asks))
		}
		return news
	}
	// The one with an error is told of once it is well, the others only of what is new.
	if got := told(take(1, nil), ends(1), ends(3), ends(0)); !slices.Equal(got, []bool{false, true, true}) {
		t.Error(got)
	}
	withRecords := ends(2)
	withRecords.Records = true
	if got := told(take(2, nil), withRecords, ends(3), ends(0)); !slices.Equal(got, []bool{true, false, false}) {
		t.Error(got)
	}
	// It goes behind the others; one of them is asked for from elsewhere, a new one comes last, one is forgotten.
	put := []Ask{{Key: Key{Name: "a", Index: 1}, Offset: 7}, {Key: Key{Name: "b"}, Offset: 8}}
	turn := take(3, put, Key{Name: "a", Index: 2}, Key{Name: "nobody"})
	var order []string
	for _, a := range turn.Asks {
		order = append(order, fmt.Sprint(a.Name, a.Index, "@", a.Offset))
	}
	if want := []string{"a1@7", "a0@0", "b0@8"}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
	// Who goes on before the answer is there makes it void.
	later := take(4, nil)
	if turn.Answer(make([]Seen, 3), make([]bool, 3)) {
		t.Error("an answer to a turn that is over")
	}
	told(later, ends(2), ends(2), ends(2))
	for _, x := range []struct {
		id, epoch int32
		who       Owner
		topicIDs  bool
		want      error
	}{{id, 4, ann, false, ErrEpoch}, {id, 6, ann, false, ErrEpoch}, {id, -2, ann, false, ErrEpoch}, {id + 1, 5, ann, false, ErrNotFound}, {0, 1, ann, false, ErrNotFound},
		{id, 5, Owner{"bob", "h"}, false, ErrNotFound}, {id, 5, ann, true, ErrTopicIDs}} {
		if _, err := c.Take(x.id, x.epoch, x.who, x.topicIDs, nil, nil); !errors.Is(err, x.want) {
			t.Errorf("%+v: %v", x, err)
		}
	}
	if st := c.Stats(); st.Sessions != 1 || st.Partitions != 3 || st.Bytes != sessionBytes+3*partitionBytes+3 {
		t.Errorf("%+v", st)
	}
	// Without partitions it is gone.
	if turn, err := c.Take(id, 5, ann, false, nil, []Key{{Name: "a"}, {Name: "a", Index: 1}, {Name: "b"}}); turn != nil || err != nil {
		t.Error(turn, err)
	}
	if _, err := c.Take(id, 6, ann, false, nil, nil); !errors.Is(err, ErrNotFound) || c.Stats() != (Stats{}) || len(c.mu.peers) != 0 {
		t.Errorf("%v, %+v", err, c.Stats())
	}
	if next(math.MaxInt32) != 1 {
		t.Error("epochs do not go round")
	}
}

// TestClose: by its user alone.
func TestClose(t *testing.T) {
	c, _ := newCache(wide)
	id := begin(c, "h", 2)
	if c.Close(id, Owner{"bob", "h"}); c.Stats().Sessions != 1 {
		t.Error("closed by another user")
	}
	if c.Close(id, Owner{"ann", "elsewhere"}); c.Stats() != (Stats{}) {
		t.Errorf("%+v", c.Stats())
	}
	if begin(c, "h", 0) != 0 {
		t.Error("a session of nothing")
	}
}

// TestPlaces: who gets whose.
func TestPlaces(t *testing.T) {
	c, clk := newCache(Limits{Slots: 3, MaxBytes: 1 << 20, MinAge: 2 * time.Minute})
	there := func(id int32) bool { return c.mu.byID[id] != nil }
	small, large, middle := begin(c, "h", 1), begin(c, "h", 9), begin(c, "h", 5)
	if begin(c, "h", 100) != 0 || c.Stats().Refused != 1 {
		t.Error("a young session lost its place")
	}
	clk.Advance(2*time.Minute + 1)
	for _, id := range []int32{small, middle, large} {
		if _, err := c.Take(id, 1, Owner{"ann", "h"}, false, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if begin(c, "h", 1) != 0 {
		t.Error("one of equal size lost its place")
	}
	if newer := begin(c, "h", 2); newer == 0 || there(small) || !there(middle) || !there(large) {
		t.Error("not the smallest gave its place")
	}
	if newer := begin(c, "h", 6); newer == 0 || there(middle) || !there(large) {
		t.Error("not the smallest of the old ones gave its place")
	}
	clk.Advance(2*time.Minute + 1) // large was used least recently
	if newer := begin(c, "h", 1); newer == 0 || there(large) || c.Stats().Evicted != 3 {
		t.Errorf("%+v", c.Stats())
	}
}

// TestNobodyTakesAll: one address that opens sessions without end, and keeps using them, keeps no place from others.
func TestNobodyTakesAll(t *testing.T) {
	for name, limits := range map[string]Limits{
		"places": {Slots: 30, MaxBytes: 1 << 30, MinAge: 2 * time.Minute},
		"bytes":  {Slots: 1 << 20, MaxBytes: 30 * (sessionBytes + 10*(partitionBytes+1)), MinAge: 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newCache(limits)
			for range 100 {
				begin(c, "hostile", 10)
			}
			if st := c.Stats(); st.Sessions != 30 || st.Refused != 70 {
				t.Fatalf("%+v", st)
			}
			for i := range 10 {
				if begin(c, fmt.Sprint("h", i%2), 10) == 0 {
					t.Errorf("newcomer %d finds no place", i)
				}
				begin(c, "hostile", 10)
			}
			if st := c.Stats(); st.Sessions != 30 || st.Evicted != 10 || c.mu.peers["hostile"].sessions != 20 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestGrowth: a session that grows beyond what there is room for is ended, and its bytes are given back.
func TestGrowth(t *testing.T) {
	c, _ := newCache(Limits{Slots: 10, MaxBytes: 100 << 10, MinAge: time.Minute})
	if begin(c, "h", 1000) != 0 {
		t.Error("a session of more than a quarter of all")
	}
	id := begin(c, "h", 50)
	if _, err := c.Take(id, 1, Owner{"ann", "h"}, false, asks("b", 1000), nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if st := c.Stats(); st != (Stats{Refused: 2}) {
		t.Errorf("%+v", st)
	}
}

// TestCountsAddUp: whatever happens, the totals are those of the sessions that are there, and the limits hold.
func TestCountsAddUp(t *testing.T) {
	limits := Limits{Slots: 12, MaxBytes: 60 << 10, MinAge: time.Minute}
	c, clk := newCache(limits)
	r := rand.New(rand.NewPCG(1, 2))
	epochs := map[int32]int32{}
	var ids []int32
	for range 5000 {
		who := Owner{"ann", fmt.Sprint("h", r.IntN(4))}
		clk.Advance(time.Duration(r.IntN(10)) * time.Second)
		switch r.IntN(4) {
		case 0:
			n := 1 + r.IntN(40)
			if id := c.Begin(who, false, asks(fmt.Sprint("t", r.IntN(3)), n), make([]Seen, n)); id != 0 {
				ids, epochs[id] = append(ids, id), 1
			}
		case 1:
			if len(ids) > 0 {
				c.Close(ids[r.IntN(len(ids))], who)
			}
		default:
			if len(ids) == 0 {
				continue
			}
			id := ids[r.IntN(len(ids))]
			var gone []Key
			for range r.IntN(30) {
				gone = append(gone, Key{Name: fmt.Sprint("t", r.IntN(3)), Index: int32(r.IntN(40))})
			}
			turn, err := c.Take(id, epochs[id], who, false, asks(fmt.Sprint("t", r.IntN(3)), r.IntN(20)), gone)
			if err != nil && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			if turn != nil {
				epochs[id]++
				turn.Answer(make([]Seen, len(turn.Asks)), make([]bool, len(turn.Asks)))
			}
		}
		var want holding
		for _, s := range c.mu.byID {
			want.sessions++
			want.partitions += len(s.index)
			want.bytes += s.bytes()
			if len(s.index) != len(s.order) {
				t.Fatal("a partition is in one of index and order alone")
			}
		}
		if c.mu.total != want || want.sessions > limits.Slots || want.bytes > limits.MaxBytes || c.mu.used.Len() != want.sessions {
			t.Fatalf("%+v, want %+v", c.mu.total, want)
		}
	}
}
