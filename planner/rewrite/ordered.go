package rewrite

import (
	"math"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// ordered reads relations in the order of a key where rows are sorted by it, and takes the sort away, or lets it end early:
//
//	Sort, TopN ─► [Project] ─► [Filter] ─► Scan        ORDER BY k LIMIT n, also backward
//	GroupBy of min(k) or max(k) alone                   the first row, or the last, with a k
//
// Keys lie ascending with NULLs last; backward they are as DESC has them. Those that conditions fix order nothing. Which of equal rows are
// among the first is decided by the whole row, so a TopN stays unless no two rows are equal.
func (p *paths) ordered(n plan.Node) plan.Node {
	if p.o.NoIndexScan {
		return n
	}
	return plan.Transform(n, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Sort:
			if in := p.inOrder(n.Input, n.Keys, 0); in != nil && in.keys == len(n.Keys) {
				return in.node
			}
		case *plan.TopN:
			return p.first(n)
		case *plan.GroupBy:
			return p.extreme(n)
		}
		return n
	})
}

// unknownCount is what a LIMIT is taken for that is not known yet.
const unknownCount = 100

// first has a TopN read no more rows than it needs.
func (p *paths) first(n *plan.TopN) plan.Node {
	if len(n.Keys) == 0 || len(n.Groups) > 0 || n.Ties || n.Count == nil {
		return n
	}
	want := 0.0
	for _, e := range []plan.Expr{n.Count, n.Offset} {
		if e == nil {
			continue
		}
		if count, ok := plan.IntegerOf(e); ok {
			want += float64(count)
		} else {
			want += unknownCount
		}
	}
	in := p.inOrder(n.Input, n.Keys, math.Max(want, 1))
	if in == nil {
		return n
	}
	out := *n
	out.Input, out.Sorted = in.node, in.keys
	if in.distinct {
		out.Keys, out.Sorted = nil, 0
	}
	plan.Derive(&out)
	return &out
}

// sorted is a node whose rows come in the order of the first of some keys; distinct: by these no two are equal.
type sorted struct {
	node     plan.Node
	keys     int
	distinct bool
}

// inOrder is n with its rows in an order, as they are read; nil if they cannot be, or sorting them costs less. want is how many rows of
// them are wanted, 0 = all.
func (p *paths) inOrder(n plan.Node, keys []plan.SortKey, want float64) *sorted {
	var above []plan.Node // projections, the topmost first
	for {
		proj, ok := n.(*plan.Project)
		if !ok {
			break
		}
		moved := make([]plan.SortKey, len(keys))
		for i, k := range keys {
			k.Expr = plan.Map(k.Expr, func(e plan.Expr) (plan.Expr, bool) {
				c, ok := e.(*plan.Column)
				if !ok {
					return nil, false
				}
				return proj.Exprs[c.Index], true
			})
			moved[i] = k
		}
		above, keys, n = append(above, proj), moved, proj.Input
	}
	var conds []plan.Expr
	if f, ok := n.(*plan.Filter); ok {
		conds, n = plan.Conjuncts(f.Cond), f.Input
	}
	s, ok := n.(*plan.Scan)
	if !ok || s.Ordered {
		return nil
	}
	in := p.scanInOrder(s, conds, keys, want)
	for i := len(above) - 1; in != nil && i >= 0; i-- {
		in.node = plan.WithInputs(above[i], []plan.Node{in.node})
	}
	return in
}

