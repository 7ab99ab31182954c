package datetime

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// DateOrder is how dates of three numbers are read.
type DateOrder uint8

const (
	OrderMDY DateOrder = iota
	OrderDMY
	OrderYMD
)

// have is the set of fields that text has given so far.
type have uint32

const (
	hasYear have = 1 << iota
	hasMonth
	hasDay
	hasDOY
	hasHour
	hasMinute
	hasSecond
	hasZone
	hasDST

	hasDate = hasYear | hasMonth | hasDay
	hasTime = hasHour | hasMinute | hasSecond
)

// result kinds of a parse.
type outcome uint8

const (
	isFields outcome = iota
	isEpoch
	isPosInf
	isNegInf
	isTimeOnly // a time without a date
)

// parser reads the pieces of a date, time or timestamp.
type parser struct {
	f         Fields
	yday      int
	order     DateOrder
	seen      have
	textMonth bool
	twoDigits bool
	julian    bool
	bc        bool
	meridiem  int // -1 none, 0 AM, 1 PM
	pending   meaning
	zone      *time.Location
	zoneName  string
	hasOffset bool
	what      outcome
}

// parse decodes pieces.
func (p *parser) parse(pieces []piece) problem {
	p.meridiem = -1
	p.pending = meansNothing
	for i, pc := range pieces {
		got, pr := p.piece(pieces, i, pc)
		if pr != fine {
			return pr
		}
		if got&p.seen != 0 {
			return badFormat
		}
		p.seen |= got
	}
	if p.what != isFields {
		return fine
	}
	return p.finish()
}

func (p *parser) piece(all []piece, i int, pc piece) (have, problem) {
	switch pc.kind {
	case kindDate:
		return p.datePiece(pc.text)
	case kindTime:
		if p.pending != meansNothing {
			if p.pending != meansISOTime {
				return 0, badFormat
			}
			p.pending = meansNothing
		}
		pr := p.clock(pc.text)
		if pr == fine && timeOverflows(&p.f) {
			pr = fieldOverflow
		}
		return hasTime, pr
	case kindZone:
		off, pr := parseOffset(pc.text)
		p.f.Offset, p.hasOffset = off, true
		return hasZone, pr
	case kindNumber:
		return p.numberPiece(pc.text)
	}
	return p.wordPiece(all, i, pc.text)
}

func (p *parser) datePiece(s string) (have, problem) {
	if p.pending == meansJulian {
		// A Julian day with an attached zone.
		cut := strings.IndexAny(s, "+-")
		if cut < 0 {
			return 0, badFormat
		}
		day, err := strconv.Atoi(s[:cut])
		if err != nil || day < 0 || int64(day) >= endDateJulian {
			return 0, fieldOverflow
		}
		off, pr := parseOffset(s[cut:])
		p.f.Offset, p.hasOffset, p.pending, p.julian = off, true, meansNothing, true
		p.f.Year, p.f.Month, p.f.Day = CivilDate(int64(day))
		return hasDate | hasTime | hasZone, pr
	}
	if p.pending == meansNothing && p.seen&(hasMonth|hasDay) != hasMonth|hasDay {
		return p.date(s)
	}
	if !isDigit(s[0]) && p.pending == meansNothing {
		z, ok := LoadZone(s)
		if !ok {
			z, ok = PosixZone(s) // GMT+8
		}
		if !ok {
			p.zoneName = s
			return 0, badZone
		}
		p.zone = z
		return hasZone, fine
	}
	// A run-together time with a zone: hhmmss-zz.
	if p.pending != meansNothing && p.pending != meansISOTime {
		return 0, badFormat
	}
	p.pending = meansNothing
	cut := strings.IndexByte(s, '-')
	if p.seen&hasTime == hasTime || cut < 0 {
		return 0, badFormat
	}
	off, pr := parseOffset(s[cut:])
	if pr != fine {
		return 0, pr
	}
	p.f.Offset, p.hasOffset = off, true
	got, pr := p.joined(s[:cut], p.seen)
	return got | hasZone, pr
}

func (p *parser) numberPiece(s string) (have, problem) {
	switch p.pending {
	case meansJulian:
		p.pending = meansNothing
		return p.julianDay(s)
	case meansISOTime:
		p.pending = meansNothing
		got, pr := p.joined(s, p.seen|hasDate)
		if pr == fine && got != hasTime {
			pr = badFormat
		}
		return got, pr
	}
	dot := strings.IndexByte(s, '.')
	switch {
	case dot >= 0 && p.seen&hasDate == 0:
		return p.date(s)
	case dot > 2:
		return p.joined(s, p.seen)
	case len(s) >= 6 && (p.seen&hasDate == 0 || p.seen&hasTime == 0):
		return p.joined(s, p.seen)
	}
	return p.number(s, p.textMonth, p.seen)
}

