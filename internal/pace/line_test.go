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
