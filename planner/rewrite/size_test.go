package rewrite_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plantest"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// beside is queries in LATERAL one beside the other, each of which speaks of the one before: the rows around one are all
// before it, and its domain has them once more.
func beside(queries int) string {
	var sql strings.Builder
	sql.WriteString("SELECT s0.id FROM t s0")
	for i := 1; i <= queries; i++ {
		fmt.Fprintf(&sql, ", LATERAL (SELECT r.id, r.a FROM t r WHERE r.a > s%d.a ORDER BY r.id LIMIT 1) s%d", i-1, i)
	}
	return sql.String()
}

// TestLargeDomains: some are planned, and many are refused, where the plan would double with each.
func TestLargeDomains(t *testing.T) {
	cat := plantest.New(ddl)
	if _, err := rewritten(cat, beside(5), rewrite.Options{}); err != nil {
		t.Errorf("five: %v", err)
	}
	_, err := rewritten(cat, beside(40), rewrite.Options{})
	var refused *sqlerr.Error
	if !errors.As(err, &refused) || refused.Code != sqlerr.StatementTooComplex {
		t.Errorf("forty: %v, want statement too complex", err)
	}
}
