package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// aggRef stands for the result of an aggregate until the GroupBy that computes it is built.
type aggRef struct {
	*plan.Column
	agg plan.Aggregate
	pos int32
}

func hasAggregate(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		_, is := e.(*aggRef)
		found = found || is
		return !found
	})
	return found
}

// mayAggregate reports whether a name belongs to an aggregate.
func mayAggregate(name string) bool { return len(builtin.Aggregates(name)) > 0 }

// aggregateCall binds a call of a name that aggregates have; it may turn out to be none.
func (b *binder) aggregateCall(name string, n *pg.FuncCall) (plan.Expr, error) {
	lv := b.lv
	nested := lv.inAgg
	lv.inAgg = true
	args, err := b.exprs(n.Args)
	lv.inAgg = nested
	if err != nil {
		return nil, err
	}
	r, err := b.resolveAggregate(name, args, n)
	if err != nil {
		return nil, err
	}
	if r.fn.Kind != builtin.KindAggregate {
		if err := plainCall(name, n); err != nil {
			return nil, err
		}
		return b.callByName(name, args, n.Location)
	}
	if r.fn.AggKind != 'n' {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "WITHIN GROUP is required for ordered-set aggregate %s", name).At(n.Location)
	}
	agg := plan.Aggregate{Func: plan.FuncID(r.fn.OID), Distinct: n.AggDistinct}
	if err := b.aggregateAllowed(nested, n.Location); err != nil {
		return nil, err
	}
	if agg.Args, err = b.toArgs(args, r); err != nil {
		return nil, err
	}
	for _, a := range agg.Args {
		if err := b.noSetIn(a, "aggregate function calls cannot contain set-returning function calls"); err != nil {
			return nil, err
		}
	}
	agg.T = resultTypeMod(r, agg.Args)
	if err := b.aggregateDetails(&agg, args, r.fn, n); err != nil {
		return nil, err
	}
	if err := ofThisLevel(&agg, n.Location); err != nil {
		return nil, err
	}
	ref := &aggRef{Column: &plan.Column{Index: -1, T: agg.T, Name: plan.FormatAggregate(&agg)}, agg: agg, pos: n.Location}
	lv.aggs = append(lv.aggs, ref)
	return b.at(ref, n.Location), nil
}

// ofThisLevel refuses an aggregate whose arguments, order and FILTER refer to columns of levels around this one alone: it is
// one of theirs, as in PostgreSQL (check_agg_arguments).
func ofThisLevel(agg *plan.Aggregate, pos int32) error {
	own, outer := false, false
	over := slices.Clone(agg.Args)
	for _, k := range agg.Order {
		over = append(over, k.Expr)
	}
	if agg.Filter != nil {
		over = append(over, agg.Filter)
	}
	for _, a := range over {
		plan.Walk(a, func(e plan.Expr) bool {
			switch e.(type) {
			case *plan.Column:
				own = true
			case *plan.Outer:
				outer = true
			}
			return true
		})
	}
	if outer && !own {
		return unsupported("an aggregate of the query around").At(pos).WithHint("Compute it there, and refer to its result.")
	}
	return nil
}

func (b *binder) resolveAggregate(name string, args []plan.Expr, n *pg.FuncCall) (resolved, error) {
	if n.AggStar {
		for _, f := range builtin.Aggregates(name) {
			if len(f.Args) == 0 {
				return resolved{fn: f}, nil
			}
		}
		return resolved{}, noFunction(name, name+"()", n.Location)
	}
	r, err := b.resolveFunction(name, args, n.Location)
	if err != nil {
		return r, err
	}
	if r.fn == nil {
		return resolved{fn: &builtin.Func{Name: name, Kind: builtin.KindFunction}, cast: r.cast}, nil
	}
	if len(args) == 0 && r.fn.Kind == builtin.KindAggregate {
		return r, sqlerr.New(sqlerr.WrongObjectType, "%s(*) must be used to call a parameterless aggregate function", name).At(n.Location)
	}
	return r, nil
}

// aggregateAllowed refuses aggregates inside one another and where rows are not grouped yet.
func (b *binder) aggregateAllowed(nested bool, pos int32) error {
	switch p := b.lv.place; p {
	case inSelect, inHaving, inOrderBy, inDistinct, inPartition, inWindowOrder:
	default:
		return sqlerr.New(sqlerr.GroupingError, "aggregate functions are not allowed in %s", string(p)).At(pos)
	}
	if nested {
		return sqlerr.New(sqlerr.GroupingError, "aggregate function calls cannot be nested").At(pos)
	}
	return nil
}

// aggregateDetails binds what stands beside the arguments, which are given as they were written.
func (b *binder) aggregateDetails(agg *plan.Aggregate, written []plan.Expr, fn *builtin.Func, n *pg.FuncCall) error {
	if err := b.aggregateOrder(agg, written, fn, n.AggOrder); err != nil {
		return err
	}
	if agg.Distinct {
		for _, a := range agg.Args {
			if err := groupable(a.Type().OID, b.where(a)); err != nil {
				return err
			}
		}
	}
	if n.AggFilter == nil {
		return nil
	}
	b.lv.inAgg = true
	defer func() { b.lv.inAgg = false }()
	var err error
	agg.Filter, err = b.condition(n.AggFilter, inFilter, "FILTER")
	return err
}

// aggregateOrder binds ORDER BY of an aggregate's rows. A key that is an argument as it was written orders by
// that argument. An aggregate that no order changes keeps the keys that may fail.
func (b *binder) aggregateOrder(agg *plan.Aggregate, written []plan.Expr, fn *builtin.Func, list []*pg.Node) error {
	nested := b.lv.inAgg
	b.lv.inAgg = true
	defer func() { b.lv.inAgg = nested }()
	for i, n := range list {
		sb := n.GetSortBy()
		e, err := b.expr(sb.Node)
		if err != nil {
			return err
		}
		pos := b.where(e)
		if at := slices.IndexFunc(written, func(w plan.Expr) bool { return plan.Equal(w, e) }); at >= 0 {
			e = agg.Args[at]
		} else if agg.Distinct {
			return sqlerr.New(sqlerr.InvalidColumnReference, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list").At(pos)
		}
		if e.Type().OID == sqltype.Unknown {
			if e, err = b.coerce(e, textType(), implicit, -1); err != nil {
				return err
			}
		}
		if err := comparable(e.Type().OID, pos); err != nil {
			return err
		}
		item, err := direction(sb, i)
		if err != nil {
			return err
		}
		if !fn.OrderFree || plan.MayFail(e) {
			agg.Order = append(agg.Order, plan.SortKey{Expr: e, Desc: item.desc, NullsFirst: item.nullsFirst})
		}
	}
	return nil
}
