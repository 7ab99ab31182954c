package geometric

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func anyNaN(v ...float64) bool {
	for _, x := range v {
		if math.IsNaN(x) {
			return true
		}
	}
	return false
}

func (p Point) equal(q Point) bool {
	if anyNaN(p.X, p.Y, q.X, q.Y) {
		return same(p.X, q.X) && same(p.Y, q.Y)
	}
	return eq(p.X, q.X) && eq(p.Y, q.Y)
}

func (g *Calc) NewPoint(x, y float64) Point     { return Point{x, y} }
func (g *Calc) PointEq(p, q Point) bool         { return p.equal(q) }
func (g *Calc) PointNe(p, q Point) bool         { return !p.equal(q) }
func (g *Calc) PointLeft(p, q Point) bool       { return lt(p.X, q.X) }
func (g *Calc) PointRight(p, q Point) bool      { return gt(p.X, q.X) }
func (g *Calc) PointAbove(p, q Point) bool      { return gt(p.Y, q.Y) }
func (g *Calc) PointBelow(p, q Point) bool      { return lt(p.Y, q.Y) }
func (g *Calc) PointVertical(p, q Point) bool   { return eq(p.X, q.X) }
func (g *Calc) PointHorizontal(p, q Point) bool { return eq(p.Y, q.Y) }

func (g *Calc) PointAdd(p, q Point) Point { return Point{g.add(p.X, q.X), g.add(p.Y, q.Y)} }
func (g *Calc) PointSub(p, q Point) Point { return Point{g.sub(p.X, q.X), g.sub(p.Y, q.Y)} }

// PointMul is a product of complex numbers: it turns and scales.
func (g *Calc) PointMul(p, q Point) Point {
	return Point{g.sub(g.mul(p.X, q.X), g.mul(p.Y, q.Y)), g.add(g.mul(p.X, q.Y), g.mul(p.Y, q.X))}
}

func (g *Calc) PointDiv(p, q Point) Point {
	by := g.add(g.mul(q.X, q.X), g.mul(q.Y, q.Y))
	return Point{
		g.div(g.add(g.mul(p.X, q.X), g.mul(p.Y, q.Y)), by),
		g.div(g.sub(g.mul(p.Y, q.X), g.mul(p.X, q.Y)), by),
	}
}

// Distance of two points.
func (g *Calc) Distance(p, q Point) float64 { return g.hypot(g.sub(p.X, q.X), g.sub(p.Y, q.Y)) }

// Slope is slope(point, point).
func (g *Calc) Slope(p, q Point) float64 { return g.slope(p, q) }

func (g *Calc) slope(p, q Point) float64 {
	switch {
	case eq(p.X, q.X):
		return math.Inf(1)
	case eq(p.Y, q.Y):
		return 0
	}
	return g.div(g.sub(p.Y, q.Y), g.sub(p.X, q.X))
}

// crossSlope is of what is perpendicular.
func (g *Calc) crossSlope(p, q Point) float64 {
	switch {
	case eq(p.X, q.X):
		return 0
	case eq(p.Y, q.Y):
		return math.Inf(1)
	}
	return g.div(g.sub(p.X, q.X), g.sub(q.Y, p.Y))
}

// middle of two points.
func (g *Calc) middle(p, q Point) Point {
	return Point{g.div(g.add(p.X, q.X), 2), g.div(g.add(p.Y, q.Y), 2)}
}

// through is the line of a slope through a point.
func (g *Calc) through(p Point, slope float64) Line {
	switch {
	case inf(slope):
		return Line{-1, 0, p.X}
	case slope == 0:
		return Line{0, -1, p.Y}
	}
	c := g.sub(p.Y, g.mul(slope, p.X))
	return Line{slope, -1, plain(c)}
}

// plain is v, 0 for -0.
func plain(v float64) float64 {
	if v == 0 {
		return 0
	}
	return v
}

// NewLine is line(point, point).
func (g *Calc) NewLine(p, q Point) Line {
	if p.equal(q) {
		g.fail(sqlerr.New(sqlerr.InvalidParameterValue, "invalid line specification: must be two distinct points"))
		return Line{}
	}
	return g.through(p, g.slope(p, q))
}

func (g *Calc) LineVertical(l Line) bool   { return zero(l.B) }
func (g *Calc) LineHorizontal(l Line) bool { return zero(l.A) }

