package datetime

import (
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// strictSeparators are the characters that a strict template may have outside quotes.
const strictSeparators = "-./,':; "

// NewStrictTemplate reads a format of SQL/JSON's datetime(): a text has to match it to the last character.
func NewStrictTemplate(format string) (*Template, error) {
	t := &Template{strict: format != ""} // PostgreSQL looks at no text for an empty one
	return t, t.parse(format, func() bool { return false })
}

// MomentKind is which of PostgreSQL's types a Moment is of.
type MomentKind uint8

const (
	MomentDate MomentKind = iota
	MomentTime
	MomentTimeTZ
	MomentTimestamp
	MomentTimestamptz
)

// Moment is a date or time whose type its template tells.
type Moment struct {
	Kind   MomentKind
	Date   int32
	Micros int64    // of a time, timestamp or timestamptz
	TimeTZ [16]byte // see TimeTZ
	Offset int      // seconds east of Greenwich that a timestamptz was written with
}

// exactly passes over a character of a strict template.
func (r *templateReader) exactly(n *templateNode) error {
	switch {
	case strings.HasPrefix(r.s, n.char):
	case n.sep:
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "unmatched format separator \"%s\"", n.char)
	default:
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "unmatched format character \"%s\"", n.char)
	}
	r.s = r.s[len(n.char):]
	return nil
}

// ended checks that text and strict template end together; whole says that all of the template was read.
func (r *templateReader) ended(whole bool) error {
	if !whole {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "input string is too short for datetime format")
	}
	if strings.TrimLeft(r.s, " \t\n\v\f\r") != "" {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "trailing characters remain in input string after datetime format")
	}
	return nil
}

// parts are what the fields of a template say: a date, a time, a zone.
func (t *Template) parts() (dated, timed, zoned bool) {
	for i := range t.nodes {
		switch id := fieldID(t.nodes[i].field); id {
		case "", "FX", "IW":
		case "A.M.", "P.M.", "AM", "PM", "HH", "HH12", "HH24", "MI", "SS", "MS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "SSSS", "SSSSS":
			timed = true
		case "TZH", "TZM":
			zoned = true
		default:
			dated = true
		}
	}
	return dated, timed, zoned
}

// precision is that of the last field FF1 to FF6, -1 without one.
func (t *Template) precision() int32 {
	p := int32(-1)
	for i := range t.nodes {
		if id := fieldID(t.nodes[i].field); len(id) == 3 && id[:2] == "FF" {
			p = int32(id[2] - '0')
		}
	}
	return p
}

// Moment reads a text by a strict template.
func (t *Template) Moment(src string) (m Moment, err error) {
	r := templateReader{s: src, whole: src}
	f, err := r.fields(t)
	if err != nil {
		return m, err
	}
	dated, timed, zoned := t.parts()
	clock := RoundMicros(f.timeOfDay(), t.precision())
	switch {
	case dated && timed:
		return t.timestamp(&f, zoned)
	case dated && zoned:
		return m, sqlerr.New(sqlerr.InvalidDatetimeFormat, "datetime format is zoned but not timed")
	case dated:
		d, ok := DateOf(f.Year, f.Month, f.Day)
		if !ok {
			return m, errDateText([]byte(src))
		}
		return Moment{Kind: MomentDate, Date: d}, nil
	case timed && zoned:
		return Moment{Kind: MomentTimeTZ, TimeTZ: TimeTZ(clock, int32(-f.Offset))}, nil
	case timed:
		return Moment{Kind: MomentTime, Micros: clock}, nil
	}
	return m, sqlerr.New(sqlerr.InvalidDatetimeFormat, "datetime format is not dated and not timed")
}

func (t *Template) timestamp(f *Fields, zoned bool) (m Moment, err error) {
	ts, ok := f.Join()
	if !zoned {
		if !ok {
			return m, errTimestampRange()
		}
		return Moment{Kind: MomentTimestamp, Micros: RoundMicros(ts, t.precision())}, nil
	}
	if ts -= int64(f.Offset) * UsecsPerSecond; !ok || !ValidTimestamp(ts) {
		return m, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamptz out of range")
	}
	return Moment{Kind: MomentTimestamptz, Micros: RoundMicros(ts, t.precision()), Offset: f.Offset}, nil
}

