package quota

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
)

func named(s string) Name { return Name{Named, s} }

// TestNearest: Kafka's order of precedence, each step of it.
func TestNearest(t *testing.T) {
	rest := Name{Is: Default}
	order := []Entity{
		{named("u"), named("c")}, {named("u"), rest}, {User: named("u")}, {rest, named("c")}, {rest, rest}, {User: rest},
		{Client: named("c")}, {Client: rest},
	}
	all := table{{named("v"), named("c")}: {9, 9}, {User: named("v")}: {9, 9}, {Client: named("d")}: {9, 9}}
	for i := len(order) - 1; i >= 0; i-- {
		all[order[i]] = Rates{Produce: uint64(100 + i)}
		if e, rate := all.nearest("u", "c", Produce); e != order[i] || rate != uint64(100+i) {
			t.Errorf("step %d: %+v at %d", i, e, rate)
		}
		if _, rate := all.nearest("u", "c", Fetch); rate != 0 {
			t.Errorf("step %d: a quota of one direction counts for the other: %d", i, rate)
		}
	}
}

// TestRandom: a random history of changes, reopened now and then, against a map; and of charges
// against what a model says was used.
func TestRandom(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomQuotas(t, rand.New(rand.NewPCG(seed, 5))) })
	}
}

func randomQuotas(t *testing.T, r *rand.Rand) {
	ctx := t.Context()
	store := metatest.OpenMemory(t)
	q := New(store, 1000)
	model := table{}
	name := func() Name {
		switch n := r.IntN(5); n {
		case 0, 1:
			return Name{Is: Kind(n)}
		default:
			return named(fmt.Sprint("n", n))
		}
	}
	for range 200 {
		e := Entity{name(), name()}
		if e == (Entity{}) {
			continue
		}
		d, rate := Direction(r.IntN(2)), r.Uint64N(3)*1000
		validate := r.IntN(5) == 0
		err := q.Alter(ctx, e, func(have Rates) Rates {
			if have != model[e] {
				t.Fatalf("%+v has %v, want %v", e, have, model[e])
			}
			have[d] = rate
			return have
		}, validate)
		if err != nil {
			t.Fatal(err)
		}
		if rates := model[e]; !validate {
			if rates[d] = rate; rates == (Rates{}) {
				delete(model, e)
			} else {
				model[e] = rates
			}
		}
		if r.IntN(10) == 0 {
			q = New(store, 1000)
			if err := q.Load(ctx); err != nil {
				t.Fatal(err)
			}
		}
		got := table{}
		for _, entry := range q.List() {
			got[entry.Entity] = entry.Rates
		}
		if !maps.Equal(got, model) {
			t.Fatalf("have %v, want %v", got, model)
		}
	}
}

// TestRate: over a minute of requests at random, who waits as told is given its rate and a second's
// more, however many of its connections send; others are not slowed.
func TestRate(t *testing.T) {
	const rate = 10_000
	ctx := t.Context()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 6))
		q := New(metatest.OpenMemory(t), 1000)
		if err := q.Alter(ctx, Entity{Client: Name{Is: Default}}, func(Rates) Rates { return Rates{rate, rate} }, false); err != nil {
			t.Fatal(err)
		}
		start := time.Unix(1000, 0)
		now, end := start, start.Add(time.Minute)
		free := make([]time.Time, 1+r.IntN(4)) // when each connection may send again
		var sent, waited int
		for now.Before(end) {
			for i := range free {
				if now.Before(free[i]) {
					continue
				}
				n := r.IntN(rate)
				sent += n
				wait := q.Charge(now, "u", "busy", Produce, n)
				if free[i] = now.Add(wait); wait > 0 {
					waited++
				}
				if wait > MaxWait {
					t.Fatalf("seed %d: a wait of %v", seed, wait)
				}
			}
			if w := q.Charge(now, "u", "idle", Produce, rate/10_000); w != 0 {
				t.Fatalf("seed %d: a client within its quota waits for %v", seed, w)
			}
			if w := q.Charge(now, "u", "busy", Fetch, 0); w != 0 {
				t.Fatalf("seed %d: who produces waits for fetches: %v", seed, w)
			}
			now = now.Add(time.Duration(r.IntN(20)) * time.Millisecond)
		}
		// Each connection may overdraw once, by the request that was under way.
		most := rate * (60 + 1 + len(free))
		if sent > most || sent < rate*60 || waited == 0 {
			t.Errorf("seed %d: %d bytes in a minute by %d connections, of %d", seed, sent, len(free), most)
		}
	}
}

