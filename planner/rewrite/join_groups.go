package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// groupsOf has the groups of a join's left side made of the rows only that the keys of its right side ask for, which are looked up: what a subquery
// with an aggregate becomes, as in SELECT (SELECT max(b.x) FROM b WHERE b.k = a.k) FROM a.
//
//	Join(… GroupBy(Scan), right)   ─►   Join(… GroupBy(rows of Scan for the distinct keys of right), right)
//
// The right side is read twice. j itself where that does not pay, or a group that meets nothing would be put out.
func (p *paths) groupsOf(j *plan.Join) *plan.Join {
	if j.Kind == plan.JoinLeft || j.Kind == plan.JoinFull || plan.VolatilePlan(j.Right) {
		return j
	}
	var above []plan.Node
	n, at := j.Left, slices.Clone(j.LeftKeys)
	for i := range at {
		if j.KeyNullSafe(i) {
			at[i] = -1
		}
	}
	for {
		switch x := n.(type) {
		case *plan.Project:
			for i, c := range at {
				if c < 0 {
					continue
				}
				at[i] = -1
				if from, ok := x.Exprs[c].(*plan.Column); ok {
					at[i] = from.Index
				}
			}
			above, n = append(above, x), x.Input
			continue
		case *plan.Filter:
			above, n = append(above, x), x.Input
			continue
		case *plan.GroupBy:
			if in := p.inputOf(x, j, at); in != nil {
				left := plan.WithInputs(x, []plan.Node{in})
				for i := len(above) - 1; i >= 0; i-- {
					left = plan.WithInputs(above[i], []plan.Node{left})
				}
				return plan.WithInputs(j, []plan.Node{left, j.Right}).(*plan.Join)
			}
		}
		return j
	}
}

// inputOf is the input of a GroupBy for the keys of a join, of which at says where they are among the group's; nil if that does not pay.
func (p *paths) inputOf(g *plan.GroupBy, j *plan.Join, at []int) plan.Node {
	t := p.target(g.Input)
	if t == nil || g.OnClose != nil {
		return nil
	}
	semi := &plan.Join{Kind: plan.JoinSemi, Left: j.Right, Right: g.Input}
	for i, c := range at {
		if c >= 0 && c < len(g.Keys) {
			semi.LeftKeys, semi.RightKeys = append(semi.LeftKeys, j.RightKeys[i]), append(semi.RightKeys, g.Keys[c])
		}
	}
	if len(semi.LeftKeys) == 0 {
		return nil
	}
	out, cost := p.looked(ofDistinct(semi), t, p.est.groups(j.Right, semi.LeftKeys))
	if out == nil || p.work(j.Right)+cost >= (costRead+costBuilt)*p.est.rows(t.bare) && !p.o.NoHashJoin {
		return nil
	}
	return onlyFirst(out, g.Input.Props().Fields)
}

// work is about how many rows a plan passes on, all nodes together.
func (p *paths) work(n plan.Node) float64 {
	sum := p.est.rows(n)
	for _, in := range n.Inputs() {
		sum += p.work(in)
	}
	return sum
}
