package plan

import "slices"

// Apply joins each row of Left with the rows that Right gives for it: LATERAL. It stands in bound plans
// only: planner/rewrite makes a join of it.
type Apply struct {
	P           Props
	Kind        JoinKind // JoinInner or JoinLeft
	Left, Right Node
	Args        []Expr // over a row of Left: what an Outer in Right is
	Cond        Expr   // over left ++ right; nil = none
}

// NewApply applies right to the rows of left.
func NewApply(kind JoinKind, left, right Node, args []Expr, cond Expr) *Apply {
	n := &Apply{Kind: kind, Left: left, Right: right, Args: args, Cond: cond}
	n.P.Fields = append(slices.Clone(left.Props().Fields), right.Props().Fields...)
	Derive(n)
	return n
}

// Props are the output edge's.
func (n *Apply) Props() *Props { return &n.P }

// Inputs are left and right.
func (n *Apply) Inputs() []Node { return []Node{n.Left, n.Right} }

func (n *Apply) withInputs(ins []Node) Node {
	c := *n
	c.Left, c.Right = ins[0], ins[1]
	return &c
}

func (n *Apply) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Args, c.Cond = mapList(n.Args, f), mapOptional(n.Cond, f)
	return &c
}

func (n *Apply) derive() Props { return Props{Watermark: -1, MayFail: true} }

func (n *Apply) title() string { return joinNames[n.Kind] + "Apply" }

func (n *Apply) details() []string {
	var out []string
	if len(n.Args) > 0 {
		out = append(out, "Arguments: "+exprList(n.Args))
	}
	if n.Cond != nil {
		out = append(out, "Filter: "+FormatExpr(n.Cond))
	}
	return out
}
