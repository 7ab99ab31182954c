package datetime

import (
	"strings"
	"sync"
	"time"
)

// zones caches LoadZone; names come from users, so the cache is bounded.
var zones = struct {
	sync.Mutex
	m map[string]*time.Location
}{m: map[string]*time.Location{}}

const maxZones = 1024

// LoadZone finds a time zone by its IANA name, ignoring case as PostgreSQL does.
func LoadZone(name string) (*time.Location, bool) {
	if strings.EqualFold(name, "utc") || strings.EqualFold(name, "gmt") || strings.EqualFold(name, "zulu") || strings.EqualFold(name, "z") {
		return time.UTC, true
	}
	zones.Lock()
	defer zones.Unlock()
	if z, ok := zones.m[name]; ok {
		return z, z != nil
	}
	z := loadZone(name)
	if len(zones.m) < maxZones {
		zones.m[name] = z
	}
	return z, z != nil
}

// loadZone tries the usual spellings of a name; nil = unknown.
func loadZone(name string) *time.Location {
	if name == "" || strings.EqualFold(name, "local") || len(name) > 64 {
		return nil
	}
	title := titleZone(name)
	for _, odd := range oddZones {
		if strings.EqualFold(odd, name) {
			title = odd
		}
	}
	for _, try := range []string{name, title, strings.ToUpper(name), strings.Replace(title, "Gmt", "GMT", 1)} {
		if z, err := time.LoadLocation(try); err == nil {
			return z
		}
	}
	return nil
}

// oddZones are the names that neither titleZone nor capitals spell.
var oddZones = strings.Fields(`Africa/Dar_es_Salaam America/Argentina/ComodRivadavia America/Knox_IN America/Port-au-Prince America/Port_of_Spain
	Antarctica/DumontDUrville Antarctica/McMurdo Australia/ACT Australia/LHI Australia/NSW Brazil/DeNoronha Chile/EasterIsland Etc/UCT Etc/UTC
	Europe/Isle_of_Man GB-Eire Mexico/BajaNorte Mexico/BajaSur US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii
	US/Indiana-Starke US/Michigan US/Mountain US/Pacific US/Samoa`)

// titleZone spells "america/new_york" as "America/New_York".
func titleZone(name string) string {
	b := []byte(strings.ToLower(name))
	start := true
	for i, c := range b {
		if start && c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
		start = c == '/' || c == '_' || c == '-'
	}
	return string(b)
}

// farFuture is 3000-01-01, gregorianCycle 400 years, in seconds.
const (
	farFuture      = 32503680000
	gregorianCycle = 146097 * 86400
)

// offsetAt is the zone's offset in seconds east at a timestamp (UTC microseconds).
func offsetAt(loc *time.Location, ts int64) int {
	_, off := zoneAt(loc, ts)
	return off
}

// zoneAt is the name that a zone has at a time, as PST, and its offset.
func zoneAt(loc *time.Location, ts int64) (name string, offset int) {
	if loc == nil || loc == time.UTC {
		return "UTC", 0
	}
	sec := floorDiv(ts, UsecsPerSecond) - UnixEpochMicros/UsecsPerSecond // in this order: no overflow
	if sec > farFuture {
		// The calendar repeats every 400 years; Go's zones lose their way near the end.
		sec -= (sec - farFuture) / gregorianCycle * gregorianCycle
	}
	return time.Unix(sec, 0).In(loc).Zone()
}

// OffsetOfLocal is the offset that a local time of loc has. Of a local time that comes twice it
// takes the later one (standard time), one that is skipped is read with the offset before.
func OffsetOfLocal(loc *time.Location, local int64) int {
	if loc == nil || loc == time.UTC {
		return 0
	}
	if off, ok := movingAt(loc, local); ok {
		return off
	}
	before, after := offsetAt(loc, local-UsecsPerDay), offsetAt(loc, local+UsecsPerDay)
	if before == after {
		return before
	}
	at := func(off int) bool { return offsetAt(loc, local-int64(off)*UsecsPerSecond) == off }
	if at(after) {
		return after
	}
	return before
}

// ToUTC reads a timestamp as local time of loc; ok is false outside the range.
func ToUTC(local int64, loc *time.Location) (ts int64, ok bool) {
	if !FiniteTimestamp(local) {
		return local, true
	}
	ts = local - int64(OffsetOfLocal(loc, local))*UsecsPerSecond
	return ts, ValidTimestamp(ts)
}

// ToLocal is the local time of loc at a timestamptz; ok is false outside the range.
func ToLocal(ts int64, loc *time.Location) (local int64, ok bool) {
	if !FiniteTimestamp(ts) {
		return ts, true
	}
	local = ts + int64(offsetAt(loc, ts))*UsecsPerSecond
	return local, ValidTimestamp(local)
}

// FixedZone is a zone of constant offset in seconds east.
func FixedZone(offset int) *time.Location { return time.FixedZone("", offset) }
