package plan

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// Expand repeats each row once a grouping set. Behind the input's columns stand copies of the columns Keys,
// NULL where the set does not have them, the number of the set, an int4, and true: what tells the row
// from those that stand for a set without keys, which is there even where no row is.
type Expand struct {
	P     Props
	Input Node
	Keys  []int
	Sets  [][]int // positions in Keys
}

// NewExpand is in for some grouping sets. Where one has no keys, a row for each such set comes along, of
// which only the number and the mark, false, say something.
func NewExpand(in Node, keys []int, sets [][]int) Node {
	x := &Expand{Input: in, Keys: keys, Sets: sets}
	x.P.Fields = x.fields()
	Derive(x)
	seeds := &Values{}
	for i, set := range sets {
		if len(set) > 0 {
			continue
		}
		var row []Expr
		for _, f := range x.P.Fields[:len(x.P.Fields)-2] {
			row = append(row, NullConst(f.Type))
		}
		seeds.Rows = append(seeds.Rows, append(row, Int4Const(int32(i)), boolConst(false)))
	}
	if len(seeds.Rows) == 0 {
		return x
	}
	seeds.P.Fields = x.P.Fields
	Derive(seeds)
	u := &UnionAll{Ins: []Node{x, seeds}}
	u.P.Fields = x.P.Fields
	Derive(u)
	return u
}

func (n *Expand) fields() []Field {
	in := n.Input.Props().Fields
	out := slices.Clone(in)
	for _, k := range n.Keys {
		out = append(out, in[k])
	}
	return append(out, Field{Name: "grouping set", Type: sqltype.Of(sqltype.Int4)}, Field{Name: "row", Type: boolean()})
}

// Props are the output edge's.
func (n *Expand) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Expand) Inputs() []Node { return []Node{n.Input} }

func (n *Expand) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	c.P.Fields = c.fields()
	return &c
}

func (n *Expand) mapExprs(func(Expr) Expr) Node { return n }

func (n *Expand) derive() Props {
	in := n.Input.Props()
	return Props{AppendOnly: in.AppendOnly, Stateless: in.Stateless, Watermark: -1, MayFail: in.MayFail}
}

func (n *Expand) rowByRow() {}

// below lets conditions on the input's columns pass.
func (n *Expand) below(cond Expr) (Expr, bool) {
	set := map[int]bool{}
	ColumnsOf(cond, set)
	for c := range set {
		if c >= len(n.Input.Props().Fields) {
			return nil, false
		}
	}
	return cond, true
}

func (n *Expand) prune(need []bool) (Node, []int) {
	width := len(n.Input.Props().Fields)
	used := slices.Clone(need[:width])
	for _, k := range n.Keys {
		used[k] = true
	}
	in, at := Prune(n.Input, atLeastOne(used))
	out := &Expand{Input: in, Sets: n.Sets}
	out.Keys, _ = moveAll(n.Keys, at)
	out.P.Fields = out.fields()
	Derive(out)
	places := slices.Clone(at)
	for i := range len(need) - width {
		places = append(places, len(in.Props().Fields)+i)
	}
	return out, places
}

func (n *Expand) title() string { return "GroupingSets" }

func (n *Expand) details() []string {
	sets := make([]string, len(n.Sets))
	for i, set := range n.Sets {
		cols, _ := moveAll(set, n.Keys)
		sets[i] = "(" + columnNames(n.Input.Props(), cols) + ")"
	}
	return []string{"Sets: " + strings.Join(sets, ", ")}
}
