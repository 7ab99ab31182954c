package chain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// marked waits until the mark names the newest link, as it does without a stop.
func marked(t *testing.T, objects objstore.Store) *chain.Found {
	t.Helper()
	for range 10_000 {
		found, err := chain.Find(t.Context(), objects)
		if err != nil {
			t.Fatal(err)
		}
		if found.Mark != nil && len(found.Links) > 0 && found.Mark.Number == found.Links[len(found.Links)-1] {
			return found
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the newest link is not marked")
	return nil
}

func removeNewest(t *testing.T, objects objstore.Store, found *chain.Found, n int) {
	t.Helper()
	for _, number := range found.Links[len(found.Links)-n:] {
		if err := objects.Delete(t.Context(), fmt.Sprintf("meta/chain/%020d", number)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTailMissing: the newest links of a writer that was killed are missing: it is told, by a recovery and by a start of who has
// less, and what goes on without them takes none of their numbers.
func TestTailMissing(t *testing.T) {
	for gone := 1; gone <= 4; gone++ {
		opts, objects := metatest.InMemory(), objstore.NewMem()
		s := open(t, opts, "meta", objects)
		for i := range 5 {
			if err := commitKey(t.Context(), s, fmt.Sprint("k", i), "v"); err != nil {
				t.Fatal(err)
			}
		}
		found := marked(t, objects)
		if err := s.Close(); err != nil { // it writes nothing: all is marked
			t.Fatal(err)
		}
		removeNewest(t, objects, found, gone)
		r := restore(t, opts, objects, "other")
		if r.Gap == nil || r.Gap.Behind != 0 || !r.Gap.Marked || !strings.Contains(r.Gap.Error(), "meta/mark") {
			t.Fatalf("%d links missing: %+v", gone, r)
		}
		if _, err := tryOpen(t.Context(), opts, "other", objects); !errors.Is(err, chain.ErrCorrupt) {
			t.Errorf("%d links missing: a store with less was opened: %v", gone, err)
		}
		inner, err := meta.OpenPebble("other", opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(chain.TakeOver(t.Context(), config(inner, objects), nil), inner.Close()); err != nil {
			t.Fatal(err)
		}
		newest := found.Links[len(found.Links)-1]
		if found = marked(t, objects); found.Mark.Number <= newest {
			t.Errorf("number %d was used twice", found.Mark.Number)
		}
		if r := restore(t, opts, objects, "third"); r.Gap != nil || r.At.Number != found.Mark.Number {
			t.Errorf("what was accepted is told again: %+v", r)
		}
	}
}

// TestMarkMissing: without a mark, or with a damaged one, all is there as before, and it is known that nothing marks the end.
func TestMarkMissing(t *testing.T) {
	for _, damage := range []string{"missing", "empty", "cut", "flipped"} {
		opts, objects := metatest.InMemory(), objstore.NewMem()
		s := open(t, opts, "meta", objects)
		if err := errors.Join(commitKey(t.Context(), s, "k", "v"), s.Close()); err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 100)
		n, err := objects.GetRange(t.Context(), "meta/mark", 0, data)
		if err != nil {
			t.Fatal(err)
		}
		if err := objects.Delete(t.Context(), "meta/mark"); err != nil {
			t.Fatal(err)
		}
		switch data = data[:n]; damage {
		case "empty":
			put(t, objects, "meta/mark", nil)
		case "cut":
			put(t, objects, "meta/mark", data[:n/2])
		case "flipped":
			data[n/2] ^= 1
			put(t, objects, "meta/mark", data)
		}
		if r := restore(t, opts, objects, "other"); r.Gap != nil || r.Mark != nil {
			t.Errorf("mark %s: %+v", damage, r)
		}
		s = open(t, opts, "meta", objects)
		if err := commitKey(t.Context(), s, "k", "w"); err != nil {
			t.Fatal(err)
		}
		marked(t, objects)
	}
}

// TestMarkIsTheLaterWriters: a writer that has lost the chain marks nothing over who has it.
func TestMarkIsTheLaterWriters(t *testing.T) {
	opts, objects := metatest.InMemory(), objstore.NewMem()
	faulty := objstoretest.NewFaulty(objects)
	a := open(t, opts, "a", faulty)
	if err := commitKey(t.Context(), a, "k", "1"); err != nil {
		t.Fatal(err)
	}
	marked(t, objects)
	faulty.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "meta/mark", Err: errors.New("away")})
	if err := commitKey(t.Context(), a, "k", "2"); err != nil {
		t.Fatal(err)
	}
	restore(t, opts, objects, "b")
	b := open(t, opts, "b", objects)
	for i := range 3 {
		if err := commitKey(t.Context(), b, "k", fmt.Sprint("b", i)); err != nil {
			t.Fatal(err)
		}
	}
	want := marked(t, objects).Mark.Number
	faulty.Heal()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if found := marked(t, objects); found.Mark.Number != want {
		t.Errorf("the old writer marked %d over %d", found.Mark.Number, want)
	}
}
