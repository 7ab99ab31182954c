package plan

// UnionAll concatenates; the inputs have the same types.
type UnionAll struct {
	P   Props
	Ins []Node
}

// Props are the output edge's.
func (n *UnionAll) Props() *Props { return &n.P }

// Inputs are all of them.
func (n *UnionAll) Inputs() []Node { return n.Ins }

func (n *UnionAll) withInputs(ins []Node) Node {
	c := *n
	c.Ins = ins
	return &c
}

func (n *UnionAll) mapExprs(func(Expr) Expr) Node { return n }

func (n *UnionAll) derive() Props {
	p := Props{AppendOnly: true, Stateless: true, Watermark: -1}
	for i, in := range n.Ins {
		q := in.Props()
		p.AppendOnly = p.AppendOnly && q.AppendOnly
		p.Stateless = p.Stateless && q.Stateless
		p.MayFail = p.MayFail || q.MayFail
		if i == 0 {
			p.Watermark = q.Watermark
		} else if p.Watermark != q.Watermark {
			p.Watermark = -1
		}
	}
	return p
}

func (n *UnionAll) rowByRow() {}

func (n *UnionAll) below(cond Expr) (Expr, bool) { return cond, true }

func (n *UnionAll) prune(need []bool) (Node, []int) {
	need = atLeastOne(need)
	out := &UnionAll{}
	for _, in := range n.Ins {
		out.Ins = append(out.Ins, exactly(in, need))
	}
	for i, keep := range need {
		if keep {
			out.P.Fields = append(out.P.Fields, n.P.Fields[i])
		}
	}
	Derive(out)
	return out, placesOf(need)
}

func (n *UnionAll) title() string { return "UnionAll" }

func (n *UnionAll) details() []string { return nil }
