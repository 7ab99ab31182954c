package rewrite

import (
	"math"

	"github.com/tributary-db/tributary/planner/plan"
)

// estimator tells about how many rows nodes give. It remembers what it told of a node.
type estimator struct {
	stats plan.Statistics
	known map[plan.Node]float64
}

func newEstimator(s plan.Statistics) *estimator {
	return &estimator{stats: s, known: map[plan.Node]float64{}}
}

// What is assumed where nothing is known: the rows of a relation, and the share of them that a condition keeps.
const (
	unknownRows    = 1000
	unknownShare   = 1.0 / 3
	unknownEqual   = 0.005
	unknownLike    = 0.05
	unknownAtLeast = 1e-7
)

// rows is about how many rows n gives.
func (e *estimator) rows(n plan.Node) float64 {
	if r, ok := e.known[n]; ok {
		return r
	}
	r := math.Max(e.compute(n), 0)
	e.known[n] = r
	return r
}

func (e *estimator) compute(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Scan:
		return e.scan(n)
	case *plan.Filter:
		return e.rows(n.Input) * e.share(n.Input, n.Cond)
	case *plan.Values:
		return float64(len(n.Rows))
	case *plan.Distinct:
		return e.groups(n.Input, allOf(n.Input))
	case *plan.GroupBy:
		return e.groups(n.Input, n.Keys)
	case *plan.TopN:
		return e.first(n)
	case *plan.Join:
		return e.join(n)
	case *plan.UnionAll:
		sum := 0.0
		for _, in := range n.Inputs() {
			sum += e.rows(in)
		}
		return sum
	case *plan.ProjectSet:
		return 10 * e.rows(n.Input)
	}
	most := 1.0
	for i, in := range n.Inputs() {
		if r := e.rows(in); i == 0 || r > most {
			most = r
		}
	}
	return most
}

func allOf(n plan.Node) []int {
	out := make([]int, len(n.Props().Fields))
	for i := range out {
		out[i] = i
	}
	return out
}

func (e *estimator) scan(n *plan.Scan) float64 {
	rows, ok := e.stats.Rows(n.Relation)
	if !ok {
		rows = unknownRows
	}
	if n.Keyed() && n.Share > 0 {
		return rows * n.Share
	}
	for range len(n.Lookup) - len(n.LookupColumns) {
		rows *= unknownEqual
	}
	for _, c := range n.LookupColumns {
		if s := e.stats.Column(n.Relation, c); s != nil && s.Distinct > 0 {
			rows /= s.Distinct
		} else {
			rows *= unknownEqual
		}
	}
	return rows
}

// groups is how many values some columns have together.
func (e *estimator) groups(in plan.Node, keys []int) float64 {
	rows := e.rows(in)
	if len(keys) == 0 {
		return 1
	}
	product := 1.0
	for _, k := range keys {
		product *= math.Max(e.distinct(in, k), 1)
	}
	return math.Min(product, rows)
}

func (e *estimator) first(n *plan.TopN) float64 {
	rows := e.rows(n.Input)
	if len(n.Groups) > 0 {
		return e.groups(n.Input, n.Groups)
	}
	if count, ok := plan.IntegerOf(n.Count); ok && n.Count != nil {
		return math.Min(rows, float64(count))
	}
	return rows
}

// join is of one that stands in the plan.
func (e *estimator) join(n *plan.Join) float64 {
	left, right := e.rows(n.Left), e.rows(n.Right)
	share := 1.0
	for i := range n.LeftKeys {
		if n.Lookup != nil {
			break // the left side's are those of one key
		}
		share /= math.Max(math.Max(e.distinct(n.Left, n.LeftKeys[i]), e.distinct(n.Right, n.RightKeys[i])), 1)
	}
	if n.Residual != nil {
		share *= unknownShare
	}
	pairs := left * right * share
	switch n.Kind {
	case plan.JoinInner:
		return pairs
	case plan.JoinSemi:
		return math.Min(right, pairs)
	case plan.JoinAnti:
		return math.Max(right-pairs, right*unknownAtLeast)
	case plan.JoinMark:
		return right
	case plan.JoinFull:
		return math.Max(pairs, left+right)
	}
	return math.Max(pairs, right)
}

// distinct is how many values a column of n has.
func (e *estimator) distinct(n plan.Node, column int) float64 {
	rows := e.rows(n)
	if unique(n, column) {
		return rows
	}
	if s, _ := e.column(n, column); s != nil && s.Distinct > 0 {
		return math.Min(s.Distinct, rows)
	}
	return math.Max(1, rows/10)
}

// unique: column alone names a row of n.
func unique(n plan.Node, column int) bool {
	for _, k := range n.Props().UniqueKey {
		if len(k) == 1 && k[0] == column {
			return true
		}
	}
	return false
}

// column finds the relation's column that a column of n is.
func (e *estimator) column(n plan.Node, column int) (*plan.ColumnStats, plan.RelationID) {
	for {
		switch x := n.(type) {
		case *plan.Scan:
			if c := x.Columns[column]; c >= 0 {
				return e.stats.Column(x.Relation, c), x.Relation
			}
			return nil, 0
		case *plan.Project:
			c, ok := bare(x.Exprs[column]).(*plan.Column)
			if !ok {
				return nil, 0
			}
			n, column = x.Input, c.Index
		case *plan.Filter:
			n = x.Input
		case *plan.GroupBy:
			if column >= len(x.Keys) {
				return nil, 0
			}
			n, column = x.Input, x.Keys[column]
		case *plan.Join:
			width := len(x.Left.Props().Fields)
			switch {
			case !x.Kind.Pairs() && column < len(x.Right.Props().Fields):
				n = x.Right
			case !x.Kind.Pairs():
				return nil, 0
			case column < width:
				n = x.Left
			default:
				n, column = x.Right, column-width
			}
		default:
			return nil, 0
		}
	}
}

// tell notes the estimate of each node of a plan that is about to run.
func (e *estimator) tell(n plan.Node) {
	plan.WalkNodes(n, func(n plan.Node) { n.Props().Rows = e.rows(n) })
}
