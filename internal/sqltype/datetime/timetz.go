package datetime

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// A time of day with a zone is 16 bytes whose order is its own: the time in UTC, then the zone, both without a sign, then zeros.

// zoneLimit is past every zone's displacement, in seconds.
const zoneLimit = 16 * 3600

// TimeTZ is the time of day us in a zone that is west seconds west of Greenwich, as PostgreSQL counts.
func TimeTZ(us int64, west int32) (v [16]byte) {
	binary.BigEndian.PutUint64(v[:], uint64(us+int64(west)*UsecsPerSecond)^1<<63)
	binary.BigEndian.PutUint32(v[8:], uint32(west)^1<<31)
	return v
}

// SplitTimeTZ gives back what TimeTZ took.
func SplitTimeTZ(v [16]byte) (us int64, west int32) {
	west = int32(binary.BigEndian.Uint32(v[8:]) ^ 1<<31)
	return int64(binary.BigEndian.Uint64(v[:])^1<<63) - int64(west)*UsecsPerSecond, west
}

// CheckTimeTZ refuses what no text gives.
func CheckTimeTZ(us int64, west int32) error {
	switch {
	case us < 0 || us > UsecsPerDay:
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, "time out of range")
	case west <= -zoneLimit || west >= zoneLimit:
		return sqlerr.New("22009", "time zone displacement out of range")
	}
	return nil
}

// AppendTimeTZ appends a time of day with its offset.
func AppendTimeTZ(dst []byte, v [16]byte) []byte {
	us, west := SplitTimeTZ(v)
	return AppendOffset(AppendTime(dst, us), int(-west))
}

// ParseTimeTZ reads a time of day with time zone. A text with none is in loc, whose offset is that of the text's date; without a date
// PostgreSQL takes today's, which is not known here: 0A000 for a zone that has had several.
func ParseTimeTZ(src []byte, loc *time.Location) ([16]byte, error) {
	p, err := timeOnly(src, "time with time zone")
	if err != nil {
		return [16]byte{}, err
	}
	east := p.f.Offset
	if !p.hasOffset {
		zone := loc
		if p.zone != nil {
			zone = p.zone
		}
		var ok bool
		if p.seen&hasDate == hasDate {
			local, _ := p.f.Join()
			east = OffsetOfLocal(zone, local)
		} else if east, ok = FixedOffset(zone); !ok {
			return [16]byte{}, errNeedsDate(zone)
		}
	}
	return TimeTZ(p.f.timeOfDay(), int32(-east)), nil
}

func errNeedsDate(loc *time.Location) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "the offset of time zone \"%s\" depends on the current date", loc).
		WithHint("Write the offset: 10:00+02.")
}

// OffsetAt is a zone's offset in seconds east at a timestamptz.
func OffsetAt(loc *time.Location, ts int64) int { return offsetAt(loc, ts) }

// FixedOffset is the offset in seconds east of a zone that has had one only.
func FixedOffset(loc *time.Location) (east int, ok bool) {
	if loc == nil || loc == time.UTC {
		return 0, true
	}
	if strings.HasPrefix(loc.String(), movingMark) { // of an abbreviation what it has come to mean counts
		return offsetAt(loc, 50*366*UsecsPerDay), true
	}
	at := func(year int, month time.Month) int {
		_, off := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).In(loc).Zone()
		return off
	}
	east = at(2000, 1)
	for year := 1840; year < 2040; year++ {
		if at(year, 1) != east || at(year, 7) != east {
			return 0, false
		}
	}
	return east, true
}

// TimeTZOf is the time of day of a timestamptz in loc; ok is false for infinity.
func TimeTZOf(ts int64, loc *time.Location) (v [16]byte, ok bool) {
	if !FiniteTimestamp(ts) {
		return v, false
	}
	east := offsetAt(loc, ts)
	us, _ := TimeOfTimestamp(ts + int64(east)*UsecsPerSecond)
	return TimeTZ(us, int32(-east)), true
}

// InOffset is the same time in another zone.
func InOffset(v [16]byte, east int) [16]byte {
	us, west := SplitTimeTZ(v)
	us += (int64(west) + int64(east)) * UsecsPerSecond
	return TimeTZ(us-floorDiv(us, UsecsPerDay)*UsecsPerDay, int32(-east))
}

// AddToTimeTZ adds an interval's time to a time of day, which starts again at midnight.
func AddToTimeTZ(v [16]byte, by Interval) [16]byte {
	us, west := SplitTimeTZ(v)
	return TimeTZ(AddToTime(us, by), west)
}

// AtTimeTZ is the timestamptz of a date and a time of day with its zone.
func AtTimeTZ(d int32, v [16]byte) (int64, error) {
	ts, err := TimestampOfDate(d)
	if err != nil || !FiniteTimestamp(ts) {
		return ts, err
	}
	us, west := SplitTimeTZ(v)
	if ts += us + int64(west)*UsecsPerSecond; !ValidTimestamp(ts) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return ts, nil
}

// ExtractTimeTZ is EXTRACT(unit FROM time with time zone).
func ExtractTimeTZ(unit string, v [16]byte) (Field, error) {
	us, west := SplitTimeTZ(v)
	u, _ := ParseUnit(unit)
	var field Field
	switch u {
	case UnitMicrosecond, UnitMillisecond, UnitSecond, UnitMinute, UnitHour:
		return ExtractTime(unit, us)
	case UnitEpoch:
		field, _ = scaled(us+int64(west)*UsecsPerSecond, 6)
	case UnitTimezone:
		field, _ = whole(int64(-west))
	case UnitTimezoneHour:
		field, _ = whole(int64(-west / 3600))
	case UnitTimezoneMinute:
		field, _ = whole(int64(-west / 60 % 60))
	default:
		return Field{}, errUnit(unit, "time with time zone", ParseUnit)
	}
	return field, nil
}
