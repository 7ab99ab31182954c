package datetime

import (
	"math"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// writeSpan writes a field of an interval, as far as it has one.
//
//lint:dispatch
func (w *charWriter) writeSpan(p *pattern) {
	v := w.span
	if p.name[0]|0x20 == 'i' && abs64(JulianDay(int(v.year), int(v.mon), int(v.day))) > math.MaxInt32 {
		w.err = sqlerr.New(sqlerr.FeatureNotSupported, "formatting field \"%s\" of so long an interval is not supported", p.name)
		return
	}
	total := int64(int32((v.year*12+v.mon)*30 + v.day)) // days, about
	switch name := fieldID(p.name); name {
	case "HH24":
		w.signed(v.hour, 2)
	case "HH12", "HH":
		hour := v.hour % 12
		if hour == 0 {
			hour = 12
		}
		w.padded(hour, 2, v.hour < 0)
	case "MI":
		w.signed(v.min, 2)
	case "SS":
		w.signed(v.sec, 2)
	case "MS", "FF3":
		w.digits(v.us/1000, 3)
	case "US", "FF6":
		w.digits(v.us, 6)
	case "FF1", "FF2", "FF4", "FF5":
		by := map[string]int64{"FF1": 100000, "FF2": 10000, "FF4": 100, "FF5": 10}[name]
		w.digits(v.us/by, int(name[2]-'0'))
	case "SSSS", "SSSSS":
		w.digits(v.hour*3600+v.min*60+v.sec, 0)
	case "AM", "PM", "A.M.", "P.M.":
		w.halfOfDay(p.name)
	case "MM":
		w.signed(v.mon, 2)
	case "DDD":
		w.padded(total, 3, false)
	case "DD":
		w.padded(v.day, 2, false)
	case "WW":
		w.padded((total-1)/7+1, 2, false)
	case "W":
		w.digits((v.day-1)/7+1, 0)
	case "Q":
		if v.mon != 0 {
			w.digits((v.mon-1)/3+1, 0)
		}
	case "CC":
		w.signed(v.year/100, 2)
	case "Y,YYY":
		w.digits(v.year/1000, 0)
		w.dst = append(w.dst, ',')
		w.digits(v.year%1000, 3)
	case "YYYY", "YYY", "YY", "Y":
		w.yearOf(v.year, len(name))
	case "IYYY", "IYY", "IY", "I":
		w.yearOf(v.isoYear(), len(name))
	case "IW":
		w.padded((v.julian()-weekStart(v.isoYear()))/7+1, 2, false)
	case "IDDD":
		w.padded(v.julian()-weekStart(v.isoYear())+1, 3, false)
	case "J":
		w.digits(v.julian(), 0)
	case "RM":
		w.romanSpan(p.name)
	default:
		if w.err == nil {
			w.err = sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid format specification for an interval value").
				WithHint("Intervals are not tied to specific calendar dates.")
		}
	}
}

// digits writes a number as C's %0*d does: the width holds the sign too.
func (w *charWriter) digits(v int64, width int) {
	s := strconv.FormatInt(v, 10)
	if v < 0 {
		w.dst, s = append(w.dst, '-'), s[1:]
		width--
	}
	for n := len(s); n < width; n++ {
		w.dst = append(w.dst, '0')
	}
	w.dst = append(w.dst, s...)
}

// padded is digits without a width in fill mode, and of one more where there may be a sign.
func (w *charWriter) padded(v int64, width int, negative bool) {
	switch {
	case w.fill:
		width = 0
	case negative:
		width++
	}
	w.digits(v, width)
}

func (w *charWriter) signed(v int64, width int) { w.padded(v, width, v < 0) }

// yearOf writes the last digits of a year, as wide as the interval's own year wants.
func (w *charWriter) yearOf(year int64, width int) {
	switch cut := map[int]int64{1: 10, 2: 100, 3: 1000}[width]; {
	case width == 1:
		w.digits(year%10, 1)
	case cut == 0:
		w.padded(year, 4, w.span.year < 0)
	default:
		w.padded(year%cut, width, w.span.year < 0)
	}
}

func (w *charWriter) halfOfDay(name string) {
	half := byte('a')
	if w.span.hour%24 >= 12 {
		half = 'p'
	}
	if name[0] < 'a' {
		half -= 'a' - 'A'
	}
	w.dst = append(append(w.dst, half), name[1:]...)
}

// romanSpan writes the month; those before the year count back from its end.
func (w *charWriter) romanSpan(name string) {
	v := w.span
	at := 12 - v.mon
	switch {
	case v.mon == 0 && v.year == 0:
		return
	case v.mon == 0 && v.year > 0:
		at = 0
	case v.mon == 0:
		at = 11
	case v.mon < 0:
		at = -1 * (v.mon + 1)
	}
	s := romanMonths[at]
	if name[0] == 'R' {
		s = strings.ToUpper(s)
	}
	w.name(s, 4)
}

// julian and isoYear take an interval for a date, as PostgreSQL does, in 32 bits.
func (p *parts) julian() int64 { return int64(int32(JulianDay(int(p.year), int(p.mon), int(p.day)))) }

func weekStart(year int64) int64 { return int64(int32(isoWeekStart(int(year), 1))) }

func (p *parts) isoYear() int64 {
	year, j := p.year, p.julian()
	if j < weekStart(year) {
		year--
	}
	if (j-weekStart(year))/7+1 >= 52 && j >= weekStart(year+1) {
		year++
	}
	return year
}