// AppendISO appends a moment in ISO 8601, a timestamptz in the zone that it was written with.
func (m *Moment) AppendISO(dst []byte) []byte {
	switch m.Kind {
	case MomentDate:
		return AppendDate(dst, m.Date)
	case MomentTime:
		return AppendTime(dst, m.Micros)
	case MomentTimeTZ:
		us, west := SplitTimeTZ(m.TimeTZ)
		return appendISOOffset(AppendTime(dst, us), int(-west))
	case MomentTimestamp:
		return AppendTimestamp(dst, m.Micros, 'T')
	}
	return appendISOOffset(AppendTimestamp(dst, m.Micros+int64(m.Offset)*UsecsPerSecond, 'T'), m.Offset)
}

// appendISOOffset appends an offset with its minutes.
func appendISOOffset(dst []byte, east int) []byte {
	n := len(dst)
	if dst = AppendOffset(dst, east); len(dst) == n+3 {
		dst = append(dst, ":00"...)
	}
	return dst
}

// TypeName is what SQL calls the type of a moment.
func (m *Moment) TypeName() string {
	return [...]string{"date", "time without time zone", "time with time zone", "timestamp without time zone", "timestamp with time zone"}[m.Kind]
}

// errNeedsZone: without a zone the two are not comparable.
func errNeedsZone(from, to string) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert value from %s to %s without time zone usage", from, to).
		WithHint("Use *_tz() function for time zone support.")
}

// Compare orders two moments; comparable is false for a time and what has a date. Where one of them alone has a
// zone, the other is in loc, nil = that is an error. now is the timestamptz of which the offset counts for a
// time of day; known says that it is known.
func (m *Moment) Compare(o *Moment, loc *time.Location, now int64, known bool) (cmp int, comparable bool, err error) {
	clock := m.Kind == MomentTime || m.Kind == MomentTimeTZ
	if clock != (o.Kind == MomentTime || o.Kind == MomentTimeTZ) {
		return 0, false, nil
	}
	if m.Kind > o.Kind {
		cmp, comparable, err = o.Compare(m, loc, now, known)
		return -cmp, comparable, err
	}
	if m.Kind == o.Kind {
		return m.compareSame(o), true, nil
	}
	if clock {
		v, err := m.timeIn(loc, now, known)
		return strings.Compare(string(v[:]), string(o.TimeTZ[:])), true, err
	}
	ts := m.Micros
	if o.Kind == MomentTimestamptz && loc == nil {
		return 0, true, errNeedsZone([...]string{MomentDate: "date", MomentTimestamp: "timestamp"}[m.Kind], "timestamptz")
	}
	if m.Kind == MomentDate {
		if ts, err = TimestampOfDate(m.Date); err != nil {
			return 1, true, nil // a date past every timestamp
		}
	}
	if o.Kind == MomentTimestamptz {
		local, ok := ToUTC(ts, loc)
		if !ok { // out of range: past the end it is on
			return signOf(ts), true, nil
		}
		ts = local
	}
	return compareInt(ts, o.Micros), true, nil
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func signOf(v int64) int { return compareInt(v, 0) }

func (m *Moment) compareSame(o *Moment) int {
	switch m.Kind {
	case MomentDate:
		return compareInt(int64(m.Date), int64(o.Date))
	case MomentTimeTZ:
		return strings.Compare(string(m.TimeTZ[:]), string(o.TimeTZ[:]))
	}
	return compareInt(m.Micros, o.Micros)
}

// timeIn is a time as one in the session's zone.
func (m *Moment) timeIn(loc *time.Location, now int64, known bool) (v [16]byte, err error) {
	if loc == nil {
		return v, errNeedsZone("time", "timetz")
	}
	east, ok := FixedOffset(loc)
	if !ok {
		if !known {
			return v, errNeedsDate(loc)
		}
		east = offsetAt(loc, now)
	}
	return TimeTZ(m.Micros, int32(-east)), nil
}
