package rewrite

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// rejectsNull reports whether a condition is never true for a row in which the columns that null names
// are NULL.
func rejectsNull(cond plan.Expr, null func(column int) bool) bool {
	return valueWhere(cond, null) != anyValue
}

// known is what is known of an expression's value.
type known uint8

const (
	anyValue known = iota
	notTrue        // false or NULL
	isNull
)

// valueWhere is what is known of e where some columns are NULL.
func valueWhere(e plan.Expr, null func(int) bool) known {
	arg := func(a plan.Expr) bool { return valueWhere(a, null) == isNull }
	nullIf := func(is bool) known {
		if is {
			return isNull
		}
		return anyValue
	}
	switch e := e.(type) {
	case *plan.Column:
		return nullIf(null(e.Index))
	case *plan.Const:
		switch {
		case e.Value.Null(0):
			return isNull
		case e.T.OID == sqltype.Bool && isFalse(e):
			return notTrue
		}
	case *plan.Call:
		fn := builtin.FuncByOID(uint32(e.Func))
		if fn == nil || !fn.Strict || fn.RetSet {
			return anyValue
		}
		for _, a := range e.Args {
			if arg(a) {
				return isNull
			}
		}
	case *plan.Relabel:
		return nullIf(arg(e.Arg))
	case *plan.CoerceIO:
		return nullIf(arg(e.Arg))
	case *plan.Not:
		return nullIf(arg(e.Arg))
	case *plan.ArrayCoerce:
		return nullIf(arg(e.Arg))
	case *plan.AnyAll:
		return nullIf(arg(e.Array))
	case *plan.InList:
		return nullIf(arg(e.Arg))
	case *plan.NullIf:
		return nullIf(arg(e.Left))
	case *plan.IsNull:
		if e.Not && arg(e.Arg) {
			return notTrue
		}
	case *plan.IsBool:
		if !e.Not && e.Want != 'u' && arg(e.Arg) {
			return notTrue
		}
	case *plan.And:
		return andOr(e.Args, null, true)
	case *plan.Or:
		return andOr(e.Args, null, false)
	}
	return anyValue
}

// andOr: one argument that is never true makes AND so, all of them make OR so.
func andOr(args []plan.Expr, null func(int) bool, and bool) known {
	nulls, never := 0, 0
	for _, a := range args {
		switch valueWhere(a, null) {
		case isNull:
			nulls++
		case notTrue:
			never++
		}
	}
	switch {
	case nulls == len(args):
		return isNull
	case and && nulls+never > 0, nulls+never == len(args):
		return notTrue
	}
	return anyValue
}
