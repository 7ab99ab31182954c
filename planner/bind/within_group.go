package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// withinGroup binds f(direct) WITHIN GROUP (ORDER BY args).
func (b *binder) withinGroup(name string, n *pg.FuncCall) (plan.Expr, error) {
	if n.FuncVariadic || hasNamedArgs(n) {
		return nil, unsupported("WITHIN GROUP with such arguments").At(n.Location)
	}
	lv := b.lv
	nested := lv.inAgg
	lv.inAgg = true
	direct, err := b.exprs(n.Args)
	var args []plan.Expr
	for _, o := range n.AggOrder {
		if err != nil {
			break
		}
		var e plan.Expr
		e, err = b.expr(o.GetSortBy().Node)
		args = append(args, e)
	}
	lv.inAgg = nested
	if err != nil {
		return nil, err
	}
	r, err := b.resolveWithin(name, direct, args, n)
	if err != nil {
		return nil, withSchema(err, n, name)
	}
	if n.Over != nil {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "OVER is not supported for ordered-set aggregate %s", name).At(n.Location)
	}
	if err := b.aggregateAllowed(nested, n.Location); err != nil {
		return nil, err
	}
	agg := plan.Aggregate{Func: plan.FuncID(r.fn.OID)}
	if err := b.withinArgs(&agg, r, direct, args, n); err != nil {
		return nil, err
	}
	if n.AggFilter != nil {
		lv.inAgg = true
		agg.Filter, err = b.condition(n.AggFilter, inFilter, "FILTER")
		if lv.inAgg = nested; err != nil {
			return nil, err
		}
	}
	if err := ofThisLevel(&agg, n.Location); err != nil {
		return nil, err
	}
	ref := &aggRef{Column: &plan.Column{Index: -1, T: agg.T, Name: plan.FormatAggregate(&agg)}, agg: agg, pos: n.Location}
	lv.aggs = append(lv.aggs, ref)
	return b.at(ref, n.Location), nil
}

// resolveWithin finds the aggregate: its arguments are the direct ones, then those of ORDER BY.
func (b *binder) resolveWithin(name string, direct, args []plan.Expr, n *pg.FuncCall) (resolved, error) {
	hypothetical := false
	for _, f := range builtin.Aggregates(name) {
		hypothetical = hypothetical || f.AggKind == 'h'
	}
	all := slices.Concat(direct, args)
	if hypothetical && len(direct) != len(args) {
		return resolved{}, noAggregate(name, typesOf(all), n.Location).
			WithHint("To use the hypothetical-set aggregate %s, the number of hypothetical direct arguments (here %d) must match the number of ordering columns (here %d).",
				name, len(direct), len(args))
	}
	r, err := b.resolveFunction(name, all, n.Location)
	switch {
	case err != nil:
		return r, err
	case r.fn == nil || r.fn.Kind == builtin.KindFunction:
		return r, sqlerr.New(sqlerr.WrongObjectType, "WITHIN GROUP specified, but %s is not an aggregate function", name).At(n.Location)
	case r.fn.Kind == builtin.KindWindow:
		return r, sqlerr.New(sqlerr.WrongObjectType, "window function %s cannot have WITHIN GROUP", name).At(n.Location)
	case r.fn.AggKind == 'n':
		return r, sqlerr.New(sqlerr.WrongObjectType, "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", name).At(n.Location)
	case r.fn.AggKind == 'o' && len(direct) != len(r.fn.Args)-1:
		return r, noAggregate(name, typesOf(all), n.Location).
			WithHint("There is an ordered-set aggregate %s, but it requires %d direct arguments, not %d.", name, len(r.fn.Args)-1, len(direct))
	}
	return r, nil
}

func noAggregate(name string, in []sqltype.OID, pos int32) *sqlerr.Error {
	return sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", signature(name, in)).At(pos)
}

// withinArgs makes the arguments those of the aggregate.
func (b *binder) withinArgs(agg *plan.Aggregate, r resolved, direct, args []plan.Expr, n *pg.FuncCall) error {
	all := slices.Concat(direct, args)
	var err error
	if r.fn.AggKind == 'h' {
		if err := b.unifyHypothetical(all); err != nil {
			return err
		}
	} else if all, err = b.toArgs(all, r); err != nil {
		return err
	}
	agg.Direct, agg.Args = all[:len(direct):len(direct)], all[len(direct):]
	agg.T = sqltype.Of(resultType(r, all))
	for i, e := range agg.Args {
		if e.Type().OID == sqltype.Unknown {
			if e, err = b.coerce(e, textType(), implicit, -1); err != nil {
				return err
			}
			agg.Args[i] = e
		}
		if err := comparable(e.Type().OID, b.where(e)); err != nil {
			return err
		}
		item, err := direction(n.AggOrder[i].GetSortBy(), i)
		if err != nil {
			return err
		}
		agg.Order = append(agg.Order, plan.SortKey{Expr: e, Desc: item.desc, NullsFirst: item.nullsFirst})
	}
	return nil
}

// unifyHypothetical brings each direct argument and what it is compared with to one type.
func (b *binder) unifyHypothetical(all []plan.Expr) error {
	half := len(all) / 2
	for i := range half {
		pair, _, err := b.unify([]plan.Expr{all[half+i], all[i]}, "WITHIN GROUP")
		if err != nil {
			return err
		}
		all[half+i], all[i] = pair[0], pair[1]
	}
	return nil
}

// direct checks the direct arguments of an aggregate: they are of the group.
func (g *grouping) direct(agg *plan.Aggregate) {
	for _, e := range agg.Direct {
		plan.Walk(e, func(e plan.Expr) bool {
			if g.err != nil || keyOf(g.keys, e) >= 0 {
				return false
			}
			if c, ok := e.(*plan.Column); ok {
				g.err = sqlerr.New(sqlerr.GroupingError, "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function",
					g.c.lv.scope.nameOf(c)).At(g.c.b.where(c)).WithDetail("Direct arguments of an ordered-set aggregate must use only grouped columns.")
			}
			return true
		})
	}
}

// directArgs makes the direct arguments, in which keys stand as they are grouped by, expressions over the columns
// that the keys are.
func (g *grouping) directArgs(n *plan.GroupBy) error {
	n.Aggs = slices.Clone(n.Aggs)
	for i := range n.Aggs {
		agg := &n.Aggs[i]
		agg.Direct = slices.Clone(agg.Direct)
		for k, e := range agg.Direct {
			if len(g.c.sets) > 0 && plan.HasColumns(e) {
				return unsupported("a grouped column in the direct arguments of an aggregate, with GROUPING SETS").At(g.c.b.where(e))
			}
			agg.Direct[k] = plan.MapColumns(g.over(e), func(at int) int { return n.Keys[at] })
		}
	}
	return nil
}
