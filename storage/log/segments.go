package log

import (
	"slices"
	"time"
)

// Stored is where some records of a partition lie, back to back.
type Stored struct {
	First, Next int64 // offsets [First, Next)
	Records     int64
	Bytes       int64  // of their record batches
	Object      string // key in the object store, "" = in the commit log
	Level       int    // how often they were put together with others
	From, To    time.Time
}

// Stored lists where the records of a partition lie, in the order of their offsets; none if it does
// not exist.
func (db *DB) Stored(id Partition) []Stored {
	db.mu.RLock()
	p := db.mu.fold.partition(id)
	var runs []run
	if p != nil {
		runs = slices.Clone(p.runs)
	}
	db.mu.RUnlock()
	out := make([]Stored, len(runs))
	for i := range runs {
		r := &runs[i]
		out[i] = Stored{
			First: r.base, Next: r.next(), Records: r.count, Bytes: r.length, Object: r.block.key, Level: int(r.block.level),
			From: time.UnixMilli(r.firstMillis), To: time.UnixMilli(r.lastMillis),
		}
	}
	return out
}
