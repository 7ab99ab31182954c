package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// group binds GROUP BY: keys, and the grouping sets they are in if there is more than one set of all.
func (c *core) group(list []*pg.Node, distinct bool) error {
	sets := [][]int{{}}
	plain := true
	for _, n := range list {
		plain = plain && n.GetGroupingSet() == nil
		of, err := c.groupSets(n)
		if err != nil {
			return err
		}
		if sets, err = cross(sets, of); err != nil {
			return err
		}
	}
	if distinct {
		sets = withoutRepeats(sets)
	}
	if !plain && (len(sets) > 1 || len(sets[0]) < len(c.groups)) {
		c.sets = sets
	}
	return nil
}

// groupKeys binds an item of GROUP BY that is one set: an expression, or some in parentheses.
func (c *core) groupKeys(n *pg.Node) ([]int, error) {
	if row := n.GetRowExpr(); row != nil && row.RowFormat == pg.CoercionForm_COERCE_IMPLICIT_CAST {
		var out [][]int
		for _, item := range row.Args {
			keys, err := c.groupKeys(item)
			if err != nil {
				return nil, err
			}
			out = append(out, keys)
		}
		return union(out), nil
	}
	e, err := c.groupItem(n)
	if err != nil {
		return nil, err
	}
	if hasAggregate(e) {
		return nil, sqlerr.New(sqlerr.GroupingError, "aggregate functions are not allowed in GROUP BY").At(c.b.where(e))
	}
	if hasWindow(e) {
		return nil, sqlerr.New(sqlerr.WindowingError, "window functions are not allowed in GROUP BY").At(c.b.where(e))
	}
	if e.Type().OID == sqltype.Unknown {
		if e, err = c.b.coerce(e, textType(), implicit, -1); err != nil {
			return nil, err
		}
	}
	if err := groupable(e.Type().OID, c.b.where(e)); err != nil {
		return nil, err
	}
	i := keyOf(c.groups, e)
	if i < 0 {
		i = len(c.groups)
		c.groups = append(c.groups, e)
	}
	return []int{i}, nil
}

// groupItem finds what an item means: an input column, else an output name, a position, an expression.
func (c *core) groupItem(n *pg.Node) (plan.Expr, error) {
	if name, pos, ok := bareName(n); ok {
		_, col, err := c.lv.scope.findColumn(name, pos)
		if err != nil {
			return nil, err
		}
		if col == nil {
			if i, err := c.byOutputName(name, "GROUP BY", pos); err != nil {
				return nil, err
			} else if i >= 0 {
				return c.targets[i].expr, nil
			}
		}
	}
	if i, err := c.byPosition(n, "GROUP BY"); err != nil {
		return nil, err
	} else if i >= 0 {
		return c.targets[i].expr, nil
	}
	return c.b.exprAt(n, inGroupBy)
}

func keyOf(keys []plan.Expr, e plan.Expr) int {
	for i, k := range keys {
		if plan.Equal(k, e) {
			return i
		}
	}
	return -1
}

// grouping rewrites expressions over the input rows into expressions over the groups.
type grouping struct {
	c    *core
	keys []plan.Expr
	aggs []plan.Aggregate
	err  error
}

// groupNode builds the aggregation and turns the targets and HAVING into expressions over it.
func (c *core) groupNode(in plan.Node) (plan.Node, error) {
	g := &grouping{c: c, keys: c.groups}
	for i := range c.targets {
		g.collect(c.targets[i].expr)
	}
	g.collect(c.having)
	if g.err != nil {
		return nil, g.err
	}
	node, err := g.node(in)
	if err != nil {
		return nil, err
	}
	for i := range c.targets {
		c.targets[i].expr = g.over(c.targets[i].expr)
	}
	if c.having == nil {
		return node, nil
	}
	return filter(node, g.over(c.having)), nil
}

// collect gathers the aggregates of an expression and checks that its other columns are
// grouped; a column that the grouped primary key decides becomes a key itself.
func (g *grouping) collect(e plan.Expr) {
	plan.Walk(e, func(e plan.Expr) bool {
		if g.err != nil || keyOf(g.keys, e) >= 0 {
			return false
		}
		switch e := e.(type) {
		case *windowRef:
			for _, part := range append(e.parts(), e.over.parts()...) {
				g.collect(*part)
			}
			return false
		case *groupingRef:
			g.err = g.checkGrouping(e)
			return false
		case *aggRef:
			if g.aggregate(e) < 0 {
				g.aggs = append(g.aggs, e.agg)
				g.direct(&e.agg)
			}
			return false
		case *plan.Subquery:
			g.arguments(e)
			return false
		case *plan.Column:
			if g.decided(e) {
				g.keys = append(g.keys[:len(g.keys):len(g.keys)], e)
				return false
			}
			g.err = sqlerr.New(sqlerr.GroupingError, "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function",
				g.c.lv.scope.nameOf(e)).At(g.c.b.where(e))
		}
		return true
	})
}

