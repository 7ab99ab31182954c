package plan

import "slices"

// Filter keeps the rows for which Cond is true.
type Filter struct {
	P     Props
	Input Node
	Cond  Expr
}

// NewFilter keeps the rows of in for which all conditions hold; in itself without any. What is there twice is asked once.
func NewFilter(in Node, conds []Expr) Node {
	conds = once(conds)
	if len(conds) == 0 {
		return in
	}
	cond := conds[0]
	if len(conds) > 1 {
		cond = &And{Args: conds}
	}
	f := &Filter{Input: in, Cond: cond}
	f.P.Fields = in.Props().Fields
	Derive(f)
	return f
}

// Props are the output edge's.
func (n *Filter) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

func (n *Filter) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	c.P.Fields = ins[0].Props().Fields
	return &c
}

func (n *Filter) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Cond = f(n.Cond)
	return &c
}

func (n *Filter) derive() Props {
	p := *n.Input.Props()
	p.MayFail = p.MayFail || MayFail(n.Cond)
	if ReadsClock(n.Cond) { // it becomes a Temporal where it runs for ever
		p.AppendOnly, p.Stateless, p.Watermark = false, false, -1
	}
	return p
}

func (n *Filter) rowByRow() {}

func (n *Filter) prune(need []bool) (Node, []int) { return pruneSame(n, also(need, n.Cond)) }

func (n *Filter) title() string { return "Filter" }

func (n *Filter) details() []string { return []string{"Filter: " + FormatExpr(n.Cond)} }

// maxCompared bounds how many conditions are compared with each other: more of them have few that repeat.
const maxCompared = 100

// once is the conditions without those that repeat one before them.
func once(conds []Expr) []Expr {
	if len(conds) < 2 || len(conds) > maxCompared {
		return conds
	}
	var out []Expr
	for _, c := range conds {
		if Volatile(c) || !slices.ContainsFunc(out, func(o Expr) bool { return Equal(o, c) }) {
			out = append(out, c)
		}
	}
	return out
}
