package geometric

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Float appends a float8 as the session shows it.
type Float func(dst []byte, v float64) []byte

func (f Float) point(dst []byte, p Point) []byte {
	return append(f(append(f(append(dst, '('), p.X), ','), p.Y), ')')
}

func (f Float) points(dst []byte, points []Point) []byte {
	for i, p := range points {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.point(dst, p)
	}
	return dst
}

// AppendPoint and the others append a value's text.
func (f Float) AppendPoint(dst, v []byte) []byte { return f.point(dst, PointOf(v)) }
func (f Float) AppendLseg(dst, v []byte) []byte {
	s := LsegOf(v)
	return append(f.points(append(dst, '['), s[:]), ']')
}

func (f Float) AppendBox(dst, v []byte) []byte {
	b := BoxOf(v)
	return f.points(dst, []Point{b.High, b.Low})
}

func (f Float) AppendLine(dst, v []byte) []byte {
	l := LineOf(v)
	return append(f(append(f(append(f(append(dst, '{'), l.A), ','), l.B), ','), l.C), '}')
}

func (f Float) AppendCircle(dst, v []byte) []byte {
	c := CircleOf(v)
	return append(f(append(f.point(append(dst, '<'), c.Center), ','), c.Radius), '>')
}

func (f Float) AppendPath(dst, v []byte) []byte {
	p := PathOf(v)
	if p.Closed {
		return append(f.points(append(dst, '('), p.Points), ')')
	}
	return append(f.points(append(dst, '['), p.Points), ']')
}

func (f Float) AppendPolygon(dst, v []byte) []byte {
	return append(f.points(append(dst, '('), PolygonOf(v).Points), ')')
}

// Number reads the float8 that text is.
type Number func(text []byte) (float64, error)

// reader reads the text of a value.
type reader struct {
	kind string // its type, for messages
	all  string
	rest string
	num  Number
	err  error
}

func newReader(kind string, src []byte, num Number) *reader {
	return &reader{kind: kind, all: string(src), rest: string(src), num: num}
}

const blanks = " \t\n\r\v\f"

func (r *reader) skip() { r.rest = strings.TrimLeft(r.rest, blanks) }

func (r *reader) wrong() {
	if r.err == nil {
		r.err = sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", r.kind, r.all)
	}
}

// take takes a character, if it is the next one.
func (r *reader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) want(c byte) {
	if !r.take(c) {
		r.wrong()
	}
}

// number reads a number, and the blanks around it.
func (r *reader) number() float64 {
	if r.skip(); r.err != nil {
		return 0
	}
	n := numberLen(r.rest)
	v, err := r.num([]byte(r.rest[:n]))
	if n == 0 || err != nil && sqlerr.CodeOf(err) != sqlerr.NumericValueOutOfRange {
		r.wrong()
		return 0
	}
	if err != nil {
		r.err = err
	}
	r.rest = r.rest[n:]
	r.skip()
	return v
}

// numberLen is how much of s is a number, as strtod reads it.
func numberLen(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	for _, name := range []string{"infinity", "inf", "nan"} {
		if len(s)-i >= len(name) && strings.EqualFold(s[i:i+len(name)], name) {
			return i + len(name)
		}
	}
	digits := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			digits++
		}
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			for i = j; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
		}
	}
	return i
}

// pair reads x,y or (x,y).
func (r *reader) pair() (p Point) {
	r.skip()
	delimited := r.take('(')
	p.X = r.number()
	r.want(',')
	p.Y = r.number()
	if delimited {
		r.want(')')
		r.skip()
	}
	return p
}

