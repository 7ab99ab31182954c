package cores

import (
	"os"
	"runtime"
)

// count is taken before anybody makes room.
var count = runtime.GOMAXPROCS(0)

// Count is the processors that the process may use: those of its container, or GOMAXPROCS where that is set.
func Count() int { return count }

// MakeRoom adds a place for what waits for clients, disks and other goroutines, beside those that compute. Where
// GOMAXPROCS is set, the operator has chosen, and it does nothing. Call it once, at the start.
func MakeRoom() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(count + 1)
	}
}
