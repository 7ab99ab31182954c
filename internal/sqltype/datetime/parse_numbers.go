package datetime

import (
	"math"
	"strconv"
	"strings"
)

// number32 reads digits as C's strtoint does; ok is false past 32 bits.
func number32(s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 32)
	return int(v), err == nil
}

func digitsLen(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// fraction reads ".123" as microseconds, rounded to even as PostgreSQL's rint does.
func fraction(s string) (int, bool) {
	if len(s) < 1 || s[0] != '.' || digitsLen(s[1:]) != len(s)-1 {
		return 0, false
	}
	if len(s) == 1 {
		return 0, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	return int(math.RoundToEven(f * 1e6)), true
}

// date reads a piece whose parts are joined by punctuation.
func (p *parser) date(s string) (have, problem) {
	var parts []string
	for s != "" {
		for s != "" && !isAlnum(s[0]) {
			s = s[1:]
		}
		if s == "" {
			return 0, badFormat
		}
		n := 0
		if isDigit(s[0]) {
			n = digitsLen(s)
		} else {
			for n < len(s) && isAlpha(s[n]) {
				n++
			}
		}
		parts = append(parts, s[:n])
		s = s[n:]
		if s != "" && !isAlnum(s[0]) {
			s = s[1:]
			if s == "" {
				break
			}
		} else if s != "" {
			s = s[1:] // the separator is overwritten, whatever it is
		}
	}
	return p.dateParts(parts)
}

func (p *parser) dateParts(parts []string) (have, problem) {
	seen, all := p.seen, have(0)
	textMonth := false
	for i, s := range parts {
		if !isAlpha(s[0]) {
			continue
		}
		w, ok := words[clip(s)]
		if ok && w.means == meansNothing {
			parts[i] = ""
			continue
		}
		if !ok || w.means != meansMonth || seen&hasMonth != 0 {
			return 0, badFormat
		}
		p.f.Month = w.value
		textMonth = true
		seen |= hasMonth
		all |= hasMonth
		parts[i] = ""
	}
	for _, s := range parts {
		if s == "" {
			continue
		}
		got, pr := p.number(s, textMonth, seen)
		if pr != fine {
			return 0, pr
		}
		if seen&got != 0 {
			return 0, badFormat
		}
		seen |= got
		all |= got
	}
	if seen&^(hasDOY|hasZone) != hasDate {
		return 0, badFormat
	}
	return all, fine
}

// number reads one number of a date or time by what is known so far.
func (p *parser) number(s string, textMonth bool, seen have) (have, problem) {
	n := digitsLen(s)
	val, ok := number32(s[:n])
	if !ok {
		if n > 0 {
			return 0, fieldOverflow
		}
		return 0, badFormat
	}
	if n < len(s) {
		if s[n] != '.' {
			return 0, badFormat
		}
		if n > 2 {
			return p.joined(s, seen|hasDate)
		}
		us, ok := fraction(s[n:])
		if !ok {
			return 0, badFormat
		}
		p.f.Micros = us
	}
	if len(s) == 3 && seen&hasDate == hasYear && val >= 1 && val <= 366 {
		p.yday = val
		return hasDOY | hasMonth | hasDay, fine
	}
	got, pr := p.placeNumber(s, val, textMonth, seen)
	if got == hasYear {
		p.twoDigits = len(s) <= 2
	}
	return got, pr
}

func (p *parser) placeNumber(s string, val int, textMonth bool, seen have) (have, problem) {
	year := func() (have, problem) { p.f.Year = val; return hasYear, fine }
	month := func() (have, problem) { p.f.Month = val; return hasMonth, fine }
	day := func() (have, problem) { p.f.Day = val; return hasDay, fine }
	long := len(s) >= 3
	switch seen & hasDate {
	case 0:
		switch {
		case long || p.order == OrderYMD:
			return year()
		case p.order == OrderDMY:
			return day()
		}
		return month()
	case hasYear:
		return month()
	case hasMonth:
		if textMonth && (long || p.order == OrderYMD) {
			return year()
		}
		return day()
	case hasYear | hasMonth:
		if textMonth && long && p.twoDigits {
			// The first number was the day after all.
			p.f.Day, p.f.Year = p.f.Year, val
			p.twoDigits = false
			return hasDay, fine
		}
		return day()
	case hasDay:
		return month()
	case hasMonth | hasDay:
		return year()
	case hasDate:
		return p.joined(s, seen)
	}
	return 0, badFormat
}

// joined reads run-together digits: yyyymmdd, yymmdd, hhmmss, hhmm, each with a fraction.
func (p *parser) joined(s string, seen have) (have, problem) {
	if dot := strings.IndexByte(s, '.'); dot >= 0 {
		us, ok := fraction(s[dot:])
		if !ok {
			return 0, badFormat
		}
		p.f.Micros = us
		s = s[:dot]
	} else if seen&hasDate != hasDate && len(s) >= 6 {
		n := len(s)
		var ok [3]bool
		p.f.Year, ok[0] = number32(s[:n-4])
		p.f.Month, ok[1] = number32(s[n-4 : n-2])
		p.f.Day, ok[2] = number32(s[n-2:])
		if !ok[1] || !ok[2] {
			return 0, badFormat
		}
		if !ok[0] {
			return 0, fieldOverflow
		}
		if n == 6 {
			p.twoDigits = true
		}
		return hasDate, fine
	}
	if digitsLen(s) != len(s) {
		return 0, badFormat
	}
	if seen&hasTime != hasTime && (len(s) == 6 || len(s) == 4) {
		p.f.Hour, _ = number32(s[:2])
		p.f.Minute, _ = number32(s[2:4])
		p.f.Second = 0
		if len(s) == 6 {
			p.f.Second, _ = number32(s[4:])
		}
		if timeOverflows(&p.f) {
			return 0, fieldOverflow
		}
		return hasTime, fine
	}
	return 0, badFormat
}

// clock reads hh:mm[:ss[.frac]] or mm:ss.frac.
func (p *parser) clock(s string) problem {
	h, m, sec, us, pr := parseClock(s)
	p.f.Hour, p.f.Minute, p.f.Second, p.f.Micros = int(h), m, sec, us
	if pr == fine && h > math.MaxInt32 {
		return fieldOverflow
	}
	return pr
}

func parseClock(s string) (hour int64, minute, sec, us int, pr problem) {
	n := digitsLen(s)
	hour, err := strconv.ParseInt(s[:n], 10, 64)
	if err != nil {
		return 0, 0, 0, 0, fieldOverflow
	}
	if n >= len(s) || s[n] != ':' {
		return 0, 0, 0, 0, badFormat
	}
	s = s[n+1:]
	n = digitsLen(s)
	var ok bool
	if minute, ok = number32(s[:n]); !ok && n > 0 {
		return 0, 0, 0, 0, fieldOverflow
	}
	s = s[n:]
	switch {
	case s == "":
	case s[0] == '.':
		if us, ok = fraction(s); !ok {
			return 0, 0, 0, 0, badFormat
		}
		hour, minute, sec = 0, int(hour), minute
	case s[0] == ':':
		s = s[1:]
		n = digitsLen(s)
		if sec, ok = number32(s[:n]); !ok && n > 0 {
			return 0, 0, 0, 0, fieldOverflow
		}
		if s = s[n:]; s != "" {
			if us, ok = fraction(s); !ok {
				return 0, 0, 0, 0, badFormat
			}
		}
	default:
		return 0, 0, 0, 0, badFormat
	}
	if minute > 59 || sec > 60 || us > 1e6 {
		return 0, 0, 0, 0, fieldOverflow
	}
	return hour, minute, sec, us, fine
}

// timeOverflows reports a time of day past 24:00:00.
func timeOverflows(f *Fields) bool {
	if f.Hour > 24 || f.Minute > 59 || f.Second > 60 {
		return true
	}
	return f.timeOfDay() > UsecsPerDay
}

// parseOffset reads +hh, +hhmm, +hh:mm or +hh:mm:ss as seconds east.
func parseOffset(s string) (int, problem) {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, badFormat
	}
	neg := s[0] == '-'
	s = s[1:]
	total := len(s) + 1
	n := digitsLen(s)
	hour, ok := number32(s[:n])
	if !ok && n > 0 {
		return 0, zoneOverflow
	}
	rest := s[n:]
	minute, sec := 0, 0
	take := func() int {
		rest = rest[1:]
		n := digitsLen(rest)
		v, ok := number32(rest[:n])
		if !ok && n > 0 {
			v = 99
		}
		rest = rest[n:]
		return v
	}
	switch {
	case rest != "" && rest[0] == ':':
		minute = take()
		if rest != "" && rest[0] == ':' {
			sec = take()
		}
	case rest == "" && total > 3:
		hour, minute = hour/100, hour%100
	}
	if hour > 15 || minute > 59 || sec > 59 {
		return 0, zoneOverflow
	}
	if rest != "" {
		return 0, badFormat
	}
	off := hour*3600 + minute*60 + sec
	if neg {
		off = -off
	}
	return off, fine
}
