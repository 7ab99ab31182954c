package rewrite

import (
	"math"
	"math/bits"
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// maxOrdered is how many inputs all orders are tried of; of more the cheapest next one is taken each time.
const maxOrdered = 10

// ordering chooses in which order the inputs of a join are joined, and which of two is built. What an order costs
// are the rows that it builds, lets pass and puts out.
//
//	base rows of the inputs × shares of the links within a set = rows of the set; over all sets of up to ten
//	inputs, ascending: the cheapest two parts of it that a link connects
type ordering struct {
	tree  *joinTree
	est   *estimator
	pairs []pairLink // what links two inputs
	more  []link     // other links
	share []float64  // of more
	rows  []float64  // of the inputs
}

// pairLink is all equalities between two inputs.
type pairLink struct {
	both  uint64
	share float64
}

// order is a way to join a set of inputs: one of them, or left is built and right passes it.
type order struct {
	set         uint64
	leaf        int
	left, right *order
	rows, cost  float64
}

// chosen joins all inputs in the order that costs least; nil where the text's order stays: nothing is known, or what
// an equality computes may fail, which then depends on the rows that are left.
func (t *joinTree) chosen(between []link, est *estimator) (*partial, []link) {
	if est == nil || len(t.leaves) < 2 || len(t.leaves) > 64 {
		return nil, between
	}
	for i := range between {
		if between[i].fails {
			return nil, between
		}
	}
	o := newOrdering(t, between, est)
	var best *order
	if len(t.leaves) <= maxOrdered {
		best = o.cheapest()
	} else {
		best = o.greedy()
	}
	if best == nil {
		return nil, between
	}
	return t.inOrder(best, between)
}

// inOrder builds the joins of an order.
func (t *joinTree) inOrder(o *order, between []link) (*partial, []link) {
	if o.left == nil {
		return t.start(o.leaf), between
	}
	l, between := t.inOrder(o.left, between)
	r, between := t.inOrder(o.right, between)
	return t.join(l, r, between)
}

func newOrdering(t *joinTree, between []link, est *estimator) *ordering {
	o := &ordering{tree: t, est: est}
	for _, leaf := range t.leaves {
		o.rows = append(o.rows, math.Max(est.rows(leaf), 1))
	}
	byPair := map[uint64][]link{}
	var seen []uint64
	for _, l := range between {
		all := l.all[0]
		if l.eq == nil || !l.joins() || bits.OnesCount64(all) != 2 {
			o.more = append(o.more, l)
			o.share = append(o.share, o.otherShare(l))
			continue
		}
		if byPair[all] == nil {
			seen = append(seen, all)
		}
		byPair[all] = append(byPair[all], l)
	}
	for _, both := range seen {
		o.pairs = append(o.pairs, pairLink{both, o.pairShare(both, byPair[both])})
	}
	return o
}

func (o *ordering) otherShare(l link) float64 {
	if l.eq != nil {
		return unknownEqual
	}
	return unknownShare
}

// pairShare is the share of all pairs of two inputs that their equalities keep.
func (o *ordering) pairShare(both uint64, links []link) float64 {
	a := bits.TrailingZeros64(both)
	b := bits.TrailingZeros64(both &^ (1 << a))
	share := 1.0
	cols := [2][]int{}
	for _, l := range links {
		da, ca := o.side(l, a)
		db, cb := o.side(l, b)
		share /= math.Max(math.Max(da, db), 1)
		cols[0], cols[1] = append(cols[0], ca), append(cols[1], cb)
	}
	if len(links) == 1 {
		return share
	}
	// Columns that are joined together belong together: no more than one row of a key, and never fewer than what the
	// larger side's rows could have values.
	least := 1 / math.Max(o.base(a), o.base(b))
	for i, leaf := range []int{a, b} {
		for _, key := range o.tree.leaves[leaf].Props().UniqueKey {
			if len(key) > 0 && allWithin(key, cols[i]) {
				least = 1 / o.base(leaf)
			}
		}
	}
	return math.Max(share, least)
}

func allWithin(key, columns []int) bool {
	return !slices.ContainsFunc(key, func(k int) bool { return !slices.Contains(columns, k) })
}

// base is the rows of an input before its own conditions.
func (o *ordering) base(leaf int) float64 {
	n := o.tree.leaves[leaf]
	for {
		f, ok := n.(*plan.Filter)
		if !ok {
			return math.Max(o.est.rows(n), 1)
		}
		n = f.Input
	}
}

// side is how many values a link's side has in an input before its own conditions, and the column; -1 if it is computed.
func (o *ordering) side(l link, leaf int) (float64, int) {
	x := l.eq.left
	if !l.left.has(leaf) {
		x = l.eq.right
	}
	n := o.tree.leaves[leaf]
	for {
		f, ok := n.(*plan.Filter)
		if !ok {
			break
		}
		n = f.Input
	}
	c, ok := columnWithin(x)
	if !ok {
		return math.Max(1, o.est.rows(n)/10), -1
	}
	c -= o.tree.base[leaf]
	return o.est.distinct(n, c), c
}

// columnWithin is the only column of an expression: what is computed of a column has about as many values.
func columnWithin(x plan.Expr) (int, bool) {
	set := map[int]bool{}
	plan.ColumnsOf(x, set)
	for c := range set {
		return c, len(set) == 1
	}
	return 0, false
}

// rowsOf is about how many rows the inputs of a set have, joined.
func (o *ordering) rowsOf(set uint64) float64 {
	rows := 1.0
	for s := set; s != 0; s &= s - 1 {
		rows *= o.rows[bits.TrailingZeros64(s)]
	}
	for _, p := range o.pairs {
		if p.both&^set == 0 {
			rows *= p.share
		}
	}
	for i, l := range o.more {
		if l.all[0]&^set == 0 {
			rows *= o.share[i]
		}
	}
	return rows
}

// connected: an equality can be a key between two sets.
func (o *ordering) connected(a, b uint64) bool {
	for _, p := range o.pairs {
		if p.both&a != 0 && p.both&b != 0 && p.both&^(a|b) == 0 {
			return true
		}
	}
	for _, l := range o.more {
		if _, ok := l.equality(leafSet{a}, leafSet{b}); ok {
			return true
		}
	}
	return false
}

// What a row costs that is built, that passes, and that comes out.
const costBuilt, costPassed, costOut = 2, 1, 1

// joined is the cheaper way to join two parts, of rows rows; nil where it costs no less than most.
func (o *ordering) joined(a, b *order, rows, most float64) *order {
	if b.rows < a.rows {
		a, b = b, a
	}
	cost := a.cost + b.cost + costBuilt*a.rows + costPassed*b.rows + costOut*rows
	if cost < most && !o.connected(a.set, b.set) {
		cost += a.rows * b.rows // pairs that are looked at
	}
	if cost >= most {
		return nil
	}
	return &order{set: a.set | b.set, left: a, right: b, rows: rows, cost: cost}
}

func (o *ordering) single(leaf int) *order {
	return &order{set: 1 << leaf, leaf: leaf, rows: o.rows[leaf]}
}

// cheapest tries all orders.
func (o *ordering) cheapest() *order {
	n := len(o.rows)
	best := make([]*order, 1<<n)
	for leaf := range n {
		best[1<<leaf] = o.single(leaf)
	}
	for set := uint64(3); set < uint64(len(best)); set++ {
		if bits.OnesCount64(set) < 2 {
			continue
		}
		rows, most := o.rowsOf(set), math.MaxFloat64
		for part := (set - 1) & set; part > set/2; part = (part - 1) & set { // each pair of parts once
			a, b := best[part], best[set&^part]
			if a == nil || b == nil {
				continue // more pairs than can be counted
			}
			if w := o.joined(a, b, rows, most); w != nil {
				best[set], most = w, w.cost
			}
		}
	}
	return best[len(best)-1]
}

// greedy joins the two parts whose join costs least, until there is one.
func (o *ordering) greedy() *order {
	parts := make([]*order, len(o.rows))
	for leaf := range parts {
		parts[leaf] = o.single(leaf)
	}
	for len(parts) > 1 {
		var best *order
		var at [2]int
		least := math.MaxFloat64
		for i := range parts {
			for k := range i {
				w := o.joined(parts[i], parts[k], o.rowsOf(parts[i].set|parts[k].set), math.MaxFloat64)
				if w == nil {
					continue // more pairs than can be counted
				}
				if more := w.cost - w.left.cost - w.right.cost; more < least {
					best, at, least = w, [2]int{i, k}, more
				}
			}
		}
		if best == nil {
			return nil
		}
		parts[at[0]] = best
		parts = append(parts[:at[1]], parts[at[1]+1:]...)
	}
	return parts[0]
}
