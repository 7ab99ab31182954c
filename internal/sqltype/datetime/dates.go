package datetime

import (
	"math"
	"strconv"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// AddDays is date + integer. Infinities stay.
func AddDays(d int32, n int64) (int32, error) {
	if !FiniteDate(d) {
		return d, nil
	}
	sum := int64(d) + n
	if sum < minDate || sum >= endDate {
		return 0, errDateRange()
	}
	return int32(sum), nil
}

// SubDates is date - date in days.
func SubDates(a, b int32) (int32, error) {
	if !FiniteDate(a) || !FiniteDate(b) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "cannot subtract infinite dates")
	}
	return a - b, nil // both fit 31 bits from the epoch
}

// TimestampOfDate is midnight of a date.
func TimestampOfDate(d int32) (int64, error) {
	switch d {
	case DateInfinity:
		return TimestampInfinity, nil
	case DateMinusInf:
		return TimestampMinusInf, nil
	}
	if int64(d) >= endTimestampJulian-postgresEpochJulian {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return int64(d) * UsecsPerDay, nil
}

// TimestamptzOfDate is midnight of a date in loc.
func TimestamptzOfDate(d int32, loc *time.Location) (int64, error) {
	local, err := TimestampOfDate(d)
	if err != nil {
		return 0, err
	}
	ts, ok := ToUTC(local, loc)
	if !ok {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return ts, nil
}

// DateOfTimestamp is the date of a timestamp.
func DateOfTimestamp(ts int64) int32 {
	switch ts {
	case TimestampInfinity:
		return DateInfinity
	case TimestampMinusInf:
		return DateMinusInf
	}
	return int32(floorDiv(ts, UsecsPerDay))
}

// TimeOfTimestamp is the time of day of a timestamp; infinities have none.
func TimeOfTimestamp(ts int64) (us int64, ok bool) {
	if !FiniteTimestamp(ts) {
		return 0, false
	}
	return ts - floorDiv(ts, UsecsPerDay)*UsecsPerDay, true
}

// AddToTime is time + interval: only the microseconds count, modulo a day.
func AddToTime(us int64, v Interval) int64 {
	sum := us + v.Micros%UsecsPerDay
	return ((sum % UsecsPerDay) + UsecsPerDay) % UsecsPerDay
}

// MakeDate is make_date; a negative year is BC.
func MakeDate(year, month, day int32) (int32, error) {
	y, ok := checkDate(year, month, day)
	if !ok {
		return 0, errDateFields(int32(y), month, day)
	}
	d, ok := DateOf(y, int(month), int(day))
	if !ok {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range: %d-%02d-%02d", year, month, day)
	}
	return d, nil
}

// checkDate gives the year with 1 BC as 0, and whether there is such a day.
func checkDate(year, month, day int32) (y int, ok bool) {
	y = int(year)
	if y < 0 {
		y++
	}
	return y, year != 0 && month >= 1 && month <= 12 && day >= 1 && int(day) <= DaysIn(y, int(month))
}

func errDateFields(year, month, day int32) error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", year, month, day)
}

// MakeTime is make_time.
func MakeTime(hour, minute int32, sec float64) (int64, error) {
	if us, ok := clockMicros(hour, minute, sec); ok {
		return us, nil
	}
	return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%s", hour, minute, secondsText(sec))
}

func secondsText(sec float64) string {
	s := strconv.FormatFloat(sec, 'g', 6, 64) // C's %02g
	if len(s) < 2 {
		s = "0" + s
	}
	return s
}

func clockMicros(hour, minute int32, sec float64) (int64, bool) {
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || math.IsNaN(sec) || sec < 0 || sec > 60 {
		return 0, false
	}
	us := int64(hour)*UsecsPerHour + int64(minute)*UsecsPerMinute + int64(math.RoundToEven(sec*1e6))
	return us, us <= UsecsPerDay
}

// MakeTimestamp is make_timestamp.
func MakeTimestamp(year, month, day, hour, minute int32, sec float64) (int64, error) {
	y, ok := checkDate(year, month, day)
	if !ok {
		return 0, errDateFields(year, month, day)
	}
	us, err := MakeTime(hour, minute, sec)
	if err != nil {
		return 0, err
	}
	d, ok := DateOf(y, int(month), int(day))
	if ok && int64(d) < endTimestampJulian-postgresEpochJulian && ValidTimestamp(int64(d)*UsecsPerDay+us) {
		return int64(d)*UsecsPerDay + us, nil
	}
	return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range: %d-%02d-%02d %d:%02d:%s", year, month, day, hour, minute, secondsText(sec))
}

// MakeInterval is make_interval.
func MakeInterval(years, months, weeks, days, hours, mins int32, secs float64) (Interval, error) {
	m := int64(years)*12 + int64(months)
	d := int64(weeks)*7 + int64(days)
	us := float64(hours)*float64(UsecsPerHour) + float64(mins)*float64(UsecsPerMinute) + math.RoundToEven(secs*1e6)
	if int64(int32(m)) != m || int64(int32(d)) != d || math.IsNaN(us) || math.Abs(us) >= math.MaxInt64 {
		return Interval{}, errIntervalRange()
	}
	micros := int64(hours)*UsecsPerHour + int64(mins)*UsecsPerMinute + int64(math.RoundToEven(secs*1e6))
	return Interval{Micros: micros, Days: int32(d), Months: int32(m)}, nil
}

// FromEpoch is to_timestamp(double): seconds since 1970.
func FromEpoch(sec float64) (int64, error) {
	switch {
	case math.IsNaN(sec):
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp cannot be NaN")
	case math.IsInf(sec, 1):
		return TimestampInfinity, nil
	case math.IsInf(sec, -1):
		return TimestampMinusInf, nil
	}
	bad := func() error {
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range: \"%s\"", strconv.FormatFloat(sec, 'g', -1, 64))
	}
	if sec < -210866803200 || sec >= 9224318016000 {
		return 0, bad()
	}
	ts := int64(math.RoundToEven((sec + float64(UnixEpochMicros/UsecsPerSecond)) * 1e6))
	if !ValidTimestamp(ts) {
		return 0, bad()
	}
	return ts, nil
}