// scanInOrder picks the index that orders by most of the keys.
func (p *paths) scanInOrder(s *plan.Scan, conds []plan.Expr, keys []plan.SortKey, want float64) (best *sorted) {
	for _, ix := range p.keys(s, conds) {
		if s.Keyed() && (ix.id != s.Index || len(s.Any) > 0) {
			continue
		}
		a := ix.find(conds)
		if s.Keyed() {
			a = a.within(s, conds)
		} else if len(a.any) > 0 {
			continue
		}
		given := p.gives(ix, s, len(a.equal), conds, keys)
		if given.keys == 0 || best != nil && best.keys >= given.keys || want == 0 && given.keys < len(keys) || !s.Keyed() && !p.pays(s, a, conds, want) {
			continue
		}
		best = &given.sorted
		best.node = a.scan(s, conds, p.share(a, s, conds))
		if s.Keyed() || !a.some() {
			best.node = p.sameShare(best.node, s.Share)
		}
		best.node = onScan(best.node, func(out *plan.Scan) {
			out.Ordered, out.Backward, out.First = true, given.backward, hint(want, conds)
		})
	}
	return best
}

// onScan changes a copy of the scan that a node is, or that is below it.
func onScan(n plan.Node, change func(s *plan.Scan)) plan.Node {
	if f, ok := n.(*plan.Filter); ok {
		return plan.WithInputs(f, []plan.Node{onScan(f.Input, change)})
	}
	s := *n.(*plan.Scan)
	change(&s)
	return &s
}

func (p *paths) sameShare(n plan.Node, share float64) plan.Node {
	return onScan(n, func(s *plan.Scan) { s.Share = share })
}

// within is a way to read of which a scan has some already.
func (a *access) within(s *plan.Scan, conds []plan.Expr) *access {
	out := &access{ix: a.ix, equal: s.Lookup, lower: s.Lower, upper: s.Upper, notNull: s.NotNull, had: s.IndexCond}
	out.used, out.left = make([]bool, len(conds)), make([]bool, len(conds))
	if s.Lower != nil || s.Upper != nil || out.whole() {
		return out
	}
	k := &a.ix.keys[len(s.Lookup)]
	for i, c := range conds {
		if is, ok := c.(*plan.IsNull); ok && is.Not && k.is(is.Arg) {
			out.notNull, out.used[i] = true, true
		}
	}
	return out
}

// hint is how many rows the first batch should have.
func hint(want float64, conds []plan.Expr) int {
	if len(conds) > 0 {
		want *= 4
	}
	if want == 0 || want > 1024 {
		return 0
	}
	return int(want)
}

// pays: to read in the order of a key costs less than to read what conditions leave and to sort it.
func (p *paths) pays(s *plan.Scan, a *access, conds []plan.Expr, want float64) bool {
	if p.est == nil || p.o.NoSeqScan {
		return true
	}
	rows := math.Max(p.est.rows(s), 1)
	kept := rows
	if len(conds) > 0 {
		kept *= p.est.share(s, &plan.And{Args: conds})
	}
	inOrder := rows
	if a.some() {
		inOrder *= p.share(a, s, conds)
	}
	// Of a row and a comparison, to reading a row.
	const costSorted = 0.3
	sorted := rows + kept*costSorted*math.Log2(kept+2)
	if want > 0 {
		inOrder *= math.Min(want/math.Max(kept, 1), 1)
		sorted = rows + kept*costSorted
	}
	return inOrder < sorted
}

// order is what an index gives of an order.
type givenOrder struct {
	sorted
	backward bool
}

// gives tells what an index of which the first keys are fixed has of an order.
func (p *paths) gives(ix *indexKeys, s *plan.Scan, fixed int, conds []plan.Expr, keys []plan.SortKey) (out givenOrder) {
	at := fixed
	for _, k := range keys {
		e := bare(k.Expr)
		if at == len(ix.keys) && ix.unique && p.noNulls(ix, s) {
			break // one row of each key: what is behind decides nothing
		}
		if fixedKey(ix, fixed, e) {
			out.keys++
			continue
		}
		if at == len(ix.keys) || !ix.keys[at].is(e) {
			break
		}
		on, one := builtin.BtreeOf(k.Expr.Type().OID)
		own, two := builtin.BtreeOf(ix.keys[at].typ.OID)
		if !one || !two || on.On != own.On || at > fixed && k.Desc != out.backward || k.NullsFirst != k.Desc && !p.keyNotNull(&ix.keys[at], s, conds) {
			break
		}
		out.backward = k.Desc
		out.keys++
		at++
	}
	if at == len(ix.keys) && ix.unique && p.noNulls(ix, s) {
		out.distinct, out.keys = true, len(keys)
	}
	out.distinct = out.distinct || out.keys == len(keys) && tellApart(s, keys)
	return out
}

