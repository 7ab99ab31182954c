package datetime

import (
	"strconv"
	"strings"
)

// pattern is a template pattern of to_char; names are told longest first.
type pattern struct {
	name  string
	write func(w *charWriter, f *Fields) // appends to w.dst
	text  bool                           // th and TH do not apply
}

// charWriter is the state of writing one value.
type charWriter struct {
	dst  []byte
	fill bool // FM: no padding
	zone string
	span *parts // of an interval; nil = it is a time
	err  error
}

var monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
var dayNames = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// num appends v padded to a width with zeros.
func (w *charWriter) num(v int64, width int) {
	if w.fill {
		width = 0
	}
	var digits [20]byte
	s := strconv.AppendInt(digits[:0], v, 10)
	if v < 0 {
		s = s[1:]
		w.dst = append(w.dst, '-')
	}
	for n := len(s); n < width; n++ {
		w.dst = append(w.dst, '0')
	}
	w.dst = append(w.dst, s...)
}

// name appends a name padded with blanks to a width.
func (w *charWriter) name(s string, width int) {
	w.dst = append(w.dst, s...)
	if !w.fill {
		for n := len(s); n < width; n++ {
			w.dst = append(w.dst, ' ')
		}
	}
}

func julianOf(f *Fields) int64 { return JulianDay(f.Year, f.Month, f.Day) }

func shownYear(f *Fields) int64 {
	if f.Year <= 0 {
		return int64(1 - f.Year)
	}
	return int64(f.Year)
}

func isoYearOf(f *Fields) int64 {
	y, _ := isoWeek(julianOf(f))
	if y <= 0 {
		return int64(1 - y)
	}
	return int64(y)
}

func hour12(f *Fields) int64 { return int64((f.Hour+11)%12 + 1) }

func pick(am, pm string) func(*charWriter, *Fields) {
	return func(w *charWriter, f *Fields) {
		if f.Hour%24 >= 12 {
			w.dst = append(w.dst, pm...)
			return
		}
		w.dst = append(w.dst, am...)
	}
}

func era(ad, bc string) func(*charWriter, *Fields) {
	return func(w *charWriter, f *Fields) {
		if f.Year <= 0 {
			w.dst = append(w.dst, bc...)
			return
		}
		w.dst = append(w.dst, ad...)
	}
}

func month(change func(string) string, width int) func(*charWriter, *Fields) {
	return func(w *charWriter, f *Fields) {
		s := change(monthNames[f.Month-1])
		if width == 3 {
			s = s[:3]
		}
		w.name(s, width)
	}
}

func dayName(change func(string) string, width int) func(*charWriter, *Fields) {
	return func(w *charWriter, f *Fields) {
		s := change(dayNames[(julianOf(f)+1)%7])
		if width == 3 {
			s = s[:3]
		}
		w.name(s, width)
	}
}

func same(s string) string { return s }

// number makes a pattern's writer of a number.
func number(of func(f *Fields) int64, width int) func(*charWriter, *Fields) {
	return func(w *charWriter, f *Fields) { w.num(of(f), width) }
}

// fractionOf shows the first digits of the fraction of a second.
func fractionOf(digits int, div int) func(*charWriter, *Fields) {
	return func(w *charWriter, f *Fields) {
		fill := w.fill
		w.fill = false
		w.num(int64(f.Micros/div), digits)
		w.fill = fill
	}
}

func century(f *Fields) int64 {
	if f.Year > 0 {
		return int64((f.Year-1)/100 + 1)
	}
	return int64(f.Year/100 - 1)
}

func dayOfYear(f *Fields) int64 { return julianOf(f) - JulianDay(f.Year, 1, 1) + 1 }

func dayOfISOYear(f *Fields) int64 {
	j := julianOf(f)
	y, _ := isoWeek(j)
	jan4 := JulianDay(y, 1, 4)
	return j - floorDiv(jan4, 7)*7 + 1 // Julian day 0 was a Monday; jan4 may lie before it
}

func yearCut(of func(*Fields) int64, mod int64, width int) func(*charWriter, *Fields) {
	return number(func(f *Fields) int64 { return of(f) % mod }, width)
}

func zoneName(change func(string) string) func(*charWriter, *Fields) {
	return func(w *charWriter, _ *Fields) { w.dst = append(w.dst, change(w.zone)...) }
}

func offsetHour(f *Fields) int { return f.Offset / 3600 }

func patternOffset(w *charWriter, f *Fields) {
	sign := byte('+')
	off := f.Offset
	if off < 0 {
		sign, off = '-', -off
	}
	w.dst = appendPadded(append(w.dst, sign), off/3600, 2)
	if off%3600 != 0 {
		w.dst = appendPadded(append(w.dst, ':'), off/60%60, 2)
	}
}

func offsetHours(w *charWriter, f *Fields) {
	sign, h := byte('+'), offsetHour(f)
	if f.Offset < 0 {
		sign, h = '-', -h
	}
	w.dst = appendPadded(append(w.dst, sign), h, 2)
}

func roman(change func(string) string) func(*charWriter, *Fields) {
	names := [...]string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
	return func(w *charWriter, f *Fields) { w.name(change(names[f.Month-1]), 4) }
}

// patterns in the order they are tried.
var patterns = buildPatterns()

