package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// spreadAny binds f(…, VARIADIC array) of a function of VARIADIC "any", which has its arguments one by one: those of an array that is
// written out are known here, and of the others some functions have one of the whole array that says the same.
func (b *binder) spreadAny(name string, args []plan.Expr, n *pg.FuncCall) (plan.Expr, error) {
	last := len(args) - 1
	array := b.undomained(args[last])
	if !isArray(array.Type().OID) {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "VARIADIC argument must be an array").At(b.where(args[last]))
	}
	call := func(name string, args ...plan.Expr) (plan.Expr, error) { return b.callByName(name, args, n.Location) }
	switch name {
	case "concat":
		return call("array_to_string", array, unknownConst(""))
	case "concat_ws":
		return call("array_to_string", array, args[0])
	case "num_nulls", "num_nonnulls":
		there, err := call("array_remove", array, nullConst(sqltype.Of(array.Type().OID.Elem())))
		if err != nil {
			return nil, err
		}
		count, err := call("cardinality", there)
		if err != nil || name == "num_nonnulls" {
			return count, err
		}
		all, err := call("cardinality", array)
		if err != nil {
			return nil, err
		}
		return call("int4mi", all, count)
	}
	elems, null, known := elementsOf(array)
	switch {
	case !known:
		return nil, unsupported("VARIADIC of an array of any type that is not written out").At(n.Location)
	case null && name == "format":
		return call(name, args[:last]...)
	case null:
		e, err := call(name)
		if err != nil {
			return nil, err
		}
		return nullConst(e.Type()), nil
	}
	return call(name, append(args[:last:last], elems...)...)
}

// elementsOf are the elements of an array that is a constant or ARRAY[…], in their order; null: it is NULL as a whole.
func elementsOf(array plan.Expr) (elems []plan.Expr, null, known bool) {
	t := array.Type().OID.Base().Elem()
	switch e := array.(type) {
	case *plan.Const:
		if e.Value.Null(0) {
			return nil, true, true
		}
		a := sqltype.OpenArray(t.Phys(), e.Value.Bytes(0))
		column := delta.Column{Type: t, Vec: a.Elems}
		for row := range int32(a.Elems.Len) {
			one := delta.NewBuilder(t)
			one.AppendFrom(&column, row)
			elems = append(elems, &plan.Const{T: sqltype.Of(t), Value: one.Constant(1)})
		}
		return elems, false, true
	case *plan.Call:
		if e.Func == plan.FuncID(builtin.ArrayOfElements) {
			return e.Args, false, true
		}
	}
	return nil, false, false
}
