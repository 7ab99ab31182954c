package plan

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Over computes window functions: output = input columns, then one column a function. Rows with equal
// Partition columns are ordered by Order, and where that leaves them equal by the whole row, so that
// every run gives the same.
type Over struct {
	P         Props
	Input     Node
	Partition []int
	Order     []SortKey // by columns
	Funcs     []WindowFunc
}

// WindowFunc is one window function, or an aggregate over a frame.
type WindowFunc struct {
	Func   FuncID
	Args   []Expr // columns, constants and parameters
	Filter Expr   // a column; nil = all rows
	Frame  Frame
	T      sqltype.Type
}

// Frame is which rows of its partition a function sees from each row. The zero value is the default:
// from the first row to the last peer of the row.
type Frame struct {
	Mode       FrameMode
	Start, End FrameBound
	Exclude    FrameExclude
}

// FrameMode is what offsets of a frame count.
type FrameMode uint8

const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

// FrameExclude is what a frame leaves out.
type FrameExclude uint8

const (
	ExcludeNoOthers FrameExclude = iota
	ExcludeCurrentRow
	ExcludeGroup
	ExcludeTies
)

// FrameBound is an end of a frame.
type FrameBound struct {
	Kind BoundKind
	// Offset, of BoundPreceding and BoundFollowing, has no columns. It is an int8 but where the mode is
	// FrameRange.
	Offset Expr
	// Limit, of a FrameRange with an offset, is the column with the value that each row's frame ends at,
	// and Key the column of that type with the row's own.
	Limit, Key Expr
}

// BoundKind is how an end of a frame is given.
type BoundKind uint8

const (
	// BoundDefault of a start is UNBOUNDED PRECEDING, of an end CURRENT ROW.
	BoundDefault BoundKind = iota
	BoundUnboundedPreceding
	BoundPreceding
	BoundCurrentRow
	BoundFollowing
	BoundUnboundedFollowing
)

// NewOver computes functions over in, which are called names.
func NewOver(in Node, partition []int, order []SortKey, funcs []WindowFunc, names []string) *Over {
	n := &Over{Input: in, Partition: partition, Order: order, Funcs: funcs}
	n.P.Fields = slices.Clone(in.Props().Fields)
	for i, f := range funcs {
		n.P.Fields = append(n.P.Fields, Field{Name: names[i], Type: f.T})
	}
	Derive(n)
	return n
}

// Props are the output edge's.
func (n *Over) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Over) Inputs() []Node { return []Node{n.Input} }

func (n *Over) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Over) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Order = mapKeys(n.Order, f)
	c.Funcs = make([]WindowFunc, len(n.Funcs))
	for i, w := range n.Funcs {
		w.Args, w.Filter = mapList(w.Args, f), mapOptional(w.Filter, f)
		for _, b := range []*FrameBound{&w.Frame.Start, &w.Frame.End} {
			b.Offset, b.Limit, b.Key = mapOptional(b.Offset, f), mapOptional(b.Limit, f), mapOptional(b.Key, f)
		}
		c.Funcs[i] = w
	}
	return &c
}

func (n *Over) derive() Props {
	in := n.Input.Props()
	p := Props{Watermark: -1, MayFail: in.MayFail, UniqueKey: in.UniqueKey}
	for i := range n.Funcs {
		p.MayFail = p.MayFail || n.Funcs[i].mayFail()
	}
	return p
}

// Functions of pg_proc.
const (
	FuncRowNumber   FuncID = 3100
	FuncRank        FuncID = 3101
	FuncDenseRank   FuncID = 3102
	FuncPercentRank FuncID = 3103
	FuncCumeDist    FuncID = 3104
	FuncNtile       FuncID = 3105
	FuncNthValue    FuncID = 3114
)

func (w *WindowFunc) mayFail() bool {
	f := builtin.FuncByOID(uint32(w.Func))
	return f == nil || w.Func == FuncNtile || w.Func == FuncNthValue || f.Kind == builtin.KindAggregate && f.MayFail
}

// peersOnly: rows that the order leaves equal get equal values, whatever order they come in.
func (w *WindowFunc) peersOnly() bool {
	switch w.Func {
	case FuncRank, FuncDenseRank, FuncPercentRank, FuncCumeDist:
		return true
	}
	f := builtin.FuncByOID(uint32(w.Func))
	return f != nil && f.Kind == builtin.KindAggregate && f.OrderFree && w.Frame.Mode != FrameRows &&
		(w.Frame.Exclude == ExcludeNoOthers || w.Frame.Exclude == ExcludeGroup)
}

// exprs are all expressions over the input's rows.
func (w *WindowFunc) exprs() []Expr {
	return append(slices.Clone(w.Args), w.Filter, w.Frame.Start.Limit, w.Frame.Start.Key, w.Frame.End.Limit, w.Frame.End.Key)
}

