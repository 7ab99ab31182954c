package plan

import "slices"

// Temporal keeps the rows for which conditions on now() hold, as time passes: a row comes in when Rising becomes true, and goes
// when Falling is no longer so. now() is the time of the version. It stands in plans that run for ever only.
type Temporal struct {
	P     Props
	Input Node
	// Rising and Falling are conditions with these motions; nil = none.
	Rising, Falling Expr
}

// NewTemporal keeps rows of in by conditions with a motion.
func NewTemporal(in Node, rising, falling []Expr) *Temporal {
	n := &Temporal{Input: in, Rising: allOf(rising), Falling: allOf(falling)}
	n.P.Fields = in.Props().Fields
	Derive(n)
	return n
}

func allOf(conds []Expr) Expr {
	switch len(conds) {
	case 0:
		return nil
	case 1:
		return conds[0]
	}
	return &And{Args: conds}
}

// Conditions are those there are.
func (n *Temporal) Conditions() []Expr {
	var out []Expr
	for _, c := range []Expr{n.Rising, n.Falling} {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

// Props are the output edge's.
func (n *Temporal) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Temporal) Inputs() []Node { return []Node{n.Input} }

func (n *Temporal) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	c.P.Fields = ins[0].Props().Fields
	return &c
}

func (n *Temporal) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Rising, c.Falling = mapOptional(n.Rising, f), mapOptional(n.Falling, f)
	return &c
}

func (n *Temporal) derive() Props {
	p := *n.Input.Props()
	p.MayFail = p.MayFail || anyMayFail(n.Conditions())
	p.Stateless, p.Watermark = false, -1
	p.AppendOnly = p.AppendOnly && n.Falling == nil
	return p
}

func (n *Temporal) prune(need []bool) (Node, []int) {
	return pruneSame(n, also(need, n.Conditions()...))
}

func (n *Temporal) title() string { return "Temporal Filter" }

func (n *Temporal) details() []string {
	var out []string
	if n.Rising != nil {
		out = append(out, "Enters: "+FormatExpr(n.Rising))
	}
	if n.Falling != nil {
		out = append(out, "Stays: "+FormatExpr(n.Falling))
	}
	return out
}

// HasTemporal reports whether n has conditions on now().
func HasTemporal(n Node) bool {
	found := false
	WalkNodes(n, func(n Node) {
		_, is := n.(*Temporal)
		found = found || is
	})
	return found
}

// HasClock reports whether time alone may change what n gives: by conditions on now(), or by a watermark that passes idle
// partitions.
func HasClock(n Node) bool {
	found := HasTemporal(n)
	WalkNodes(n, func(n Node) {
		s, is := n.(*Scan)
		found = found || is && slices.Contains(s.Columns, MetaWatermark)
	})
	return found
}
