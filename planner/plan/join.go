package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Join joins two inputs. Left is port 0 and is built first, the rows of Right pass it. Keys are SQL
// equality of columns of the same type; NULL joins nothing, except where the key is null-safe.
type Join struct {
	P                   Props
	Kind                JoinKind
	Left, Right         Node
	LeftKeys, RightKeys []int
	// NullSafe says of each key whether NULL equals NULL (IS NOT DISTINCT FROM); nil = of none.
	NullSafe []bool
	Residual Expr // over left ++ right; nil = none
	// Single, of a JoinRight without a residual: a row of Right that meets more than one row is an error.
	Single bool
	// Lookup, of one that runs once, not full nor left: rows of Left are looked up in a table for those of Right; nil = Left is built.
	Lookup *Lookup
	// Within, of an inner join, bounds how far the event times of a pair lie apart; late records are left out below. Nil = nothing
	// is known, or nobody waits.
	Within *Within
}

// JoinKind of a Join says what it puts out.
type JoinKind uint8

const (
	// JoinInner: left columns, right columns of each pair.
	JoinInner JoinKind = iota
	// JoinLeft: also the rows of Left that meet none, NULL beside them. The rules make a JoinRight of it.
	JoinLeft
	// JoinRight: also the rows of Right that meet none, and JoinFull: those of both sides.
	JoinRight
	JoinFull
	// JoinSemi: the rows of Right that meet one of Left, and JoinAnti: those that meet none.
	JoinSemi
	JoinAnti
	// JoinMark: all rows of Right, and a last column that says whether they meet one.
	JoinMark
)

// KeyNullSafe: NULL equals NULL in key i.
func (n *Join) KeyNullSafe(i int) bool { return n.NullSafe != nil && n.NullSafe[i] }

// Pairs: the output is left columns, right columns.
func (k JoinKind) Pairs() bool { return k <= JoinFull }

// NewJoin joins without keys: what of the condition is a key is found by planner/rewrite. mark names the
// last column of a JoinMark.
func NewJoin(kind JoinKind, left, right Node, cond Expr, mark string) *Join {
	n := &Join{Kind: kind, Left: left, Right: right, Residual: cond}
	n.setFields(mark)
	Derive(n)
	return n
}

// setFields makes the output's fields from the inputs'.
func (n *Join) setFields(mark string) {
	l, r := n.Left.Props().Fields, n.Right.Props().Fields
	switch {
	case n.Kind.Pairs():
		n.P.Fields = append(slices.Clone(l), r...)
	case n.Kind == JoinMark:
		n.P.Fields = append(slices.Clone(r), Field{Name: mark, Type: boolean()})
	default:
		n.P.Fields = slices.Clone(r)
	}
}

// MarkName is what the mark of a JoinMark is called, empty for the other kinds.
func (n *Join) MarkName() string {
	if n.Kind != JoinMark {
		return ""
	}
	return n.P.Fields[len(n.P.Fields)-1].Name
}

// Props are the output edge's.
func (n *Join) Props() *Props { return &n.P }

// Inputs are left and right; what is looked up is none.
func (n *Join) Inputs() []Node {
	if n.Lookup != nil {
		return []Node{n.Right}
	}
	return []Node{n.Left, n.Right}
}

func (n *Join) withInputs(ins []Node) Node {
	c := *n
	if n.Lookup != nil {
		c.Right = ins[0]
		return &c
	}
	c.Left, c.Right = ins[0], ins[1]
	return &c
}

func (n *Join) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Residual = mapOptional(n.Residual, f)
	if n.Lookup != nil {
		c.Lookup = &Lookup{Keys: mapList(n.Lookup.Keys, f)}
	}
	return &c
}

