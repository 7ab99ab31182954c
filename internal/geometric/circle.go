package geometric

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func (g *Calc) NewCircle(center Point, radius float64) Circle { return Circle{center, radius} }

func (g *Calc) CircleSame(c, d Circle) bool {
	return (math.IsNaN(c.Radius) && math.IsNaN(d.Radius) || eq(c.Radius, d.Radius)) && c.Center.equal(d.Center)
}

func (g *Calc) CircleArea(c Circle) float64     { return g.mul(g.mul(c.Radius, c.Radius), math.Pi) }
func (g *Calc) CircleDiameter(c Circle) float64 { return g.mul(c.Radius, 2) }
func (g *Calc) CircleRadius(c Circle) float64   { return c.Radius }
func (g *Calc) CircleCenter(c Circle) Point     { return c.Center }

func (g *Calc) CircleEq(c, d Circle) bool { return eq(g.CircleArea(c), g.CircleArea(d)) }
func (g *Calc) CircleNe(c, d Circle) bool { return ne(g.CircleArea(c), g.CircleArea(d)) }
func (g *Calc) CircleLt(c, d Circle) bool { return lt(g.CircleArea(c), g.CircleArea(d)) }
func (g *Calc) CircleLe(c, d Circle) bool { return le(g.CircleArea(c), g.CircleArea(d)) }
func (g *Calc) CircleGt(c, d Circle) bool { return gt(g.CircleArea(c), g.CircleArea(d)) }
func (g *Calc) CircleGe(c, d Circle) bool { return ge(g.CircleArea(c), g.CircleArea(d)) }

func (g *Calc) apart(c, d Circle) float64 { return g.Distance(c.Center, d.Center) }

func (g *Calc) CircleOverlaps(c, d Circle) bool { return le(g.apart(c, d), g.add(c.Radius, d.Radius)) }
func (g *Calc) CircleContains(c, d Circle) bool { return le(g.apart(c, d), g.sub(c.Radius, d.Radius)) }
func (g *Calc) CircleContained(c, d Circle) bool {
	return le(g.apart(c, d), g.sub(d.Radius, c.Radius))
}

func (g *Calc) left(c Circle) float64   { return g.sub(c.Center.X, c.Radius) }
func (g *Calc) right(c Circle) float64  { return g.add(c.Center.X, c.Radius) }
func (g *Calc) bottom(c Circle) float64 { return g.sub(c.Center.Y, c.Radius) }
func (g *Calc) top(c Circle) float64    { return g.add(c.Center.Y, c.Radius) }

func (g *Calc) CircleLeft(c, d Circle) bool      { return lt(g.right(c), g.left(d)) }
func (g *Calc) CircleOverLeft(c, d Circle) bool  { return le(g.right(c), g.right(d)) }
func (g *Calc) CircleRight(c, d Circle) bool     { return gt(g.left(c), g.right(d)) }
func (g *Calc) CircleOverRight(c, d Circle) bool { return ge(g.left(c), g.left(d)) }
func (g *Calc) CircleBelow(c, d Circle) bool     { return lt(g.top(c), g.bottom(d)) }
func (g *Calc) CircleOverBelow(c, d Circle) bool { return le(g.top(c), g.top(d)) }
func (g *Calc) CircleAbove(c, d Circle) bool     { return gt(g.bottom(c), g.top(d)) }
func (g *Calc) CircleOverAbove(c, d Circle) bool { return ge(g.bottom(c), g.bottom(d)) }

func (g *Calc) CircleAdd(c Circle, p Point) Circle { return Circle{g.PointAdd(c.Center, p), c.Radius} }
func (g *Calc) CircleSub(c Circle, p Point) Circle { return Circle{g.PointSub(c.Center, p), c.Radius} }

func (g *Calc) CircleMul(c Circle, p Point) Circle {
	return Circle{g.PointMul(c.Center, p), g.mul(c.Radius, g.hypot(p.X, p.Y))}
}

func (g *Calc) CircleDiv(c Circle, p Point) Circle {
	return Circle{g.PointDiv(c.Center, p), g.div(c.Radius, g.hypot(p.X, p.Y))}
}

// positive is a distance, 0 for what overlaps.
func positive(d float64) float64 {
	if d < 0 {
		return 0
	}
	return d
}

func (g *Calc) CircleDistance(c, d Circle) float64 {
	return positive(g.sub(g.apart(c, d), g.add(c.Radius, d.Radius)))
}

func (g *Calc) CircleDistanceFrom(p Point, c Circle) float64 {
	return positive(g.sub(g.Distance(p, c.Center), c.Radius))
}

func (g *Calc) CirclePolygonDistance(c Circle, p Polygon) float64 {
	return positive(g.sub(g.PolygonDistanceFrom(c.Center, p), c.Radius))
}

func (g *Calc) CircleHas(c Circle, p Point) bool { return g.Distance(c.Center, p) <= c.Radius }
func (g *Calc) InCircle(p Point, c Circle) bool  { return g.CircleHas(c, p) }

// CircleBox is the box in a circle.
func (g *Calc) CircleBox(c Circle) Box {
	d := g.div(c.Radius, math.Sqrt2)
	return Box{Point{g.add(c.Center.X, d), g.add(c.Center.Y, d)}, Point{g.sub(c.Center.X, d), g.sub(c.Center.Y, d)}}
}

// CirclePolygon12 is polygon(circle).
func (g *Calc) CirclePolygon12(c Circle) Polygon { return g.CirclePolygon(12, c) }

func (g *Calc) CirclePolygon(n int32, c Circle) Polygon {
	none := Polygon{Points: []Point{{}}}
	switch {
	case zero(c.Radius):
		g.fail(sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert circle with radius zero to polygon"))
		return none
	case n < 2:
		g.fail(sqlerr.New(sqlerr.InvalidParameterValue, "must request at least 2 points"))
		return none
	case n > maxPoints:
		g.fail(sqlerr.New(sqlerr.ProgramLimitExceeded, "too many points requested"))
		return none
	}
	step := g.div(2*math.Pi, float64(n))
	points := make([]Point, 0, min(n, 1<<16))
	for i := range n {
		if g.stopped() {
			return none
		}
		sin, cos := sincos(g.mul(step, float64(i)))
		points = append(points, Point{
			g.sub(c.Center.X, g.mul(c.Radius, cos)),
			g.add(c.Center.Y, g.mul(c.Radius, sin)),
		})
	}
	return polygon(points)
}
