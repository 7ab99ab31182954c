package plan

import (
	"slices"
)

// Shard places exchanges in a plan that is run once, so that several shards can share the work of what
// is large in it. The plan comes back as it is when nothing can be divided: all leaves are read as one,
// or an expression may give another value each time.
func Shard(root Node) Node {
	if VolatilePlan(root) {
		return root
	}
	return gathered(shard(root))
}

// VolatilePlan reports whether n may give other rows when it is run again.
func VolatilePlan(n Node) (volatile bool) {
	WalkNodes(n, func(n Node) { volatile = volatile || volatileNode(n) })
	return volatile
}

// volatileNode: an expression of n may give another value each time.
func volatileNode(n Node) (volatile bool) {
	n.mapExprs(func(e Expr) Expr {
		volatile = volatile || Volatile(e)
		return e
	})
	return volatile
}

// Front reports whether n and all below it is a stream whose rows go through one node after the other by
// themselves. In a dataflow that ticks, several goroutines can take parts of what it reads, so long as the
// parts are put in their order behind n.
func Front(n Node) bool {
	for ; RowByRow(n) && len(n.Inputs()) == 1 && !volatileNode(n); n = n.Inputs()[0] {
	}
	s, ok := n.(*Scan)
	return ok && s.Kind == RelStream
}

// share is a node whose rows are divided among the shards, or else all on the first one.
type share struct {
	Node
	divided bool
}

// divider is a node that can have divided inputs. Over others they are gathered.
type divider interface {
	// divide puts the node over its inputs, of which some are divided.
	divide(ins []share) share
}

func shard(n Node) share {
	ins := n.Inputs()
	if len(ins) == 0 {
		s, ok := n.(*Scan)
		return share{n, ok && s.Divisible()}
	}
	below, divided := make([]share, len(ins)), false
	for i, in := range ins {
		below[i] = shard(in)
		divided = divided || below[i].divided
	}
	d, can := n.(divider)
	switch {
	case !divided || RowByRow(n):
		return share{over(n, below), divided}
	case can:
		return d.divide(below)
	}
	for i := range below {
		below[i] = share{gathered(below[i]), false}
	}
	return share{over(n, below), false}
}

// over is n over other inputs, n itself where they are the same.
func over(n Node, ins []share) Node {
	nodes, was := make([]Node, len(ins)), n.Inputs()
	for i := range ins {
		nodes[i] = ins[i].Node
	}
	if slices.Equal(nodes, was) {
		return n
	}
	return WithInputs(n, nodes)
}

// exchange puts an exchange above a node.
func exchange(x Exchange, input Node) Node {
	x.Input = input
	x.P.Fields = input.Props().Fields
	Derive(&x)
	return &x
}

// gathered is all rows of s on one shard.
func gathered(s share) Node {
	if !s.divided {
		return s.Node
	}
	return exchange(Exchange{Kind: Gather}, s.Node)
}

// Divisible: several shards can read the relation at once, a part each.
func (n *Scan) Divisible() bool {
	switch n.Kind {
	case RelTable, RelView:
		return !n.Keyed() && !n.Ordered
	case RelStream:
		return !slices.Contains(n.Columns, MetaWatermark) // it is made from all records before
	}
	return false
}

// Divided reports whether the rows of n, a part of what Shard gave, are divided among the shards; else
// they are all on the first one. Broadcast rows are on each.
func Divided(n Node) bool {
	switch n := n.(type) {
	case *Scan:
		return n.Divisible()
	case *Exchange:
		return n.Kind != Gather
	}
	return slices.ContainsFunc(n.Inputs(), Divided)
}

// divide groups rows where their keys belong, and those of no keys on one shard. Where the order of
// rows counts they stay in it.
func (n *GroupBy) divide(ins []share) share {
	in := ins[0]
	distinct, ordered := false, n.OnClose != nil
	for i := range n.Aggs {
		distinct = distinct || n.Aggs[i].Distinct
		ordered = ordered || n.Aggs[i].OfArrival()
	}
	if ordered {
		return share{over(n, []share{{gathered(in), false}}), false}
	}
	x := Exchange{Kind: Gather}
	if len(n.Keys) > 0 {
		x = Exchange{Kind: Hash, Keys: n.Keys}
	}
	if !distinct {
		x.Pre = over(n, ins).(*GroupBy)
	}
	return share{over(n, []share{{exchange(x, in.Node), false}}), len(n.Keys) > 0}
}

// divide brings equal rows together.
func (n *Distinct) divide(ins []share) share {
	keys := allColumns(len(n.P.Fields))
	pre := &GroupBy{P: n.P, Input: ins[0].Node, Keys: keys}
	return share{over(n, []share{{exchange(Exchange{Kind: Hash, Keys: keys, Pre: pre}, ins[0].Node), false}}), true}
}

// divide sorts on every shard and merges.
func (n *Sort) divide(ins []share) share {
	return share{exchange(Exchange{Kind: Gather, Order: n.Keys}, over(n, ins)), false}
}

// divide keeps on every shard what can be among the first rows of all, in order, and counts what is merged.
// Without an order it counts rows as they would come on one shard. Groups are each on one shard.
func (n *TopN) divide(ins []share) share {
	if len(n.Groups) > 0 {
		return share{over(n, []share{{exchange(Exchange{Kind: Hash, Keys: n.Groups}, ins[0].Node), false}}), true}
	}
	if len(n.Keys) == 0 {
		return share{over(n, []share{{gathered(ins[0]), false}}), false}
	}
	first, count := *n, *n
	first.Partial = true
	if !n.Ties { // which are told by the keys
		count.Keys = nil
	}
	each := over(&first, ins)
	return share{WithInputs(&count, []Node{exchange(Exchange{Kind: Gather, Order: n.Keys}, each)}), false}
}

// A side of at most so many rows goes to every shard when the other has so many times as many: that costs each shard
// the whole of it, and saves the other's rows the way.
const broadcastRows, broadcastShare = 100_000, 8

// divide brings rows with equal keys together. A side of few rows goes to every shard, and the rows of
// the other stay where they are; so it is without keys. A side whose rows count also where they meet
// none must not stand on several shards.
func (n *Join) divide(ins []share) share {
	few := func(s, other share) bool {
		rows := s.Props().Rows
		return !s.divided && fewRows(s.Node) || rows > 0 && rows <= broadcastRows && rows*broadcastShare <= other.Props().Rows
	}
	left, right := ins[0], ins[1]
	all := func(s *share) { s.Node = exchange(Exchange{Kind: Broadcast}, s.Node) }
	switch {
	case n.Kind != JoinFull && right.divided && (few(left, right) || len(n.LeftKeys) == 0):
		all(&left)
	case n.Kind == JoinInner && left.divided && (few(right, left) || len(n.LeftKeys) == 0):
		all(&right)
	case len(n.LeftKeys) == 0:
		return share{over(n, []share{{gathered(left), false}, {gathered(right), false}}), false}
	default:
		left.Node = exchange(Exchange{Kind: Hash, Keys: n.LeftKeys}, left.Node)
		right.Node = exchange(Exchange{Kind: Hash, Keys: n.RightKeys}, right.Node)
	}
	return share{over(n, []share{left, right}), true}
}

// fewRows: n is at most one row, or literal rows.
func fewRows(n Node) bool {
	if _, ok := n.(*Values); ok {
		return true
	}
	return covered(n.Props().UniqueKey, nil)
}
