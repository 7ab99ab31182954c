package plan

import (
	"slices"
	"strconv"
	"strings"
)

// Recursive is a WITH RECURSIVE query: the rows of its first input, and of each round those that the recursive term
// makes of the rows of the round before, until there are none.
//
// Bound, the recursive term is the second input, and has a Working where it reads the query itself. Planned (see
// PlanRecursive), it is Step, and what in it does not depend on the rounds is an input, a Given in its place.
type Recursive struct {
	P Props
	// Ins are the non-recursive term and the recursive one; planned, the former and what the latter reads.
	Ins  []Node
	Step Node // nil until planned
	// Distinct is UNION: a row counts once.
	Distinct bool
	// Linear: each row of Step is made of one of Working, whatever others there are.
	Linear bool
}

// NewRecursive is a bound recursive query.
func NewRecursive(first, step Node, fields []Field, distinct bool) *Recursive {
	n := &Recursive{Ins: []Node{first, step}, Distinct: distinct}
	n.P.Fields = fields
	Derive(n)
	return n
}

// Working, in a recursive term, is the rows of the round before.
type Working struct{ P Props }

// NewWorking has these columns.
func NewWorking(fields []Field) *Working {
	n := &Working{}
	n.P.Fields = fields
	Derive(n)
	return n
}

// Given, in a recursive term, is the rows of input Index of its Recursive.
type Given struct {
	P     Props
	Index int
}

// PlanRecursive parts the recursive term from what it reads.
func PlanRecursive(n *Recursive) *Recursive {
	c := *n
	c.Ins = n.Ins[:1:1]
	c.Step = c.part(n.Ins[1])
	c.Linear = linear(c.Step)
	Derive(&c)
	return &c
}

func (n *Recursive) part(step Node) Node {
	if !readsWorking(step) {
		g := &Given{P: *step.Props(), Index: len(n.Ins)}
		n.Ins = append(n.Ins, step)
		return g
	}
	ins := step.Inputs()
	if len(ins) == 0 {
		return step
	}
	out := make([]Node, len(ins))
	for i, in := range ins {
		out[i] = n.part(in)
	}
	return WithInputs(step, out)
}

func readsWorking(n Node) bool {
	found := false
	WalkNodes(n, func(n Node) {
		_, is := n.(*Working)
		found = found || is
	})
	return found
}

func linear(n Node) bool {
	switch n := n.(type) {
	case *Working:
		return true
	case *Filter, *Project, *ProjectSet, *Expand, *Hop, *UnionAll:
		return !slices.ContainsFunc(n.Inputs(), func(in Node) bool { return !linear(in) })
	case *Join:
		left, right := linear(n.Left) && !readsWorking(n.Right), linear(n.Right) && !readsWorking(n.Left)
		switch n.Kind {
		case JoinInner:
			return left || right
		case JoinLeft:
			return left
		case JoinFull:
			return false
		}
		return right
	}
	return false
}

// Props are the output edge's.
func (n *Recursive) Props() *Props { return &n.P }

// Inputs see Ins.
func (n *Recursive) Inputs() []Node { return n.Ins }

func (n *Recursive) withInputs(ins []Node) Node {
	c := *n
	c.Ins = ins
	return &c
}

func (n *Recursive) mapExprs(func(Expr) Expr) Node { return n }

func (n *Recursive) derive() Props { return Props{Watermark: -1, MayFail: true} }

func (n *Recursive) title() string {
	if n.Distinct {
		return "RecursiveUnion"
	}
	return "RecursiveUnionAll"
}

func (n *Recursive) details() []string {
	if n.Step == nil {
		return nil
	}
	out := []string{"Recursive Term:"}
	for line := range strings.Lines(Format(n.Step)) {
		out = append(out, "  "+strings.TrimSuffix(line, "\n"))
	}
	return out
}

// Props are the output edge's.
func (n *Working) Props() *Props { return &n.P }

// Inputs are none.
func (n *Working) Inputs() []Node { return nil }

func (n *Working) withInputs([]Node) Node { return n }

func (n *Working) mapExprs(func(Expr) Expr) Node { return n }

func (n *Working) derive() Props { return Props{Watermark: -1} }

func (n *Working) title() string { return "WorkingTable" }

func (n *Working) details() []string { return nil }

// Props are the output edge's.
func (n *Given) Props() *Props { return &n.P }

// Inputs are none.
func (n *Given) Inputs() []Node { return nil }

func (n *Given) withInputs([]Node) Node { return n }

func (n *Given) mapExprs(func(Expr) Expr) Node { return n }

// derive: the rows come whole before the first round.
func (n *Given) derive() Props { return n.P }

func (n *Given) title() string { return "Input " + strconv.Itoa(n.Index) }

func (n *Given) details() []string { return nil }
