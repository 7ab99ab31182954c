package datetime

import (
	"strings"
	"time"
)

// DateForm is how dates and timestamps are shown.
type DateForm uint8

// The output forms, with PostgreSQL's names.
const (
	FormISO      DateForm = iota // 2024-02-29 23:59:59+01
	FormPostgres                 // Thu Feb 29 23:59:59 2024 CET
	FormSQL                      // 02/29/2024 23:59:59 CET
	FormGerman                   // 29.02.2024 23:59:59 CET
)

var formNames = []string{"ISO", "Postgres", "SQL", "German"}

var orderNames = []string{OrderMDY: "MDY", OrderDMY: "DMY", OrderYMD: "YMD"}

// DateStyle is the setting of this name: how dates are shown, and how those of three numbers are read. The zero value is the default.
type DateStyle struct {
	Form  DateForm
	Order DateOrder
}

// String is the setting's text as SHOW has it, which [ReadDateStyle] reads.
func (s DateStyle) String() string { return formNames[s.Form] + ", " + orderNames[s.Order] }

// ReadDateStyle reads words with commas between them over what holds now; what they leave open stays. The detail says
// what is wrong with them, empty = nothing (PostgreSQL's check_datestyle).
func ReadDateStyle(text string, now DateStyle) (style DateStyle, detail string) {
	style = now
	var haveForm, haveOrder bool
	form := func(f DateForm) bool {
		conflict := haveForm && style.Form != f
		style.Form, haveForm = f, true
		return !conflict
	}
	order := func(o DateOrder) bool {
		conflict := haveOrder && style.Order != o
		style.Order, haveOrder = o, true
		return !conflict
	}
	for part := range strings.SplitSeq(text, ",") {
		word, ok := strings.ToUpper(strings.TrimSpace(part)), true
		switch {
		case word == "ISO":
			ok = form(FormISO)
		case word == "SQL":
			ok = form(FormSQL)
		case strings.HasPrefix(word, "POSTGRES"):
			ok = form(FormPostgres)
		case strings.HasPrefix(word, "GERMAN"):
			ok = form(FormGerman)
			if !haveOrder { // German dates are read as they are shown, unless another word says otherwise
				style.Order = OrderDMY
			}
		case word == "YMD":
			ok = order(OrderYMD)
		case word == "DMY" || strings.HasPrefix(word, "EURO"):
			ok = order(OrderDMY)
		case word == "MDY" || word == "US" || strings.HasPrefix(word, "NONEURO"):
			ok = order(OrderMDY)
		case word == "DEFAULT":
			if !haveForm {
				style.Form, haveForm = FormISO, true
			}
			if !haveOrder {
				style.Order, haveOrder = OrderMDY, true
			}
		default:
			return now, `Unrecognized key word: "` + strings.ToLower(word) + `".`
		}
		if !ok {
			return now, `Conflicting "datestyle" specifications.`
		}
	}
	return style, ""
}

// AppendDate appends a date in this style.
func (s DateStyle) AppendDate(dst []byte, d int32) []byte {
	if s.Form == FormISO || !FiniteDate(d) {
		return AppendDate(dst, d)
	}
	var f Fields
	f.Year, f.Month, f.Day = SplitDate(d)
	return appendEra(s.appendDate(dst, &f), &f)
}

// AppendTimestamp appends a timestamp in this style.
func (s DateStyle) AppendTimestamp(dst []byte, ts int64) []byte {
	if s.Form == FormISO || !FiniteTimestamp(ts) {
		return AppendTimestamp(dst, ts, ' ')
	}
	f := Split(ts)
	return appendEra(s.appendStamp(dst, &f), &f)
}

// AppendTimestamptz appends a timestamptz as local time of loc in this style; all but ISO name the zone.
func (s DateStyle) AppendTimestamptz(dst []byte, ts int64, loc *time.Location) []byte {
	if s.Form == FormISO || !FiniteTimestamp(ts) {
		return AppendTimestamptz(dst, ts, loc, ' ')
	}
	name, off := zoneAt(loc, ts)
	f := Split(ts + int64(off)*UsecsPerSecond)
	dst = append(s.appendStamp(dst, &f), ' ')
	return appendEra(append(dst, name...), &f)
}

// appendStamp appends date and time.
func (s DateStyle) appendStamp(dst []byte, f *Fields) []byte {
	if s.Form != FormPostgres {
		return appendClock(append(s.appendDate(dst, f), ' '), f)
	}
	dst = append(append(dst, dayNames[(julianOf(f)+1)%7][:3]...), ' ')
	month := time.Month(f.Month).String()[:3]
	if s.Order == OrderDMY {
		dst = append(append(append(appendPadded(dst, f.Day, 2), ' '), month...), ' ')
	} else {
		dst = append(appendPadded(append(append(dst, month...), ' '), f.Day, 2), ' ')
	}
	return appendPadded(append(appendClock(dst, f), ' '), eraYear(f), 4)
}

// appendDate appends a date of one of the forms with numbers alone, in the order and with the sign of its form.
func (s DateStyle) appendDate(dst []byte, f *Fields) []byte {
	first, second, sign := f.Month, f.Day, byte('-')
	if s.Order == OrderDMY || s.Form == FormGerman {
		first, second = f.Day, f.Month
	}
	switch s.Form {
	case FormSQL:
		sign = '/'
	case FormGerman:
		sign = '.'
	}
	dst = append(appendPadded(dst, first, 2), sign)
	dst = append(appendPadded(dst, second, 2), sign)
	return appendPadded(dst, eraYear(f), 4)
}
