package rewrite

import (
	"math"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/planner/plan"
)

// What a key costs that is looked up, a row that is found so, and one that is read to be built or to pass, beside costBuilt and costPassed.
const costLookedUp, costFound, costRead = 20, 4, 1

// joins has joins look rows up in a table, where that costs less than to read the table (one-shot plans):
//
//	Join(Project? Filter? Scan, right)      rows of the left side for those of right
//	Join(left, Project? Filter? Scan)       an inner join the other way round; of a semi join the distinct keys of left
//
// What a recursion's term reads is read once, for all rounds.
func (p *paths) joins(n plan.Node) plan.Node {
	if p.est == nil || p.o.NoNestLoop || p.o.NoIndexScan {
		return n
	}
	if _, ok := n.(*plan.Recursive); ok {
		return n
	}
	if ins := n.Inputs(); len(ins) > 0 {
		made, changed := make([]plan.Node, len(ins)), false
		for i, in := range ins {
			made[i] = p.joins(in)
			changed = changed || made[i] != in
		}
		if changed {
			n = plan.WithInputs(n, made)
		}
	}
	if j, ok := n.(*plan.Join); ok && j.Lookup == nil && len(j.LeftKeys) > 0 && j.Within == nil {
		return p.lookUp(p.groupsOf(j))
	}
	return n
}

// lookUp is the cheapest way to a join.
func (p *paths) lookUp(j *plan.Join) plan.Node {
	left, right := math.Max(p.est.rows(j.Left), 1), math.Max(p.est.rows(j.Right), 1)
	least := costBuilt*math.Min(left, right) + costPassed*math.Max(left, right)
	if j.Kind != plan.JoinInner {
		least = costBuilt*left + costPassed*right
	}
	best := plan.Node(j)
	consider := func(in, outer plan.Node, rows float64, made func() *plan.Join, finish func(*plan.Join) plan.Node) {
		t := p.target(in)
		if t == nil {
			return
		}
		join := made()
		if join == nil {
			return
		}
		out, cost := p.looked(join, t, rows)
		if out == nil {
			return
		}
		whole := least + costRead*p.est.rows(t.bare)
		if cost < whole || p.o.NoHashJoin {
			best, least = finish(out), cost-costRead*p.est.rows(t.bare)
		}
	}
	same := func(out *plan.Join) plan.Node { return out }
	switch j.Kind {
	case plan.JoinInner:
		consider(j.Left, j.Right, right, func() *plan.Join { return j }, same)
		if best != plan.Node(j) && p.o.NoHashJoin {
			break
		}
		consider(j.Right, j.Left, left, func() *plan.Join { return turnedRound(j) }, func(out *plan.Join) plan.Node { return turnedBack(out, j) })
	case plan.JoinRight, plan.JoinAnti, plan.JoinMark:
		consider(j.Left, j.Right, right, func() *plan.Join { return j }, same)
	case plan.JoinSemi:
		consider(j.Left, j.Right, right, func() *plan.Join { return j }, same)
		if j.Residual == nil {
			consider(j.Right, j.Left, p.est.groups(j.Left, j.LeftKeys), func() *plan.Join { return ofDistinct(j) },
				func(out *plan.Join) plan.Node { return onlyFirst(out, j.P.Fields) })
		}
	}
	return best
}

// target is what rows can be looked up in.
type target struct {
	scan  *plan.Scan
	conds []plan.Expr // over the scan's columns
	exprs []plan.Expr // what is given of them; nil = the columns
	bare  plan.Node   // the scan
}

// target takes apart a Scan with what is over it; nil if it is not such.
func (p *paths) target(n plan.Node) *target {
	t := &target{}
	if project, ok := n.(*plan.Project); ok {
		t.exprs, n = project.Exprs, project.Input
	}
	if filter, ok := n.(*plan.Filter); ok {
		t.conds, n = plan.Conjuncts(filter.Cond), filter.Input
	}
	s, ok := n.(*plan.Scan)
	if !ok || s.Kind != plan.RelTable || s.Keyed() || s.Ordered {
		return nil
	}
	for _, list := range [][]plan.Expr{t.conds, t.exprs} {
		for _, e := range list {
			if plan.MayFail(e) || plan.Volatile(e) {
				return nil
			}
		}
	}
	t.scan, t.bare = s, s
	return t
}

