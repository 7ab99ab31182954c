package geometric

// where a point is by a polygon.
type where uint8

const (
	outside where = iota
	within
	onEdge
)

// onPolygon is a crossing that says the point is on the edge.
const onPolygon = 1 << 30

// inside counts how often the edges cross the half-axis to the right of a point.
func (g *Calc) inside(p Point, points []Point) where {
	x0, y0 := g.sub(points[0].X, p.X), g.sub(points[0].Y, p.Y)
	px, py, total := x0, y0, 0
	for i := 1; i <= len(points); i++ {
		x, y := x0, y0
		if i < len(points) {
			x, y = g.sub(points[i].X, p.X), g.sub(points[i].Y, p.Y)
		}
		cross := g.edgeCrosses(x, y, px, py)
		if cross == onPolygon {
			return onEdge
		}
		total += cross
		px, py = x, y
	}
	if total != 0 {
		return within
	}
	return outside
}

// edgeCrosses is ±2 where an edge crosses the half-axis x > 0, ±1 where it ends on it.
func (g *Calc) edgeCrosses(x, y, px, py float64) int {
	sign := -1
	if gt(y, 0) {
		sign = 1
	}
	switch {
	case zero(y) && zero(x):
		return onPolygon
	case zero(y) && gt(x, 0):
		switch {
		case zero(py) && gt(px, 0):
			return 0
		case zero(py):
			return onPolygon
		case lt(py, 0):
			return 1
		}
		return -1
	case zero(y):
		if zero(py) && !lt(px, 0) {
			return onPolygon
		}
		return 0
	case zero(py):
		if lt(px, 0) {
			return 0
		}
		return sign
	case sign < 0 && lt(py, 0) || sign > 0 && gt(py, 0):
		return 0
	case ge(x, 0) && gt(px, 0):
		return 2 * sign
	case lt(x, 0) && le(px, 0):
		return 0
	}
	z := g.sub(g.mul(g.sub(x, px), y), g.mul(g.sub(y, py), x))
	switch {
	case zero(z):
		return onPolygon
	case sign < 0 && lt(z, 0) || sign > 0 && gt(z, 0):
		return 0
	}
	return 2 * sign
}

func (g *Calc) PolygonHas(p Polygon, a Point) bool { return g.inside(a, p.Points) != outside }
func (g *Calc) InPolygon(a Point, p Polygon) bool  { return g.PolygonHas(p, a) }

func (g *Calc) PolygonLeft(p, q Polygon) bool      { return p.Bound.High.X < q.Bound.Low.X }
func (g *Calc) PolygonOverLeft(p, q Polygon) bool  { return p.Bound.High.X <= q.Bound.High.X }
func (g *Calc) PolygonRight(p, q Polygon) bool     { return p.Bound.Low.X > q.Bound.High.X }
func (g *Calc) PolygonOverRight(p, q Polygon) bool { return p.Bound.Low.X >= q.Bound.Low.X }
func (g *Calc) PolygonBelow(p, q Polygon) bool     { return p.Bound.High.Y < q.Bound.Low.Y }
func (g *Calc) PolygonOverBelow(p, q Polygon) bool { return p.Bound.High.Y <= q.Bound.High.Y }
func (g *Calc) PolygonAbove(p, q Polygon) bool     { return p.Bound.Low.Y > q.Bound.High.Y }
func (g *Calc) PolygonOverAbove(p, q Polygon) bool { return p.Bound.Low.Y >= q.Bound.Low.Y }

func (g *Calc) PolygonBox(p Polygon) Box      { return p.Bound }
func (g *Calc) PolygonPath(p Polygon) Path    { return Path{true, p.Points} }
func (g *Calc) PolygonPoints(p Polygon) int32 { return int32(len(p.Points)) }
func (g *Calc) PolygonCenter(p Polygon) Point { return g.PolygonCircle(p).Center }

