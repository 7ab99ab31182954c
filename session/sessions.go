package session

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/system"
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

// AdvisoryLocks are those that sessions hold and wait for, as pg_locks has them.
func (db *Database) AdvisoryLocks() (out []system.Lock) {
	for _, l := range db.locks.All() {
		row := system.Lock{PID: l.PID, Sort: "advisory", Class: uint32(l.Key.Number >> 32), Object: uint32(l.Key.Number), Sub: 1, Mode: "ExclusiveLock", Granted: l.Granted}
		if l.Key.Two {
			row.Sub = 2
		}
		if l.Shared {
			row.Mode = "ShareLock"
		}
		out = append(out, row)
	}
	return out
}

// Totals are what pg_stat_database tells.
func (db *Database) Totals() system.Totals {
	written := db.Tables.Totals()
	t := system.Totals{
		Commits: db.commits.Load(), Rollbacks: db.rollbacks.Load(), Inserted: written.Inserted, Updated: written.Updated, Deleted: written.Deleted,
		Deadlocks: db.Tables.Deadlocks(), Sessions: db.activity.Opened.Load(), Killed: db.activity.Killed.Load(), Since: db.since,
	}
	if db.Temp != nil {
		st := db.Temp.Stats()
		t.TempFiles, t.TempBytes = int64(st.Made), int64(st.Written)
	}
	return t
}

// blocking are the sessions that one waits for, in order.
func (db *Database) blocking(pid int32) []int32 {
	out := append(db.Tables.Blocking(pid), db.locks.Blocking(pid)...)
	slices.Sort(out)
	return slices.Compact(out)
}
