package datetime

import (
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// errUnit is PostgreSQL's refusal of a unit: unknown, or known and of no use for the type.
func errUnit(name, typ string, known func(string) (Unit, bool)) error {
	name = strings.ToLower(name)
	if _, ok := known(name); ok {
		return sqlerr.New(sqlerr.FeatureNotSupported, `unit "%s" not supported for type %s`, name, typ)
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, `unit "%s" not recognized for type %s`, name, typ)
}

// deltaUnit knows the units that intervals are written in: all that date_trunc looks at.
func deltaUnit(name string) (Unit, bool) {
	u, ok := units[clip(name)]
	return u, ok
}

// Trunc is date_trunc of a timestamp.
func Trunc(unit string, ts int64) (int64, error) {
	if !FiniteTimestamp(ts) {
		return ts, nil
	}
	u, _ := ParseUnit(unit)
	f := Split(ts)
	if !f.trunc(u) {
		return 0, errUnit(unit, "timestamp without time zone", deltaUnit)
	}
	out, ok := f.Join()
	if !ok {
		return 0, errTimestampRange()
	}
	return out, nil
}

// TruncTZ is date_trunc of a timestamptz by the local time of loc.
func TruncTZ(unit string, ts int64, loc *time.Location) (int64, error) {
	if !FiniteTimestamp(ts) {
		return ts, nil
	}
	u, _ := ParseUnit(unit)
	off := offsetAt(loc, ts)
	f := Split(ts + int64(off)*UsecsPerSecond)
	if !f.trunc(u) {
		return 0, errUnit(unit, "timestamp with time zone", deltaUnit)
	}
	local, ok := f.Join()
	if !ok {
		return 0, errTimestampRange()
	}
	if u >= UnitDay {
		off = OffsetOfLocal(loc, local)
	}
	out := local - int64(off)*UsecsPerSecond
	if !ValidTimestamp(out) {
		return 0, errTimestampRange()
	}
	return out, nil
}

// trunc cuts f to a unit; false for one that date_trunc does not know.
func (f *Fields) trunc(u Unit) bool {
	switch u {
	case UnitMicrosecond:
		return true
	case UnitMillisecond:
		f.Micros = f.Micros / 1000 * 1000
		return true
	case UnitSecond:
		f.Micros = 0
		return true
	case UnitMinute:
		f.Second, f.Micros = 0, 0
		return true
	case UnitHour:
		f.Minute, f.Second, f.Micros = 0, 0, 0
		return true
	}
	y := f.Year
	switch u {
	case UnitDay:
	case UnitWeek:
		j := JulianDay(f.Year, f.Month, f.Day)
		f.Year, f.Month, f.Day = CivilDate(j - j%7) // Julian day 0 was a Monday
	case UnitMonth:
		f.Day = 1
	case UnitQuarter:
		f.Month, f.Day = (f.Month-1)/3*3+1, 1
	case UnitYear, UnitDecade, UnitCentury, UnitMillennium:
		f.Month, f.Day = 1, 1
		switch {
		case u == UnitMillennium && y > 0:
			f.Year = (y+999)/1000*1000 - 999
		case u == UnitMillennium:
			f.Year = -((999-(y-1))/1000)*1000 + 1
		case u == UnitCentury && y > 0:
			f.Year = (y+99)/100*100 - 99
		case u == UnitCentury:
			f.Year = -((99-(y-1))/100)*100 + 1
		case u == UnitDecade && y > 0:
			f.Year = y / 10 * 10
		case u == UnitDecade:
			f.Year = -((8 - (y - 1)) / 10) * 10
		}
	default:
		return false
	}
	f.Hour, f.Minute, f.Second, f.Micros = 0, 0, 0, 0
	return true
}

// TruncInterval is date_trunc of an interval.
func TruncInterval(unit string, v Interval) (Interval, error) {
	u, _ := ParseUnit(unit)
	switch u {
	case UnitMicrosecond:
		return v, nil
	case UnitMillisecond:
		v.Micros = v.Micros / 1000 * 1000
		return v, nil
	case UnitSecond:
		v.Micros = v.Micros / UsecsPerSecond * UsecsPerSecond
		return v, nil
	case UnitMinute:
		v.Micros = v.Micros / UsecsPerMinute * UsecsPerMinute
		return v, nil
	case UnitHour:
		v.Micros = v.Micros / UsecsPerHour * UsecsPerHour
		return v, nil
	}
	v.Micros = 0
	if u == UnitDay {
		return v, nil
	}
	v.Days = 0
	months := map[Unit]int32{UnitMonth: 1, UnitQuarter: 3, UnitYear: 12, UnitDecade: 120, UnitCentury: 1200, UnitMillennium: 12000}[u]
	if months == 0 {
		err := errUnit(unit, "interval", deltaUnit)
		if u == UnitWeek {
			err.(*sqlerr.Error).Detail = "Months usually have fractional weeks."
		}
		return v, err
	}
	v.Months = v.Months / months * months
	return v, nil
}
