package plan

import (
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// TopN keeps Count rows after Offset in the order of Keys (ties by whole row image). Also plain
// LIMIT (no Keys). Count and Offset are int8 expressions without columns; nil Count = all.
type TopN struct {
	P     Props
	Input Node
	// Groups are columns: rows are kept of each group of rows that are equal in them. Without, of all.
	Groups        []int
	Keys          []SortKey
	Count, Offset Expr
	// Sorted is by how many of the first keys rows come in order already: it ends where no later one can be among the first.
	Sorted int
	// Ties: rows whose keys are those of the last row are kept too.
	Ties bool
	// Partial: of the rows of one shard, those that can be among the first of all, OFFSET's too.
	Partial bool
}

// Props are the output edge's.
func (n *TopN) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *TopN) Inputs() []Node { return []Node{n.Input} }

func (n *TopN) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *TopN) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Keys, c.Count, c.Offset = mapKeys(n.Keys, f), mapOptional(n.Count, f), mapOptional(n.Offset, f)
	return &c
}

func (n *TopN) derive() Props {
	in := n.Input.Props()
	p := Props{Watermark: -1, UniqueKey: in.UniqueKey, MayFail: in.MayFail || anyMayFail(keyExprs(n.Keys))}
	if count, ok := IntegerOf(n.Count); ok && count <= 1 && !n.Partial && !n.Ties && !covered(in.UniqueKey, n.Groups) {
		p.UniqueKey = append(slices.Clone(in.UniqueKey), slices.Clone(n.Groups))
	}
	return p
}

// prune keeps all columns where the whole row decides which of a group's rows come first: that must not
// depend on who reads.
func (n *TopN) prune(need []bool) (Node, []int) {
	need = also(need, keyExprs(n.Keys)...)
	if len(n.Groups) > 0 && !n.Ties && !tellsApart(n.Input.Props().UniqueKey, n.Groups, n.Keys) {
		need = AllColumns(n)
	}
	for _, c := range n.Groups {
		need[c] = true
	}
	out, at := pruneSame(n, need)
	top := out.(*TopN)
	top.Groups, _ = moveAll(n.Groups, at)
	Derive(top)
	return top, at
}

// below lets conditions pass that keep whole groups.
func (n *TopN) below(cond Expr) (Expr, bool) {
	set := map[int]bool{}
	ColumnsOf(cond, set)
	for c := range set {
		if !slices.Contains(n.Groups, c) {
			return nil, false
		}
	}
	return cond, len(set) > 0
}

func (n *TopN) title() string {
	if len(n.Keys)+len(n.Groups) == 0 {
		return "Limit"
	}
	return "TopN"
}

func (n *TopN) details() []string {
	var out []string
	if n.Partial {
		out = append(out, "Partial: of each shard")
	}
	if len(n.Groups) > 0 {
		out = append(out, "Group Key: "+columnNames(n.Input.Props(), n.Groups))
	}
	if len(n.Keys) > 0 {
		out = append(out, "Sort Key: "+sortKeys(n.Keys))
	}
	if n.Sorted > 0 {
		out = append(out, "Presorted Key: "+sortKeys(n.Keys[:n.Sorted]))
	}
	if n.Count != nil {
		count := "Limit: " + FormatExpr(n.Count)
		if n.Ties {
			count += " with ties"
		}
		out = append(out, count)
	}
	if n.Offset != nil {
		out = append(out, "Offset: "+FormatExpr(n.Offset))
	}
	return out
}

// IntegerOf is the value of an integer constant, which a cast of integers may be around.
func IntegerOf(e Expr) (int64, bool) {
	if c, ok := e.(*Call); ok && len(c.Args) == 1 && c.T.OID == sqltype.Int8 {
		e = c.Args[0]
	}
	k, ok := e.(*Const)
	if !ok || k.Value.Null(0) {
		return 0, false
	}
	switch k.T.OID {
	case sqltype.Int4:
		return int64(delta.Values[int32](&k.Value)[0]), true
	case sqltype.Int8:
		return delta.Values[int64](&k.Value)[0], true
	}
	return 0, false
}
