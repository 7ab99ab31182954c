package plan

import (
	"fmt"
	"slices"
	"time"
)

// Hop repeats each row once a window that contains it and appends the window's start as a last
// column; Time is timestamp or timestamptz over the input. A NULL time gives one row with a
// NULL start.
//
// With Cumulate the windows of a row begin together, at a multiple of Size, and end Slide apart: what is appended
// is the start of a window's last Slide.
type Hop struct {
	P           Props
	Input       Node
	Time        Expr
	Slide, Size time.Duration
	Cumulate    bool
}

// Props are the output edge's.
func (n *Hop) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Hop) Inputs() []Node { return []Node{n.Input} }

func (n *Hop) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Hop) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Time = f(n.Time)
	return &c
}

func (n *Hop) derive() Props {
	in := n.Input.Props()
	p := *in
	p.UniqueKey = nil
	for _, k := range in.UniqueKey {
		p.UniqueKey = append(p.UniqueKey, append(slices.Clone(k), len(in.Fields)))
	}
	p.MayFail = p.MayFail || MayFail(n.Time)
	return p
}

func (n *Hop) rowByRow() {}

// below lets conditions pass that do not speak of the window.
func (n *Hop) below(cond Expr) (Expr, bool) {
	set := map[int]bool{}
	ColumnsOf(cond, set)
	return cond, !set[len(n.Input.Props().Fields)]
}

func (n *Hop) prune(need []bool) (Node, []int) {
	width := len(need) - 1
	in, at := Prune(n.Input, also(need[:width], n.Time))
	out := &Hop{Input: in, Time: moved(n.Time, at), Slide: n.Slide, Size: n.Size, Cumulate: n.Cumulate}
	fields := in.Props().Fields
	out.P.Fields = append(slices.Clone(fields), n.P.Fields[width])
	Derive(out)
	return out, append(slices.Clone(at), len(fields))
}

func (n *Hop) title() string { return "Hop" }

func (n *Hop) details() []string {
	name := "hop"
	if n.Cumulate {
		name = "cumulate"
	}
	return []string{fmt.Sprintf("Window: %s(%s, %s, %s)", name, FormatExpr(n.Time), n.Slide, n.Size)}
}
