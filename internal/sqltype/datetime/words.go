package datetime

// meaning of a word in date/time text.
type meaning uint8

const (
	meansNothing meaning = iota // "at", "on": ignored
	meansMonth
	meansWeekday
	meansEra      // value 1 = BC
	meansMeridiem // value 0 = AM, 1 = PM
	meansISOTime  // "t" before a time
	meansJulian   // "j" before a day number
	meansEpoch
	meansInfinity // value -1 or 1
	meansClock    // now, today: needs the clock
	meansDST      // a modifier of the zone before it
	meansUnit     // value is a unit
	meansAgo
)

type word struct {
	means meaning
	value int
}

// words are the keywords of dates and times, told by their first ten letters.
var words = map[string]word{
	"-infinity": {meansInfinity, -1}, "+infinity": {meansInfinity, 1}, "infinity": {meansInfinity, 1},
	"epoch": {means: meansEpoch}, "now": {means: meansClock}, "today": {means: meansClock},
	"tomorrow": {means: meansClock}, "yesterday": {means: meansClock},
	"ad": {meansEra, 0}, "bc": {meansEra, 1}, "am": {meansMeridiem, 0}, "pm": {meansMeridiem, 1},
	"at": {}, "on": {}, "t": {means: meansISOTime}, "j": {means: meansJulian}, "jd": {means: meansJulian}, "julian": {means: meansJulian},
	"allballs": {meansISOTime, -1}, "dst": {means: meansDST},
	"jan": {meansMonth, 1}, "january": {meansMonth, 1}, "feb": {meansMonth, 2}, "february": {meansMonth, 2},
	"mar": {meansMonth, 3}, "march": {meansMonth, 3}, "apr": {meansMonth, 4}, "april": {meansMonth, 4},
	"may": {meansMonth, 5}, "jun": {meansMonth, 6}, "june": {meansMonth, 6}, "jul": {meansMonth, 7},
	"july": {meansMonth, 7}, "aug": {meansMonth, 8}, "august": {meansMonth, 8}, "sep": {meansMonth, 9},
	"sept": {meansMonth, 9}, "september": {meansMonth, 9}, "oct": {meansMonth, 10}, "october": {meansMonth, 10},
	"nov": {meansMonth, 11}, "november": {meansMonth, 11}, "dec": {meansMonth, 12}, "december": {meansMonth, 12},
	"sun": {meansWeekday, 0}, "sunday": {meansWeekday, 0}, "mon": {meansWeekday, 1}, "monday": {meansWeekday, 1},
	"tue": {meansWeekday, 2}, "tues": {meansWeekday, 2}, "tuesday": {meansWeekday, 2}, "wed": {meansWeekday, 3},
	"wednesday": {meansWeekday, 3}, "weds": {meansWeekday, 3}, "thu": {meansWeekday, 4}, "thur": {meansWeekday, 4},
	"thurs": {meansWeekday, 4}, "thursday": {meansWeekday, 4}, "fri": {meansWeekday, 5}, "friday": {meansWeekday, 5},
	"sat": {meansWeekday, 6}, "saturday": {meansWeekday, 6},
	"d": {meansUnit, int(UnitDay)}, "dow": {meansUnit, int(UnitDOW)}, "doy": {meansUnit, int(UnitDOY)},
	"h": {meansUnit, int(UnitHour)}, "isodow": {meansUnit, int(UnitISODOW)}, "isoyear": {meansUnit, int(UnitISOYear)},
	"m": {meansUnit, int(UnitMonth)}, "mm": {meansUnit, int(UnitMinute)}, "s": {meansUnit, int(UnitSecond)}, "y": {meansUnit, int(UnitYear)},
}

// Unit is a field of a date, time or interval, as EXTRACT and date_trunc name them.
type Unit uint8

const (
	UnitNone Unit = iota
	UnitMicrosecond
	UnitMillisecond
	UnitSecond
	UnitMinute
	UnitHour
	UnitDay
	UnitWeek
	UnitMonth
	UnitQuarter
	UnitYear
	UnitDecade
	UnitCentury
	UnitMillennium
	UnitDOW
	UnitDOY
	UnitISODOW
	UnitISOYear
	UnitEpoch
	UnitJulian
	UnitTimezone
	UnitTimezoneHour
	UnitTimezoneMinute
)

// units are the names of interval units and EXTRACT fields, by their first ten letters.
var units = map[string]Unit{
	"c": UnitCentury, "cent": UnitCentury, "centuries": UnitCentury, "century": UnitCentury,
	"d": UnitDay, "day": UnitDay, "days": UnitDay, "dec": UnitDecade, "decade": UnitDecade, "decades": UnitDecade, "decs": UnitDecade,
	"h": UnitHour, "hour": UnitHour, "hours": UnitHour, "hr": UnitHour, "hrs": UnitHour,
	"m": UnitMinute, "microsecon": UnitMicrosecond, "mil": UnitMillennium, "mils": UnitMillennium,
	"millennia": UnitMillennium, "millennium": UnitMillennium, "millisecon": UnitMillisecond,
	"min": UnitMinute, "mins": UnitMinute, "minute": UnitMinute, "minutes": UnitMinute,
	"mon": UnitMonth, "mons": UnitMonth, "month": UnitMonth, "months": UnitMonth,
	"ms": UnitMillisecond, "msec": UnitMillisecond, "mseconds": UnitMillisecond, "msecs": UnitMillisecond, "msecond": UnitMillisecond,
	"qtr": UnitQuarter, "quarter": UnitQuarter, "s": UnitSecond, "sec": UnitSecond, "second": UnitSecond,
	"seconds": UnitSecond, "secs": UnitSecond, "us": UnitMicrosecond, "usec": UnitMicrosecond,
	"usecond": UnitMicrosecond, "useconds": UnitMicrosecond, "usecs": UnitMicrosecond,
	"w": UnitWeek, "week": UnitWeek, "weeks": UnitWeek, "y": UnitYear, "year": UnitYear, "years": UnitYear,
	"yr": UnitYear, "yrs": UnitYear,
	"timezone": UnitTimezone, "timezone_h": UnitTimezoneHour, "timezone_m": UnitTimezoneMinute,
}

// ParseUnit finds the unit that EXTRACT, date_part or date_trunc names.
func ParseUnit(name string) (Unit, bool) {
	b := []byte(name)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	s := clip(string(b))
	if u, ok := units[s]; ok {
		return u, true
	}
	switch s {
	case "dow":
		return UnitDOW, true
	case "doy":
		return UnitDOY, true
	case "isodow":
		return UnitISODOW, true
	case "isoyear":
		return UnitISOYear, true
	case "epoch":
		return UnitEpoch, true
	case "julian", "jd", "j":
		return UnitJulian, true
	}
	return UnitNone, false
}
