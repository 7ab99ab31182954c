package bind

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// setsWait: DISTINCT ON with an ORDER BY takes its rows before the set-returning functions among the columns run, unless one of
// them is among what it sorts or compares by; without an ORDER BY they run first. PostgreSQL decides so, and its answers show it.
func (c *core) setsWait() bool {
	if len(c.on) == 0 || len(c.tail.keys) == 0 {
		return false
	}
	by := slices.Clone(c.on)
	for _, k := range c.tail.keys {
		by = append(by, k.target)
	}
	sets := false
	for i := range c.targets {
		set := firstSet(c.targets[i].expr) != nil
		sets = sets || set
		if slices.Contains(by, i) && (set || plan.Volatile(c.targets[i].expr)) {
			return false
		}
	}
	return sets
}

// firstRows keeps, of the rows that the columns are computed from, the first of those that DISTINCT ON takes for one:
//
//	rows ─► rows, columns of ON and ORDER BY ─► first of each ─► rows
func (c *core) firstRows(in plan.Node) plan.Node {
	fields := in.Props().Fields
	places := map[int]int{}
	var more []plan.Expr
	var names []plan.Field
	column := func(target int) int {
		at, ok := places[target]
		if !ok {
			at = len(fields) + len(more)
			places[target] = at
			e := c.targets[target].expr
			more, names = append(more, e), append(names, plan.Field{Name: hiddenField, Type: e.Type()})
		}
		return at
	}
	var on []int
	for _, t := range c.on {
		on = append(on, column(t))
	}
	order := tail{}
	for _, k := range c.tail.keys {
		k.target = column(k.target)
		order.keys = append(order.keys, k)
	}
	exprs := make([]plan.Expr, 0, len(fields)+len(more))
	for i := range fields {
		exprs = append(exprs, plan.ColumnOf(fields, i))
	}
	wide := plan.NewProject(in, append(exprs, more...), append(slices.Clone(fields), names...))
	return plan.NewProject(order.firstOf(wide, on), exprs[:len(fields):len(fields)], fields)
}
