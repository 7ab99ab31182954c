package plan

import (
	"bytes"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
)

// Equal reports whether two expressions are the same computation. Names and positions in the
// text do not count.
func Equal(a, b Expr) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if a.Type() != b.Type() || !sameNode(a, b) {
		return false
	}
	return slices.EqualFunc(Children(a), Children(b), Equal)
}

// sameNode compares what is not an argument.
func sameNode(a, b Expr) bool {
	switch a := a.(type) {
	case *Column:
		o, ok := b.(*Column)
		return ok && a.Index == o.Index
	case *Const:
		o, ok := b.(*Const)
		return ok && sameValue(&a.Value, &o.Value)
	case *Param:
		o, ok := b.(*Param)
		return ok && a.Index == o.Index
	case *Call:
		o, ok := b.(*Call)
		return ok && a.Func == o.Func && a.Spread == o.Spread
	case *Relabel:
		_, ok := b.(*Relabel)
		return ok
	case *CoerceIO:
		_, ok := b.(*CoerceIO)
		return ok
	case *ArrayCoerce:
		o, ok := b.(*ArrayCoerce)
		return ok && Equal(a.Elem, o.Elem)
	case *CoerceDomain:
		o, ok := b.(*CoerceDomain)
		return ok && a.NotNull == o.NotNull && slices.EqualFunc(a.Checks, o.Checks, func(x, y DomainCheck) bool {
			return x.Name == y.Name && Equal(x.Holds, y.Holds)
		})
	case *AnyAll:
		o, ok := b.(*AnyAll)
		return ok && a.Func == o.Func && a.All == o.All
	case *And:
		_, ok := b.(*And)
		return ok
	case *Or:
		_, ok := b.(*Or)
		return ok
	case *Not:
		_, ok := b.(*Not)
		return ok
	case *IsNull:
		o, ok := b.(*IsNull)
		return ok && a.Not == o.Not
	case *IsBool:
		o, ok := b.(*IsBool)
		return ok && a.Not == o.Not && a.Want == o.Want
	case *DistinctFrom:
		o, ok := b.(*DistinctFrom)
		return ok && a.Not == o.Not && a.Eq == o.Eq
	case *Case:
		o, ok := b.(*Case)
		return ok && len(a.Whens) == len(o.Whens)
	case *Coalesce:
		_, ok := b.(*Coalesce)
		return ok
	case *NullIf:
		o, ok := b.(*NullIf)
		return ok && a.Eq == o.Eq
	case *InList:
		o, ok := b.(*InList)
		return ok && a.Eq == o.Eq && a.Not == o.Not
	case *MinMax:
		o, ok := b.(*MinMax)
		return ok && a.Greatest == o.Greatest
	case *Subquery:
		o, ok := b.(*Subquery)
		return ok && a.Kind == o.Kind && EqualPlans(a.Plan, o.Plan) && Equal(a.Cond, o.Cond)
	case *Outer:
		o, ok := b.(*Outer)
		return ok && a.Index == o.Index
	}
	return false
}

// sameValue compares two constants by image: 1.0 and 1.00 differ.
func sameValue(a, b *delta.Column) bool {
	if a.Type != b.Type || a.Null(0) != b.Null(0) {
		return false
	}
	if a.Null(0) {
		return true
	}
	return bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Var, b.Var)
}

// EqualAggregates reports whether two aggregates compute the same.
func EqualAggregates(a, b *Aggregate) bool {
	return a.Func == b.Func && a.Distinct == b.Distinct && slices.EqualFunc(a.Args, b.Args, Equal) && Equal(a.Filter, b.Filter) && slices.EqualFunc(a.Direct, b.Direct, Equal) &&
		slices.EqualFunc(a.Order, b.Order, func(x, y SortKey) bool {
			return x.Desc == y.Desc && x.NullsFirst == y.NullsFirst && Equal(x.Expr, y.Expr)
		})
}

// EqualPlans reports whether two bound plans are the same computation.
func EqualPlans(a, b Node) bool {
	if a == b {
		return true
	}
	if a.title() != b.title() || !slices.Equal(a.details(), b.details()) || !sameColumns(a, b) {
		return false
	}
	return slices.EqualFunc(exprsOf(a), exprsOf(b), Equal) && slices.EqualFunc(a.Inputs(), b.Inputs(), EqualPlans)
}

// sameColumns compares what details tell of columns by name only.
func sameColumns(a, b Node) bool {
	switch a := a.(type) {
	case *Scan:
		o, ok := b.(*Scan)
		return ok && a.Relation == o.Relation && slices.Equal(a.Columns, o.Columns)
	case *GroupBy:
		o, ok := b.(*GroupBy)
		return ok && slices.Equal(a.Keys, o.Keys) && a.OnClose == nil && o.OnClose == nil
	case *SessionWindow:
		o, ok := b.(*SessionWindow)
		return ok && slices.Equal(a.Partition, o.Partition) && a.Time == o.Time && a.OnClose == nil && o.OnClose == nil
	case *Join:
		o, ok := b.(*Join)
		return ok && slices.Equal(a.LeftKeys, o.LeftKeys) && slices.Equal(a.RightKeys, o.RightKeys)
	}
	return true
}

func exprsOf(n Node) (out []Expr) {
	EachExpr(n, func(e Expr) { out = append(out, e) })
	return out
}
