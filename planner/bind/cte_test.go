package bind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plantest"
)

// TestDoublingWith: WITH queries of which each reads the one before it twice are refused before their plan fills
// the memory.
func TestDoublingWith(t *testing.T) {
	for _, c := range []struct {
		names   int
		refused bool
	}{{11, false}, {12, true}, {500, true}} {
		var sql strings.Builder
		sql.WriteString("WITH c0 AS (SELECT 1 AS x)")
		for i := 1; i < c.names; i++ {
			fmt.Fprintf(&sql, ", c%d AS (SELECT a.x FROM c%d a JOIN c%d b ON a.x = b.x)", i, i-1, i-1)
		}
		fmt.Fprintf(&sql, " SELECT a.x FROM c%d a, c%d b", c.names-1, c.names-1)
		stmts, err := parse.Parse(sql.String())
		if err != nil {
			t.Fatal(err)
		}
		_, err = bind.Query(stmts[0].Body.(*parse.Select).Query, plantest.New(""), bind.Options{})
		if refused := err != nil && sqlerr.CodeOf(err) == sqlerr.StatementTooComplex; refused != c.refused || err != nil && !refused {
			t.Errorf("%d names: %v", c.names, err)
		}
	}
}