// tellApart: no two rows of a scan are equal in some keys.
func tellApart(s *plan.Scan, keys []plan.SortKey) bool {
	var columns []int
	for _, k := range keys {
		if c, ok := bare(k.Expr).(*plan.Column); ok {
			columns = append(columns, c.Index)
		}
	}
	return plan.AtMostOne(s, columns)
}

// fixedKey: an expression is one of the first keys, which have one value each.
func fixedKey(ix *indexKeys, fixed int, e plan.Expr) bool {
	return slices.ContainsFunc(ix.keys[:fixed], func(k indexKey) bool { return k.is(e) })
}

func (p *paths) noNulls(ix *indexKeys, s *plan.Scan) bool {
	for i := range ix.keys {
		if !p.keyNotNull(&ix.keys[i], s, nil) {
			return false
		}
	}
	return true
}

// keyNotNull: a key is never NULL, in the relation or where conditions hold.
func (p *paths) keyNotNull(k *indexKey, s *plan.Scan, conds []plan.Expr) bool {
	if c, ok := k.expr.(*plan.Column); ok {
		for _, cond := range conds {
			if rejectsNull(cond, func(i int) bool { return i == c.Index }) {
				return true
			}
		}
	}
	rel, ok := p.cat.ByOID(catalog.OID(s.Relation))
	if !ok || k.column < 0 || s.Kind != plan.RelTable {
		return false
	}
	return rel.Columns[k.column].NotNull || slices.Contains(rel.PrimaryKey, k.column)
}

// extreme reads one row for the least or the greatest value of a key. Values that are equal and look different could be others then.
func (p *paths) extreme(n *plan.GroupBy) plan.Node {
	if len(n.Keys) > 0 || len(n.Aggs) != 1 || n.OnClose != nil {
		return n
	}
	a := &n.Aggs[0]
	f := builtin.FuncByOID(uint32(a.Func))
	if f == nil || f.Name != "min" && f.Name != "max" || len(a.Args) != 1 || a.Filter != nil {
		return n
	}
	c, ok := a.Args[0].(*plan.Column)
	if !ok || !sqltype.OpsOf(c.T.OID).OneImage {
		return n
	}
	in, desc := withNotNull(n.Input, c), f.Name == "max"
	if in == nil {
		return n
	}
	read := p.inOrder(in, []plan.SortKey{{Expr: c, Desc: desc, NullsFirst: desc}}, 1)
	if read == nil {
		return n
	}
	one := &plan.TopN{Input: read.node, Count: integerConst(sqltype.Int8, 1)}
	one.P.Fields = read.node.Props().Fields
	plan.Derive(one)
	return plan.WithInputs(n, []plan.Node{one})
}

// withNotNull is n without the rows in which a column is NULL; nil where that cannot be asked of a scan.
func withNotNull(n plan.Node, c *plan.Column) plan.Node {
	notNull := &plan.IsNull{Arg: c, Not: true}
	switch n := n.(type) {
	case *plan.Project:
		from, ok := n.Exprs[c.Index].(*plan.Column)
		if !ok {
			return nil
		}
		if in := withNotNull(n.Input, from); in != nil {
			return plan.WithInputs(n, []plan.Node{in})
		}
	case *plan.Filter:
		if _, ok := n.Input.(*plan.Scan); ok {
			return plan.NewFilter(n.Input, append(plan.Conjuncts(n.Cond), notNull))
		}
	case *plan.Scan:
		return plan.NewFilter(n, []plan.Expr{notNull})
	}
	return nil
}