func buildPatterns() []pattern {
	hour24 := func(f *Fields) int64 { return int64(f.Hour) }
	minute := func(f *Fields) int64 { return int64(f.Minute) }
	second := func(f *Fields) int64 { return int64(f.Second) }
	ofDay := func(f *Fields) int64 { return int64(f.Hour)*3600 + int64(f.Minute)*60 + int64(f.Second) }
	dow := func(f *Fields) int64 { return (julianOf(f)+1)%7 + 1 }
	isodow := func(f *Fields) int64 { return julianOf(f)%7 + 1 }
	comma := func(w *charWriter, f *Fields) {
		y := shownYear(f)
		w.dst = append(strconv.AppendInt(w.dst, y/1000, 10), ',')
		w.dst = appendPadded(w.dst, int(y%1000), 3)
	}
	list := []pattern{
		{"HH24", number(hour24, 2), false}, {"HH12", number(hour12, 2), false}, {"HH", number(hour12, 2), false},
		{"MI", number(minute, 2), false}, {"SSSSS", number(ofDay, 0), false}, {"SSSS", number(ofDay, 0), false}, {"SS", number(second, 2), false},
		{"MS", fractionOf(3, 1000), false}, {"US", fractionOf(6, 1), false},
		{"FF1", fractionOf(1, 100000), false}, {"FF2", fractionOf(2, 10000), false}, {"FF3", fractionOf(3, 1000), false},
		{"FF4", fractionOf(4, 100), false}, {"FF5", fractionOf(5, 10), false}, {"FF6", fractionOf(6, 1), false},
		{"A.M.", pick("A.M.", "P.M."), true}, {"P.M.", pick("A.M.", "P.M."), true}, {"AM", pick("AM", "PM"), true}, {"PM", pick("AM", "PM"), true},
		{"a.m.", pick("a.m.", "p.m."), true}, {"p.m.", pick("a.m.", "p.m."), true}, {"am", pick("am", "pm"), true}, {"pm", pick("am", "pm"), true},
		{"B.C.", era("A.D.", "B.C."), true}, {"A.D.", era("A.D.", "B.C."), true}, {"BC", era("AD", "BC"), true}, {"AD", era("AD", "BC"), true},
		{"b.c.", era("a.d.", "b.c."), true}, {"a.d.", era("a.d.", "b.c."), true}, {"bc", era("ad", "bc"), true}, {"ad", era("ad", "bc"), true},
		{"Y,YYY", comma, false}, {"YYYY", number(shownYear, 4), false}, {"YYY", yearCut(shownYear, 1000, 3), false},
		{"YY", yearCut(shownYear, 100, 2), false}, {"Y", yearCut(shownYear, 10, 1), false},
		{"IYYY", number(isoYearOf, 4), false}, {"IYY", yearCut(isoYearOf, 1000, 3), false}, {"IY", yearCut(isoYearOf, 100, 2), false},
		{"MONTH", month(strings.ToUpper, 9), true}, {"Month", month(same, 9), true}, {"month", month(strings.ToLower, 9), true},
		{"MON", month(strings.ToUpper, 3), true}, {"Mon", month(same, 3), true}, {"mon", month(strings.ToLower, 3), true},
		{"MM", number(func(f *Fields) int64 { return int64(f.Month) }, 2), false},
		{"DAY", dayName(strings.ToUpper, 9), true}, {"Day", dayName(same, 9), true}, {"day", dayName(strings.ToLower, 9), true},
		{"DY", dayName(strings.ToUpper, 3), true}, {"Dy", dayName(same, 3), true}, {"dy", dayName(strings.ToLower, 3), true},
		{"DDD", number(dayOfYear, 3), false}, {"DD", number(func(f *Fields) int64 { return int64(f.Day) }, 2), false}, {"D", number(dow, 1), false},
		{"IDDD", number(dayOfISOYear, 3), false}, {"ID", number(isodow, 1), false},
		{"IW", number(func(f *Fields) int64 { _, w := isoWeek(julianOf(f)); return int64(w) }, 2), false}, {"I", yearCut(isoYearOf, 10, 1), false},
		{"WW", number(func(f *Fields) int64 { return (dayOfYear(f)-1)/7 + 1 }, 2), false},
		{"W", number(func(f *Fields) int64 { return int64(f.Day-1)/7 + 1 }, 1), false},
		{"CC", number(century, 2), false}, {"J", number(julianOf, 0), false},
		{"Q", number(func(f *Fields) int64 { return int64(f.Month-1)/3 + 1 }, 1), false},
		{"RM", roman(strings.ToUpper), true}, {"rm", roman(strings.ToLower), true},
		{"TZH", offsetHours, true}, {"TZM", func(w *charWriter, f *Fields) { w.dst = appendPadded(w.dst, int(abs64(int64(f.Offset)))/60%60, 2) }, true},
		{"TZ", zoneName(strings.ToUpper), true}, {"tz", zoneName(strings.ToLower), true}, {"OF", patternOffset, true},
	}
	// Numbers are written in lower case too, and so are offsets.
	for _, p := range list {
		if low := strings.ToLower(p.name); low != p.name && (!p.text || low == "of" || low == "tzh" || low == "tzm") {
			list = append(list, pattern{low, p.write, p.text})
		}
	}
	return list
}

// ordinal is the English suffix of a number.
func ordinal(digits []byte, upper bool) string {
	n := len(digits)
	s := "th"
	if n > 0 && !(n > 1 && digits[n-2] == '1') {
		switch digits[n-1] {
		case '1':
			s = "st"
		case '2':
			s = "nd"
		case '3':
			s = "rd"
		}
	}
	if upper {
		return strings.ToUpper(s)
	}
	return s
}
