package tpch

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/tpch"
)

// wider are parameters of queries that find rows among few: of each query, what it has and what is asked here.
var wider = map[int][]string{
	2: {"p_size = 15", "p_size < 25"},
	5: {"'ASIA'", "'EUROPE'"},
	8: {"'BRAZIL'", "'CANADA'", "'AMERICA'", "'EUROPE'", "p_type = 'ECONOMY ANODIZED STEEL'", "p_type LIKE 'ECONOMY%'"},
	// The specification's fraction is for a scale of 1.
	11: {"0.0001", "0.001"},
	17: {"p_container = 'MED BOX'", "p_container LIKE 'MED%'", "0.2 *", "0.5 *"},
	18: {"> 300", "> 210"},
	19: {
		"'SM PKG')", "'SM PKG', 'MED BAG', 'LG BOX')", "1 + 10", "31", "BETWEEN 1 AND 5 ", "BETWEEN 1 AND 45 ",
		"10 + 10", "40", "BETWEEN 1 AND 10 ", "BETWEEN 1 AND 40 ",
		"'Brand#34'", "'Brand#33'", "p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')", "p_container LIKE 'LG%'",
		">= 20", ">= 10", "20 + 10", "50", "AND p_size BETWEEN 1 AND 15 ", "",
	},
	20: {"LIKE 'forest%'", "LIKE 'forest%' OR p_name LIKE 'b%'", "interval '1' year))", "interval '3' year))"},
	22: {"'29'", "'16'"},
}

// queries are TPC-H's, by number - 1. Their order counts where nothing ties.
var queries = func() [22]string {
	made := tpch.Queries
	for n, pairs := range wider {
		made[n-1] = strings.NewReplacer(pairs...).Replace(made[n-1])
	}
	return made
}()

// TestWider: each parameter that is replaced is one that the query has.
func TestWider(t *testing.T) {
	for n, pairs := range wider {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(tpch.Queries[n-1], pairs[i]) {
				t.Errorf("Q%d has no %s", n, pairs[i])
			}
		}
	}
}
