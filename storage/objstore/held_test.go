package objstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tributary-db/tributary/storage/objstore"
)

// TestHold: what is deleted while somebody holds the store is there until the last of them releases it, and then goes.
func TestHold(t *testing.T) {
	mem := objstore.NewMem()
	g := objstore.NewGuarded(mem, func(context.Context) error { return nil })
	for _, k := range []string{"a", "b"} {
		if _, err := g.Put(t.Context(), k, [][]byte{[]byte(k)}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	there := func(key string, want bool) {
		t.Helper()
		if _, err := mem.Stat(t.Context(), key); (err == nil) != want || err != nil && !errors.Is(err, objstore.ErrNotFound) {
			t.Errorf("%s: %v", key, err)
		}
	}
	first, second := g.Hold(), g.Hold()
	if err := g.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	there("a", true)
	if err := errors.Join(first(t.Context()), first(t.Context())); err != nil { // the second time does nothing
		t.Fatal(err)
	}
	there("a", true)
	if n := g.Held(); n != 1 {
		t.Errorf("%d objects are held", n)
	}
	if err := second(t.Context()); err != nil {
		t.Fatal(err)
	}
	there("a", false)
	if err := g.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	there("b", false)
}
