package plan

import (
	"fmt"
	"slices"
)

// Values are literal rows; every Rows[i] has one expression a field.
type Values struct {
	P    Props
	Rows [][]Expr
}

// Props are the output edge's.
func (n *Values) Props() *Props { return &n.P }

// Inputs are none.
func (n *Values) Inputs() []Node { return nil }

func (n *Values) withInputs([]Node) Node { return n }

func (n *Values) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Rows = make([][]Expr, len(n.Rows))
	for i, r := range n.Rows {
		c.Rows[i] = mapList(r, f)
	}
	return &c
}

func (n *Values) derive() Props {
	p := Props{AppendOnly: true, Watermark: -1, MayFail: anyMayFail(slices.Concat(n.Rows...))}
	if len(n.Rows) == 1 {
		p.UniqueKey = [][]int{{}}
	}
	return p
}

func (n *Values) prune(need []bool) (Node, []int) {
	need = atLeastOne(need)
	out := *n
	out.P.Fields, out.Rows = nil, make([][]Expr, len(n.Rows))
	for i, keep := range need {
		if !keep {
			continue
		}
		out.P.Fields = append(out.P.Fields, n.P.Fields[i])
		for r := range n.Rows {
			out.Rows[r] = append(out.Rows[r], n.Rows[r][i])
		}
	}
	Derive(&out)
	return &out, placesOf(need)
}

func (n *Values) title() string {
	if len(n.Rows) == 1 && len(n.Rows[0]) == 0 {
		return "Result"
	}
	return fmt.Sprintf("Values (%d rows)", len(n.Rows))
}

func (n *Values) details() []string {
	if len(n.Rows) == 0 || len(n.Rows[0]) == 0 {
		return nil
	}
	var out []string
	for i, row := range n.Rows {
		if i == 3 {
			return append(out, "…")
		}
		out = append(out, "("+exprList(row)+")")
	}
	return out
}
