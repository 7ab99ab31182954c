package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// maxGroupingSets and maxCube are PostgreSQL's bounds.
const (
	maxGroupingSets = 4096
	maxCube         = 12
)

// groupSets binds one item of GROUP BY as the list of grouping sets that it stands for, sets of
// places in c.groups.
func (c *core) groupSets(n *pg.Node) ([][]int, error) {
	g := n.GetGroupingSet()
	if g == nil {
		set, err := c.groupKeys(n)
		return [][]int{set}, err
	}
	switch g.Kind {
	case pg.GroupingSetKind_GROUPING_SET_EMPTY:
		return [][]int{{}}, nil
	case pg.GroupingSetKind_GROUPING_SET_SETS:
		var out [][]int
		for _, item := range g.Content {
			sets, err := c.groupSets(item)
			if err != nil {
				return nil, err
			}
			if out = append(out, sets...); len(out) > maxGroupingSets {
				return nil, tooManySets()
			}
		}
		return out, nil
	}
	parts := make([][]int, len(g.Content))
	for i, item := range g.Content {
		var err error
		if parts[i], err = c.groupKeys(item); err != nil {
			return nil, err
		}
	}
	if g.Kind == pg.GroupingSetKind_GROUPING_SET_ROLLUP {
		return rollup(parts), nil
	}
	if len(parts) > maxCube {
		return nil, sqlerr.New(sqlerr.TooManyColumns, "CUBE is limited to %d elements", maxCube).At(g.Location)
	}
	return cube(parts), nil
}

func tooManySets() error {
	return sqlerr.New(sqlerr.StatementTooComplex, "too many grouping sets present (maximum %d)", maxGroupingSets)
}

// rollup is all beginnings of a list, from the whole to none of it.
func rollup(parts [][]int) [][]int {
	var out [][]int
	for n := len(parts); n >= 0; n-- {
		out = append(out, union(parts[:n]))
	}
	return out
}

// cube is all subsets of a list.
func cube(parts [][]int) [][]int {
	var out [][]int
	for bits := 1<<len(parts) - 1; bits >= 0; bits-- {
		var some [][]int
		for i, p := range parts {
			if bits>>(len(parts)-1-i)&1 == 1 {
				some = append(some, p)
			}
		}
		out = append(out, union(some))
	}
	return out
}

func union(sets [][]int) []int {
	out := []int{}
	for _, s := range sets {
		for _, k := range s {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// cross is every pair of a set of each list, put together.
func cross(a, b [][]int) ([][]int, error) {
	var out [][]int
	if len(a)*len(b) > maxGroupingSets {
		return nil, tooManySets()
	}
	for _, x := range a {
		for _, y := range b {
			out = append(out, union([][]int{x, y}))
		}
	}
	return out, nil
}

// withoutRepeats is GROUP BY DISTINCT.
func withoutRepeats(sets [][]int) [][]int {
	var out [][]int
	for _, s := range sets {
		same := func(t []int) bool {
			return len(s) == len(t) && !slices.ContainsFunc(s, func(k int) bool { return !slices.Contains(t, k) })
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, s)
		}
	}
	return out
}

// everywhere are the keys that all grouping sets have.
func (c *core) everywhere() []plan.Expr {
	if len(c.sets) == 0 {
		return c.groups
	}
	var out []plan.Expr
	for i, k := range c.groups {
		if !slices.ContainsFunc(c.sets, func(s []int) bool { return !slices.Contains(s, i) }) {
			out = append(out, k)
		}
	}
	return out
}

// groupingRef is GROUPING(…) until the aggregation is built.
type groupingRef struct {
	*plan.Column
	args []plan.Expr
}

func (b *binder) groupingFunc(n *pg.GroupingFunc) (plan.Expr, error) {
	switch p := b.lv.place; p {
	case inSelect, inHaving, inOrderBy, inDistinct, inPartition, inWindowOrder:
	default:
		return nil, sqlerr.New(sqlerr.GroupingError, "grouping operations are not allowed in %s", string(p)).At(n.Location)
	}
	if len(n.Args) > 31 {
		return nil, sqlerr.New(sqlerr.TooManyArguments, "GROUPING must have fewer than 32 arguments").At(n.Location)
	}
	args, err := b.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	b.lv.groupings = true
	return b.at(&groupingRef{Column: &plan.Column{Index: -1, T: sqltype.Of(sqltype.Int4), Name: "grouping"}, args: args}, n.Location), nil
}

// checkGrouping: the arguments are keys.
func (g *grouping) checkGrouping(r *groupingRef) error {
	for _, a := range r.args {
		if keyOf(g.c.groups, a) < 0 {
			return sqlerr.New(sqlerr.GroupingError, "arguments to GROUPING must be grouping expressions of the associated query level").At(g.c.b.where(a))
		}
	}
	return nil
}

// grouping is the value of GROUPING over the groups: by the set of the row, a bit an argument, set where
// the argument is not of the set.
func (g *grouping) grouping(r *groupingRef) plan.Expr {
	const int4eq = 65
	value := func(set []int) plan.Expr {
		v := int32(0)
		for _, a := range r.args {
			v <<= 1
			if !slices.Contains(set, keyOf(g.c.groups, a)) {
				v |= 1
			}
		}
		return plan.Int4Const(v)
	}
	if len(g.c.sets) == 0 {
		return plan.Int4Const(0)
	}
	number := &plan.Column{Index: len(g.keys), T: sqltype.Of(sqltype.Int4), Name: "grouping set"}
	out := &plan.Case{T: sqltype.Of(sqltype.Int4), Else: value(g.c.sets[len(g.c.sets)-1])}
	for i, set := range g.c.sets[:len(g.c.sets)-1] {
		out.Whens = append(out.Whens, plan.When{Then: value(set), Cond: &plan.Call{
			Func: int4eq, Args: []plan.Expr{number, plan.Int4Const(int32(i))}, T: sqltype.Of(sqltype.Bool), Op: "=", Pos: -1,
		}})
	}
	return out
}

// expand repeats the rows under n, which groups them by the columns keys, for the grouping sets, and makes
// n group by the copies and the number of the set.
func (g *grouping) expand(n *plan.GroupBy) {
	sets := make([][]int, len(g.c.sets))
	empty := false
	for i, s := range g.c.sets {
		empty = empty || len(s) == 0
		sets[i] = slices.Clone(s)
		for extra := len(g.c.groups); extra < len(g.keys); extra++ { // a key of all sets decides it
			sets[i] = append(sets[i], extra)
		}
	}
	width := len(n.Input.Props().Fields)
	n.Input = plan.NewExpand(n.Input, n.Keys, sets)
	fields := n.Input.Props().Fields
	if empty {
		isRow := plan.ColumnOf(fields, len(fields)-1)
		n.Aggs = slices.Clone(n.Aggs)
		for i := range n.Aggs {
			if f := n.Aggs[i].Filter; f != nil {
				n.Aggs[i].Filter = &plan.And{Args: []plan.Expr{isRow, f}}
			} else {
				n.Aggs[i].Filter = isRow
			}
		}
	}
	n.Keys = nil
	for i := range len(g.keys) + 1 {
		n.Keys = append(n.Keys, width+i)
	}
	n.P.Fields = append(n.P.Fields, fields[width+len(g.keys)])
}
