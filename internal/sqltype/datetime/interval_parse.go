package datetime

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Ranges of an interval's fields, bits as in PostgreSQL's typmod.
const (
	RangeMonth  = 1 << 1
	RangeYear   = 1 << 2
	RangeDay    = 1 << 3
	RangeHour   = 1 << 10
	RangeMinute = 1 << 11
	RangeSecond = 1 << 12
	FullRange   = 0x7fff
)

// wide is an interval whose fields may still overflow.
type wide struct {
	years, months, days int64
	micros              int64
}

func addInt32(sum *int64, v int64) bool {
	*sum += v
	return v >= math.MinInt32 && v <= math.MaxInt32 && *sum >= math.MinInt32 && *sum <= math.MaxInt32
}

func (w *wide) addMicros(val int64, frac float64, unit int64) bool {
	p := val * unit
	if val != 0 && (p/val != unit || val == math.MinInt64 || p == math.MinInt64) {
		return false
	}
	sum := w.micros + p
	if (sum > w.micros) != (p > 0) && p != 0 {
		return false
	}
	w.micros = sum
	return w.addFracMicros(frac, unit)
}

// addFracMicros adds a fraction of a unit, rounded to the nearest microsecond.
func (w *wide) addFracMicros(frac float64, unit int64) bool {
	if frac == 0 {
		return true
	}
	frac *= float64(unit)
	us := int64(frac)
	frac -= float64(us)
	if frac > 0.5 {
		us++
	} else if frac < -0.5 {
		us--
	}
	sum := w.micros + us
	if us != 0 && (sum > w.micros) != (us > 0) {
		return false
	}
	w.micros = sum
	return true
}

// addFracDays adds a fraction of a unit of so many days.
func (w *wide) addFracDays(frac float64, days int64) bool {
	if frac == 0 {
		return true
	}
	frac *= float64(days)
	extra := int64(frac)
	if !addInt32(&w.days, extra) {
		return false
	}
	return w.addFracMicros(frac-float64(extra), UsecsPerDay)
}

func (w *wide) addDays(val, per int64) bool {
	return val >= math.MinInt32 && val <= math.MaxInt32 && addInt32(&w.days, val*per)
}

func (w *wide) addYears(val, per int64, frac float64) bool {
	if val < math.MinInt32 || val > math.MaxInt32 || !addInt32(&w.years, val*per) {
		return false
	}
	return addInt32(&w.months, int64(math.RoundToEven(frac*float64(per)*12)))
}

// addUnit adds val + frac units.
func (w *wide) addUnit(u Unit, val int64, frac float64) (ok, known bool) {
	switch u {
	case UnitMicrosecond:
		return w.addMicros(val, frac, 1), true
	case UnitMillisecond:
		return w.addMicros(val, frac, 1000), true
	case UnitSecond:
		return w.addMicros(val, frac, UsecsPerSecond), true
	case UnitMinute:
		return w.addMicros(val, frac, UsecsPerMinute), true
	case UnitHour:
		return w.addMicros(val, frac, UsecsPerHour), true
	case UnitDay:
		return w.addDays(val, 1) && w.addFracMicros(frac, UsecsPerDay), true
	case UnitWeek:
		return w.addDays(val, 7) && w.addFracDays(frac, 7), true
	case UnitMonth:
		return addInt32(&w.months, val) && w.addFracDays(frac, 30), true
	case UnitYear:
		return w.addYears(val, 1, frac), true
	case UnitDecade:
		return w.addYears(val, 10, frac), true
	case UnitCentury:
		return w.addYears(val, 100, frac), true
	case UnitMillennium:
		return w.addYears(val, 1000, frac), true
	}
	return false, false
}

// rightmostUnit is the unit of a bare last number under a range of fields.
func rightmostUnit(fields int32) Unit {
	switch fields {
	case RangeYear:
		return UnitYear
	case RangeMonth, RangeYear | RangeMonth:
		return UnitMonth
	case RangeDay:
		return UnitDay
	case RangeHour, RangeDay | RangeHour:
		return UnitHour
	case RangeMinute, RangeHour | RangeMinute, RangeDay | RangeHour | RangeMinute:
		return UnitMinute
	}
	return UnitSecond
}

// intervalParser reads pieces from right to left: a unit stands behind its number.
type intervalParser struct {
	wide
	seen   uint32 // units given, one bit each
	fields int32
	unit   Unit // of the next number to the left; UnitNone = by the range
	needs  bool // a unit has been read and waits for its number
	ago    bool
	// negative: the sign of the first field is that of all, as the SQL standard has it.
	negative bool
}

func (p *intervalParser) parse(pieces []piece) problem {
	for i := len(pieces) - 1; i >= 0; i-- {
		got, pr := p.piece(pieces[i])
		if pr != fine {
			return pr
		}
		if got&p.seen != 0 {
			return badFormat
		}
		p.seen |= got
	}
	if p.seen == 0 || p.needs {
		return badFormat
	}
	return fine
}

const clockBits = 1<<UnitHour | 1<<UnitMinute | 1<<UnitSecond | 1<<UnitMillisecond | 1<<UnitMicrosecond

