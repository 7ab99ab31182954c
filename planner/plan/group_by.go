package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/catalog/builtin"
)

// GroupBy aggregates: output = key columns (input positions), then the aggregates. With no Keys
// there is exactly one output row, also over no input.
type GroupBy struct {
	P     Props
	Input Node
	Keys  []int
	Aggs  []Aggregate
	// OnClose emits a group once, when the watermark passes the end of its window; nil = emit
	// every change.
	OnClose *WindowClose
}

// WindowClose tells a GroupBy when a group is final: its key column Key says which window over the
// input's watermark column it is of, which ends Size after the key's value: that is the window's start, or its
// end and Size is zero.
type WindowClose struct {
	Key  int // position in GroupBy.Keys
	Size time.Duration
	// Whole is how long a window is. Slide is the distance of two windows' starts, Whole when windows do not
	// overlap; with Cumulate windows begin every Whole, and their ends are Slide apart.
	Slide, Whole time.Duration
	Cumulate     bool
	// Final: rows come only when their window has been closed, and none of them is late.
	Final bool
	// Lateness is how long after its end a window stays open.
	Lateness time.Duration
	// Time is the input column that carries the event time: a row whose windows have all been
	// closed by the watermark made by the commits before its own is late.
	Time int
	// Before is the int8 input column with that watermark, in microseconds since 2000-01-01
	// (the least int64 = none yet). The source makes it: a Scan of a stream lists MetaWatermark
	// as its last column and the planner carries it up through every node to the GroupBy. So
	// lateness travels with the row, and how ticks were cut never matters.
	Before int
}

// Props are the output edge's.
func (n *GroupBy) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *GroupBy) Inputs() []Node { return []Node{n.Input} }

func (n *GroupBy) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *GroupBy) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Aggs = make([]Aggregate, len(n.Aggs))
	for i, a := range n.Aggs {
		a.Args, a.Order, a.Filter = mapList(a.Args, f), mapKeys(a.Order, f), mapOptional(a.Filter, f)
		a.Direct = mapList(a.Direct, f)
		c.Aggs[i] = a
	}
	return &c
}

func (n *GroupBy) derive() Props {
	p := Props{Watermark: -1, MayFail: n.Input.Props().MayFail, AppendOnly: n.OnClose != nil, UniqueKey: [][]int{allColumns(len(n.Keys))}}
	for i := range n.Aggs {
		a := &n.Aggs[i]
		f := builtin.FuncByOID(uint32(a.Func))
		p.MayFail = p.MayFail || anyMayFail(a.Args) || anyMayFail(keyExprs(a.Order)) || anyMayFail(a.Direct) || MayFail(a.Filter) || f == nil || f.MayFail
	}
	return p
}

// below lets conditions on grouped columns pass. Without keys there is a group even of no rows,
// and a waiting aggregation reports rows that it refuses: nothing moves.
func (n *GroupBy) below(cond Expr) (Expr, bool) {
	if len(n.Keys) == 0 || n.OnClose != nil {
		return nil, false
	}
	set := map[int]bool{}
	ColumnsOf(cond, set)
	for i := range set {
		if i >= len(n.Keys) {
			return nil, false
		}
	}
	return MapColumns(cond, func(i int) int { return n.Keys[i] }), true
}

func (n *GroupBy) prune(need []bool) (Node, []int) {
	keys := len(n.Keys)
	out := *n
	out.Aggs, out.P.Fields = nil, slices.Clone(n.P.Fields[:keys])
	kept := slices.Clone(need)
	used := make([]bool, len(n.Input.Props().Fields))
	for i, k := range n.Keys {
		used[k], kept[i] = true, true
	}
	for i, a := range n.Aggs {
		// Without keys and aggregates there would be nothing to make the one row of.
		if need[keys+i] || (keys == 0 && i == 0 && !slices.Contains(need, true)) {
			kept[keys+i] = true
			out.Aggs = append(out.Aggs, a)
			out.P.Fields = append(out.P.Fields, n.P.Fields[keys+i])
			used = also(used, a.Args...)
			used = also(used, keyExprs(a.Order)...)
			used = also(used, a.Filter)
		}
	}
	if n.OnClose != nil {
		used[n.OnClose.Time], used[n.OnClose.Before] = true, true
	}
	in, at := Prune(n.Input, used)
	out.Keys, _ = moveAll(n.Keys, at)
	if n.OnClose != nil {
		c := *n.OnClose
		c.Time, c.Before = at[c.Time], at[c.Before]
		out.OnClose = &c
	}
	rebuilt := out.mapExprs(func(e Expr) Expr { return moved(e, at) }).(*GroupBy)
	rebuilt.Input = in
	Derive(rebuilt)
	return rebuilt, placesOf(kept)
}

// OfArrival: the result depends on the order in which rows come.
func (a *Aggregate) OfArrival() bool {
	f := builtin.FuncByOID(uint32(a.Func))
	return (f == nil || !f.OrderFree) && len(a.Order) == 0 && !a.Distinct
}

func (n *GroupBy) title() string {
	if len(n.Keys) == 0 {
		return "Aggregate"
	}
	return "GroupAggregate"
}

func (n *GroupBy) details() []string {
	var out []string
	if len(n.Keys) > 0 {
		out = append(out, "Group Key: "+columnNames(n.Input.Props(), n.Keys))
	}
	aggs := make([]string, len(n.Aggs))
	for i := range n.Aggs {
		aggs[i] = FormatAggregate(&n.Aggs[i])
	}
	if len(aggs) > 0 {
		out = append(out, "Aggregates: "+strings.Join(aggs, ", "))
	}
	if n.OnClose != nil {
		out = append(out, fmt.Sprintf("Emit: on close of %s + %s", columnName(n.Input.Props(), n.Keys[n.OnClose.Key]), n.OnClose.Size+n.OnClose.Lateness))
	}
	return out
}
