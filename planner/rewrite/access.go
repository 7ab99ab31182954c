package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// access is how the rows that conditions leave are found by the keys of an index:
//
//	key:    a     b     c                      a = 1 AND b = 2 AND c > 5
//	        equal equal any of some, or from … to
//
// A condition that says no more than the keys read does not stay.
type access struct {
	ix    *indexKeys
	equal []plan.Expr
	any   []plan.Expr
	array bool
	lower *plan.Bound
	upper *plan.Bound
	// notNull: the key behind those of equal is not NULL.
	notNull bool
	used    []bool   // of the conditions: they are asked by the keys
	left    []bool   // of these: they stay all the same
	had     []string // what the scan is asked for already, for EXPLAIN
}

// find matches conditions with the keys of an index.
func (ix *indexKeys) find(conds []plan.Expr) *access {
	a := &access{ix: ix, used: make([]bool, len(conds)), left: make([]bool, len(conds))}
	for i := range ix.keys {
		k := &ix.keys[i]
		if k.expr == nil {
			return a
		}
		if !a.fix(k, conds) {
			if !a.anyOf(k, conds) {
				a.bound(ix.keys[i:], conds)
			}
			return a
		}
	}
	return a
}

// fix finds the value that a key equals.
func (a *access) fix(k *indexKey, conds []plan.Expr) bool {
	for i, c := range conds {
		if a.used[i] {
			continue
		}
		if v := k.fixedBy(c); v != nil {
			a.equal, a.used[i] = append(a.equal, v), true
			return true
		}
	}
	return false
}

// fixedBy is the value that a condition says the key equals; nil if it does not.
func (k *indexKey) fixedBy(c plan.Expr) plan.Expr {
	v := fixesWhat(c, k.typed)
	if v != nil && v.Type().OID != k.typ.OID {
		v = &plan.Relabel{Arg: v, T: k.typ}
	}
	return v
}

// whole: every key has a value.
func (a *access) whole() bool { return len(a.equal) == len(a.ix.keys) }

// some: the keys say something.
func (a *access) some() bool { return slices.Contains(a.used, true) }

// scan reads by the keys, and asks the conditions that stay.
func (a *access) scan(s *plan.Scan, conds []plan.Expr, share float64) plan.Node {
	out := *s
	out.Index, out.IndexName, out.Share = a.ix.id, a.ix.name, share
	out.Lookup, out.Any, out.AnyArray = a.equal, a.any, a.array
	out.Lower, out.Upper, out.NotNull = a.lower, a.upper, a.notNull
	if !a.whole() {
		out.KeyType = a.ix.keys[len(a.equal)].typ.OID
	}
	out.LookupColumns, out.IndexCond = nil, slices.Clone(a.had)
	for i := range a.equal {
		if c := a.ix.keys[i].column; c >= 0 {
			out.LookupColumns = append(out.LookupColumns, c)
		}
	}
	var rest []plan.Expr
	for i, c := range conds {
		if a.used[i] {
			out.IndexCond = append(out.IndexCond, plan.FormatExpr(c))
		}
		if !a.used[i] || a.left[i] {
			rest = append(rest, c)
		}
	}
	return plan.NewFilter(&out, rest)
}

// asked are the conditions that the keys ask.
func (a *access) asked(conds []plan.Expr) (out []plan.Expr) {
	for i, c := range conds {
		if a.used[i] {
			out = append(out, c)
		}
	}
	return out
}