// below lets conditions pass that keep whole partitions.
func (n *Over) below(cond Expr) (Expr, bool) {
	set := map[int]bool{}
	ColumnsOf(cond, set)
	for c := range set {
		if !slices.Contains(n.Partition, c) {
			return nil, false
		}
	}
	return cond, len(set) > 0
}

// prune drops functions that nobody reads. The columns that nobody reads go where no function tells
// rows apart that partition and order leave equal: elsewhere the whole row decides, and what it is
// must not depend on who reads.
func (n *Over) prune(need []bool) (Node, []int) {
	width := len(n.Input.Props().Fields)
	used := slices.Clone(need[:width])
	for _, c := range n.Partition {
		used[c] = true
	}
	used = also(used, keyExprs(n.Order)...)
	kept := &Over{Partition: n.Partition, Order: n.Order}
	at := make([]int, len(need))
	whole := false
	for i := range n.Funcs {
		at[width+i] = -1
		if need[width+i] {
			at[width+i] = len(kept.Funcs)
			kept.Funcs = append(kept.Funcs, n.Funcs[i])
			used = also(used, n.Funcs[i].exprs()...)
			whole = whole || !n.Funcs[i].peersOnly()
		}
	}
	if len(kept.Funcs) == 0 {
		in, places := Prune(n.Input, atLeastOne(need[:width:width]))
		copy(at, places)
		return in, at
	}
	if whole && !tellsApart(n.Input.Props().UniqueKey, n.Partition, n.Order) {
		used = AllColumns(n.Input)
	}
	in, places := Prune(n.Input, used)
	copy(at, places)
	out := kept.mapExprs(func(e Expr) Expr { return moved(e, places) }).(*Over)
	out.Input = in
	out.Partition, _ = moveAll(n.Partition, places)
	out.P.Fields = slices.Clone(in.Props().Fields)
	for i := range n.Funcs {
		if at[width+i] >= 0 {
			out.P.Fields = append(out.P.Fields, n.P.Fields[width+i])
			at[width+i] += len(in.Props().Fields)
		}
	}
	Derive(out)
	return out, at
}

// tellsApart: no two rows are equal in the columns of groups and of an order; unique are sets of columns that
// name a row.
func tellsApart(unique [][]int, groups []int, order []SortKey) bool {
	set := map[int]bool{}
	for _, e := range keyExprs(order) {
		if c, ok := e.(*Column); ok {
			set[c.Index] = true
		}
	}
	for _, c := range groups {
		set[c] = true
	}
	return slices.ContainsFunc(unique, func(key []int) bool {
		return !slices.ContainsFunc(key, func(c int) bool { return !set[c] })
	})
}

// divide brings partitions together.
func (n *Over) divide(ins []share) share {
	if len(n.Partition) == 0 {
		return share{over(n, []share{{gathered(ins[0]), false}}), false}
	}
	return share{over(n, []share{{exchange(Exchange{Kind: Hash, Keys: n.Partition}, ins[0].Node), false}}), true}
}

func (n *Over) title() string { return "WindowAgg" }

func (n *Over) details() []string {
	var out []string
	if len(n.Partition) > 0 {
		out = append(out, "Partition Key: "+columnNames(n.Input.Props(), n.Partition))
	}
	if len(n.Order) > 0 {
		out = append(out, "Sort Key: "+sortKeys(n.Order))
	}
	funcs := make([]string, len(n.Funcs))
	for i := range n.Funcs {
		funcs[i] = formatWindowFunc(&n.Funcs[i])
	}
	return append(out, "Functions: "+strings.Join(funcs, ", "))
}

func formatWindowFunc(w *WindowFunc) string {
	args := exprList(w.Args)
	if w.Func == builtin.CountStar {
		args = "*"
	}
	return functionName(w.Func) + "(" + args + ")" + formatFilter(w.Filter) + formatFrame(&w.Frame)
}

// formatFrame is a frame as it is written, empty for the default.
func formatFrame(f *Frame) string {
	if *f == (Frame{}) {
		return ""
	}
	bound := func(b *FrameBound, none string) string {
		switch b.Kind {
		case BoundUnboundedPreceding:
			return "UNBOUNDED PRECEDING"
		case BoundPreceding:
			return FormatExpr(b.Offset) + " PRECEDING"
		case BoundCurrentRow:
			return "CURRENT ROW"
		case BoundFollowing:
			return FormatExpr(b.Offset) + " FOLLOWING"
		case BoundUnboundedFollowing:
			return "UNBOUNDED FOLLOWING"
		}
		return none
	}
	out := [...]string{FrameRange: " RANGE", FrameRows: " ROWS", FrameGroups: " GROUPS"}[f.Mode]
	out += " BETWEEN " + bound(&f.Start, "UNBOUNDED PRECEDING") + " AND " + bound(&f.End, "CURRENT ROW")
	return out + [...]string{"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"}[f.Exclude]
}
