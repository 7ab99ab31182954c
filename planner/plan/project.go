package plan

import "strings"

// Project computes new columns.
type Project struct {
	P     Props
	Input Node
	Exprs []Expr
}

// NewProject computes exprs over in.
func NewProject(in Node, exprs []Expr, fields []Field) Node {
	p := &Project{Input: in, Exprs: exprs}
	p.P.Fields = fields
	Derive(p)
	return p
}

// Props are the output edge's.
func (n *Project) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Project) Inputs() []Node { return []Node{n.Input} }

func (n *Project) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Project) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Exprs = mapList(n.Exprs, f)
	return &c
}

func (n *Project) derive() Props {
	in := n.Input.Props()
	p := Props{AppendOnly: in.AppendOnly, Watermark: -1, Stateless: in.Stateless, MayFail: in.MayFail || anyMayFail(n.Exprs)}
	at := map[int]int{} // input column -> first output column that is it
	for i, e := range n.Exprs {
		if c, ok := stripRelabel(e).(*Column); ok {
			if _, seen := at[c.Index]; !seen {
				at[c.Index] = i
			}
		}
	}
	if to, ok := at[in.Watermark]; ok && in.Watermark >= 0 {
		p.Watermark = to
	}
	for _, key := range in.UniqueKey {
		if mapped, ok := mapKey(key, at); ok {
			p.UniqueKey = append(p.UniqueKey, mapped)
		}
	}
	return p
}

// stripRelabel looks through casts that keep the value.
func stripRelabel(e Expr) Expr {
	for {
		r, ok := e.(*Relabel)
		if !ok {
			return e
		}
		e = r.Arg
	}
}

func mapKey(key []int, at map[int]int) ([]int, bool) {
	out := make([]int, len(key))
	for i, c := range key {
		to, ok := at[c]
		if !ok {
			return nil, false
		}
		out[i] = to
	}
	return out, true
}

func (n *Project) rowByRow() {}

func (n *Project) below(cond Expr) (Expr, bool) { return n.Over(cond), true }

// Over is e, over the output, as an expression over the input.
func (n *Project) Over(e Expr) Expr {
	return Map(e, func(e Expr) (Expr, bool) {
		if c, ok := e.(*Column); ok {
			return n.Exprs[c.Index], true
		}
		return nil, false
	})
}

func (n *Project) prune(need []bool) (Node, []int) {
	need = atLeastOne(need)
	var exprs []Expr
	var fields []Field
	for i, keep := range need {
		if keep {
			exprs = append(exprs, n.Exprs[i])
			fields = append(fields, n.P.Fields[i])
		}
	}
	in, at := Prune(n.Input, also(make([]bool, len(n.Input.Props().Fields)), exprs...))
	for i, e := range exprs {
		exprs[i] = moved(e, at)
	}
	return NewProject(in, exprs, fields), placesOf(need)
}

func (n *Project) title() string { return "Project" }

func (n *Project) details() []string {
	parts := make([]string, len(n.Exprs))
	for i, e := range n.Exprs {
		parts[i] = FormatExpr(e)
		if name := columnName(&n.P, i); i < len(n.P.Fields) && name != parts[i] && name[0] != '#' {
			parts[i] += " AS " + name
		}
	}
	return []string{"Output: " + strings.Join(parts, ", ")}
}
