package geometric

func (g *Calc) NewLseg(p, q Point) Lseg { return Lseg{p, q} }

func (g *Calc) segSlope(s Lseg) float64      { return g.slope(s[0], s[1]) }
func (g *Calc) segCrossSlope(s Lseg) float64 { return g.crossSlope(s[0], s[1]) }

func (g *Calc) LsegLength(s Lseg) float64      { return g.Distance(s[0], s[1]) }
func (g *Calc) LsegCenter(s Lseg) Point        { return g.middle(s[0], s[1]) }
func (g *Calc) LsegParallel(s, t Lseg) bool    { return eq(g.segSlope(s), g.segSlope(t)) }
func (g *Calc) LsegPerp(s, t Lseg) bool        { return eq(g.segSlope(s), g.segCrossSlope(t)) }
func (g *Calc) LsegVertical(s Lseg) bool       { return eq(s[0].X, s[1].X) }
func (g *Calc) LsegHorizontal(s Lseg) bool     { return eq(s[0].Y, s[1].Y) }
func (g *Calc) LsegEq(s, t Lseg) bool          { return s[0].equal(t[0]) && s[1].equal(t[1]) }
func (g *Calc) LsegNe(s, t Lseg) bool          { return !g.LsegEq(s, t) }
func (g *Calc) LsegLt(s, t Lseg) bool          { return lt(g.LsegLength(s), g.LsegLength(t)) }
func (g *Calc) LsegLe(s, t Lseg) bool          { return le(g.LsegLength(s), g.LsegLength(t)) }
func (g *Calc) LsegGt(s, t Lseg) bool          { return gt(g.LsegLength(s), g.LsegLength(t)) }
func (g *Calc) LsegGe(s, t Lseg) bool          { return ge(g.LsegLength(s), g.LsegLength(t)) }
func (g *Calc) LsegOnLine(s Lseg, l Line) bool { return g.LineHas(s[0], l) && g.LineHas(s[1], l) }
func (g *Calc) LsegMeetsLine(s Lseg, l Line) bool {
	_, ok := g.lineMeets(s, l)
	return ok
}

// LsegHas reports whether a point is on a segment.
func (g *Calc) LsegHas(p Point, s Lseg) bool {
	return eq(g.Distance(p, s[0])+g.Distance(p, s[1]), g.Distance(s[0], s[1]))
}

// lineMeets is where a line crosses a segment; an end of it, if that is where.
func (g *Calc) lineMeets(s Lseg, l Line) (Point, bool) {
	p, ok := g.crossing(g.through(s[0], g.segSlope(s)), l)
	if !ok || !g.LsegHas(p, s) {
		return p, false
	}
	for _, end := range s {
		if end.equal(p) {
			return end, true
		}
	}
	return p, true
}

// segsMeet is where two segments cross.
func (g *Calc) segsMeet(s, t Lseg) (Point, bool) {
	p, ok := g.lineMeets(s, g.through(t[0], g.segSlope(t)))
	if !ok || !g.LsegHas(p, t) {
		return p, false
	}
	return p, true
}

func (g *Calc) LsegsMeet(s, t Lseg) bool {
	_, ok := g.segsMeet(s, t)
	return ok
}

// LsegCrossing is where two segments cross, NULL if they do not.
func (g *Calc) LsegCrossing(s, t Lseg) Point {
	p, ok := g.segsMeet(s, t)
	if !ok {
		g.null()
	}
	return p
}

// lineNearest is the point of a segment that is nearest to a line.
func (g *Calc) lineNearest(s Lseg, l Line) (Point, float64) {
	if p, ok := g.lineMeets(s, l); ok {
		return p, 0
	}
	_, first := g.nearestOnLine(l, s[0])
	_, second := g.nearestOnLine(l, s[1])
	if first < second {
		return s[0], first
	}
	return s[1], second
}

// pointNearest is the point of a segment that is nearest to another.
func (g *Calc) pointNearest(s Lseg, p Point) (Point, float64) {
	q, _ := g.lineNearest(s, g.through(p, g.segCrossSlope(s)))
	return q, g.Distance(q, p)
}

// segNearest is the point of a segment that is nearest to another segment.
func (g *Calc) segNearest(on, to Lseg) (Point, float64) {
	if p, ok := g.segsMeet(on, to); ok {
		return p, 0
	}
	best, distance := g.pointNearest(on, to[0])
	if p, d := g.pointNearest(on, to[1]); below(d, distance) {
		best, distance = p, d
	}
	for _, end := range on {
		if _, d := g.pointNearest(to, end); below(d, distance) {
			best, distance = end, d
		}
	}
	return best, distance
}

func (g *Calc) NearestOnLseg(p Point, s Lseg) Point { return g.near(g.pointNearest(s, p)) }

func (g *Calc) LsegDistanceFrom(p Point, s Lseg) float64 {
	_, d := g.pointNearest(s, p)
	return d
}

func (g *Calc) LsegDistance(s, t Lseg) float64 {
	_, d := g.segNearest(s, t)
	return d
}

func (g *Calc) LsegLineDistance(s Lseg, l Line) float64 {
	_, d := g.lineNearest(s, l)
	return d
}

// NearestLseg is the point of t that is nearest to s; NULL for parallels.
func (g *Calc) NearestLseg(s, t Lseg) Point {
	if g.segSlope(s) == g.segSlope(t) {
		g.null()
		return Point{}
	}
	return g.near(g.segNearest(t, s))
}

// NearestToLine is the point of a segment that is nearest to a line; NULL for parallels.
func (g *Calc) NearestToLine(l Line, s Lseg) Point {
	if g.segSlope(s) == g.lineSlope(l) {
		g.null()
		return Point{}
	}
	return g.near(g.lineNearest(s, l))
}
