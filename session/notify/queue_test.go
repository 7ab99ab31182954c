package notify

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func send(t *testing.T, q *Queue, notes ...Note) {
	t.Helper()
	end, err := q.Turn(t.Context(), notes)
	if err != nil {
		t.Fatal(err)
	}
	q.Send(notes)
	end()
}

// TestRoom: what one does not take fills the queue, for all; taking it, or leaving, makes room.
func TestRoom(t *testing.T) {
	q := New(1000)
	note := Note{1, "c", strings.Repeat("x", 300)}
	for range 10 {
		send(t, q, note) // nobody listens
	}
	woken := 0
	slow, other := q.Listener(func() { woken++ }), q.Listener(func() {})
	slow.Listen("c")
	other.Listen("d")
	send(t, q, note)
	send(t, q, note, Note{1, "d", "to the other"})
	if _, err := q.Turn(t.Context(), []Note{note}); sqlerr.CodeOf(err) != sqlerr.ProgramLimitExceeded {
		t.Fatalf("a full queue took more: %v", err)
	}
	if got := other.Take(); len(got) != 1 || got[0].Payload != "to the other" {
		t.Errorf("took %v", got)
	}
	if q.Used() < 0.7 || woken != 2 {
		t.Errorf("%f used, woken %d times", q.Used(), woken)
	}
	if got := slow.Take(); len(got) != 2 || q.Bytes() != 0 {
		t.Errorf("took %d, %d bytes are left", len(got), q.Bytes())
	}
	send(t, q, note)
	slow.Close()
	other.Close()
	if q.Bytes() != 0 || q.Listeners() != 0 {
		t.Errorf("%d bytes for %d listeners", q.Bytes(), q.Listeners())
	}
}

// TestTurn: it is waited for with a context, and the order of turns is that of what is taken.
func TestTurn(t *testing.T) {
	q := New(1 << 20)
	l := q.Listener(func() {})
	l.Listen("c")
	end, err := q.Turn(t.Context(), []Note{{1, "c", ""}})
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Turn(gone, []Note{{1, "c", ""}}); err == nil {
		t.Error("two have the turn")
	}
	end()
	var all sync.WaitGroup
	var order []string
	for i := range 8 {
		all.Go(func() {
			for k := range 50 {
				note := Note{int32(i), "c", fmt.Sprint(i, " ", k)}
				end, err := q.Turn(t.Context(), []Note{note})
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, note.Payload) // the turn guards it
				q.Send([]Note{note})
				end()
			}
		})
	}
	all.Wait()
	for i, n := range l.Take() {
		if n.Payload != order[i] {
			t.Fatalf("note %d is %q, sent was %q", i, n.Payload, order[i])
		}
	}
}
