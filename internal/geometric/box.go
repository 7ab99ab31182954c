package geometric

func (g *Calc) NewBox(p, q Point) Box  { return ordered(p, q) }
func (g *Calc) BoxOfPoint(p Point) Box { return Box{p, p} }

func (g *Calc) BoxWidth(b Box) float64  { return g.sub(b.High.X, b.Low.X) }
func (g *Calc) BoxHeight(b Box) float64 { return g.sub(b.High.Y, b.Low.Y) }
func (g *Calc) BoxArea(b Box) float64   { return g.mul(g.BoxWidth(b), g.BoxHeight(b)) }
func (g *Calc) BoxCenter(b Box) Point   { return g.middle(b.High, b.Low) }
func (g *Calc) BoxDiagonal(b Box) Lseg  { return Lseg{b.High, b.Low} }

func (g *Calc) BoxSame(a, b Box) bool { return a.High.equal(b.High) && a.Low.equal(b.Low) }
func (g *Calc) BoxEq(a, b Box) bool   { return eq(g.BoxArea(a), g.BoxArea(b)) }
func (g *Calc) BoxLt(a, b Box) bool   { return lt(g.BoxArea(a), g.BoxArea(b)) }
func (g *Calc) BoxLe(a, b Box) bool   { return le(g.BoxArea(a), g.BoxArea(b)) }
func (g *Calc) BoxGt(a, b Box) bool   { return gt(g.BoxArea(a), g.BoxArea(b)) }
func (g *Calc) BoxGe(a, b Box) bool   { return ge(g.BoxArea(a), g.BoxArea(b)) }

func (g *Calc) BoxOverlaps(a, b Box) bool {
	return le(a.Low.X, b.High.X) && le(b.Low.X, a.High.X) && le(a.Low.Y, b.High.Y) && le(b.Low.Y, a.High.Y)
}

func (g *Calc) BoxContains(a, b Box) bool {
	return ge(a.High.X, b.High.X) && le(a.Low.X, b.Low.X) && ge(a.High.Y, b.High.Y) && le(a.Low.Y, b.Low.Y)
}
func (g *Calc) BoxContained(a, b Box) bool { return g.BoxContains(b, a) }

func (g *Calc) BoxLeft(a, b Box) bool      { return lt(a.High.X, b.Low.X) }
func (g *Calc) BoxOverLeft(a, b Box) bool  { return le(a.High.X, b.High.X) }
func (g *Calc) BoxRight(a, b Box) bool     { return gt(a.Low.X, b.High.X) }
func (g *Calc) BoxOverRight(a, b Box) bool { return ge(a.Low.X, b.Low.X) }
func (g *Calc) BoxBelow(a, b Box) bool     { return lt(a.High.Y, b.Low.Y) }
func (g *Calc) BoxOverBelow(a, b Box) bool { return le(a.High.Y, b.High.Y) }
func (g *Calc) BoxAbove(a, b Box) bool     { return gt(a.Low.Y, b.High.Y) }
func (g *Calc) BoxOverAbove(a, b Box) bool { return ge(a.Low.Y, b.Low.Y) }
func (g *Calc) BoxBelowEq(a, b Box) bool   { return le(a.High.Y, b.Low.Y) }
func (g *Calc) BoxAboveEq(a, b Box) bool   { return ge(a.Low.Y, b.High.Y) }

func (g *Calc) BoxAdd(b Box, p Point) Box { return Box{g.PointAdd(b.High, p), g.PointAdd(b.Low, p)} }
func (g *Calc) BoxSub(b Box, p Point) Box { return Box{g.PointSub(b.High, p), g.PointSub(b.Low, p)} }
func (g *Calc) BoxMul(b Box, p Point) Box {
	return ordered(g.PointMul(b.High, p), g.PointMul(b.Low, p))
}
func (g *Calc) BoxDiv(b Box, p Point) Box {
	return ordered(g.PointDiv(b.High, p), g.PointDiv(b.Low, p))
}

func (g *Calc) BoxDistance(a, b Box) float64 { return g.Distance(g.BoxCenter(a), g.BoxCenter(b)) }

