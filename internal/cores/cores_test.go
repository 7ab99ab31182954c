package cores

import (
	"runtime"
	"testing"
)

// TestMakeRoom: a place is added to the cores, whose number stays as it was; and not against the operator.
func TestMakeRoom(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	MakeRoom()
	if got := runtime.GOMAXPROCS(0); got != Count()+1 {
		t.Errorf("%d places for %d cores", got, Count())
	}
	runtime.GOMAXPROCS(before)
	t.Setenv("GOMAXPROCS", "7")
	if MakeRoom(); runtime.GOMAXPROCS(0) != before {
		t.Errorf("GOMAXPROCS was set, and is %d now", runtime.GOMAXPROCS(0))
	}
}