// julianDay reads a day number with an optional fraction of a day.
func (p *parser) julianDay(s string) (have, problem) {
	whole, frac, hasFrac := strings.Cut(s, ".")
	day, err := strconv.Atoi(whole)
	if err != nil || day < 0 || int64(day) >= endDateJulian {
		return 0, fieldOverflow
	}
	p.julian = true
	p.f.Year, p.f.Month, p.f.Day = CivilDate(int64(day))
	if !hasFrac {
		return hasDate, fine
	}
	x, err := strconv.ParseFloat("0."+frac, 64)
	if err != nil && frac != "" {
		return 0, badFormat
	}
	y, m, d := p.f.Year, p.f.Month, p.f.Day
	p.f = splitTime(int64(x * float64(UsecsPerDay)))
	p.f.Year, p.f.Month, p.f.Day = y, m, d
	return hasDate | hasTime, fine
}

func (p *parser) wordPiece(all []piece, i int, s string) (have, problem) {
	if off, ok := abbreviations[s]; ok {
		p.f.Offset, p.hasOffset = off, true
		return hasZone, fine
	}
	if z, ok := abbreviationZone(s); ok {
		p.zone = z
		return hasZone, fine
	}
	w, ok := words[clip(s)]
	if !ok {
		z, found := LoadZone(s)
		if !found {
			return 0, badFormat
		}
		p.zone = z
		return hasZone, fine
	}
	switch w.means {
	case meansMonth:
		return p.monthWord(w.value)
	case meansEra:
		p.bc = w.value == 1
	case meansMeridiem:
		p.meridiem = w.value
	case meansDST:
		if !p.hasOffset {
			return 0, badFormat
		}
		p.f.Offset += 3600
		return hasDST, fine
	case meansEpoch:
		p.what = isEpoch
		return hasDate | hasTime | hasZone, fine
	case meansInfinity:
		p.what = isPosInf
		if w.value < 0 {
			p.what = isNegInf
		}
		return hasDate | hasTime | hasZone, fine
	case meansClock:
		return 0, needsClock
	case meansJulian:
		p.pending = meansJulian
	case meansISOTime:
		return p.isoTime(all, i, w.value)
	case meansUnit, meansAgo:
		return 0, badFormat
	}
	return 0, fine
}

func (p *parser) monthWord(month int) (have, problem) {
	got := hasMonth
	// A numeric "month" before the name was the day.
	if p.seen&hasMonth != 0 && !p.textMonth && p.seen&hasDay == 0 && p.f.Month >= 1 && p.f.Month <= 31 {
		p.f.Day = p.f.Month
		got = hasDay
	}
	p.textMonth = true
	p.f.Month = month
	return got, fine
}

func (p *parser) isoTime(all []piece, i, value int) (have, problem) {
	if value < 0 { // allballs: midnight UTC
		p.f.Hour, p.f.Minute, p.f.Second, p.f.Micros = 0, 0, 0, 0
		p.f.Offset, p.hasOffset = 0, true
		return hasTime | hasZone, fine
	}
	if p.seen&hasDate != hasDate || i+1 >= len(all) {
		return 0, badFormat
	}
	switch all[i+1].kind {
	case kindNumber, kindTime, kindDate:
		p.pending = meansISOTime
		return 0, fine
	}
	return 0, badFormat
}

// finish validates the fields and settles year, meridiem and zone.
func (p *parser) finish() problem {
	if p.pending == meansJulian {
		return badFormat
	}
	if pr := p.validateDate(); pr != fine {
		return pr
	}
	if p.meridiem >= 0 && p.f.Hour > 12 {
		return fieldOverflow
	}
	switch {
	case p.meridiem == 0 && p.f.Hour == 12:
		p.f.Hour = 0
	case p.meridiem == 1 && p.f.Hour != 12:
		p.f.Hour += 12
	}
	if p.seen&hasDate != hasDate {
		if p.seen&hasTime == hasTime {
			p.what = isTimeOnly
			return fine
		}
		return badFormat
	}
	return fine
}