// column is what a column of the target is, over the scan.
func (t *target) column(i int) plan.Expr {
	if t.exprs == nil {
		return plan.ColumnOf(t.scan.P.Fields, i)
	}
	return t.exprs[i]
}

// looked is a join that looks its left side up, and what that costs for rows of the right one; nil if it cannot.
func (p *paths) looked(j *plan.Join, t *target, rows float64) (best *plan.Join, least float64) {
	rel, ok := p.cat.ByOID(catalog.OID(t.scan.Relation))
	if !ok {
		return nil, 0
	}
	least = math.MaxFloat64
	for _, ix := range keysOf(t.scan, rel, p.cat, t.conds, p.fold) {
		out, found := p.lookedIn(j, t, ix)
		if out == nil {
			continue
		}
		if cost := rows * (costLookedUp + costFound*found); cost < least {
			best, least = out, cost
		}
	}
	return best, least
}

// lookedIn is looked by one index, and how many rows a key finds.
func (p *paths) lookedIn(j *plan.Join, t *target, ix *indexKeys) (*plan.Join, float64) {
	used := make([]bool, len(j.LeftKeys))
	share, joined := 1.0, 0
	out := *j
	out.Lookup = &plan.Lookup{}
	scan := *t.scan
	scan.Index, scan.IndexName, scan.Joined, scan.IndexCond = ix.id, ix.name, true, nil
keys:
	for i := range ix.keys {
		k := &ix.keys[i]
		for at := range j.LeftKeys {
			if v := k.joined(j, t, at); v != nil && !used[at] {
				used[at] = true
				joined++
				out.Lookup.Keys = append(out.Lookup.Keys, v)
				scan.IndexCond = append(scan.IndexCond, "("+plan.FormatExpr(k.expr)+" = "+plan.FormatExpr(plan.ColumnOf(j.Right.Props().Fields, j.RightKeys[at]))+")")
				share *= p.shareOf(t, k)
				continue keys
			}
		}
		for _, c := range t.conds {
			if v := k.fixedBy(c); v != nil {
				out.Lookup.Keys = append(out.Lookup.Keys, v)
				scan.IndexCond = append(scan.IndexCond, plan.FormatExpr(c))
				share *= p.est.share(t.scan, c)
				continue keys
			}
		}
		break
	}
	if joined == 0 {
		return nil, 0
	}
	found := math.Max(p.est.rows(t.bare), 1) * share
	if ix.unique && len(out.Lookup.Keys) == len(ix.keys) {
		found = math.Min(found, 1)
	}
	if !restAsked(&out, j, used) {
		return nil, 0
	}
	scan.Share = found / math.Max(p.est.rows(t.bare), 1)
	out.Left = rebuilt(j.Left, &scan)
	plan.Derive(&out)
	return &out, found
}

// shareOf is the share of rows that have one value of a key.
func (p *paths) shareOf(t *target, k *indexKey) float64 {
	c, ok := k.expr.(*plan.Column)
	if !ok {
		return unknownEqual
	}
	return 1 / math.Max(p.est.distinct(t.scan, c.Index), 1)
}

// rebuilt is a side of a join over another scan.
func rebuilt(n plan.Node, s *plan.Scan) plan.Node {
	if _, ok := n.(*plan.Scan); ok {
		return s
	}
	return plan.WithInputs(n, []plan.Node{rebuilt(n.Inputs()[0], s)})
}

