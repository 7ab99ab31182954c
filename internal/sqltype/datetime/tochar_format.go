package datetime

import (
	"math"
	"strings"
	"time"
	"unsafe"
)

// CharFormat is a format of to_char, read once for many values. It belongs to one goroutine.
type CharFormat struct {
	empty bool
	steps []charStep
	text  []byte // of all steps
	step  int64  // microseconds within which times look the same
	last  struct {
		at, offset int64
		zone       string
		out        []byte // nil: nothing yet
	}
}

// charStep is a field, or text where p is nil.
type charStep struct {
	p        *pattern
	from, to uint32 // of the text
	fill     bool   // FM
	th       bool   // an ordinal's suffix follows
	upper    bool   // that in capitals
}

// CharFormatSize is the most that a byte of a format takes in a CharFormat.
const CharFormatSize = int(unsafe.Sizeof(charStep{})) + 1

// maxKeptOutput bounds the value that a CharFormat keeps.
const maxKeptOutput = 256

// NewCharFormat reads a format, which is the caller's again then. It is nil where stop, asked now and then, says so.
func NewCharFormat(format []byte, stop func() bool) *CharFormat {
	c := &CharFormat{empty: len(format) == 0, step: UsecsPerDay, text: make([]byte, 0, len(format))}
	for n := 0; len(format) > 0; n++ {
		if n&4095 == 4095 && stop() {
			return nil
		}
		switch {
		case format[0] == '"':
			format = c.quoted(format[1:])
		case format[0] == '\\' && len(format) > 1 && format[1] == '"':
			c.literal('"')
			format = format[2:]
		default:
			format = c.field(format)
		}
	}
	return c
}

// literal is a byte of text, with that before it in one step.
func (c *CharFormat) literal(b byte) {
	c.text = append(c.text, b)
	n := uint32(len(c.text))
	if k := len(c.steps); k > 0 && c.steps[k-1].p == nil {
		c.steps[k-1].to = n
		return
	}
	c.steps = append(c.steps, charStep{from: n - 1, to: n})
}

func (c *CharFormat) quoted(s []byte) []byte {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		c.literal(s[i])
	}
	return nil
}

// field reads a field with what stands before and behind it, or a byte that is none.
func (c *CharFormat) field(s []byte) []byte {
	fill, rest := prefixed(s)
	p := match(rest)
	switch {
	case p != nil:
	case len(rest) != len(s):
		return rest // a prefix without a field is dropped
	default:
		c.literal(s[0])
		return s[1:]
	}
	c.step = min(c.step, stepOf(p.name))
	step := charStep{p: p, fill: fill}
	rest = rest[len(p.name):]
	if !p.text && len(rest) >= 2 && rest[0]|0x20 == 't' && rest[1]|0x20 == 'h' && rest[0]^rest[1] == 't'^'h' {
		step.th, step.upper = true, rest[0] == 'T'
		rest = rest[2:]
	}
	c.steps = append(c.steps, step)
	return rest
}

// prefixed takes the prefixes of a field off.
func prefixed(s []byte) (fill bool, rest []byte) {
	for ; len(s) >= 2; s = s[2:] {
		switch string(s[:2]) {
		case "FM", "fm", "TM":
			fill = true
		case "FX":
		default:
			return fill, s
		}
	}
	return fill, s
}

// stepOf is the time within which a field shows the same.
func stepOf(name string) int64 {
	switch name = strings.ToUpper(name); {
	case name == "MS" || name == "US" || strings.HasPrefix(name, "FF"):
		return 1
	case strings.HasPrefix(name, "SS"):
		return UsecsPerSecond
	case name == "MI":
		return UsecsPerMinute
	case strings.HasPrefix(name, "HH") || strings.ContainsAny(name[:1], "AP"):
		return UsecsPerHour
	}
	return UsecsPerDay
}

// Timestamp is to_char(timestamp, format). Infinities and an empty format give NULL: ok is false.
func (c *CharFormat) Timestamp(dst []byte, ts int64) (out []byte, ok bool) {
	if !FiniteTimestamp(ts) || c.empty {
		return dst, false
	}
	return c.local(dst, ts, 0, ""), true
}

// TimestampTZ is to_char(timestamptz, format) in the local time of loc.
func (c *CharFormat) TimestampTZ(dst []byte, ts int64, loc *time.Location) (out []byte, ok bool) {
	if !FiniteTimestamp(ts) || c.empty {
		return dst, false
	}
	name, off := zoneAt(loc, ts)
	return c.local(dst, ts+int64(off)*UsecsPerSecond, off, name), true
}

// Interval is to_char(interval, format); an empty format gives NULL: ok is false.
func (c *CharFormat) Interval(dst []byte, v Interval) (out []byte, ok bool, err error) {
	if c.empty {
		return dst, false, nil
	}
	p := v.parts()
	w := charWriter{dst: dst, span: &p}
	c.write(&w, &Fields{})
	return w.dst, true, w.err
}

// local writes a local time, as the one before where that looks the same.
func (c *CharFormat) local(dst []byte, ts int64, off int, zone string) []byte {
	at := floorDiv(ts, c.step)
	if l := &c.last; l.out != nil && l.at == at && l.offset == int64(off) && l.zone == zone {
		return append(dst, l.out...)
	}
	f := Split(ts)
	f.Offset = off
	w := charWriter{dst: dst, zone: zone}
	c.write(&w, &f)
	if n := len(w.dst) - len(dst); n <= maxKeptOutput && c.step > 1 {
		c.last.at, c.last.offset, c.last.zone = at, int64(off), zone
		c.last.out = append(c.last.out[:0], w.dst[len(dst):]...)
	}
	return w.dst
}

func (c *CharFormat) write(w *charWriter, f *Fields) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.p == nil {
			w.dst = append(w.dst, c.text[s.from:s.to]...)
			continue
		}
		w.fill = s.fill
		from := len(w.dst)
		if w.span != nil {
			w.writeSpan(s.p)
		} else {
			s.p.write(w, f)
		}
		if s.th {
			w.dst = append(w.dst, ordinal(w.dst[from:], s.upper)...)
		}
	}
}

// patternsOf has the patterns by their first byte.
var patternsOf = func() (out [math.MaxUint8 + 1][]*pattern) {
	for i := range patterns {
		first := patterns[i].name[0]
		out[first] = append(out[first], &patterns[i])
	}
	return out
}()

// match is the longest pattern that s begins with, nil if there is none.
func match(s []byte) *pattern {
	if len(s) == 0 {
		return nil
	}
	var best *pattern
	for _, p := range patternsOf[s[0]] {
		if len(p.name) <= len(s) && string(s[:len(p.name)]) == p.name && (best == nil || len(p.name) > len(best.name)) {
			best = p
		}
	}
	return best
}