func (p *parser) validateDate() problem {
	f := &p.f
	if p.seen&hasYear != 0 && !p.julian {
		switch {
		case p.bc:
			if f.Year <= 0 {
				return fieldOverflow
			}
			f.Year = 1 - f.Year
		case p.twoDigits:
			if f.Year < 0 {
				return fieldOverflow
			}
			if f.Year < 70 {
				f.Year += 2000
			} else if f.Year < 100 {
				f.Year += 1900
			}
		case f.Year <= 0:
			return fieldOverflow
		}
	}
	if p.seen&hasDOY != 0 {
		f.Year, f.Month, f.Day = CivilDate(JulianDay(f.Year, 1, 1) + int64(p.yday) - 1)
	}
	if p.seen&hasMonth != 0 && (f.Month < 1 || f.Month > 12) {
		return monthDayOverflow
	}
	if p.seen&hasDay != 0 && (f.Day < 1 || f.Day > 31) {
		return monthDayOverflow
	}
	if p.seen&hasDate == hasDate && f.Day > DaysIn(f.Year, f.Month) {
		return fieldOverflow
	}
	return fine
}

// offset is the zone's offset in seconds east for the parsed local time.
func (p *parser) offset(session *time.Location) int {
	if p.hasOffset {
		return p.f.Offset
	}
	loc := session
	if p.zone != nil {
		loc = p.zone
	}
	local, ok := p.f.Join()
	if !ok {
		return 0
	}
	return OffsetOfLocal(loc, local)
}

func run(src []byte, order DateOrder, typ string) (*parser, error) {
	p := &parser{order: order}
	pieces, ok := cut(src)
	pr := badFormat
	if ok && len(pieces) > 0 {
		pr = p.parse(pieces)
	}
	if pr != fine {
		return nil, pr.error(typ, src, p.zoneName)
	}
	return p, nil
}

// ParseTimestamp reads a timestamp without time zone; a zone in the text is ignored.
func ParseTimestamp(src []byte, order DateOrder) (int64, error) {
	return parseStamp(src, order, nil, false, "timestamp")
}

// ParseTimestamptz reads a timestamp with time zone; text without one is local time of loc.
func ParseTimestamptz(src []byte, order DateOrder, loc *time.Location) (int64, error) {
	return parseStamp(src, order, loc, true, "timestamp with time zone")
}

func parseStamp(src []byte, order DateOrder, loc *time.Location, zoned bool, typ string) (int64, error) {
	if f, zone, ok := fastISO(src); ok {
		ts, _ := f.Join() // four-digit years are in range
		switch {
		case zoned && zone:
			ts -= int64(f.Offset) * UsecsPerSecond
		case zoned:
			ts -= int64(OffsetOfLocal(loc, ts)) * UsecsPerSecond
		}
		return ts, nil
	}
	p, err := run(src, order, typ)
	if err != nil {
		return 0, err
	}
	switch p.what {
	case isEpoch:
		return UnixEpochMicros, nil
	case isPosInf:
		return TimestampInfinity, nil
	case isNegInf:
		return TimestampMinusInf, nil
	case isTimeOnly:
		return 0, badFormat.error(typ, src, "")
	}
	ts, ok := p.f.Join()
	if zoned {
		// The range is that of the instant, so the local time may be just outside.
		days := JulianDay(p.f.Year, p.f.Month, p.f.Day) - postgresEpochJulian
		if p.f.Year >= -4714 && p.f.Year <= 294277 {
			ts = days*UsecsPerDay + p.f.timeOfDay() - int64(p.offset(loc))*UsecsPerSecond
			ok = ValidTimestamp(ts)
		}
	}
	if !ok {
		return 0, errTimestampText(src)
	}
	return ts, nil
}

// ParseDate reads a date; a time of day in the text is ignored.
func ParseDate(src []byte, order DateOrder) (int32, error) {
	if len(src) == 10 {
		if f, _, ok := fastISO(src); ok {
			d, _ := DateOf(f.Year, f.Month, f.Day)
			return d, nil
		}
	}
	p, err := run(src, order, "date")
	if err != nil {
		return 0, err
	}
	switch p.what {
	case isEpoch:
		return unixEpochDays, nil
	case isPosInf:
		return DateInfinity, nil
	case isNegInf:
		return DateMinusInf, nil
	case isTimeOnly:
		return 0, badFormat.error("date", src, "")
	}
	d, ok := DateOf(p.f.Year, p.f.Month, p.f.Day)
	if !ok {
		return 0, errDateText(src)
	}
	return d, nil
}

// RoundMicros rounds a timestamp or time to a precision of 0 to 6 digits, half away from zero.
func RoundMicros(v int64, precision int32) int64 {
	if precision < 0 || precision >= 6 || !FiniteTimestamp(v) {
		return v
	}
	unit := int64(math.Pow10(int(6 - precision)))
	if v >= 0 {
		return (v + unit/2) / unit * unit
	}
	return -((-v + unit/2) / unit * unit)
}
