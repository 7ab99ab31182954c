package tpch

import (
	"fmt"
	"slices"
	"strings"
)

// links are what joins of the tables go by.
var links = []struct {
	from, to string
	on       []string // columns of from, of to, in turn
}{
	{"nation", "region", []string{"n_regionkey", "r_regionkey"}},
	{"supplier", "nation", []string{"s_nationkey", "n_nationkey"}},
	{"customer", "nation", []string{"c_nationkey", "n_nationkey"}},
	{"partsupp", "part", []string{"ps_partkey", "p_partkey"}},
	{"partsupp", "supplier", []string{"ps_suppkey", "s_suppkey"}},
	{"orders", "customer", []string{"o_custkey", "c_custkey"}},
	{"lineitem", "orders", []string{"l_orderkey", "o_orderkey"}},
	{"lineitem", "part", []string{"l_partkey", "p_partkey"}},
	{"lineitem", "supplier", []string{"l_suppkey", "s_suppkey"}},
	{"lineitem", "partsupp", []string{"l_partkey", "ps_partkey", "l_suppkey", "ps_suppkey"}},
}

// filters are conditions on one table, and what sums are of.
var filters = map[string][]string{
	"region":   {"r_name <> 'ASIA'", "r_regionkey < 3"},
	"nation":   {"n_name LIKE '%A%'", "n_nationkey BETWEEN 3 AND 20", "n_name IN ('FRANCE', 'GERMANY', 'CANADA')"},
	"supplier": {"s_acctbal > 1000", "s_suppkey % 3 <> 0", "s_name IS NOT NULL"},
	"part":     {"p_size < 25", "p_type LIKE '%BRASS'", "p_brand = 'Brand#23'"},
	"partsupp": {"ps_availqty > 3000", "ps_supplycost < 500"},
	"customer": {"c_mktsegment = 'BUILDING'", "c_acctbal < 5000", "NOT c_acctbal < 0"},
	"orders":   {"o_orderdate < date '1995-03-15'", "o_orderstatus <> 'P'", "o_totalprice >= 100000"},
	"lineitem": {"l_quantity < 24", "l_shipdate > l_commitdate", "l_discount BETWEEN 0.02 AND 0.07", "l_shipmode IN ('MAIL', 'SHIP')"},
}

// sums are of a column of each table.
var sums = map[string]string{"region": "r_regionkey", "nation": "n_nationkey", "supplier": "s_acctbal", "part": "p_size", "partsupp": "ps_supplycost",
	"customer": "c_acctbal", "orders": "o_totalprice", "lineitem": "l_extendedprice * (1 - l_discount)"}

// joined is a query that is being made: its tables in the order they came, and its conditions.
type joined struct {
	tables []string
	conds  []string
}

// join makes a random join of up to so many tables, in a random order of the text, with conditions in and out of ORs.
func (d data) join(most int) string {
	q := joined{tables: []string{links[d.IntN(len(links))].from}}
	for len(q.tables) < 2+d.IntN(most-1) {
		l := links[d.IntN(len(links))]
		from, to := slices.Contains(q.tables, l.from), slices.Contains(q.tables, l.to)
		switch {
		case from && to || !from && !to:
			continue
		case from:
			q.tables = append(q.tables, l.to)
		default:
			q.tables = append(q.tables, l.from)
		}
		for i := 0; i < len(l.on); i += 2 {
			q.conds = append(q.conds, l.on[i]+" = "+l.on[i+1])
		}
	}
	var some []string
	for _, t := range q.tables {
		if d.IntN(2) == 0 {
			some = append(some, d.one(filters[t]))
		}
	}
	if len(some) > 1 && d.IntN(3) == 0 { // what two tables ask, one or the other
		q.conds = append(q.conds, fmt.Sprintf("(%s OR %s)", some[0], some[1]))
		some = some[2:]
	}
	if d.IntN(5) == 0 { // the key in both arms
		q.conds[0] = fmt.Sprintf("(%[1]s AND %[2]s OR %[1]s AND NOT %[2]s)", q.conds[0], d.one(filters[q.tables[0]]))
	}
	q.conds = append(q.conds, some...)
	d.Shuffle(len(q.tables), func(i, k int) { q.tables[i], q.tables[k] = q.tables[k], q.tables[i] })
	d.Shuffle(len(q.conds), func(i, k int) { q.conds[i], q.conds[k] = q.conds[k], q.conds[i] })
	out := []string{"count(*)"}
	for _, t := range q.tables {
		out = append(out, "sum("+sums[t]+")")
	}
	return "SELECT " + strings.Join(out, ", ") + " FROM " + strings.Join(q.tables, ", ") + " WHERE " + strings.Join(q.conds, " AND ")
}

// joins compares random joins with PostgreSQL's.
func (r *run) joins(n int) {
	r.Helper()
	for range n {
		q := r.data.join(7)
		want := r.asked(q)
		for _, shards := range []int{1, 5} {
			r.here(fmt.Sprintf("SET shards = %d", shards))
			r.same(fmt.Sprintf("%s on %d shards", q, shards), q, want)
		}
	}
}
