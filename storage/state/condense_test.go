package state

import (
	"context"
	"errors"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
)

// TestCondense: a row that changes a thousand times is one change to a reader that stands, however often
// it is put together; what nobody said that they read is told to be gone, also when it was saved.
func TestCondense(t *testing.T) {
	a := NewArrangement(textTypes, []int{0}, Options{History: true})
	text := func(v CommitSeq) string { return string(rune('a' + v%26)) }
	put(t, a, 1, row(1, text(1), 1))
	most := int64(0)
	for v := CommitSeq(2); v <= 1000; v++ {
		put(t, a, v, row(1, text(v-1), -1), row(1, text(v), 1))
		if v%100 == 0 {
			if err := a.Condense([]CommitSeq{10}, v-5, nil); err != nil {
				t.Fatal(err)
			}
			most = max(most, a.Kept())
		}
	}
	if n := len(a.current().deltas); n != 7 {
		t.Errorf("%d deltas are left: one up to 10, one up to 995 and five behind it are needed", n)
	}
	if now := a.Kept(); now > 2*most || now > 4000 {
		t.Errorf("%d bytes are kept, at most %d before", now, most)
	}
	for _, v := range []CommitSeq{10, 995, 998, 1000} {
		w, err := a.At(v)
		if err != nil {
			t.Fatalf("at %d: %v", v, err)
		}
		if got := contentOf(t, w)[1]; got != text(v) {
			t.Errorf("at %d the row is %q, not %q", v, got, text(v))
		}
		w.Release()
	}
	if _, err := a.At(500); !errors.Is(err, ErrSnapshotTooOld) {
		t.Errorf("at 500: %v", err)
	}
	w, _ := a.At(1000)
	defer w.Release()
	if _, err := w.Changes(context.Background(), 500); !errors.Is(err, ErrSnapshotTooOld) {
		t.Errorf("changes after 500: %v", err)
	}
	rows := 0
	c, err := w.Changes(context.Background(), 10)
	for more := err == nil; more; {
		var d delta.Batch
		_, more, err = c.Next(context.Background(), &d)
		rows += d.Len
	}
	if err != nil || rows != 12 {
		t.Errorf("%d rows of changes, %v", rows, err)
	}
	a.Keep(1000)
	if a.Kept() != 0 {
		t.Errorf("%d bytes are kept of nothing", a.Kept())
	}
}
