package state

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// tester is testing.T and rapid.T.
type tester interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// counted is an arrangement of (key, value) with one row a key, beside what it should hold.
type counted struct {
	t       tester
	a       *RunSet
	values  map[int64]int64
	version CommitSeq
}

func newCounted(t tester) *counted {
	return &counted{t: t, a: countedSet(), values: map[int64]int64{}}
}

func countedSet() *RunSet {
	return NewArrangement([]sqltype.OID{sqltype.Int8, sqltype.Int8}, []int{0}, Options{})
}

// set publishes new values of keys.
func (c *counted) set(keys []int64, value int64) {
	b := delta.NewBatchBuilder(c.a.order.types)
	row := func(k, v, weight int64) {
		delta.Append(b.Cols[0], k)
		delta.Append(b.Cols[1], v)
		b.End(weight)
	}
	for _, k := range keys {
		if old, ok := c.values[k]; ok {
			row(k, old, -1)
		}
		row(k, value, 1)
		c.values[k] = value
	}
	c.version++
	d := b.Batch()
	if err := errors.Join(c.a.Append(&d), c.a.Publish(c.version)); err != nil {
		c.t.Fatal(err)
	}
}

// check compares an arrangement with what should be in it.
func (c *counted) check(a *RunSet, values map[int64]int64) {
	v, err := a.At(^CommitSeq(0))
	if err != nil {
		c.t.Fatal(err)
	}
	defer v.Release()
	rows := 0
	cur, err := v.Scan(c.t.Context(), Range{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer cur.Close()
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cur.Next(c.t.Context(), &d); err != nil {
			c.t.Fatal(err)
		}
		for _, i := range liveRows(&d) {
			k, x := delta.Values[int64](&d.Cols[0])[i], delta.Values[int64](&d.Cols[1])[i]
			if want, ok := values[k]; !ok || want != x || d.Weight(i) != 1 {
				c.t.Fatalf("key %d has %d (weight %d), want %d, %v", k, x, d.Weight(i), want, ok)
			}
			rows++
		}
	}
	if rows != len(values) || v.Rows() != int64(rows) {
		c.t.Fatalf("%d rows, %d counted, want %d", rows, v.Rows(), len(values))
	}
}

// TestMergedIsNamed: what merges made of runs that a checkpoint has is not written again, until a part of that is
// dead; what is restored from it is the same.
func TestMergedIsNamed(t *testing.T) {
	c := newCounted(t)
	const parts, each = 4, 5_000
	for p := range int64(parts) {
		keys := make([]int64, each)
		for i := range keys {
			keys[i] = int64(i)*parts + p
		}
		c.set(keys, 1)
	}
	pieces := &piecetest.Memory{}
	save := func() (written int64) {
		before, _ := pieces.Written()
		list, err := c.a.Save(pieces, c.version)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := pieces.Written()
		b := countedSet()
		if err := b.Load(pieces, list); err != nil {
			t.Fatal(err)
		}
		c.check(b, c.values)
		return after - before
	}
	whole := save()
	wrote, most := int64(0), int64(0)
	const rounds = 40
	for round := range int64(rounds) {
		keys := []int64{}
		for k := 37 * round % 100; k < parts*each; k += 100 {
			keys = append(keys, k)
		}
		c.set(keys, 2+round)
		n := save() // the changes alone: what was merged before is named
		wrote, most = wrote+n, max(most, n)
		if err := c.a.Compact(); err != nil {
			t.Fatal(err)
		}
		if round == 0 && n > whole/20 {
			t.Fatalf("%d bytes written for one key of a hundred, a whole one is %d", n, whole)
		}
	}
	if most < whole/2 {
		t.Fatalf("never more than %d bytes were written: the runs that stand for one are never put together", most)
	}
	if wrote > rounds*whole/4 {
		t.Fatalf("%d bytes written in %d rounds, a whole one is %d", wrote, rounds, whole)
	}
}

// TestInsteadRandom: changes, merges (also amid a checkpoint), checkpoints of which some fail or whose pieces go, and
// restarts in any order.
func TestInsteadRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCounted(t)
		pieces := &piecetest.Memory{}
		var list []byte
		saved := map[int64]int64{}
		compact := func() {
			if err := c.a.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"set", "set", "set", "merge", "merge", "save", "save", "amid", "fail", "drop", "restart"}).Draw(t, fmt.Sprint("step ", step)) {
			case "set":
				c.set(rapid.SliceOfDistinct(rapid.Int64Range(0, 30), rapid.ID[int64]).Draw(t, "keys"), int64(step))
			case "merge":
				compact()
			case "save", "amid", "fail":
				pieces.Fails = nil
				amid, fails := rapid.IntRange(0, 3).Draw(t, "merged at"), rapid.IntRange(0, 3).Draw(t, "fails at")
				puts := 0
				pieces.Fails = func(bool) error {
					if puts++; puts == amid {
						compact()
					}
					if puts == fails && step%3 == 0 {
						return errors.New("no")
					}
					return nil
				}
				made, err := c.a.Save(pieces, c.version)
				pieces.Fails = nil
				if err != nil {
					continue
				}
				list, saved = made, map[int64]int64{}
				for k, v := range c.values {
					saved[k] = v
				}
				b := countedSet()
				if err := b.Load(pieces, list); err != nil {
					t.Fatal(err)
				}
				c.check(b, saved)
			case "drop":
				pieces.DropAll()
				list = nil
			case "restart":
				if list == nil {
					continue
				}
				c.a = countedSet()
				if err := c.a.Load(pieces, list); err != nil {
					t.Fatal(err)
				}
				c.values = map[int64]int64{}
				for k, v := range saved {
					c.values[k] = v
				}
				c.version = c.a.current().seq
			}
			c.check(c.a, c.values)
		}
		if c.a.mu.open != nil || len(c.a.mu.saving) > 0 {
			t.Fatal("a checkpoint that has ended is still noted")
		}
	})
}
