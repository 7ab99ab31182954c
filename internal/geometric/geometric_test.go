package geometric

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func number(text []byte) (float64, error) {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, "%s is no number", text)
	}
	return v, nil
}

func show(dst []byte, v float64) []byte { return strconv.AppendFloat(dst, v, 'g', -1, 64) }

type form struct {
	parse  func(dst, src []byte, num Number) ([]byte, error)
	decode func(src []byte) ([]byte, error)
	text   func(f Float, dst, v []byte) []byte
}

var forms = map[string]form{
	"point": {ParsePoint, DecodePoint, Float.AppendPoint}, "lseg": {ParseLseg, DecodeLseg, Float.AppendLseg}, "box": {ParseBox, DecodeBox, Float.AppendBox},
	"line": {ParseLine, DecodeLine, Float.AppendLine}, "path": {ParsePath, DecodePath, Float.AppendPath}, "polygon": {ParsePolygon, DecodePolygon, Float.AppendPolygon},
	"circle": {ParseCircle, DecodeCircle, Float.AppendCircle},
}

func TestText(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"point", " ( 1 , -2.5 ) ", "(1,-2.5)"}, {"point", "1,2", "(1,2)"}, {"point", "(1,2", ""}, {"point", "(1,2)x", ""}, {"point", "", ""},
		{"lseg", "[(1,2),(3,4)]", "[(1,2),(3,4)]"}, {"lseg", "1,2,3,4", "[(1,2),(3,4)]"}, {"lseg", "[(1,2)]", ""},
		{"box", "(0,0),(1,2)", "(1,2),(0,0)"}, {"box", "((0,5),(1,2))", "(1,5),(0,2)"}, {"box", "[(0,0),(1,1)]", ""},
		{"line", "{1,2,3}", "{1,2,3}"}, {"line", "{0,0,1}", ""}, {"line", "(0,0),(1,1)", "{1,-1,0}"}, {"line", "(1,1),(1,1)", ""},
		{"path", "[(1,2),(3,4)]", "[(1,2),(3,4)]"}, {"path", "1,2,3,4", "((1,2),(3,4))"}, {"path", "(1,2),(3,4)", "((1,2),(3,4))"}, {"path", "[]", ""}, {"path", "(1,2,3)", ""},
		{"polygon", "((0,0),(1,1))", "((0,0),(1,1))"}, {"polygon", "(0,0)", "((0,0))"}, {"polygon", "[(0,0)]", ""},
		{"circle", "<(1,2),3>", "<(1,2),3>"}, {"circle", "((1,2),3)", "<(1,2),3>"}, {"circle", "1,2,3", "<(1,2),3>"}, {"circle", "<(1,2),-3>", ""},
	} {
		f := forms[c.kind]
		v, err := f.parse(nil, []byte(c.text), number)
		if c.want == "" {
			if sqlerr.CodeOf(err) != sqlerr.InvalidTextRepresentation {
				t.Errorf("%s %q: %v", c.kind, c.text, err)
			}
			continue
		}
		if err != nil || string(f.text(show, nil, v)) != c.want {
			t.Errorf("%s %q: %q, %v, want %s", c.kind, c.text, v, err, c.want)
			continue
		}
		if again, err := f.decode(v); err != nil || !bytes.Equal(again, v) {
			t.Errorf("%s %q: its form is decoded as %q, %v", c.kind, c.text, again, err)
		}
	}
}

func square(x, y, size float64) Polygon {
	return polygon([]Point{{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}})
}

