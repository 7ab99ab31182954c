package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// computedLookup reads by an index that computes something, when the conditions give a value for each of its keys and are true of no row that
// it does not have; f itself if there is none. A unique one is taken first.
func computedLookup(f *plan.Filter, s *plan.Scan, fold *folding) plan.Node {
	for _, unique := range []bool{true, false} {
		for i := range s.Computed {
			if s.Computed[i].Unique != unique {
				continue
			}
			if out := lookupIn(f, s, &s.Computed[i], fold); out != nil {
				return out
			}
		}
	}
	return f
}

func lookupIn(f *plan.Filter, s *plan.Scan, x *plan.ComputedIndex, fold *folding) plan.Node {
	conds := plan.Conjuncts(f.Cond)
	if x.Where != nil {
		where, ok := overScan(x.Where, s, fold)
		if !ok || !plan.Implies(conds, where) {
			return nil
		}
	}
	out, used := *s, make([]bool, len(conds))
	out.Index, out.IndexName = x.Index, x.Name
	for _, e := range x.Keys {
		key, ok := overScan(e, s, fold)
		if !ok {
			return nil
		}
		key = bare(key)
		var value plan.Expr
		for i, c := range conds {
			if used[i] {
				continue
			}
			value = fixesWhat(c, func(arg plan.Expr) (sqltype.Type, bool) { return e.Type(), plan.Equal(arg, key) })
			if used[i] = value != nil; used[i] {
				break
			}
		}
		if value == nil {
			return nil
		}
		if value.Type().OID != e.Type().OID {
			value = &plan.Relabel{Arg: value, T: e.Type()}
		}
		out.Lookup, out.LookupNames = append(out.Lookup, value), append(out.LookupNames, plan.FormatExpr(key))
		if c, ok := e.(*plan.Column); ok {
			out.LookupColumns = append(out.LookupColumns, c.Index)
		}
	}
	var rest []plan.Expr
	for i, c := range conds {
		if !used[i] {
			rest = append(rest, c)
		}
	}
	return plan.NewFilter(&out, rest)
}

// overScan is an expression over a table's columns over those that a scan gives; false if one is not among them.
func overScan(e plan.Expr, s *plan.Scan, fold *folding) (plan.Expr, bool) {
	there := true
	out := plan.MapColumns(e, func(at int) int {
		i := slices.Index(s.Columns, at)
		there = there && i >= 0
		return max(i, 0)
	})
	if !there {
		return nil, false
	}
	return fold.expr(out), true
}
