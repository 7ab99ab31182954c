package rewrite

import (
	"math"
	"sort"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// share is about which part of n's rows a condition keeps.
func (e *estimator) share(n plan.Node, cond plan.Expr) float64 {
	s := 1.0
	switch c := cond.(type) {
	case *plan.And:
		s = e.all(n, c.Args)
	case *plan.Or:
		for _, a := range c.Args {
			s *= 1 - e.share(n, a)
		}
		s = 1 - s
	case *plan.Not:
		s = 1 - e.share(n, c.Arg)
	case *plan.Const:
		if !isTrue(c) {
			return 0
		}
	case *plan.IsNull:
		s = e.nulls(n, c)
	case *plan.InList:
		s = e.inList(n, c)
	case *plan.AnyAll:
		s = e.anyAll(n, c)
	case *plan.Call:
		s = e.comparison(n, c)
	default:
		s = unknownShare
	}
	return math.Min(math.Max(s, unknownAtLeast), 1)
}

// all is the share for which all conditions hold, as if they had nothing to do with each other; but two that bound one
// column from both sides are a range of it.
func (e *estimator) all(n plan.Node, conds []plan.Expr) float64 {
	type bounded struct{ below, above float64 }
	ranges := map[int]bounded{}
	s := 1.0
	for _, c := range conds {
		share := e.share(n, c)
		column, above, ok := bound(c)
		if !ok {
			s *= share
			continue
		}
		r, has := ranges[column]
		if !has {
			r = bounded{1, 1}
		}
		if above {
			r.above = math.Min(r.above, share)
		} else {
			r.below = math.Min(r.below, share)
		}
		ranges[column] = r
	}
	for _, r := range ranges {
		if both := r.below + r.above - 1; both > 0 {
			s *= both
		} else {
			s *= unknownEqual
		}
	}
	return s
}

// bound reads a condition as one that bounds a column by a constant, from above or from below.
func bound(cond plan.Expr) (column int, above, ok bool) {
	c, is := cond.(*plan.Call)
	if !is || len(c.Args) != 2 || len(c.Op) == 0 || c.Op[0] != '<' && c.Op[0] != '>' || c.Op == "<>" {
		return 0, false, false
	}
	left, isLeft := bare(c.Args[0]).(*plan.Column)
	right, isRight := bare(c.Args[1]).(*plan.Column)
	switch {
	case isLeft && !isRight:
		return left.Index, c.Op[0] == '>', true
	case isRight && !isLeft:
		return right.Index, c.Op[0] == '<', true
	}
	return 0, false, false
}

func (e *estimator) nulls(n plan.Node, c *plan.IsNull) float64 {
	s := e.of(n, c.Arg)
	if s == nil {
		s = &plan.ColumnStats{Nulls: unknownEqual}
	}
	if c.Not {
		return 1 - s.Nulls
	}
	return s.Nulls
}

func (e *estimator) inList(n plan.Node, c *plan.InList) float64 {
	sum, s := 0.0, e.of(n, c.Arg)
	for _, item := range c.List {
		sum += equalShare(s, item)
	}
	if c.Not {
		return 1 - sum
	}
	return sum
}

// unknownElements is how many an array is taken to have that is not known yet.
const unknownElements = 10

func (e *estimator) anyAll(n plan.Node, c *plan.AnyAll) float64 {
	if c.All || c.Op != "=" {
		return unknownShare
	}
	elements := float64(unknownElements)
	if k, ok := c.Array.(*plan.Const); ok && !k.Value.Null(0) {
		elements = float64(k.Value.Array(0, sqltype.OpsOf(k.T.OID.Elem())).Elems.Len)
	}
	return elements * equalShare(e.of(n, c.Left), c.Array)
}

// of is what is known of an expression that is a column.
func (e *estimator) of(n plan.Node, x plan.Expr) *plan.ColumnStats {
	c, ok := bare(x).(*plan.Column)
	if !ok {
		return nil
	}
	s, _ := e.column(n, c.Index)
	return s
}

// microsPerDay is between the places of days and of times.
const microsPerDay = 24 * 3600 * 1e6

// swappedOp is what an operator is when its sides change places.
var swappedOp = map[string]string{"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

func (e *estimator) comparison(n plan.Node, c *plan.Call) float64 {
	if len(c.Args) != 2 {
		return unknownShare
	}
	op, left, right := c.Op, c.Args[0], c.Args[1]
	if _, ok := bare(left).(*plan.Column); !ok {
		if _, ok := bare(right).(*plan.Column); ok && swappedOp[op] != "" {
			op, left, right = swappedOp[op], right, left
		}
	}
	switch op {
	case "=":
		if _, ok := bare(right).(*plan.Column); ok {
			return unknownEqual
		}
		return equalShare(e.of(n, left), right)
	case "<>":
		return 1 - equalShare(e.of(n, left), right)
	case "<", "<=":
		return belowShare(e.of(n, left), left, right, unknownShare)
	case ">", ">=":
		return 1 - belowShare(e.of(n, left), left, right, 1-unknownShare)
	case "~~", "~~*":
		return unknownLike
	case "!~~", "!~~*":
		return 1 - unknownLike
	}
	return unknownShare
}

// equalShare is the share of rows that have a value.
func equalShare(s *plan.ColumnStats, value plan.Expr) float64 {
	if s == nil || s.Distinct <= 0 {
		return unknownEqual
	}
	if k, ok := value.(*plan.Const); ok && !k.Value.Null(0) {
		for i := range s.Common {
			if s.Common[i].Type.Phys() == k.Value.Type.Phys() && delta.EqualKey(&s.Common[i], 0, &k.Value, 0) {
				return s.CommonShares[i]
			}
		}
	}
	others := s.Distinct - float64(len(s.Common))
	if others < 1 {
		return math.Min(1/s.Distinct, unknownEqual)
	}
	return math.Max(1-s.Nulls-s.Shared(), 0) / others
}

// belowShare is the share of a column's rows below a value, or else what is assumed.
func belowShare(s *plan.ColumnStats, column, value plan.Expr, otherwise float64) float64 {
	k, ok := value.(*plan.Const)
	if s == nil || len(s.Bounds) < 2 || !ok || k.Value.Null(0) {
		return otherwise
	}
	v, ok := plan.Place(&k.Value, 0)
	if !ok {
		return otherwise
	}
	if t := value.Type().OID; column.Type().OID == sqltype.Date && (t == sqltype.Timestamp || t == sqltype.Timestamptz) {
		v /= microsPerDay
	}
	parts := len(s.Bounds) - 1
	i := sort.SearchFloat64s(s.Bounds, v)
	switch {
	case i == 0:
		return 0
	case i > parts:
		return 1 - s.Nulls
	}
	within := 0.5
	if width := s.Bounds[i] - s.Bounds[i-1]; width > 0 {
		within = (v - s.Bounds[i-1]) / width
	}
	return (float64(i-1) + within) / float64(parts) * (1 - s.Nulls)
}
