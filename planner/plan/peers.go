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
	// Notify sends a notification behind the commit; Listening are the channels that the session listens to, NotesUsed the
	// part of the queue that is full.
	Notify(channel, payload string) error
	Listening() []string
	// TableCounts is what was written to a table since the start, and the rows that it has; of what is none 0.
	TableCounts(oid uint32) TableCounts
	NotesUsed() float64
}

// TableCounts are rows of a table.
type TableCounts struct{ Inserted, Updated, Deleted, Live int64 }
