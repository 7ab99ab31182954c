package datetime

import (
	"sync"
	"time"
)

var steadyZones sync.Map // *time.Location: bool

// SteadyZone reports whether a zone has had one offset since 1970 and keeps it: then local time never goes back.
func SteadyZone(loc *time.Location) bool {
	if loc == nil || loc == time.UTC {
		return true
	}
	if known, ok := steadyZones.Load(loc); ok {
		return known.(bool)
	}
	fixed := true
	_, first := time.Unix(0, 0).In(loc).Zone()
	for at := int64(0); at < farFuture && fixed; at += 14 * 86400 {
		_, offset := time.Unix(at, 0).In(loc).Zone()
		fixed = offset == first
	}
	steadyZones.Store(loc, fixed)
	return fixed
}
