package datetime

import (
	"math"
	"strconv"
	"strings"
)

// isoNumber reads a signed decimal at the start of s: whole part and fraction of one sign.
func isoNumber(s string) (whole int64, frac float64, rest string, pr problem) {
	n := 0
	if n < len(s) && (s[n] == '-' || s[n] == '+') {
		n++
	}
	for n < len(s) && (isDigit(s[n]) || s[n] == '.') {
		n++
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		m := n + 1
		if m < len(s) && (s[m] == '-' || s[m] == '+') {
			m++
		}
		if d := digitsLen(s[m:]); d > 0 {
			n = m + d
		}
	}
	if n == 0 || !isDigit(s[n-1]) && s[n-1] != '.' {
		return 0, 0, s, badFormat
	}
	v, err := strconv.ParseFloat(s[:n], 64)
	if err != nil {
		return 0, 0, s, badFormat
	}
	if v < -1e15 || v > 1e15 {
		return 0, 0, s, fieldOverflow
	}
	t := math.Trunc(v)
	return int64(t), v - t, s[n:], fine
}

// parseISOInterval reads PnYnMnWnDTnHnMnS and Pyyyy-mm-ddThh:mm:ss.
func parseISOInterval(s string) (w wide, pr problem) {
	if len(s) < 2 || s[0] != 'P' {
		return w, badFormat
	}
	s = s[1:]
	inTime, haveField := false, false
	for s != "" {
		if s[0] == 'T' {
			inTime, haveField = true, false
			s = s[1:]
			continue
		}
		val, frac, rest, pr := isoNumber(s)
		if pr != fine {
			return w, pr
		}
		first := rest
		if rest == "" || rest[0] == '-' || rest[0] == ':' || rest[0] == 'T' {
			if haveField {
				return w, badFormat
			}
			rest, pr = w.isoAlternative(s, inTime)
			if pr != fine {
				return w, pr
			}
			s, haveField = rest, true
			continue
		}
		u, ok := isoUnit(first[0], inTime)
		if !ok {
			return w, badFormat
		}
		if added, _ := w.addUnit(u, val, frac); !added {
			return w, fieldOverflow
		}
		haveField = true
		s = rest[1:]
	}
	return w, fine
}

func isoUnit(c byte, inTime bool) (Unit, bool) {
	if inTime {
		switch c {
		case 'H':
			return UnitHour, true
		case 'M':
			return UnitMinute, true
		case 'S':
			return UnitSecond, true
		}
		return UnitNone, false
	}
	switch c {
	case 'Y':
		return UnitYear, true
	case 'M':
		return UnitMonth, true
	case 'W':
		return UnitWeek, true
	case 'D':
		return UnitDay, true
	}
	return UnitNone, false
}

// isoAlternative reads yyyy-mm-dd, yyyymmdd, hh:mm:ss or hhmmss up to 'T' or the end.
func (w *wide) isoAlternative(s string, inTime bool) (rest string, pr problem) {
	part := s
	if t := strings.IndexByte(s, 'T'); t >= 0 {
		part, rest = s[:t], s[t:]
	}
	order := []Unit{UnitYear, UnitMonth, UnitDay}
	sep := byte('-')
	if inTime {
		order, sep = []Unit{UnitHour, UnitMinute, UnitSecond}, ':'
	}
	if digitsLen(part) == len(part) && (len(part) == 8 && !inTime || len(part) == 6 && inTime) {
		k := len(part)
		part = part[:k-4] + string(sep) + part[k-4:k-2] + string(sep) + part[k-2:]
	}
	for i := 0; part != ""; i++ {
		if i == len(order) {
			return rest, badFormat
		}
		val, frac, after, pr := isoNumber(part)
		if pr != fine {
			return rest, pr
		}
		if ok, _ := w.addUnit(order[i], val, frac); !ok {
			return rest, fieldOverflow
		}
		if after != "" {
			if after[0] != sep || len(after) == 1 {
				return rest, badFormat
			}
			after = after[1:]
		}
		part = after
	}
	return rest, fine
}
