package plan

// Distinct keeps one of equal rows (SQL equality of all columns).
type Distinct struct {
	P     Props
	Input Node
}

// Props are the output edge's.
func (n *Distinct) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Distinct) Inputs() []Node { return []Node{n.Input} }

func (n *Distinct) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Distinct) mapExprs(func(Expr) Expr) Node { return n }

func (n *Distinct) derive() Props {
	in := n.Input.Props()
	return Props{AppendOnly: in.AppendOnly, Watermark: in.Watermark, MayFail: in.MayFail, UniqueKey: [][]int{allColumns(len(in.Fields))}}
}

func (n *Distinct) below(cond Expr) (Expr, bool) { return cond, true }

func (n *Distinct) title() string { return "Distinct" }

func (n *Distinct) details() []string { return nil }
