package pace

import (
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	var l Line
	now := time.Unix(1000, 0)
	for i, want := range []struct {
		after time.Duration
		held  int64
		ok    bool
	}{
		{0, 0, true}, {0, 0, false}, {time.Second, 0, false}, {time.Minute, 2, true}, {time.Minute - 1, 0, false}, {1, 1, true},
	} {
		now = now.Add(want.after)
		if held, ok := l.Due(now, time.Minute); held != want.held || ok != want.ok {
			t.Errorf("%d: %d, %t, want %d, %t", i, held, ok, want.held, want.ok)
		}
	}
}

// TestHeld: what is held back is told once, also when nothing comes any more.
func TestHeld(t *testing.T) {
	var l Line
	now := time.Unix(1000, 0)
	if held := l.Held(now, time.Minute); held != 0 {
		t.Errorf("%d of a line that was never written", held)
	}
	for range 4 {
		l.Due(now, time.Minute)
	}
	if held := l.Held(now.Add(time.Minute-1), time.Minute); held != 0 {
		t.Errorf("%d too early", held)
	}
	if held := l.Held(now.Add(time.Minute), time.Minute); held != 3 {
		t.Errorf("%d held back, want 3", held)
	}
	if held := l.Held(now.Add(time.Hour), time.Minute); held != 0 {
		t.Errorf("%d are told again", held)
	}
	if held, ok := l.Due(now.Add(time.Hour), time.Minute); !ok || held != 0 {
		t.Errorf("%d, %t", held, ok)
	}
}
