package geometric

import (
	"encoding/binary"
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// The types. Their stored form is PostgreSQL's binary one.
type (
	Point struct{ X, Y float64 }
	// Lseg is from one point to another.
	Lseg [2]Point
	// Box is its upper right and its lower left corner.
	Box struct{ High, Low Point }
	// Line is Ax + By + C = 0.
	Line   struct{ A, B, C float64 }
	Circle struct {
		Center Point
		Radius float64
	}
	Path struct {
		Closed bool
		Points []Point
	}
	Polygon struct {
		Points []Point
		Bound  Box
	}
)

const pointSize = 16

func appendFloat(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
}

func floatAt(b []byte, i int) float64 {
	return math.Float64frombits(binary.BigEndian.Uint64(b[8*i:]))
}

func pointAt(b []byte, i int) Point { return Point{floatAt(b, 2*i), floatAt(b, 2*i+1)} }

func pointsAt(b []byte) []Point {
	out := make([]Point, len(b)/pointSize)
	for i := range out {
		out[i] = pointAt(b, i)
	}
	return out
}

func appendPoints(dst []byte, points []Point) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(points)))
	for _, p := range points {
		dst = p.AppendTo(dst)
	}
	return dst
}

// AppendTo appends the stored form.
func (p Point) AppendTo(dst []byte) []byte { return appendFloat(appendFloat(dst, p.X), p.Y) }
func (s Lseg) AppendTo(dst []byte) []byte  { return s[1].AppendTo(s[0].AppendTo(dst)) }
func (b Box) AppendTo(dst []byte) []byte   { return b.Low.AppendTo(b.High.AppendTo(dst)) }
func (l Line) AppendTo(dst []byte) []byte {
	return appendFloat(appendFloat(appendFloat(dst, l.A), l.B), l.C)
}
func (c Circle) AppendTo(dst []byte) []byte { return appendFloat(c.Center.AppendTo(dst), c.Radius) }
func (p Path) AppendTo(dst []byte) []byte {
	closed := byte(0)
	if p.Closed {
		closed = 1
	}
	return appendPoints(append(dst, closed), p.Points)
}
func (p Polygon) AppendTo(dst []byte) []byte { return appendPoints(dst, p.Points) }

// The values of stored forms.
func PointOf(b []byte) Point   { return pointAt(b, 0) }
func LsegOf(b []byte) Lseg     { return Lseg{pointAt(b, 0), pointAt(b, 1)} }
func BoxOf(b []byte) Box       { return Box{pointAt(b, 0), pointAt(b, 1)} }
func LineOf(b []byte) Line     { return Line{floatAt(b, 0), floatAt(b, 1), floatAt(b, 2)} }
func CircleOf(b []byte) Circle { return Circle{pointAt(b, 0), floatAt(b, 2)} }
func PathOf(b []byte) Path     { return Path{b[0] != 0, pointsAt(b[5:])} }
func PolygonOf(b []byte) Polygon {
	return polygon(pointsAt(b[4:]))
}

// polygon is the one of points, of which there is one at least.
func polygon(points []Point) Polygon {
	p := Polygon{Points: points, Bound: Box{points[0], points[0]}}
	for _, q := range points[1:] {
		b := &p.Bound
		if below(q.X, b.Low.X) {
			b.Low.X = q.X
		}
		if below(b.High.X, q.X) {
			b.High.X = q.X
		}
		if below(q.Y, b.Low.Y) {
			b.Low.Y = q.Y
		}
		if below(b.High.Y, q.Y) {
			b.High.Y = q.Y
		}
	}
	return p
}

// ordered is the box of two opposite corners.
func ordered(p, q Point) Box {
	b := Box{p, q}
	if !below(q.X, p.X) {
		b.High.X, b.Low.X = q.X, p.X
	}
	if !below(q.Y, p.Y) {
		b.High.Y, b.Low.Y = q.Y, p.Y
	}
	return b
}

// given is the box of two opposite corners as they were written: equal numbers stay where they are.
func given(b Box) Box {
	if below(b.High.X, b.Low.X) {
		b.High.X, b.Low.X = b.Low.X, b.High.X
	}
	if below(b.High.Y, b.Low.Y) {
		b.High.Y, b.Low.Y = b.Low.Y, b.High.Y
	}
	return b
}

func errShort() error {
	return sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
}

func errBinary(format string, args ...any) error {
	return sqlerr.New(sqlerr.InvalidBinaryRepresentation, format, args...)
}

func sized(src []byte, size int) error {
	switch {
	case len(src) < size:
		return errShort()
	case len(src) > size:
		return errBinary("incorrect binary data format")
	}
	return nil
}

// Decoders of what a client sends give the stored form.

func DecodePoint(src []byte) ([]byte, error) { return src, sized(src, pointSize) }
func DecodeLseg(src []byte) ([]byte, error)  { return src, sized(src, 2*pointSize) }

func DecodeBox(src []byte) ([]byte, error) {
	if err := sized(src, 2*pointSize); err != nil {
		return nil, err
	}
	return given(BoxOf(src)).AppendTo(nil), nil
}

func DecodeLine(src []byte) ([]byte, error) {
	if err := sized(src, 24); err != nil {
		return nil, err
	}
	if l := LineOf(src); zero(l.A) && zero(l.B) {
		return nil, errBinary("invalid line specification: A and B cannot both be zero")
	}
	return src, nil
}

func DecodeCircle(src []byte) ([]byte, error) {
	if err := sized(src, 24); err != nil {
		return nil, err
	}
	if CircleOf(src).Radius < 0 {
		return nil, errBinary("invalid radius in external \"circle\" value")
	}
	return src, nil
}

// maxPoints are as many as PostgreSQL has memory for.
const maxPoints = (1<<30 - 64) / pointSize

func decodePoints(src []byte, name string) error {
	if len(src) < 4 {
		return errShort()
	}
	n := int32(binary.BigEndian.Uint32(src))
	if n <= 0 || n > maxPoints {
		return errBinary("invalid number of points in external \"%s\" value", name)
	}
	return sized(src[4:], int(n)*pointSize)
}

func DecodePath(src []byte) ([]byte, error) {
	if len(src) == 0 {
		return nil, errShort()
	}
	if err := decodePoints(src[1:], "path"); err != nil {
		return nil, err
	}
	closed := byte(0)
	if src[0] != 0 {
		closed = 1
	}
	return append([]byte{closed}, src[1:]...), nil
}

func DecodePolygon(src []byte) ([]byte, error) { return src, decodePoints(src, "polygon") }
