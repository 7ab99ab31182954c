package plan

import (
	"context"
	"time"
)

// Peers are the sessions of the database, as functions reach them. Its errors are users'.
type Peers interface {
	// Sleep waits for so long, or until ctx ends.
	Sleep(ctx context.Context, d time.Duration) error
	// Cancel ends the statement that a session runs, Terminate the session, and waits for its end so long at most. False:
	// there is none with that process ID, or it has not ended.
	Cancel(pid int32) (bool, error)
	Terminate(ctx context.Context, pid int32, wait time.Duration) (bool, error)
	// Blocking are the sessions that hold, or stand in line before, what one waits for.
	Blocking(pid int32) []int32
}
