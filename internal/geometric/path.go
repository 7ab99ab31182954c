package geometric

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// segments calls each for the pieces of a path, the one that closes it first, until it says no.
func (p Path) segments(each func(s Lseg) bool) {
	for i := range p.Points {
		prev := i - 1
		if i == 0 {
			if !p.Closed {
				continue
			}
			prev = len(p.Points) - 1
		}
		if !each(Lseg{p.Points[prev], p.Points[i]}) {
			return
		}
	}
}

// PathArea is NULL of an open path.
func (g *Calc) PathArea(p Path) float64 {
	if !p.Closed {
		g.null()
		return 0
	}
	area := 0.0
	for i, a := range p.Points {
		b := p.Points[(i+1)%len(p.Points)]
		area = g.add(area, g.mul(a.X, b.Y))
		area = g.sub(area, g.mul(a.Y, b.X))
	}
	return g.div(math.Abs(area), 2)
}

func (g *Calc) PathLength(p Path) (length float64) {
	p.segments(func(s Lseg) bool {
		length = g.add(length, g.LsegLength(s))
		return true
	})
	return length
}

func (g *Calc) PathIsClosed(p Path) bool { return p.Closed }
func (g *Calc) PathIsOpen(p Path) bool   { return !p.Closed }
func (g *Calc) PathPoints(p Path) int32  { return int32(len(p.Points)) }
func (g *Calc) PathClose(p Path) Path    { return Path{true, p.Points} }
func (g *Calc) PathOpen(p Path) Path     { return Path{false, p.Points} }

func (g *Calc) PathEq(p, q Path) bool { return len(p.Points) == len(q.Points) }
func (g *Calc) PathLt(p, q Path) bool { return len(p.Points) < len(q.Points) }
func (g *Calc) PathLe(p, q Path) bool { return len(p.Points) <= len(q.Points) }
func (g *Calc) PathGt(p, q Path) bool { return len(p.Points) > len(q.Points) }
func (g *Calc) PathGe(p, q Path) bool { return len(p.Points) >= len(q.Points) }

// pairs calls each for every piece of p with every piece of q, until it says no.
func (g *Calc) pairs(p, q Path, each func(s, t Lseg) bool) {
	p.segments(func(s Lseg) bool {
		on := !g.stopped()
		if on {
			q.segments(func(t Lseg) bool {
				on = each(s, t)
				return on
			})
		}
		return on
	})
}

func (g *Calc) PathsMeet(p, q Path) (meet bool) {
	if !g.BoxOverlaps(polygon(p.Points).Bound, polygon(q.Points).Bound) {
		return false
	}
	g.pairs(p, q, func(s, t Lseg) bool {
		meet = g.LsegsMeet(s, t)
		return !meet
	})
	return meet
}

// PathDistance is NULL where a path has no pieces.
func (g *Calc) PathDistance(p, q Path) float64 {
	best, any := 0.0, false
	g.pairs(p, q, func(s, t Lseg) bool {
		if d := g.LsegDistance(s, t); !any || below(d, best) {
			best, any = d, true
		}
		return true
	})
	if !any {
		g.null()
	}
	return best
}

func (g *Calc) PathDistanceFrom(a Point, p Path) float64 {
	best, any := 0.0, false
	p.segments(func(s Lseg) bool {
		if d := g.LsegDistanceFrom(a, s); !any || below(d, best) {
			best, any = d, true
		}
		return true
	})
	return best
}

func (g *Calc) PathHas(a Point, p Path) bool {
	if p.Closed {
		return g.inside(a, p.Points) != outside
	}
	before := g.Distance(a, p.Points[0])
	for i, q := range p.Points[1:] {
		after := g.Distance(a, q)
		if eq(g.add(before, after), g.Distance(p.Points[i], q)) {
			return true
		}
		before = after
	}
	return false
}

// PathAdd puts one open path behind another; NULL for closed ones.
func (g *Calc) PathAdd(p, q Path) Path {
	if p.Closed || q.Closed {
		g.null()
		return p
	}
	return Path{false, append(append(make([]Point, 0, len(p.Points)+len(q.Points)), p.Points...), q.Points...)}
}

// each is a path with every point changed.
func (p Path) each(f func(a, b Point) Point, by Point) Path {
	out := make([]Point, len(p.Points))
	for i, a := range p.Points {
		out[i] = f(a, by)
	}
	return Path{p.Closed, out}
}

func (g *Calc) PathMove(p Path, by Point) Path     { return p.each(g.PointAdd, by) }
func (g *Calc) PathMoveBack(p Path, by Point) Path { return p.each(g.PointSub, by) }
func (g *Calc) PathMul(p Path, by Point) Path      { return p.each(g.PointMul, by) }
func (g *Calc) PathDiv(p Path, by Point) Path      { return p.each(g.PointDiv, by) }

func (g *Calc) PathPolygon(p Path) Polygon {
	if !p.Closed {
		g.fail(sqlerr.New(sqlerr.InvalidParameterValue, "open path cannot be converted to polygon"))
	}
	return polygon(p.Points)
}
