package session

import (
	"slices"

	"github.com/tributary-db/tributary/session/activity"
)

// Sessions are those that are open, with what they wait for.
func (db *Database) Sessions() []activity.Seen {
	all, waits := db.activity.All(), db.Tables.Waiting()
	for _, l := range db.locks.All() {
		if !l.Granted {
			waits[l.PID] = "advisory"
		}
	}
	for i := range all {
		s := &all[i]
		switch event := waits[s.PID]; {
		case s.WaitType != "":
		case event != "":
			s.WaitType, s.WaitEvent = "Lock", event
		case s.State != activity.Active:
			s.WaitType, s.WaitEvent = "Client", "ClientRead"
		}
	}
	return all
}

// blocking are the sessions that one waits for, in order.
func (db *Database) blocking(pid int32) []int32 {
	out := append(db.Tables.Blocking(pid), db.locks.Blocking(pid)...)
	slices.Sort(out)
	return slices.Compact(out)
}
