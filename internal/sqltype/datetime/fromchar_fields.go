package datetime

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

var romanMonths = []string{"xii", "xi", "x", "ix", "viii", "vii", "vi", "v", "iv", "iii", "ii", "i"}

// abbreviated are the first three letters of names.
func abbreviated(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n[:3]
	}
	return out
}

// fieldKinds by fieldID. Fields that are not here are of to_char alone.
var fieldKinds = buildFieldKinds()

func buildFieldKinds() map[string]fieldKind {
	type reader = templateReader
	kinds := map[string]fieldKind{}
	number := func(mode byte, to func(r *reader) *int, width int, names ...string) {
		for _, name := range names {
			kinds[name] = fieldKind{digit: true, mode: mode, read: func(r *reader, n *templateNode, open bool) error {
				v, _, err := r.number(n, width, open)
				if err == nil {
					err = r.put(to(r), v, n)
				}
				r.passTH(n)
				return err
			}}
		}
	}
	words := func(mode byte, list []string, take func(r *reader, n *templateNode, v int) error, names ...string) {
		for _, name := range names {
			kinds[name] = fieldKind{mode: mode, read: func(r *reader, n *templateNode, _ bool) error {
				v, err := r.word(n, list)
				if err == nil {
					err = take(r, n, v)
				}
				return err
			}}
		}
	}
	number(0, func(r *reader) *int { return &r.hh }, 2, "HH24", "HH12", "HH")
	number(0, func(r *reader) *int { return &r.mi }, 2, "MI")
	number(0, func(r *reader) *int { return &r.ss }, 2, "SS")
	number(0, func(r *reader) *int { return &r.ssss }, 4, "SSSS")
	number(0, func(r *reader) *int { return &r.ssss }, 5, "SSSSS")
	number('g', func(r *reader) *int { return &r.mm }, 2, "MM")
	number('g', func(r *reader) *int { return &r.ddd }, 3, "DDD")
	number('w', func(r *reader) *int { return &r.ddd }, 3, "IDDD")
	number('g', func(r *reader) *int { return &r.dd }, 2, "DD")
	number('g', func(r *reader) *int { return &r.d }, 1, "D")
	number('g', func(r *reader) *int { return &r.ww }, 2, "WW")
	number('w', func(r *reader) *int { return &r.ww }, 2, "IW")
	number('g', func(r *reader) *int { return &r.w }, 1, "W")
	number(0, func(r *reader) *int { return &r.cc }, 2, "CC")
	number(0, func(r *reader) *int { return &r.julian }, 1, "J")
	number(0, func(r *reader) *int { return new(int) }, 1, "Q") // it says nothing that a month does not
	for _, name := range []string{"HH", "HH12"} {
		kinds[name] = onClock12(kinds[name])
	}
	kinds["ID"] = fieldKind{digit: true, mode: 'w', read: (*reader).isoDay}
	kinds["MS"] = fieldKind{digit: true, read: decimals(func(r *reader) *int { return &r.ms }, 3, 3)}
	kinds["US"] = fieldKind{digit: true, read: decimals(func(r *reader) *int { return &r.us }, 6, 6)}
	for k := range 6 {
		kinds["FF"+string(rune('1'+k))] = fieldKind{digit: true, read: decimals(func(r *reader) *int { return &r.us }, k+1, 6)}
	}
	for digits, names := range map[int][]string{4: {"YYYY", "IYYY"}, 3: {"YYY", "IYY"}, 2: {"YY", "IY"}, 1: {"Y", "I"}} {
		for i, name := range names {
			kinds[name] = fieldKind{digit: true, mode: "gw"[i], read: year(digits)}
		}
	}
	kinds["Y,YYY"] = fieldKind{digit: true, mode: 'g', read: (*reader).yearWithComma}
	kinds["TZH"] = fieldKind{read: (*reader).zoneHours}
	kinds["TZM"] = fieldKind{digit: true, read: (*reader).zoneMinutes}

	noon := func(r *reader, n *templateNode, v int) error {
		r.clock12 = true
		return r.put(&r.pmSet, v%2, n)
	}
	era := func(r *reader, n *templateNode, v int) error { return r.put(&r.bcSet, v%2, n) }
	words(0, []string{"a.m.", "p.m."}, noon, "A.M.", "P.M.")
	words(0, []string{"am", "pm"}, noon, "AM", "PM")
	words(0, []string{"a.d.", "b.c."}, era, "A.D.", "B.C.")
	words(0, []string{"ad", "bc"}, era, "AD", "BC")
	month := func(r *reader, n *templateNode, v int) error { return r.put(&r.mm, v+1, n) }
	day := func(r *reader, n *templateNode, v int) error {
		err := r.put(&r.d, v, n)
		r.d++
		return err
	}
	words('g', monthNames[:], month, "MONTH")
	words('g', abbreviated(monthNames[:]), month, "MON")
	words(0, dayNames[:], day, "DAY")
	words(0, abbreviated(dayNames[:]), day, "DY")
	words('g', romanMonths, func(r *reader, n *templateNode, v int) error { return r.put(&r.mm, 12-v, n) }, "RM")
	return kinds
}