func TestPolygons(t *testing.T) {
	var g Calc
	outer, inner, apart := square(0, 0, 10), square(2, 2, 3), square(20, 0, 5)
	if !g.PolygonContains(outer, inner) || g.PolygonContains(inner, outer) || !g.PolygonOverlaps(outer, inner) || g.PolygonOverlaps(outer, apart) {
		t.Error("squares in squares")
	}
	if d := g.PolygonDistance(outer, apart); d != 10 {
		t.Errorf("they are %g apart", d)
	}
	if !g.PolygonHas(outer, Point{10, 5}) || g.PolygonHas(outer, Point{10.1, 5}) {
		t.Error("an edge belongs to its polygon")
	}
	turned := polygon([]Point{{10, 10}, {10, 0}, {0, 0}, {0, 10}})
	if !g.PolygonSame(outer, turned) {
		t.Error("the same points the other way round")
	}
	if g.Err != nil {
		t.Error(g.Err)
	}
}

// TestSinCos: as C has them.
func TestSinCos(t *testing.T) {
	for _, c := range []struct{ angle, sin, cos float64 }{
		{0, 0, 1}, {math.Pi, 1.2246467991473532e-16, -1}, {0.5235987755982988, 0.49999999999999994, 0.8660254037844387},
		{2.0943951023931953, 0.8660254037844387, -0.4999999999999998}, {3.9269908169872414, -0.7071067811865475, -0.7071067811865477}, {6, -0.27941549819892586, 0.960170286650366},
	} {
		if s, co := sincos(c.angle); s != c.sin || co != c.cos {
			t.Errorf("%v: %v, %v, want %v, %v", c.angle, s, co, c.sin, c.cos)
		}
	}
}

func TestErrors(t *testing.T) {
	var g Calc
	g.BoxArea(Box{Point{1e300, 1e300}, Point{-1e300, 0}})
	if g.Err == nil || g.Err.Code != sqlerr.NumericValueOutOfRange {
		t.Errorf("an area too large: %v", g.Err)
	}
	g = Calc{}
	if g.PointDiv(Point{1, 1}, Point{}); g.Err == nil || g.Err.Code != sqlerr.DivisionByZero {
		t.Errorf("by zero: %v", g.Err)
	}
	g = Calc{}
	if g.LineCrossing(Line{1, -1, 0}, Line{1, -1, 5}); !g.Null {
		t.Error("parallels meet")
	}
}

// TestStops: what looks at every edge of one against every edge of another can be ended.
func TestStops(t *testing.T) {
	points := make([]Point, 1_000_000)
	for i := range points {
		a := float64(i) * 2 * math.Pi / float64(len(points))
		points[i] = Point{math.Cos(a), math.Sin(a)}
	}
	asked := 0
	g := Calc{Pause: func() *sqlerr.Error {
		if asked++; asked > 3 {
			return sqlerr.New(sqlerr.QueryCanceled, "stop")
		}
		return nil
	}}
	g.PathDistance(Path{true, points}, Path{true, points[:1000]})
	if g.Err == nil || asked != 4 {
		t.Errorf("%v after %d", g.Err, asked)
	}
}

func FuzzShapes(f *testing.F) {
	for _, s := range []string{"(1,2)", "[(1,2),(3,4)]", "((1,2),(3,4),(5,6))", "{1,2,3}", "<(1,2),3>", "((", "1,2,3,4", "<(1,2)", "((1,2),3"} {
		f.Add([]byte(s))
	}
	for _, fm := range forms {
		if v, err := fm.parse(nil, []byte("((1,2),(3,4))"), number); err == nil {
			f.Add(v)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		for kind, fm := range forms {
			if v, err := fm.decode(src); err == nil {
				if again, err := fm.decode(v); err != nil || !bytes.Equal(again, v) {
					t.Fatalf("%s %q: %q, then %q, %v", kind, src, v, again, err)
				}
				fm.text(show, nil, v)
			}
			v, err := fm.parse(nil, src, number)
			if err != nil || strings.Contains(strings.ToLower(string(src)), "n") {
				continue // NaN differs from itself
			}
			text := fm.text(show, nil, v)
			if again, err := fm.parse(nil, text, number); err != nil || !bytes.Equal(again, v) {
				t.Fatalf("%s %q is %q, which is not the same: %v", kind, src, text, err)
			}
		}
	})
}