// PolygonCircle is around the mean of the points, with their mean distance.
func (g *Calc) PolygonCircle(p Polygon) (c Circle) {
	for _, a := range p.Points {
		c.Center = g.PointAdd(c.Center, a)
	}
	n := float64(len(p.Points))
	c.Center = Point{g.div(c.Center.X, n), g.div(c.Center.Y, n)}
	for _, a := range p.Points {
		c.Radius = g.add(c.Radius, g.Distance(a, c.Center))
	}
	c.Radius = g.div(c.Radius, n)
	return c
}

// PolygonSame: the same points, from any of them on, in either direction.
func (g *Calc) PolygonSame(p, q Polygon) bool {
	n := len(p.Points)
	if n != len(q.Points) {
		return false
	}
	follows := func(from, step int) bool {
		j := from
		for _, a := range p.Points[1:] {
			j = (j + step + n) % n
			if !q.Points[j].equal(a) {
				return false
			}
		}
		return true
	}
	for i, b := range q.Points {
		if g.stopped() {
			return false
		}
		if b.equal(p.Points[0]) && (follows(i, 1) || follows(i, -1)) {
			return true
		}
	}
	return false
}

func (g *Calc) PolygonOverlaps(p, q Polygon) bool {
	if !g.BoxOverlaps(p.Bound, q.Bound) {
		return false
	}
	meet := false
	g.pairs(g.PolygonPath(p), g.PolygonPath(q), func(s, t Lseg) bool {
		meet = g.LsegsMeet(s, t)
		return !meet
	})
	return meet || g.Err == nil && (g.inside(p.Points[0], q.Points) != outside || g.inside(q.Points[0], p.Points) != outside)
}

func (g *Calc) PolygonDistance(p, q Polygon) float64 {
	if g.PolygonOverlaps(p, q) {
		return 0
	}
	return g.PathDistance(g.PolygonPath(p), g.PolygonPath(q))
}

func (g *Calc) PolygonContained(p, q Polygon) bool { return g.PolygonContains(q, p) }

func (g *Calc) PolygonContains(p, q Polygon) bool {
	if !g.BoxContains(p.Bound, q.Bound) {
		return false
	}
	all := true
	g.PolygonPath(q).segments(func(s Lseg) bool {
		all = g.lsegInside(s, p.Points, 0)
		return all
	})
	return all
}

// lsegInside reports whether a segment is inside a polygon, by its edges from one on.
func (g *Calc) lsegInside(t Lseg, points []Point, start int) bool {
	before := points[(start+len(points)-1)%len(points)]
	crossed := false
	for i := start; i < len(points); i++ {
		if g.stopped() {
			return false
		}
		s := Lseg{before, points[i]}
		before = points[i]
		first, second := g.LsegHas(t[0], s), g.LsegHas(t[1], s)
		in := true
		switch {
		case first && second:
			return true
		case first:
			in = g.touchingInside(t, s, points, i+1)
		case second:
			in = g.touchingInside(Lseg{t[1], t[0]}, s, points, i+1)
		default:
			if at, ok := g.segsMeet(t, s); ok {
				crossed = true
				in = g.lsegInside(Lseg{t[0], at}, points, i+1) && g.lsegInside(Lseg{t[1], at}, points, i+1)
			}
		}
		if !in {
			return false
		}
	}
	if crossed {
		return true
	}
	return g.inside(g.middle(t[0], t[1]), points) != outside
}

// touchingInside is lsegInside for a segment that begins on an edge: what of it lies on the edge is.
func (g *Calc) touchingInside(t, s Lseg, points []Point, start int) bool {
	rest := func(end Point) bool { return g.lsegInside(Lseg{t[1], end}, points, start) }
	switch {
	case t[0].equal(s[0]):
		if g.LsegHas(s[1], t) {
			return rest(s[1])
		}
	case t[0].equal(s[1]):
		if g.LsegHas(s[0], t) {
			return rest(s[0])
		}
	case g.LsegHas(s[0], t):
		return rest(s[0])
	case g.LsegHas(s[1], t):
		return rest(s[1])
	}
	return true // later edges tell
}

func (g *Calc) PolygonDistanceFrom(a Point, p Polygon) float64 {
	if g.inside(a, p.Points) != outside {
		return 0
	}
	return g.PathDistanceFrom(a, g.PolygonPath(p))
}