// points reads n pairs, in brackets or without; open brackets [ ] are for types that have them.
func (r *reader) points(n int, open bool) (points []Point, isOpen bool) {
	r.skip()
	depth := 0
	if isOpen = r.take('['); isOpen {
		if !open {
			r.wrong()
		}
		depth++
	} else if strings.HasPrefix(r.rest, "(") {
		inner := strings.TrimLeft(r.rest[1:], blanks)
		if strings.HasPrefix(inner, "(") || strings.LastIndexByte(r.rest, '(') == 0 {
			depth++
			r.rest = inner
		}
	}
	for ; n > 0 && r.err == nil; n-- {
		points = append(points, r.pair())
		r.take(',')
	}
	for ; depth > 0; depth-- {
		if !r.take(')') && !(isOpen && r.take(']')) {
			r.wrong()
		}
		r.skip()
	}
	return points, isOpen
}

// count is how many pairs the text has by its commas, 0 if they cannot be pairs.
func (r *reader) count() int {
	n := strings.Count(r.all, ",")
	if n%2 == 0 {
		return 0
	}
	return (n + 1) / 2
}

func (r *reader) end(v interface{ AppendTo([]byte) []byte }, dst []byte) ([]byte, error) {
	if r.rest != "" {
		r.wrong()
	}
	if r.err != nil {
		return dst, r.err
	}
	return v.AppendTo(dst), nil
}

// ParsePoint and the others append the stored form of a text.
func ParsePoint(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("point", src, num)
	return r.end(r.pair(), dst)
}

func ParseLseg(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("lseg", src, num)
	p, _ := r.points(2, true)
	if r.err != nil {
		return dst, r.err
	}
	return r.end(Lseg{p[0], p[1]}, dst)
}

func ParseBox(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("box", src, num)
	p, _ := r.points(2, false)
	if r.err != nil {
		return dst, r.err
	}
	return r.end(given(Box{p[0], p[1]}), dst)
}

func errLine(what string) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid line specification: %s", what)
}

func ParseLine(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("line", src, num)
	if r.skip(); r.take('{') {
		var l Line
		l.A = r.number()
		r.want(',')
		l.B = r.number()
		r.want(',')
		l.C = r.number()
		r.want('}')
		r.skip()
		dst, err := r.end(l, dst)
		if err == nil && zero(l.A) && zero(l.B) {
			err = errLine("A and B cannot both be zero")
		}
		return dst, err
	}
	p, _ := r.points(2, true)
	if r.rest != "" {
		r.wrong()
	}
	if r.err != nil {
		return dst, r.err
	}
	if p[0].equal(p[1]) {
		return dst, errLine("must be two distinct points")
	}
	var g Calc
	l := g.through(p[0], g.slope(p[0], p[1]))
	if g.Err != nil {
		return dst, g.Err
	}
	return l.AppendTo(dst), nil
}

func ParsePath(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("path", src, num)
	n := r.count()
	if n == 0 {
		r.wrong()
		return dst, r.err
	}
	r.skip()
	single := strings.HasPrefix(r.rest, "(") && strings.LastIndexByte(r.rest, '(') == 0 && r.take('(')
	p, open := r.points(n, true)
	if single {
		r.want(')')
		r.skip()
	}
	return r.end(Path{!open, p}, dst)
}

func ParsePolygon(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("polygon", src, num)
	n := r.count()
	if n == 0 {
		r.wrong()
		return dst, r.err
	}
	p, _ := r.points(n, false)
	return r.end(Polygon{Points: p}, dst)
}

func ParseCircle(dst, src []byte, num Number) ([]byte, error) {
	r := newReader("circle", src, num)
	depth := 0
	if r.skip(); r.take('<') {
		depth = 1
	} else if strings.HasPrefix(r.rest, "(") {
		if inner := strings.TrimLeft(r.rest[1:], blanks); strings.HasPrefix(inner, "(") {
			depth = 1
			r.rest = inner
		}
	}
	var c Circle
	c.Center = r.pair()
	r.take(',')
	c.Radius = r.number()
	if c.Radius < 0 {
		r.wrong()
	}
	if depth > 0 {
		if !r.take(')') {
			r.want('>')
		}
		r.skip()
	}
	return r.end(c, dst)
}
