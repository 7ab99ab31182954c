package rewrite

import (
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// intervals finds, where records are left out that come late, how far the event times of a join's pairs lie apart: so what a
// join keeps is freed, and what waits above knows when its windows are closed.
type intervals struct{ refused error }

func (v *intervals) pass(root plan.Node) plan.Node {
	if !leavesOut(root) {
		return root
	}
	root = plan.Transform(root, v.node)
	plan.WalkNodes(root, func(n plan.Node) {
		if j, ok := n.(*plan.Join); ok && j.Within == nil && leavesOut(j) {
			v.refuse("Of a pair of records it is not known how far their event times lie apart.")
		}
	})
	return root
}

// leavesOut reports whether late records are left out below n.
func leavesOut(n plan.Node) bool {
	found := false
	plan.WalkNodes(n, func(n plan.Node) {
		_, is := n.(*plan.OnTime)
		found = found || is
	})
	return found
}

func (v *intervals) refuse(detail string) {
	if v.refused == nil {
		v.refused = sqlerr.New(sqlerr.FeatureNotSupported, "EMIT ON WINDOW CLOSE over this join is not supported").WithDetail("%s", detail).
			WithHint("Join streams that have watermarks with b.time BETWEEN a.time AND a.time + INTERVAL '1 hour', or with equal windows, and group by a window over one of these times; or use EMIT CHANGES.")
	}
}

func (v *intervals) node(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Join:
		return bounded(n, nil)
	case *plan.Filter:
		if j, ok := n.Input.(*plan.Join); ok && j.Within == nil {
			return plan.WithInputs(n, []plan.Node{bounded(j, plan.Conjuncts(n.Cond))})
		}
	case *plan.GroupBy:
		if n.OnClose != nil && leavesOut(n.Input) {
			return v.waits(n)
		}
	}
	return n
}

// bounded is an inner join with the distance of its event times, if it and conditions above it tell that.
func bounded(j *plan.Join, above []plan.Expr) *plan.Join {
	if j.Kind != plan.JoinInner {
		return j
	}
	width := len(j.Left.Props().Fields)
	for _, l := range plan.EventTimes(j.Left) {
		for _, r := range plan.EventTimes(j.Right) {
			apart := plan.NewApart(l.Column, width+r.Column)
			for i := range j.LeftKeys {
				if j.LeftKeys[i] == l.Column && j.RightKeys[i] == r.Column {
					apart.Lower, apart.Upper = 0, 0
				}
			}
			for _, c := range append(plan.Conjuncts(j.Residual), above...) {
				apart.Take(c)
			}
			if apart.Bounded() && apart.Lower <= apart.Upper {
				out := *j
				out.Within = &plan.Within{
					Left: l.Column, Right: r.Column, Lower: apart.Lower, Upper: apart.Upper, Behind: [2]int64{l.Behind, r.Behind},
				}
				plan.Derive(&out)
				return &out
			}
		}
	}
	return j
}

// waits has an aggregation close its windows as far behind the watermark as rows may still come.
func (v *intervals) waits(n *plan.GroupBy) plan.Node {
	for _, t := range plan.EventTimes(n.Input) {
		later := microseconds(max(0, t.Behind))
		if t.Column == n.Keys[n.OnClose.Key] { // the start of the window: none that begins there comes any more
			later = microseconds(t.Behind+1) - n.OnClose.Size
		} else if t.Column != n.OnClose.Time {
			continue
		}
		out, c := *n, *n.OnClose
		c.Lateness += later
		out.OnClose = &c
		plan.Derive(&out)
		return &out
	}
	v.refuse("The window that rows are grouped by is not over an event time of the join.")
	return n
}

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