func (g *Calc) LinePerp(l, m Line) bool {
	switch {
	case zero(l.A):
		return zero(m.B)
	case zero(m.A):
		return zero(l.B)
	case zero(l.B):
		return zero(m.A)
	case zero(m.B):
		return zero(l.A)
	}
	return eq(g.div(g.mul(l.A, m.A), g.mul(l.B, m.B)), -1)
}

func (g *Calc) LineEq(l, m Line) bool {
	if anyNaN(l.A, l.B, l.C, m.A, m.B, m.C) {
		return same(l.A, m.A) && same(l.B, m.B) && same(l.C, m.C)
	}
	ratio := 1.0
	switch {
	case !zero(m.A):
		ratio = g.div(l.A, m.A)
	case !zero(m.B):
		ratio = g.div(l.B, m.B)
	case !zero(m.C):
		ratio = g.div(l.C, m.C)
	}
	return eq(l.A, g.mul(ratio, m.A)) && eq(l.B, g.mul(ratio, m.B)) && eq(l.C, g.mul(ratio, m.C))
}

func (g *Calc) lineSlope(l Line) float64 {
	switch {
	case zero(l.A):
		return 0
	case zero(l.B):
		return math.Inf(1)
	}
	return g.div(l.A, -l.B)
}

func (g *Calc) lineCrossSlope(l Line) float64 {
	switch {
	case zero(l.A):
		return math.Inf(1)
	case zero(l.B):
		return 0
	}
	return g.div(l.B, l.A)
}

// crossing is where two lines meet, if they do.
func (g *Calc) crossing(l, m Line) (p Point, ok bool) {
	if zero(l.B) {
		if zero(m.B) {
			return p, false
		}
		l, m = m, l
	}
	if eq(m.A, g.mul(l.A, g.div(m.B, l.B))) {
		return p, false
	}
	p.X = g.div(g.sub(g.mul(l.B, m.C), g.mul(m.B, l.C)), g.sub(g.mul(l.A, m.B), g.mul(m.A, l.B)))
	p.Y = g.div(-g.add(g.mul(l.A, p.X), l.C), l.B)
	return Point{plain(p.X), plain(p.Y)}, true
}

func (g *Calc) LinesMeet(l, m Line) bool {
	_, ok := g.crossing(l, m)
	return ok
}

func (g *Calc) LineParallel(l, m Line) bool { return !g.LinesMeet(l, m) }

// LineCrossing is where two lines meet, NULL if they do not.
func (g *Calc) LineCrossing(l, m Line) Point {
	p, ok := g.crossing(l, m)
	if !ok {
		g.null()
	}
	return p
}

func (g *Calc) LineDistance(l, m Line) float64 {
	if g.LinesMeet(l, m) {
		return 0
	}
	known := func(v float64) bool { return !zero(v) && !math.IsNaN(v) }
	ratio := 1.0
	switch {
	case known(l.A) && known(m.A):
		ratio = g.div(l.A, m.A)
	case known(l.B) && known(m.B):
		ratio = g.div(l.B, m.B)
	}
	return g.div(math.Abs(g.sub(l.C, g.mul(ratio, m.C))), g.hypot(l.A, l.B))
}

// LineHas reports whether a point is on a line.
func (g *Calc) LineHas(p Point, l Line) bool {
	return zero(g.add(g.add(g.mul(l.A, p.X), g.mul(l.B, p.Y)), l.C))
}

// nearestOnLine is the point of a line that is nearest to another, and how far that is: NaN if there is none.
func (g *Calc) nearestOnLine(l Line, p Point) (Point, float64) {
	q, ok := g.crossing(g.through(p, g.lineCrossSlope(l)), l)
	if !ok {
		return p, math.NaN()
	}
	return q, g.Distance(q, p)
}

// near is a nearest point, NULL if there is none.
func (g *Calc) near(p Point, distance float64) Point {
	if math.IsNaN(distance) {
		g.null()
	}
	return p
}

func (g *Calc) NearestOnLine(p Point, l Line) Point { return g.near(g.nearestOnLine(l, p)) }
func (g *Calc) LineDistanceFrom(p Point, l Line) float64 {
	_, d := g.nearestOnLine(l, p)
	return d
}