// BoxIntersection is NULL where there is none.
func (g *Calc) BoxIntersection(a, b Box) Box {
	if !g.BoxOverlaps(a, b) {
		g.null()
	}
	return Box{
		Point{lesser(a.High.X, b.High.X), lesser(a.High.Y, b.High.Y)},
		Point{greater(a.Low.X, b.Low.X), greater(a.Low.Y, b.Low.Y)},
	}
}

// BoxAround has both.
func (g *Calc) BoxAround(a, b Box) Box {
	return Box{
		Point{greater(a.High.X, b.High.X), greater(a.High.Y, b.High.Y)},
		Point{lesser(a.Low.X, b.Low.X), lesser(a.Low.Y, b.Low.Y)},
	}
}

func (g *Calc) BoxHas(b Box, p Point) bool {
	return b.High.X >= p.X && b.Low.X <= p.X && b.High.Y >= p.Y && b.Low.Y <= p.Y
}
func (g *Calc) OnBox(p Point, b Box) bool    { return g.BoxHas(b, p) }
func (g *Calc) LsegInBox(s Lseg, b Box) bool { return g.BoxHas(b, s[0]) && g.BoxHas(b, s[1]) }

// edges of a box, in the order in which PostgreSQL looks at them.
func (b Box) edges() [4]Lseg {
	left, right := Point{b.Low.X, b.High.Y}, Point{b.High.X, b.Low.Y}
	return [4]Lseg{{b.Low, left}, {b.High, left}, {b.Low, right}, {b.High, right}}
}

// LsegMeetsBox reports whether a segment is in a box, or crosses an edge.
func (g *Calc) LsegMeetsBox(s Lseg, b Box) bool {
	around := Box{
		Point{greater(s[0].X, s[1].X), greater(s[0].Y, s[1].Y)},
		Point{lesser(s[0].X, s[1].X), lesser(s[0].Y, s[1].Y)},
	}
	if !g.BoxOverlaps(around, b) {
		return false
	}
	if g.BoxHas(b, s[0]) || g.BoxHas(b, s[1]) {
		return true
	}
	for _, edge := range b.edges() {
		if g.LsegsMeet(edge, s) {
			return true
		}
	}
	return false
}

func (g *Calc) LineMeetsBox(l Line, b Box) bool {
	corners := [5]Point{b.Low, {b.Low.X, b.High.Y}, b.High, {b.High.X, b.Low.Y}, b.Low}
	for i := range 4 {
		if g.LsegMeetsLine(Lseg{corners[i], corners[i+1]}, l) {
			return true
		}
	}
	return false
}

// nearest is the point of a box's edges that near gives the least distance for.
func (b Box) nearest(near func(edge Lseg) (Point, float64)) (best Point, distance float64) {
	for i, edge := range b.edges() {
		if p, d := near(edge); i == 0 || below(d, distance) {
			best, distance = p, d
		}
	}
	return best, distance
}

func (g *Calc) boxToPoint(b Box, p Point) (Point, float64) {
	if g.BoxHas(b, p) {
		return p, 0
	}
	return b.nearest(func(edge Lseg) (Point, float64) { return g.pointNearest(edge, p) })
}

func (g *Calc) boxToLseg(b Box, s Lseg) (Point, float64) {
	if g.LsegMeetsBox(s, b) {
		p, _ := g.pointNearest(s, g.BoxCenter(b))
		return p, 0
	}
	return b.nearest(func(edge Lseg) (Point, float64) { return g.segNearest(edge, s) })
}

func (g *Calc) NearestOnBox(p Point, b Box) Point      { return g.near(g.boxToPoint(b, p)) }
func (g *Calc) NearestOnBoxToLseg(s Lseg, b Box) Point { return g.near(g.boxToLseg(b, s)) }

func (g *Calc) BoxDistanceFrom(p Point, b Box) float64 {
	_, d := g.boxToPoint(b, p)
	return d
}

func (g *Calc) LsegBoxDistance(s Lseg, b Box) float64 {
	_, d := g.boxToLseg(b, s)
	return d
}

// BoxCircle is the circle through the corners of a box.
func (g *Calc) BoxCircle(b Box) Circle {
	center := g.BoxCenter(b)
	return Circle{center, g.Distance(center, b.High)}
}

func (g *Calc) BoxPolygon(b Box) Polygon {
	return Polygon{[]Point{b.Low, {b.Low.X, b.High.Y}, b.High, {b.High.X, b.Low.Y}}, b}
}