// TestHugeRequest: what is beyond MaxWait is forgotten.
func TestHugeRequest(t *testing.T) {
	q := New(metatest.OpenMemory(t), 10)
	if err := q.Alter(t.Context(), Entity{User: named("u")}, func(Rates) Rates { return Rates{1, 0} }, false); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	if w := q.Charge(now, "u", "c", Produce, 1<<30); w != MaxWait {
		t.Errorf("a wait of %v", w)
	}
	if w := q.Charge(now.Add(MaxWait), "u", "other", Produce, 0); w != 0 {
		t.Errorf("after it, %v", w)
	}
}

// TestClientsBeyond: more clients than are kept count of share, and places come free again.
func TestClientsBeyond(t *testing.T) {
	q := New(metatest.OpenMemory(t), 5)
	if err := q.Alter(t.Context(), Entity{Client: Name{Is: Default}}, func(Rates) Rates { return Rates{1000, 0} }, false); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	var waited int
	for i := range 100 {
		if q.Charge(now, "u", fmt.Sprint(i), Produce, 100) > 0 {
			waited++
		}
	}
	// 5 have their own; the others are over the common one after ten of them.
	if n := q.Clients(); n > 6 || waited != 85 {
		t.Errorf("%d buckets, %d of 100 waited", n, waited)
	}
	now = now.Add(time.Minute)
	if w := q.Charge(now, "u", "new", Produce, 1000); w != 0 || q.Clients() != 1 {
		t.Errorf("later: %v, %d buckets", w, q.Clients())
	}
}

func TestTooMany(t *testing.T) {
	q := New(metatest.OpenMemory(t), 5)
	full := table{}
	for i := range MaxEntities {
		full[Entity{User: named(fmt.Sprint(i))}] = Rates{1, 1}
	}
	q.table.Store(&full)
	set := func(Rates) Rates { return Rates{2, 2} }
	if err := q.Alter(t.Context(), Entity{User: named("x")}, set, true); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if err := q.Alter(t.Context(), Entity{User: named("1")}, set, false); err != nil {
		t.Errorf("one of them: %v", err)
	}
}

func TestDamagedRows(t *testing.T) {
	good := Entity{named("u"), Name{Is: Default}}
	for name, w := range map[string]meta.Write{
		"flipped": {Key: rowKey(good), Value: append(appendRates(nil, Rates{1, 2})[:rowBytes-1], 0)},
		"short":   {Key: rowKey(good), Value: []byte{rowVersion}},
		"version": {Key: rowKey(good), Value: append([]byte{9}, appendRates(nil, Rates{})[1:]...)},
		"key":     {Key: []byte(prefix + "\x02\x00\x09u"), Value: appendRates(nil, Rates{1, 2})},
		"nobody":  {Key: rowKey(Entity{}), Value: appendRates(nil, Rates{1, 2})},
	} {
		store := metatest.OpenMemory(t)
		if err := store.Commit(context.Background(), meta.Txn{Writes: []meta.Write{w}}); err != nil {
			t.Fatal(err)
		}
		if err := New(store, 5).Load(t.Context()); !errors.Is(err, meta.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add(rowKey(Entity{named("u"), Name{Is: Default}}), appendRates(nil, Rates{1, 2}))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if e, err := parseKey(append([]byte(prefix), key...)); err == nil && string(rowKey(e)) != prefix+string(key) {
			t.Errorf("%q is read as %+v", key, e)
		}
		if r, err := parseRates(value); err == nil && string(appendRates(nil, r)) != string(value) {
			t.Errorf("%q is read as %v", value, r)
		}
	})
}