// joined is the value over the right side's row that a key equals where the pair of join keys at is equal; nil if it is not that key.
func (k *indexKey) joined(j *plan.Join, t *target, at int) plan.Expr {
	if k.expr == nil || j.KeyNullSafe(at) {
		return nil
	}
	left, right := t.column(j.LeftKeys[at]), plan.Expr(plan.ColumnOf(j.Right.Props().Fields, j.RightKeys[at]))
	if call, ok := left.(*plan.Call); ok && !k.is(left) {
		// An integer that was widened for the comparison.
		if len(call.Args) != 1 || !k.is(call.Args[0]) || integerRank[call.Args[0].Type().OID] == 0 || integerRank[call.T.OID] <= integerRank[call.Args[0].Type().OID] {
			return nil
		}
		left, right = call.Args[0], narrow(right, call.Args[0].Type().OID)
	}
	if !k.is(left) {
		return nil
	}
	on, one := builtin.BtreeOf(left.Type().OID)
	own, two := builtin.BtreeOf(k.typ.OID)
	if !one || !two || on.On != own.On {
		return nil
	}
	if right.Type().OID != k.typ.OID {
		right = &plan.Relabel{Arg: right, T: k.typ}
	}
	return right
}

// restAsked asks of pairs the equalities that are not looked up; false if the join cannot.
func restAsked(out, j *plan.Join, used []bool) bool {
	width := len(j.Left.Props().Fields)
	var rest []plan.Expr
	out.LeftKeys, out.RightKeys, out.NullSafe = nil, nil, nil
	for i := range used {
		if used[i] {
			out.LeftKeys, out.RightKeys = append(out.LeftKeys, j.LeftKeys[i]), append(out.RightKeys, j.RightKeys[i])
			continue
		}
		rest = append(rest, keyEquality(j, i, 0, width))
	}
	if len(rest) == 0 {
		return true
	}
	if j.Single {
		return false
	}
	rest = append(rest, plan.Conjuncts(j.Residual)...)
	if out.Residual = rest[0]; len(rest) > 1 {
		out.Residual = &plan.And{Args: rest}
	}
	return true
}

// turnedRound is an inner join with its sides in each other's place.
func turnedRound(j *plan.Join) *plan.Join {
	l, r := len(j.Left.Props().Fields), len(j.Right.Props().Fields)
	out := &plan.Join{Left: j.Right, Right: j.Left, LeftKeys: j.RightKeys, RightKeys: j.LeftKeys, NullSafe: j.NullSafe}
	if j.Residual != nil {
		out.Residual = plan.MapColumns(j.Residual, func(c int) int {
			if c < l {
				return c + r
			}
			return c - l
		})
	}
	out.P.Fields = append(append([]plan.Field(nil), j.Right.Props().Fields...), j.Left.Props().Fields...)
	plan.Derive(out)
	return out
}

// turnedBack puts the columns of turnedRound where j has them.
func turnedBack(out, j *plan.Join) plan.Node {
	l, r := len(j.Left.Props().Fields), len(j.Right.Props().Fields)
	exprs := make([]plan.Expr, 0, l+r)
	for i := range l {
		exprs = append(exprs, plan.ColumnOf(out.P.Fields, r+i))
	}
	for i := range r {
		exprs = append(exprs, plan.ColumnOf(out.P.Fields, i))
	}
	return plan.NewProject(out, exprs, j.P.Fields)
}

// ofDistinct is a semi join as an inner one of the rows with the distinct keys of its left side.
func ofDistinct(j *plan.Join) *plan.Join {
	if j.NullSafe != nil {
		return nil
	}
	from := j.Left.Props().Fields
	keys, fields := make([]plan.Expr, len(j.LeftKeys)), make([]plan.Field, len(j.LeftKeys))
	out := &plan.Join{Left: j.Right, LeftKeys: j.RightKeys}
	for i, k := range j.LeftKeys {
		keys[i], fields[i] = plan.ColumnOf(from, k), from[k]
		out.RightKeys = append(out.RightKeys, i)
	}
	once := &plan.Distinct{Input: plan.NewProject(j.Left, keys, fields)}
	once.P.Fields = fields
	plan.Derive(once)
	out.Right = once
	out.P.Fields = append(append([]plan.Field(nil), j.Right.Props().Fields...), fields...)
	plan.Derive(out)
	return out
}

// onlyFirst are as many of the first columns of a node as there are fields.
func onlyFirst(n plan.Node, fields []plan.Field) plan.Node {
	exprs := make([]plan.Expr, len(fields))
	for i := range exprs {
		exprs[i] = plan.ColumnOf(n.Props().Fields, i)
	}
	return plan.NewProject(n, exprs, fields)
}