// arguments collects what a subquery refers to.
func (g *grouping) arguments(e *plan.Subquery) {
	for _, a := range e.Args {
		if g.collect(a); g.err != nil {
			if c, ok := a.(*plan.Column); ok {
				g.err = sqlerr.New(sqlerr.GroupingError, "subquery uses ungrouped column \"%s\" from outer query", g.c.lv.scope.nameOf(c)).At(g.c.b.where(e))
			}
			return
		}
	}
}

func (g *grouping) aggregate(e *aggRef) int {
	for i := range g.aggs {
		if plan.EqualAggregates(&g.aggs[i], &e.agg) {
			return i
		}
	}
	return -1
}

// decided reports whether the primary key of the column's table is grouped.
func (g *grouping) decided(e *plan.Column) bool {
	for _, it := range g.c.lv.scope.items {
		if it.rel == nil || len(it.rel.PrimaryKey) == 0 || !it.has(e.Index) {
			continue
		}
		all := true
		for _, k := range it.rel.PrimaryKey {
			all = all && k < len(it.columns) && keyOf(g.c.everywhere(), &plan.Column{Index: it.columns[k].index, T: it.columns[k].typ}) >= 0
		}
		if all {
			return true
		}
	}
	return false
}

func (it *item) has(index int) bool {
	for i := range it.columns {
		if it.columns[i].index == index {
			return true
		}
	}
	return false
}

// nameOf is how messages call a column: table.column.
func (s *scope) nameOf(e *plan.Column) string {
	for _, it := range s.items {
		for _, c := range it.columns {
			if c.index == e.Index && it.name != "" {
				return it.name + "." + c.name
			}
		}
	}
	return e.Name
}

// over is e with grouped parts and aggregates as columns of the aggregation.
func (g *grouping) over(e plan.Expr) plan.Expr {
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		if i := keyOf(g.keys, e); i >= 0 {
			return g.c.b.at(&plan.Column{Index: i, T: e.Type(), Name: keyName(e)}, g.c.b.where(e)), true
		}
		switch e := e.(type) {
		case *groupingRef:
			return g.grouping(e), true
		case *aggRef:
			at := len(g.keys) + g.aggregate(e)
			if len(g.c.sets) > 0 {
				at++ // behind the number of the set
			}
			return g.c.b.at(&plan.Column{Index: at, T: e.agg.T, Name: plan.FormatAggregate(&e.agg)}, e.pos), true
		case *windowRef:
			mapWindow(e, g.over)
			return e, true
		}
		return nil, false
	})
}

func keyName(e plan.Expr) string {
	if c, ok := e.(*plan.Column); ok {
		return c.Name
	}
	return plan.FormatExpr(e)
}

// node builds the GroupBy; keys that are not columns are computed below it.
func (g *grouping) node(in plan.Node) (plan.Node, error) {
	fields := in.Props().Fields
	n := &plan.GroupBy{Aggs: g.aggs}
	var computed []plan.Expr
	for _, k := range g.keys {
		if c, ok := k.(*plan.Column); ok {
			n.Keys = append(n.Keys, c.Index)
			n.P.Fields = append(n.P.Fields, fields[c.Index])
			continue
		}
		n.Keys = append(n.Keys, len(fields)+len(computed))
		n.P.Fields = append(n.P.Fields, plan.Field{Name: keyName(k), Type: k.Type()})
		computed = append(computed, k)
	}
	if len(computed) > 0 {
		in = withComputed(in, computed)
	}
	n.Input = in
	if err := g.directArgs(n); err != nil {
		return nil, err
	}
	if len(g.c.sets) > 0 {
		if g.c.b.emit == parse.EmitOnWindowClose {
			return nil, unsupported("EMIT ON WINDOW CLOSE with GROUPING SETS")
		}
		g.expand(n)
	}
	for i := range g.aggs {
		n.P.Fields = append(n.P.Fields, plan.Field{Name: plan.FormatAggregate(&g.aggs[i]), Type: g.aggs[i].T})
	}
	if err := g.c.onClose(n, g.keys); err != nil {
		return nil, err
	}
	plan.Derive(n)
	return n, nil
}

// withComputed passes all columns on and appends computed ones.
func withComputed(in plan.Node, exprs []plan.Expr) plan.Node {
	p := &plan.Project{Input: in}
	for i, f := range in.Props().Fields {
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
		p.P.Fields = append(p.P.Fields, f)
	}
	for _, e := range exprs {
		p.Exprs = append(p.Exprs, e)
		p.P.Fields = append(p.P.Fields, plan.Field{Name: keyName(e), Type: e.Type()})
	}
	plan.Derive(p)
	return p
}
