package plan

import (
	"slices"
	"strings"
)

// Join is inner or cross (no keys): output = left columns, right columns. Left is port 0 and is
// built first. Keys are SQL equality of columns of the same type; NULL joins nothing.
type Join struct {
	P                   Props
	Kind                JoinKind
	Left, Right         Node
	LeftKeys, RightKeys []int
	Residual            Expr // over left ++ right; nil = none
}

// JoinKind of a Join.
type JoinKind uint8

const (
	JoinInner JoinKind = iota
	JoinLeft           // planned, 0A000 until its operator exists
	JoinRight
	JoinFull
)

// Props are the output edge's.
func (n *Join) Props() *Props { return &n.P }

// Inputs are left and right.
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

func (n *Join) withInputs(ins []Node) Node {
	c := *n
	c.Left, c.Right = ins[0], ins[1]
	return &c
}

func (n *Join) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Residual = mapOptional(n.Residual, f)
	return &c
}

func (n *Join) derive() Props {
	l, r := n.Left.Props(), n.Right.Props()
	p := Props{
		AppendOnly: l.AppendOnly && r.AppendOnly && n.Kind == JoinInner, Watermark: -1,
		MayFail: l.MayFail || r.MayFail || MayFail(n.Residual),
	}
	if n.Kind != JoinInner {
		return p
	}
	width := len(l.Fields)
	shift := func(key []int) []int {
		out := make([]int, len(key))
		for i, c := range key {
			out[i] = c + width
		}
		return out
	}
	if covered(r.UniqueKey, n.RightKeys) {
		p.UniqueKey = append(p.UniqueKey, l.UniqueKey...)
	}
	if covered(l.UniqueKey, n.LeftKeys) {
		for _, k := range r.UniqueKey {
			if len(k) > 0 || !covered(p.UniqueKey, nil) {
				p.UniqueKey = append(p.UniqueKey, shift(k))
			}
		}
	}
	if len(p.UniqueKey) == 0 && len(l.UniqueKey) > 0 && len(r.UniqueKey) > 0 {
		p.UniqueKey = [][]int{append(slices.Clone(l.UniqueKey[0]), shift(r.UniqueKey[0])...)}
	}
	return p
}

// covered reports whether some key lies within columns: at most one row has their values.
func covered(keys [][]int, columns []int) bool {
	return slices.ContainsFunc(keys, func(k []int) bool {
		return !slices.ContainsFunc(k, func(c int) bool { return !slices.Contains(columns, c) })
	})
}

func (n *Join) prune(need []bool) (Node, []int) {
	if n.Residual != nil {
		need = also(need, n.Residual)
	}
	width := len(n.Left.Props().Fields)
	leftNeed, rightNeed := slices.Clone(need[:width]), slices.Clone(need[width:])
	for i := range n.LeftKeys {
		leftNeed[n.LeftKeys[i]], rightNeed[n.RightKeys[i]] = true, true
	}
	l, lat := Prune(n.Left, atLeastOne(leftNeed))
	r, rat := Prune(n.Right, atLeastOne(rightNeed))
	newWidth := len(l.Props().Fields)
	at := slices.Clone(lat)
	for _, a := range rat {
		if a >= 0 {
			a += newWidth
		}
		at = append(at, a)
	}
	out := *n
	out.Left, out.Right = l, r
	out.LeftKeys, _ = moveAll(n.LeftKeys, lat)
	out.RightKeys, _ = moveAll(n.RightKeys, rat)
	if n.Residual != nil {
		out.Residual = moved(n.Residual, at)
	}
	out.P.Fields = append(slices.Clone(l.Props().Fields), r.Props().Fields...)
	Derive(&out)
	return &out, at
}

func (n *Join) title() string {
	kind := [...]string{"", "Left ", "Right ", "Full "}[n.Kind]
	if len(n.LeftKeys) == 0 {
		return kind + "Cross Join"
	}
	return kind + "Hash Join"
}

func (n *Join) details() []string {
	var out []string
	if len(n.LeftKeys) > 0 {
		conds := make([]string, len(n.LeftKeys))
		for i := range n.LeftKeys {
			conds[i] = columnName(n.Left.Props(), n.LeftKeys[i]) + " = " + columnName(n.Right.Props(), n.RightKeys[i])
		}
		out = append(out, "Join Key: "+strings.Join(conds, ", "))
	}
	if n.Residual != nil {
		out = append(out, "Join Filter: "+FormatExpr(n.Residual))
	}
	return out
}
