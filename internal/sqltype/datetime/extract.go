package datetime

import (
	"time"

	"github.com/tributary-db/tributary/internal/decimal"
)

// Field is what EXTRACT gives: a numeric, or NULL (an infinity has no hour).
type Field struct {
	decimal.Dec
	Null bool
}

func whole(v int64) (Field, bool)             { return Field{Dec: decimal.FromInt64(v)}, true }
func scaled(v int64, scale int) (Field, bool) { return Field{Dec: decimal.New(v, scale)}, true }

// ofInfinity is a unit of an infinite time: infinite if it grows with time, else NULL.
func ofInfinity(u Unit, negative bool) (Field, bool) {
	switch u {
	case UnitYear, UnitDecade, UnitCentury, UnitMillennium, UnitJulian, UnitISOYear, UnitEpoch:
		if negative {
			return Field{Dec: decimal.MinusInf}, true
		}
		return Field{Dec: decimal.Infinity}, true
	case UnitNone:
		return Field{}, false
	}
	return Field{Null: true}, true
}

// Extract is EXTRACT(unit FROM timestamp).
func Extract(unit string, ts int64) (Field, error) {
	u, _ := ParseUnit(unit)
	field, ok := Field{}, false
	switch {
	case !FiniteTimestamp(ts):
		field, ok = ofInfinity(u, ts < 0)
	case u >= UnitTimezone:
	case u == UnitEpoch:
		field, ok = epochOf(ts)
	default:
		f := Split(ts)
		field, ok = f.extract(u)
	}
	if !ok {
		return field, errUnit(unit, "timestamp without time zone", ParseUnit)
	}
	return field, nil
}

// ExtractTZ is EXTRACT(unit FROM timestamptz) by the local time of loc.
func ExtractTZ(unit string, ts int64, loc *time.Location) (Field, error) {
	u, _ := ParseUnit(unit)
	field, ok := Field{}, false
	switch {
	case !FiniteTimestamp(ts):
		field, ok = ofInfinity(u, ts < 0)
	case u == UnitEpoch:
		field, ok = epochOf(ts)
	default:
		off := offsetAt(loc, ts)
		switch u {
		case UnitTimezone:
			field, ok = whole(int64(off))
		case UnitTimezoneHour:
			field, ok = whole(int64(off / 3600))
		case UnitTimezoneMinute:
			field, ok = whole(int64(off / 60 % 60))
		default:
			f := Split(ts + int64(off)*UsecsPerSecond)
			field, ok = f.extract(u)
		}
	}
	if !ok {
		return field, errUnit(unit, "timestamp with time zone", ParseUnit)
	}
	return field, nil
}

// epochOf is the seconds since 1970 with six digits.
func epochOf(ts int64) (Field, bool) {
	if us := ts - UnixEpochMicros; us > ts {
		return scaled(us, 6)
	}
	// Past int64: only the last years of the range, where PostgreSQL divides with fewer digits.
	us, err := decimal.Sub(decimal.FromInt64(ts), decimal.FromInt64(UnixEpochMicros))
	if err != nil {
		return Field{}, false
	}
	d, err := decimal.Div(us, decimal.FromInt64(UsecsPerSecond))
	return Field{Dec: decimal.Round(d, 6)}, err == nil
}

// ExtractDate is EXTRACT(unit FROM date).
func ExtractDate(unit string, d int32) (Field, error) {
	u, _ := ParseUnit(unit)
	field, ok := Field{}, false
	switch u {
	case UnitMicrosecond, UnitMillisecond, UnitSecond, UnitMinute, UnitHour, UnitTimezone, UnitTimezoneHour, UnitTimezoneMinute:
	default:
		switch {
		case !FiniteDate(d):
			field, ok = ofInfinity(u, d < 0)
		case u == UnitEpoch:
			field, ok = whole((int64(d) - int64(unixEpochDays)) * 86400)
		case u == UnitJulian:
			field, ok = whole(int64(d) + postgresEpochJulian)
		default:
			var f Fields
			f.Year, f.Month, f.Day = SplitDate(d)
			field, ok = f.extract(u)
		}
	}
	if !ok {
		return field, errUnit(unit, "date", ParseUnit)
	}
	return field, nil
}

// ExtractTime is EXTRACT(unit FROM time).
func ExtractTime(unit string, us int64) (Field, error) {
	u, _ := ParseUnit(unit)
	switch u {
	case UnitMicrosecond, UnitMillisecond, UnitSecond, UnitMinute, UnitHour:
		f := splitTime(us)
		field, _ := f.extract(u)
		return field, nil
	case UnitEpoch:
		field, _ := scaled(us, 6)
		return field, nil
	}
	return Field{}, errUnit(unit, "time without time zone", ParseUnit)
}

