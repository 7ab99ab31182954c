package datetime

import "strconv"

// IntervalStyle is how intervals are shown, and how a leading sign is read.
type IntervalStyle uint8

const (
	IntervalPostgres IntervalStyle = iota
	IntervalISO8601
	IntervalVerbose
	IntervalSQLStandard
)

var intervalStyles = map[string]IntervalStyle{
	"iso_8601": IntervalISO8601, "postgres_verbose": IntervalVerbose, "sql_standard": IntervalSQLStandard,
}

// ReadIntervalStyle is the style that the setting of this name says in lower case, postgres for what is none.
func ReadIntervalStyle(name string) IntervalStyle { return intervalStyles[name] }

// parts are an interval's fields as shown.
type parts struct {
	year, mon, day int64
	hour           int64
	min, sec, us   int64
}

func (v Interval) parts() parts {
	t := v.Micros
	p := parts{year: int64(v.Months / 12), mon: int64(v.Months % 12), day: int64(v.Days)}
	p.hour = t / UsecsPerHour
	t -= p.hour * UsecsPerHour
	p.min = t / UsecsPerMinute
	t -= p.min * UsecsPerMinute
	p.sec = t / UsecsPerSecond
	p.us = t - p.sec*UsecsPerSecond
	return p
}

func abs64(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

// AppendInterval appends v in a style.
func AppendInterval(dst []byte, v Interval, style IntervalStyle) []byte {
	p := v.parts()
	switch style {
	case IntervalISO8601:
		return appendISO(dst, p)
	case IntervalVerbose:
		return appendVerbose(dst, p)
	case IntervalSQLStandard:
		return appendStandard(dst, p)
	}
	return appendPostgres(dst, p)
}

func appendSeconds(dst []byte, sec, us int64, width int) []byte {
	dst = appendPadded(dst, int(abs64(sec)), width)
	return appendFraction(dst, int(abs64(us)))
}

func appendPostgres(dst []byte, p parts) []byte {
	start := len(dst)
	wasNegative := false
	unit := func(v int64, name string) {
		if v == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
			if wasNegative && v > 0 {
				dst = append(dst, '+')
			}
		}
		dst = strconv.AppendInt(dst, v, 10)
		dst = append(append(dst, ' '), name...)
		if v != 1 {
			dst = append(dst, 's')
		}
		wasNegative = v < 0
	}
	unit(p.year, "year")
	unit(p.mon, "mon")
	unit(p.day, "day")
	if len(dst) > start && p.hour|p.min|p.sec|p.us == 0 {
		return dst
	}
	minus := p.hour < 0 || p.min < 0 || p.sec < 0 || p.us < 0
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	switch {
	case minus:
		dst = append(dst, '-')
	case wasNegative:
		dst = append(dst, '+')
	}
	dst = append(appendPadded(dst, int(abs64(p.hour)), 2), ':')
	dst = append(appendPadded(dst, int(abs64(p.min)), 2), ':')
	return appendSeconds(dst, p.sec, p.us, 2)
}

func appendISO(dst []byte, p parts) []byte {
	if p == (parts{}) {
		return append(dst, "PT0S"...)
	}
	dst = append(dst, 'P')
	unit := func(v int64, c byte) {
		if v != 0 {
			dst = append(strconv.AppendInt(dst, v, 10), c)
		}
	}
	unit(p.year, 'Y')
	unit(p.mon, 'M')
	unit(p.day, 'D')
	if p.hour|p.min|p.sec|p.us != 0 {
		dst = append(dst, 'T')
	}
	unit(p.hour, 'H')
	unit(p.min, 'M')
	if p.sec|p.us != 0 {
		if p.sec < 0 || p.us < 0 {
			dst = append(dst, '-')
		}
		dst = append(appendSeconds(dst, p.sec, p.us, 1), 'S')
	}
	return dst
}

func appendVerbose(dst []byte, p parts) []byte {
	dst = append(dst, '@')
	start := len(dst)
	before := false
	unit := func(v int64, name string) {
		if v == 0 {
			return
		}
		if len(dst) == start {
			before = v < 0
			v = abs64(v)
		} else if before {
			v = -v
		}
		dst = strconv.AppendInt(append(dst, ' '), v, 10)
		dst = append(append(dst, ' '), name...)
		if v != 1 {
			dst = append(dst, 's')
		}
	}
	unit(p.year, "year")
	unit(p.mon, "mon")
	unit(p.day, "day")
	unit(p.hour, "hour")
	unit(p.min, "min")
	if p.sec|p.us != 0 {
		dst = append(dst, ' ')
		if p.sec < 0 || p.us < 0 {
			if len(dst) == start+1 {
				before = true
			} else if !before {
				dst = append(dst, '-')
			}
		} else if before {
			dst = append(dst, '-')
		}
		dst = appendSeconds(dst, p.sec, p.us, 1)
		dst = append(dst, " sec"...)
		if abs64(p.sec) != 1 || p.us != 0 {
			dst = append(dst, 's')
		}
	}
	if len(dst) == start {
		dst = append(dst, " 0"...)
	}
	if before {
		dst = append(dst, " ago"...)
	}
	return dst
}

func appendStandard(dst []byte, p parts) []byte {
	neg := p.year < 0 || p.mon < 0 || p.day < 0 || p.hour < 0 || p.min < 0 || p.sec < 0 || p.us < 0
	pos := p.year > 0 || p.mon > 0 || p.day > 0 || p.hour > 0 || p.min > 0 || p.sec > 0 || p.us > 0
	ym, dayTime := p.year|p.mon != 0, p.day|p.hour|p.min|p.sec|p.us != 0
	clock := func(hourWidth int) {
		dst = append(appendPadded(dst, int(abs64(p.hour)), hourWidth), ':')
		dst = append(appendPadded(dst, int(abs64(p.min)), 2), ':')
		dst = appendSeconds(dst, p.sec, p.us, 2)
	}
	sign := func(negative bool) {
		if negative {
			dst = append(dst, '-')
		} else {
			dst = append(dst, '+')
		}
	}
	switch {
	case !ym && !dayTime:
		return append(dst, '0')
	case neg && pos || ym && dayTime:
		sign(p.year < 0 || p.mon < 0)
		dst = append(strconv.AppendInt(dst, abs64(p.year), 10), '-')
		dst = append(strconv.AppendInt(dst, abs64(p.mon), 10), ' ')
		sign(p.day < 0)
		dst = append(strconv.AppendInt(dst, abs64(p.day), 10), ' ')
		sign(p.hour < 0 || p.min < 0 || p.sec < 0 || p.us < 0)
		clock(1)
		return dst
	}
	if neg {
		dst = append(dst, '-')
	}
	switch {
	case ym:
		dst = append(strconv.AppendInt(dst, abs64(p.year), 10), '-')
		dst = strconv.AppendInt(dst, abs64(p.mon), 10)
	case p.day != 0:
		dst = append(strconv.AppendInt(dst, abs64(p.day), 10), ' ')
		clock(1)
	default:
		clock(1)
	}
	return dst
}
