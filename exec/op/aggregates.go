package op

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// aggregate is what the engine has of a row of pg_proc.
type aggregate struct {
	// make is the accumulator of call ordinal of a GroupBy.
	make func(ordinal int) accumulator
	// collect, in its place, makes the result of an aggregate whose rows are kept.
	collect func(a *plan.Aggregate) collector
	nulls   nullRule
	// distinctSame: DISTINCT changes nothing.
	distinctSame bool
}

// nullRule says which rows an aggregate is not given.
type nullRule uint8

const (
	skipFirst nullRule = iota // those whose first argument is NULL
	skipAny                   // those with an argument that is NULL
	keepNulls                 // none
)

// strict is of how many of n arguments none may be NULL.
func (r nullRule) strict(n int) int {
	return [...]int{skipFirst: min(1, n), skipAny: n, keepNulls: 0}[r]
}

// aggregates are all that there are, by pg_proc OID. An aggregate that is not here is 0A000.
var aggregates = buildAggregates()

func buildAggregates() map[plan.FuncID]aggregate {
	count := func(int) accumulator { return &countAcc{} }
	every := func(int) accumulator { return &boolAcc{all: true} }
	out := map[plan.FuncID]aggregate{
		builtin.CountAny: {make: count}, builtin.CountStar: {make: count},
		2517: {make: every},                                       // bool_and
		2519: {make: every},                                       // every
		2518: {make: func(int) accumulator { return &boolAcc{} }}, // bool_or
	}
	for _, s := range []struct {
		sum, avg plan.FuncID
		make     func(avg bool) accumulator
	}{
		{2109, 2102, func(avg bool) accumulator { return &intSum{phys: sqltype.PhysInt16, avg: avg} }},
		{2108, 2101, func(avg bool) accumulator { return &intSum{phys: sqltype.PhysInt32, avg: avg} }},
		{2107, 2100, func(avg bool) accumulator { return &intSum{phys: sqltype.PhysInt64, avg: avg, wide: true} }},
		{2114, 2103, func(avg bool) accumulator { return &numericSum{avg: avg} }},
		{2110, 2104, func(avg bool) accumulator { return &floatSum{single: true, avg: avg} }},
		{2111, 2105, func(avg bool) accumulator { return &floatSum{avg: avg} }},
		{2113, 2106, func(avg bool) accumulator { return &intervalSum{avg: avg} }},
	} {
		out[s.sum] = aggregate{make: func(int) accumulator { return s.make(false) }}
		out[s.avg] = aggregate{make: func(int) accumulator { return s.make(true) }}
	}
	for _, e := range []struct {
		max, min plan.FuncID
		typ      sqltype.OID
	}{
		{2115, 2131, sqltype.Int8},
		{2116, 2132, sqltype.Int4},
		{2117, 2133, sqltype.Int2},
		{2118, 2134, sqltype.OIDType},
		{2119, 2135, sqltype.Float4},
		{2120, 2136, sqltype.Float8},
		{2122, 2138, sqltype.Date},
		{2123, 2139, sqltype.Time},
		{2126, 2142, sqltype.Timestamp},
		{2127, 2143, sqltype.Timestamptz},
		{2128, 2144, sqltype.Interval},
		{2129, 2145, sqltype.Text},
		{2130, 2146, sqltype.Numeric},
		{2244, 2245, sqltype.BPChar},
		{2050, 2051, sqltype.AnyArray}, // of the call's type
		{3526, 3527, sqltype.AnyEnum},
		{3564, 3565, sqltype.Inet},
		{2124, 2140, sqltype.Timetz},
		{2125, 2141, sqltype.Money},
		{4189, 4190, sqltype.LSN},
		{5099, 5100, sqltype.XID8},
	} {
		out[e.max] = aggregate{distinctSame: true, make: func(n int) accumulator { return &extreme{typ: e.typ, max: true, ordinal: n} }}
		out[e.min] = aggregate{distinctSame: true, make: func(n int) accumulator { return &extreme{typ: e.typ, ordinal: n} }}
	}
	out[2112] = aggregate{make: func(int) accumulator { return &moneySum{intSum{phys: sqltype.PhysInt64}} }}
	addBits(out)
	addVariances(out)
	addRegressions(out)
	addCollected(out)
	addWithin(out)
	return out
}

func addBits(out map[plan.FuncID]aggregate) {
	for i, phys := range []sqltype.Physical{sqltype.PhysInt16, sqltype.PhysInt32, sqltype.PhysInt64} {
		for kind, f := range map[bitKind]plan.FuncID{bitAnd: 2236 + 2*plan.FuncID(i), bitOr: 2237 + 2*plan.FuncID(i), bitXor: 6164 + plan.FuncID(i)} {
			out[f] = aggregate{distinctSame: kind != bitXor, make: func(int) accumulator { return &bitAcc{kind: kind, phys: phys} }}
		}
	}
}

// addVariances: each family is of int8, int4, int2, float4, float8 and numeric, one after the other.
func addVariances(out map[plan.FuncID]aggregate) {
	for _, family := range []struct {
		first plan.FuncID
		spread
	}{
		{2718, spread{}}, {2641, spread{sample: true}}, {2148, spread{sample: true}},
		{2724, spread{root: true}}, {2712, spread{sample: true, root: true}}, {2154, spread{sample: true, root: true}},
	} {
		for i, phys := range []sqltype.Physical{sqltype.PhysInt64, sqltype.PhysInt32, sqltype.PhysInt16} {
			out[family.first+plan.FuncID(i)] = aggregate{make: func(int) accumulator { return &numericVariance{spread: family.spread, phys: phys} }}
		}
		for i, single := range []bool{true, false} {
			out[family.first+3+plan.FuncID(i)] = aggregate{make: func(int) accumulator { return &floatVariance{spread: family.spread, single: single} }}
		}
		out[family.first+5] = aggregate{make: func(int) accumulator { return &numericVariance{spread: family.spread} }}
	}
}

// newAccumulator is what call ordinal of a GroupBy keeps of each group.
func newAccumulator(a *plan.Aggregate, ordinal int) (accumulator, error) {
	agg, ok := aggregates[a.Func]
	if !ok {
		name := "of an unknown kind"
		if f := builtin.FuncByOID(uint32(a.Func)); f != nil {
			name = f.Name
		}
		return nil, unsupported("aggregate function %s is not supported yet", name)
	}
	if agg.collect != nil {
		return newKept(a, ordinal, agg.collect(a)), nil
	}
	acc := agg.make(ordinal)
	if e, ok := acc.(*extreme); ok && (e.typ == sqltype.AnyArray || e.typ == sqltype.AnyEnum) {
		e.typ = a.Args[0].Type().OID
	}
	if !a.Distinct || agg.distinctSame || len(a.Args) == 0 {
		return acc, nil
	}
	d := &distinctAcc{inner: acc, ordinal: ordinal}
	for _, arg := range a.Args {
		d.types = append(d.types, arg.Type().OID)
	}
	return d, nil
}