func (p *intervalParser) piece(pc piece) (uint32, problem) {
	switch pc.kind {
	case kindTime:
		pr := p.clock(pc.text, p.negative)
		p.unit, p.needs = UnitDay, false
		return clockBits, pr
	case kindZone:
		if strings.IndexByte(pc.text[1:], ':') >= 0 {
			if pr := p.clock(pc.text[1:], pc.text[0] == '-'); pr == fine {
				p.unit, p.needs = UnitDay, false
				return clockBits, fine
			}
		}
		return p.number(pc.text)
	case kindDate, kindNumber:
		return p.number(pc.text)
	}
	if p.needs {
		return 0, badFormat
	}
	s := clip(pc.text)
	if s == "ago" {
		p.ago = true
		return 0, fine
	}
	if u, ok := units[s]; ok && u <= UnitMillennium && u != UnitQuarter {
		p.unit, p.needs = u, true
		return 0, fine
	}
	if w, ok := words[s]; ok && w.means == meansNothing {
		return 0, fine
	}
	return 0, badFormat
}

func (p *intervalParser) clock(s string, negative bool) problem {
	if p.fields == RangeMinute|RangeSecond && strings.Count(s, ":") == 1 && strings.IndexByte(s, '.') < 0 {
		s = "0:" + s
	}
	hour, minute, sec, us, pr := parseClock(s)
	if pr != fine {
		return pr
	}
	var w wide
	if !w.addMicros(hour, 0, UsecsPerHour) ||
		!w.addMicros(int64(minute)*60+int64(sec), 0, UsecsPerSecond) || !w.addMicros(int64(us), 0, 1) {
		return fieldOverflow
	}
	if negative {
		w.micros = -w.micros
	}
	if !p.addMicros(w.micros, 0, 1) {
		return fieldOverflow
	}
	return fine
}

func (p *intervalParser) number(s string) (uint32, problem) {
	unit := p.unit
	if unit == UnitNone {
		unit = rightmostUnit(p.fields)
	}
	signed := s[0] == '-' || s[0] == '+'
	neg := s[0] == '-' || p.negative && !signed
	body := s
	if signed {
		body = s[1:]
	}
	n := digitsLen(body)
	val, frac := int64(0), 0.0
	var err error
	if n > 0 {
		if val, err = strconv.ParseInt(body[:n], 10, 64); err != nil {
			return 0, fieldOverflow
		}
	}
	if neg {
		val = -val
	}
	rest := body[n:]
	switch {
	case rest == "":
	case rest[0] == '-' && n > 0:
		months, ok := number32(rest[1:])
		if !ok || digitsLen(rest[1:]) != len(rest)-1 {
			return 0, badFormat
		}
		if months >= 12 {
			return 0, fieldOverflow
		}
		if neg {
			months = -months
		}
		if val > math.MaxInt32 || val < math.MinInt32 {
			return 0, fieldOverflow
		}
		unit, val = UnitMonth, val*12+int64(months)
	case rest[0] == '.':
		if digitsLen(rest[1:]) != len(rest)-1 {
			return 0, badFormat
		}
		if len(rest) > 1 {
			if frac, err = strconv.ParseFloat(rest, 64); err != nil {
				return 0, badFormat
			}
		} else if n == 0 {
			return 0, badFormat
		}
		if neg {
			frac = -frac
		}
	default:
		return 0, badFormat
	}
	ok, known := p.addUnit(unit, val, frac)
	if !known {
		return 0, badFormat
	}
	if !ok {
		return 0, fieldOverflow
	}
	p.needs = false
	p.unit = unit
	got := uint32(1) << unit
	if unit == UnitHour {
		p.unit = UnitDay
	}
	if unit == UnitSecond && frac != 0 {
		got |= 1<<UnitMillisecond | 1<<UnitMicrosecond
	}
	return got, fine
}

func (w *wide) result() (Interval, error) {
	months := w.years*12 + w.months
	if months > math.MaxInt32 || months < math.MinInt32 {
		return Interval{}, errIntervalRange()
	}
	return Interval{Months: int32(months), Days: int32(w.days), Micros: w.micros}, nil
}

// ParseInterval reads an interval: units, SQL standard and ISO 8601 forms. fields is the range
// of the typmod, FullRange without one. Under the style of the SQL standard the sign of the first field is that of all when
// no other has one: '-1 1:00:00' is 25 hours back.
func ParseInterval(src []byte, fields int32, style IntervalStyle) (Interval, error) {
	p := intervalParser{fields: fields}
	pieces, ok := cut(src)
	if style == IntervalSQLStandard && len(pieces) > 0 {
		signed := func(pc piece) bool { return pc.text[0] == '-' || pc.text[0] == '+' }
		p.negative = pieces[0].text[0] == '-' && !slices.ContainsFunc(pieces[1:], signed)
	}
	pr := badFormat
	if ok && len(pieces) > 0 {
		pr = p.parse(pieces)
	}
	if pr == badFormat {
		if w, ipr := parseISOInterval(string(src)); ipr != badFormat {
			p.wide, pr, p.ago = w, ipr, false
		}
	}
	switch pr {
	case fine:
	case fieldOverflow:
		return Interval{}, sqlerr.New(sqlerr.IntervalFieldOverflow, `interval field value out of range: "%s"`, src)
	default:
		return Interval{}, pr.error("interval", src, "")
	}
	if p.ago {
		if p.micros == math.MinInt64 || p.days == math.MinInt32 || p.months == math.MinInt32 || p.years == math.MinInt32 {
			return Interval{}, sqlerr.New(sqlerr.IntervalFieldOverflow, `interval field value out of range: "%s"`, src)
		}
		p.micros, p.days, p.months, p.years = -p.micros, -p.days, -p.months, -p.years
	}
	return p.result()
}
