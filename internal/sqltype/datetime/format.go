package datetime

import "time"

// appendPadded appends v with at least width digits.
func appendPadded(dst []byte, v, width int) []byte {
	var buf [20]byte
	i := len(buf)
	for v > 0 || width > 0 {
		i--
		buf[i] = byte('0' + v%10)
		v /= 10
		width--
	}
	return append(dst, buf[i:]...)
}

// appendFraction appends ".123" without trailing zeros, nothing for 0.
func appendFraction(dst []byte, micros int) []byte {
	if micros == 0 {
		return dst
	}
	dst = append(dst, '.')
	dst = appendPadded(dst, micros, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func appendClock(dst []byte, f *Fields) []byte {
	dst = append(appendPadded(dst, f.Hour, 2), ':')
	dst = append(appendPadded(dst, f.Minute, 2), ':')
	return appendFraction(appendPadded(dst, f.Second, 2), f.Micros)
}

// appendDate appends yyyy-mm-dd; the caller adds BC at the end of everything.
func appendDate(dst []byte, f *Fields) []byte {
	dst = append(appendPadded(dst, eraYear(f), 4), '-')
	dst = append(appendPadded(dst, f.Month, 2), '-')
	return appendPadded(dst, f.Day, 2)
}

// eraYear is the year as it is written, without BC.
func eraYear(f *Fields) int {
	if f.Year <= 0 {
		return 1 - f.Year
	}
	return f.Year
}

func appendEra(dst []byte, f *Fields) []byte {
	if f.Year <= 0 {
		return append(dst, " BC"...)
	}
	return dst
}

// AppendOffset appends +hh[:mm[:ss]].
func AppendOffset(dst []byte, seconds int) []byte {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	dst = appendPadded(append(dst, sign), seconds/3600, 2)
	if seconds%3600 == 0 {
		return dst
	}
	dst = appendPadded(append(dst, ':'), seconds/60%60, 2)
	if seconds%60 == 0 {
		return dst
	}
	return appendPadded(append(dst, ':'), seconds%60, 2)
}

func appendInfinity(dst []byte, negative bool) []byte {
	if negative {
		dst = append(dst, '-')
	}
	return append(dst, "infinity"...)
}

// AppendTimestamp appends a timestamp in ISO style; sep is ' ' or 'T' (XML, JSON).
func AppendTimestamp(dst []byte, ts int64, sep byte) []byte {
	if !FiniteTimestamp(ts) {
		return appendInfinity(dst, ts < 0)
	}
	f := Split(ts)
	dst = append(appendDate(dst, &f), sep)
	return appendEra(appendClock(dst, &f), &f)
}

// AppendTimestamptz appends a timestamptz as local time of loc with its offset. In JSON (sep
// 'T') the offset always has minutes.
func AppendTimestamptz(dst []byte, ts int64, loc *time.Location, sep byte) []byte {
	if !FiniteTimestamp(ts) {
		return appendInfinity(dst, ts < 0)
	}
	off := offsetAt(loc, ts)
	f := Split(ts + int64(off)*UsecsPerSecond)
	dst = append(appendDate(dst, &f), sep)
	dst = AppendOffset(appendClock(dst, &f), off)
	if sep == 'T' && off%3600 == 0 {
		dst = append(dst, ":00"...)
	}
	return appendEra(dst, &f)
}

// AppendDate appends a date in ISO style.
func AppendDate(dst []byte, d int32) []byte {
	if !FiniteDate(d) {
		return appendInfinity(dst, d < 0)
	}
	var f Fields
	f.Year, f.Month, f.Day = SplitDate(d)
	return appendEra(appendDate(dst, &f), &f)
}

// AppendTime appends a time of day.
func AppendTime(dst []byte, us int64) []byte {
	f := splitTime(us)
	return appendClock(dst, &f)
}
