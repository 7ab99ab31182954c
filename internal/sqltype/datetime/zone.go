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
	for _, try := range []string{name, title, strings.ToUpper(name), strings.Replace(title, "Gmt", "GMT", 1)} {
		if z, err := time.LoadLocation(try); err == nil {
			return z
		}
	}
	return nil
}

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

// abbreviations are the time zone abbreviations of PostgreSQL's default set that name one
// constant offset, in minutes east; DST ones are marked by what the text says.
var abbreviations = map[string]int{
	"utc": 0, "gmt": 0, "z": 0, "zulu": 0, "uct": 0, "ut": 0, "wet": 0, "west": 60, "wetdst": 60, "bst": 60,
	"cet": 60, "cest": 120, "cetdst": 120, "met": 60, "mest": 120, "metdst": 120, "eet": 120, "eest": 180, "eetdst": 180,
	"mez": 60, "mesz": 120, "sast": 120, "msk": 180, "msd": 240, "ist": 120, "idt": 180,
	"pkt": 300, "npt": 345, "ict": 420, "wib": 420, "cct": 480, "hkt": 480, "sgt": 480,
	"myt": 480, "pht": 480, "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "acst": 570, "acdt": 630,
	"awst": 480, "nzst": 720, "nzdt": 780, "nzt": 720,
	"nst": -210, "ndt": -150, "ast": -240, "adt": -180, "est": -300, "edt": -240, "cst": -360, "cdt": -300,
	"mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "akst": -540, "akdt": -480, "hst": -600,
	"brt": -180, "brst": -120, "clt": -180, "art": -180,
}