func (n *Join) derive() Props {
	l, r := n.Left.Props(), n.Right.Props()
	p := Props{
		AppendOnly: l.AppendOnly && r.AppendOnly && (n.Kind == JoinInner || n.Kind == JoinSemi), Watermark: -1,
		MayFail: l.MayFail || r.MayFail || MayFail(n.Residual) || n.Single,
	}
	if !n.Kind.Pairs() {
		p.UniqueKey = r.UniqueKey
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
	// A row that meets none stands there once, as one that meets one.
	keepsLeft, keepsRight := n.Kind == JoinLeft || n.Kind == JoinFull, n.Kind == JoinRight || n.Kind == JoinFull
	if covered(r.UniqueKey, n.RightKeys) && !keepsRight {
		p.UniqueKey = append(p.UniqueKey, l.UniqueKey...)
	}
	if (n.Single || covered(l.UniqueKey, n.LeftKeys)) && !keepsLeft {
		for _, k := range r.UniqueKey {
			if len(k) > 0 || !covered(p.UniqueKey, nil) {
				p.UniqueKey = append(p.UniqueKey, shift(k))
			}
		}
	}
	if len(p.UniqueKey) == 0 && len(l.UniqueKey) > 0 && len(r.UniqueKey) > 0 {
		key := append(slices.Clone(l.UniqueKey[0]), shift(r.UniqueKey[0])...)
		// Of a side of at most one row no column tells a pair from a row alone.
		if n.Kind == JoinInner || len(l.UniqueKey[0]) > 0 && len(r.UniqueKey[0]) > 0 {
			p.UniqueKey = [][]int{key}
		}
	}
	return p
}

// covered reports whether some key lies within columns: at most one row has their values.
func covered(keys [][]int, columns []int) bool {
	return slices.ContainsFunc(keys, func(k []int) bool {
		return !slices.ContainsFunc(k, func(c int) bool { return !slices.Contains(columns, c) })
	})
}

// AtMostOne reports whether at most one row of n has the same values in some columns.
func AtMostOne(n Node, columns []int) bool { return covered(n.Props().UniqueKey, columns) }

func (n *Join) prune(need []bool) (Node, []int) {
	width, right := len(n.Left.Props().Fields), len(n.Right.Props().Fields)
	if !n.Kind.Pairs() {
		need = append(make([]bool, width), need[:right]...)
	}
	if n.Residual != nil {
		need = also(need, n.Residual)
	}
	leftNeed, rightNeed := slices.Clone(need[:width]), slices.Clone(need[width:])
	for i := range n.LeftKeys {
		leftNeed[n.LeftKeys[i]], rightNeed[n.RightKeys[i]] = true, true
	}
	if n.Within != nil {
		leftNeed[n.Within.Left], rightNeed[n.Within.Right] = true, true
	}
	if n.Lookup != nil {
		rightNeed = also(rightNeed, n.Lookup.Keys...)
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
	if n.Lookup != nil {
		out.Lookup = &Lookup{Keys: mapList(n.Lookup.Keys, func(e Expr) Expr { return moved(e, rat) })}
	}
	if n.Within != nil {
		w := *n.Within
		w.Left, w.Right = lat[w.Left], rat[w.Right]
		out.Within = &w
	}
	out.setFields(n.MarkName())
	Derive(&out)
	switch {
	case n.Kind == JoinMark:
		return &out, append(slices.Clone(rat), len(r.Props().Fields))
	case !n.Kind.Pairs():
		return &out, rat
	}
	return &out, at
}

var joinNames = [...]string{
	JoinInner: "", JoinLeft: "Left ", JoinRight: "Right ", JoinFull: "Full ", JoinSemi: "Semi ", JoinAnti: "Anti ", JoinMark: "Mark ",
}

func (n *Join) title() string {
	kind := joinNames[n.Kind]
	if n.Single {
		kind = "Single "
	}
	switch {
	case n.Lookup != nil:
		return n.lookupTitle()
	case len(n.LeftKeys) > 0:
		return kind + "Hash Join"
	case n.Kind == JoinInner:
		return "Cross Join"
	}
	return kind + "Nested Loop Join"
}

func (n *Join) details() []string {
	var out []string
	if len(n.LeftKeys) > 0 && n.Lookup == nil {
		conds := make([]string, len(n.LeftKeys))
		for i := range n.LeftKeys {
			op := " = "
			if n.KeyNullSafe(i) {
				op = " IS NOT DISTINCT FROM "
			}
			conds[i] = columnName(n.Left.Props(), n.LeftKeys[i]) + op + columnName(n.Right.Props(), n.RightKeys[i])
		}
		out = append(out, "Join Key: "+strings.Join(conds, ", "))
	}
	if n.Residual != nil {
		out = append(out, "Join Filter: "+FormatExpr(n.Residual))
	}
	if w := n.Within; w != nil {
		micros := func(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
		out = append(out, fmt.Sprintf("Within: %s <= %s - %s <= %s", micros(w.Lower), columnName(n.Right.Props(), w.Right), columnName(n.Left.Props(), w.Left), micros(w.Upper)))
	}
	return out
}
