package datetime

// JulianDay is the Julian day number of a proleptic Gregorian date; year 0 is 1 BC.
func JulianDay(year, month, day int) int64 {
	y, m := int64(year), int64(month)
	if m > 2 {
		m++
		y += 4800
	} else {
		m += 13
		y += 4799
	}
	century := y / 100
	j := y*365 - 32167
	j += y/4 - century + century/4
	j += 7834*m/256 + int64(day)
	return j
}

// CivilDate is the date of a Julian day, which must not be negative.
func CivilDate(julian int64) (year, month, day int) {
	// Days are counted from 1 March of year -4800, so that leap days end their years.
	a := julian + 32044
	b := (4*a + 3) / 146097
	c := a - 146097*b/4
	d := (4*c + 3) / 1461
	e := c - 1461*d/4
	m := (5*e + 2) / 153
	day = int(e - (153*m+2)/5 + 1)
	month = int(m + 3 - 12*(m/10))
	year = int(100*b + d - 4800 + m/10)
	return year, month, day
}

// IsLeap reports whether a year (0 = 1 BC) has 366 days.
func IsLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

var monthDays = [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// DaysIn is the number of days of a month.
func DaysIn(year, month int) int {
	if month == 2 && IsLeap(year) {
		return 29
	}
	return monthDays[month]
}

// Fields is a broken-down timestamp. Year 0 is 1 BC.
type Fields struct {
	Year, Month, Day     int
	Hour, Minute, Second int
	Micros               int
	Offset               int // seconds east of UTC
}

// floorDiv is a/b rounded down, b > 0.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Split breaks a finite timestamp into date and time of day as they stand.
func Split(ts int64) Fields {
	days := floorDiv(ts, UsecsPerDay)
	f := splitTime(ts - days*UsecsPerDay)
	f.Year, f.Month, f.Day = CivilDate(days + postgresEpochJulian)
	return f
}

func splitTime(us int64) Fields {
	return Fields{
		Hour: int(us / UsecsPerHour), Minute: int(us / UsecsPerMinute % 60),
		Second: int(us / UsecsPerSecond % 60), Micros: int(us % UsecsPerSecond),
	}
}

// timeOfDay is the microseconds since midnight.
func (f *Fields) timeOfDay() int64 {
	return int64(f.Hour)*UsecsPerHour + int64(f.Minute)*UsecsPerMinute + int64(f.Second)*UsecsPerSecond + int64(f.Micros)
}

// Join is the timestamp of f without looking at Offset; ok is false outside the range.
func (f *Fields) Join() (ts int64, ok bool) {
	if f.Year < -4713 || f.Year > 294277 {
		return 0, false
	}
	days := JulianDay(f.Year, f.Month, f.Day) - postgresEpochJulian
	ts = days*UsecsPerDay + f.timeOfDay()
	if days > 0 && ts < 0 {
		return 0, false // past int64: the last day of the range
	}
	return ts, ValidTimestamp(ts)
}

// ValidTimestamp reports whether ts is a finite timestamp of PostgreSQL's range.
func ValidTimestamp(ts int64) bool { return ts >= minTimestamp && ts < endTimestamp }

// FiniteTimestamp reports whether ts is not an infinity.
func FiniteTimestamp(ts int64) bool { return ts != TimestampInfinity && ts != TimestampMinusInf }

// FiniteDate reports whether d is not an infinity.
func FiniteDate(d int32) bool { return d != DateInfinity && d != DateMinusInf }

// DateOf is the days since 2000-01-01 of a civil date; ok is false outside the range.
func DateOf(year, month, day int) (d int32, ok bool) {
	if year < -4713 || year > 5874898 {
		return 0, false
	}
	j := JulianDay(year, month, day) - postgresEpochJulian
	if j < minDate || j >= endDate {
		return 0, false
	}
	return int32(j), true
}

// SplitDate is the civil date of finite days since 2000-01-01.
func SplitDate(d int32) (year, month, day int) { return CivilDate(int64(d) + postgresEpochJulian) }
