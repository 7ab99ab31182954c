package plan

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// ProjectSet repeats each row once a row of its calls, which go in lockstep: behind the input's columns stand
// those of the calls, NULL for one that has ended while another goes on, then the number of the row if Ordinality.
type ProjectSet struct {
	P          Props
	Input      Node
	Calls      []SetCall
	Ordinality bool
	// Keep: a row for which no call has rows stays, once, with NULLs.
	Keep bool
}

// SetCall is a call of a set-returning function, or an expression, which gives one row. Fields are its columns.
type SetCall struct {
	Expr   Expr
	Fields []Field
}

// Set is the call as one that gives any number of rows; nil if it is an expression.
func (c *SetCall) Set() *Call {
	if call, ok := c.Expr.(*Call); ok && ReturnsSet(call) {
		return call
	}
	return nil
}

// ReturnsSet reports whether e itself is a call of a set-returning function.
func ReturnsSet(e Expr) bool {
	c, ok := e.(*Call)
	if !ok {
		return false
	}
	f := builtin.FuncByOID(uint32(c.Func))
	return f != nil && f.RetSet
}

// NewProjectSet runs calls over the rows of in.
func NewProjectSet(in Node, calls []SetCall, ordinality bool) *ProjectSet {
	n := &ProjectSet{Input: in, Calls: calls, Ordinality: ordinality}
	n.P.Fields = n.fields()
	Derive(n)
	return n
}

func (n *ProjectSet) fields() []Field {
	out := slices.Clone(n.Input.Props().Fields)
	for _, c := range n.Calls {
		out = append(out, c.Fields...)
	}
	if n.Ordinality {
		out = append(out, Field{Name: "ordinality", Type: sqltype.Of(sqltype.Int8)})
	}
	return out
}

// Props are the output edge's.
func (n *ProjectSet) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *ProjectSet) Inputs() []Node { return []Node{n.Input} }

func (n *ProjectSet) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	c.P.Fields = c.fields()
	return &c
}

// mapExprs replaces the arguments of what gives a set, and whole expressions.
func (n *ProjectSet) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Calls = slices.Clone(n.Calls)
	for i := range c.Calls {
		if set := n.Calls[i].Set(); set != nil {
			c.Calls[i].Expr = WithChildren(set, mapList(set.Args, f))
		} else {
			c.Calls[i].Expr = f(n.Calls[i].Expr)
		}
	}
	return &c
}

func (n *ProjectSet) derive() Props {
	in := n.Input.Props()
	p := Props{AppendOnly: in.AppendOnly, Stateless: in.Stateless, Watermark: in.Watermark, MayFail: in.MayFail}
	for _, c := range n.Calls {
		p.MayFail = p.MayFail || MayFail(c.Expr)
	}
	if n.Ordinality {
		for _, k := range in.UniqueKey {
			p.UniqueKey = append(p.UniqueKey, append(slices.Clone(k), len(n.P.Fields)-1))
		}
	}
	return p
}

func (n *ProjectSet) rowByRow() {}

// below lets conditions on the input's columns pass.
func (n *ProjectSet) below(cond Expr) (Expr, bool) {
	set := map[int]bool{}
	ColumnsOf(cond, set)
	for c := range set {
		if c >= len(n.Input.Props().Fields) {
			return nil, false
		}
	}
	return cond, len(set) > 0
}

// prune keeps all calls: each decides how many rows there are.
func (n *ProjectSet) prune(need []bool) (Node, []int) {
	width := len(n.Input.Props().Fields)
	in, at := Prune(n.Input, also(need[:width], exprsOf(n)...))
	out := n.mapExprs(func(e Expr) Expr { return moved(e, at) }).withInputs([]Node{in})
	Derive(out)
	places := slices.Clone(at)
	for i := range len(need) - width {
		places = append(places, len(in.Props().Fields)+i)
	}
	return out, places
}

func (n *ProjectSet) title() string {
	if n.Keep {
		return "LeftProjectSet"
	}
	return "ProjectSet"
}

func (n *ProjectSet) details() []string {
	calls := make([]string, len(n.Calls))
	for i, c := range n.Calls {
		calls[i] = FormatExpr(c.Expr)
	}
	out := []string{"Functions: " + strings.Join(calls, ", ")}
	if n.Ordinality {
		out = append(out, "With Ordinality")
	}
	return out
}
