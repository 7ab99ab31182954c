package builtin

import (
	"slices"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// The two counts, by pg_proc OID.
const (
	CountAny  = 2147 // count("any"): values that are not NULL
	CountStar = 2803 // count(*)
)

// orderFree names the aggregates whose result no order of rows changes.
var orderFree = []string{
	"count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor",
	"corr", "covar_pop", "covar_samp", "regr_count", "regr_sxx", "regr_syy", "regr_sxy", "regr_avgx", "regr_avgy", "regr_r2",
	"regr_slope", "regr_intercept", "stddev", "variance", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "range_agg", "range_intersect_agg",
}

// neverFail names those that refuse no value.
var neverFail = []string{"count", "min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor", "regr_count",
	"range_agg", "range_intersect_agg"}

// describeAggregate fills in what pg_proc does not say. These are pg_proc's own rows, one name
// one meaning: nothing is looked up by name later.
func describeAggregate(f *Func) {
	f.OrderFree = slices.Contains(orderFree, f.Name)
	f.MayFail = !slices.Contains(neverFail, f.Name)
	if f.Name == "sum" || f.Name == "avg" {
		// Sums of fixed width overflow; those made as numeric have no bound.
		in := f.Args[0]
		f.MayFail = in == sqltype.Float4 || in == sqltype.Float8 || in == sqltype.Interval || f.Ret == sqltype.Int8 || in == sqltype.Money
	}
	if len(f.Args) == 1 && f.Args[0] == sqltype.Bit {
		f.MayFail = true // strings of other lengths
	}
}