func onClock12(k fieldKind) fieldKind {
	read := k.read
	k.read = func(r *templateReader, n *templateNode, open bool) error {
		err := read(r, n, open)
		r.clock12 = true
		return err
	}
	return k
}

// isoDay reads the day of a week that begins on Monday.
func (r *templateReader) isoDay(n *templateNode, open bool) error {
	v, _, err := r.number(n, 1, open)
	if err == nil {
		err = r.put(&r.d, v, n)
	}
	if r.d++; r.d > 7 {
		r.d = 1
	}
	r.passTH(n)
	return err
}

// decimals reads digits behind a decimal point, of which there are of at most so many.
func decimals(to func(r *templateReader) *int, width, of int) func(*templateReader, *templateNode, bool) error {
	return func(r *templateReader, n *templateNode, open bool) error {
		v, used, err := r.number(n, width, open)
		if err == nil {
			err = r.put(to(r), v, n)
		}
		if err == nil {
			for ; used < of; used++ {
				*to(r) *= 10
			}
		}
		r.passTH(n)
		return err
	}
}

// year reads a year; one of fewer than four digits is the nearest to 2020.
func year(digits int) func(*templateReader, *templateNode, bool) error {
	return func(r *templateReader, n *templateNode, open bool) error {
		v, used, err := r.number(n, digits, open)
		if err == nil {
			err = r.put(&r.year, v, n)
		}
		if err != nil {
			return err
		}
		if digits < 4 && used < 4 {
			switch y := r.year; {
			case y < 70, y >= 100 && y < 520:
				r.year += 2000
			case y < 100:
				r.year += 1900
			case y < 1000:
				r.year += 1000
			}
		}
		r.yearDigits = digits
		r.passTH(n)
		return nil
	}
}

// yearWithComma reads thousands, a comma, and up to three digits more.
func (r *templateReader) yearWithComma(n *templateNode, _ bool) error {
	thousands, size, _ := leadingInt(r.s)
	rest := r.s[size:]
	ok := size > 0 && strings.HasPrefix(rest, ",")
	years := 0
	if ok {
		field := rest[1:]
		for field != "" && isSpace(field[0]) {
			field = field[1:]
		}
		v, used, _ := leadingInt(field[:min(3, len(field))])
		years, ok, rest = v, used > 0, field[used:]
	}
	if !ok {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid input string for \"Y,YYY\"")
	}
	if err := r.put(&r.year, years+1000*thousands, n); err != nil {
		return err
	}
	r.yearDigits, r.s = 4, rest
	r.passTH(n)
	return nil
}

// zoneHours reads a signed offset; a minus may have been taken for a separator.
func (r *templateReader) zoneHours(n *templateNode, open bool) error {
	before := len(r.whole) - len(r.s)
	switch {
	case r.s != "" && (r.s[0] == '+' || r.s[0] == '-' || r.s[0] == ' '):
		r.zoneSign = 1
		if r.s[0] == '-' {
			r.zoneSign = -1
		}
		r.s = r.s[1:]
	case r.skipped > 0 && before > 0 && r.whole[before-1] == '-':
		r.zoneSign = -1
	default:
		r.zoneSign = 1
	}
	v, _, err := r.number(n, 2, open)
	if err == nil {
		err = r.put(&r.zoneHour, v, n)
	}
	return err
}

func (r *templateReader) zoneMinutes(n *templateNode, open bool) error {
	if r.zoneSign == 0 {
		r.zoneSign = 1
	}
	v, _, err := r.number(n, 2, open)
	if err == nil {
		err = r.put(&r.zoneMin, v, n)
	}
	return err
}