// extract reads a unit of date and time of day.
func (f *Fields) extract(u Unit) (Field, bool) {
	us := int64(f.Second)*UsecsPerSecond + int64(f.Micros)
	y := int64(f.Year)
	switch u {
	case UnitMicrosecond:
		return whole(us)
	case UnitMillisecond:
		return scaled(us, 3)
	case UnitSecond:
		return scaled(us, 6)
	case UnitMinute:
		return whole(int64(f.Minute))
	case UnitHour:
		return whole(int64(f.Hour))
	case UnitDay:
		return whole(int64(f.Day))
	case UnitMonth:
		return whole(int64(f.Month))
	case UnitQuarter:
		return whole(int64(f.Month-1)/3 + 1)
	case UnitYear:
		if y <= 0 {
			y--
		}
		return whole(y)
	case UnitDecade:
		if y >= 0 {
			return whole(y / 10)
		}
		return whole(-((8 - (y - 1)) / 10))
	case UnitCentury:
		if y > 0 {
			return whole((y + 99) / 100)
		}
		return whole(-((99 - (y - 1)) / 100))
	case UnitMillennium:
		if y > 0 {
			return whole((y + 999) / 1000)
		}
		return whole(-((999 - (y - 1)) / 1000))
	}
	return f.extractDay(u)
}

func (f *Fields) extractDay(u Unit) (Field, bool) {
	j := JulianDay(f.Year, f.Month, f.Day)
	switch u {
	case UnitWeek:
		_, week := isoWeek(j)
		return whole(int64(week))
	case UnitISOYear:
		year, _ := isoWeek(j)
		if year <= 0 {
			year--
		}
		return whole(int64(year))
	case UnitDOW:
		return whole((j + 1) % 7)
	case UnitISODOW:
		return whole(j%7 + 1)
	case UnitDOY:
		return whole(j - JulianDay(f.Year, 1, 1) + 1)
	case UnitJulian:
		frac, err := decimal.Div(decimal.FromInt64(f.timeOfDay()), decimal.FromInt64(UsecsPerDay))
		if err != nil {
			return Field{}, false
		}
		d, err := decimal.Add(decimal.FromInt64(j), frac)
		return Field{Dec: d}, err == nil
	}
	return Field{}, false
}

// isoWeek is the ISO year (0 = 1 BC) and week of a Julian day: the week of its Thursday.
func isoWeek(j int64) (year, week int) {
	thursday := j - j%7 + 3
	year, _, _ = CivilDate(thursday)
	return year, int(thursday-JulianDay(year, 1, 1))/7 + 1
}

// ExtractInterval is EXTRACT(unit FROM interval).
func ExtractInterval(unit string, v Interval) (Field, error) {
	u, _ := ParseUnit(unit)
	p := v.parts()
	us := p.sec*UsecsPerSecond + p.us
	field, ok := Field{}, true
	switch u {
	case UnitMicrosecond:
		field, _ = whole(us)
	case UnitMillisecond:
		field, _ = scaled(us, 3)
	case UnitSecond:
		field, _ = scaled(us, 6)
	case UnitMinute:
		field, _ = whole(p.min)
	case UnitHour:
		field, _ = whole(p.hour)
	case UnitDay:
		field, _ = whole(p.day)
	case UnitMonth:
		field, _ = whole(p.mon)
	case UnitQuarter:
		field, _ = whole(p.mon/3 + 1)
	case UnitYear:
		field, _ = whole(p.year)
	case UnitDecade:
		field, _ = whole(p.year / 10)
	case UnitCentury:
		field, _ = whole(p.year / 100)
	case UnitMillennium:
		field, _ = whole(p.year / 1000)
	case UnitEpoch:
		field, ok = intervalEpoch(v)
	default:
		ok = false
	}
	if !ok {
		return field, errUnit(unit, "interval", ParseUnit)
	}
	return field, nil
}

// intervalEpoch counts a year as 365.25 days, a month as 30.
func intervalEpoch(v Interval) (Field, bool) {
	quarterDays := int64(v.Months/12)*1461 + int64(v.Months%12)*120 + int64(v.Days)*4
	sec := decimal.FromInt64(quarterDays * (86400 / 4))
	d, err := decimal.Add(sec, decimal.New(v.Micros, 6))
	return Field{Dec: d}, err == nil
}
