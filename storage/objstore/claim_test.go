package objstore

import (
	"errors"
	"strings"
	"testing"
)

func claimed(instance string, fence uint64) WriterInfo {
	return WriterInfo{Cluster: strings.Repeat("C", 21) + "A", Meta: strings.Repeat("M", 21) + "A", Instance: strings.Repeat(instance, 21) + "A",
		Timelines: []Timeline{{Number: 2, Kept: 7}}, Writer: 1, Fence: fence}
}

// TestClaim: one of two servers has the store, the other learns it before it deletes or replaces
// anything, and what it puts under new names harms nobody.
func TestClaim(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		ctx := t.Context()
		first, err := Take(ctx, s, "", claimed("a", 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Take(ctx, s, "", claimed("b", 1)); !errors.Is(err, ErrFenced) {
			t.Fatalf("a second first start: %v", err)
		}
		guarded := NewGuarded(s, first.Look)
		put(t, guarded, "snap/1", "one")
		w, etag, err := ReadWriter(ctx, s)
		if err != nil || w.Instance != first.Info().Instance || w.Clean || w.Fence != 1 {
			t.Fatal(w, err)
		}
		second, err := Take(ctx, s, etag, claimed("c", 2))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Take(ctx, s, etag, claimed("d", 2)); !errors.Is(err, ErrFenced) {
			t.Errorf("a third start with what it had read before: %v", err)
		}
		select {
		case <-first.Lost():
			t.Error("the first knows without having looked")
		default:
		}
		if err := guarded.Delete(ctx, "snap/1"); !errors.Is(err, ErrFenced) {
			t.Errorf("delete by the first: %v", err)
		}
		if _, err := guarded.Put(ctx, "snap/1", nil, Condition{}); !errors.Is(err, ErrFenced) {
			t.Errorf("replacement by the first: %v", err)
		}
		if u, err := guarded.Create(ctx, "state/x"); err != nil {
			t.Error(err)
		} else {
			_, err := u.Commit()
			if !errors.Is(err, ErrFenced) {
				t.Errorf("upload by the first: %v", err)
			}
			_ = u.Abort() // nothing was committed
		}
		if _, err := guarded.Put(ctx, "log/new", nil, Condition{IfAbsent: true}); err != nil {
			t.Errorf("a new object: %v", err)
		}
		<-first.Lost()
		if err := first.Release(ctx, 9); !errors.Is(err, ErrFenced) {
			t.Errorf("clean stop of the first: %v", err)
		}
		if get(t, s, "snap/1") != "one" {
			t.Error("the object has changed")
		}
		if err := second.Release(ctx, 42); err != nil {
			t.Fatal(err)
		}
		if w, _, err = ReadWriter(ctx, s); err != nil || !w.Clean || w.Last != 42 || w.Instance != second.Info().Instance {
			t.Errorf("after a clean stop: %+v, %v", w, err)
		}
	})
}

// TestWriterDamage: no flipped bit of writer.json makes it say something else.
func TestWriterDamage(t *testing.T) {
	s := NewMem()
	if _, err := Take(t.Context(), s, "", claimed("a", 7)); err != nil {
		t.Fatal(err)
	}
	whole := get(t, s, writerKey)
	want, _, err := ReadWriter(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) - 1 {
		b := []byte(whole)
		b[i] ^= 1 << (i % 7)
		put(t, s, writerKey, string(b))
		got, etag, err := ReadWriter(t.Context(), s)
		told := errors.Is(err, ErrDamaged)
		if !told && (err != nil || got.Sum != want.Sum) || etag == "" {
			t.Errorf("byte %d, %q: %+v, %v", i, b[i], got, err)
		}
	}
}
