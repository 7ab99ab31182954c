package rewrite_test

import (
	"testing"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// TestPushDepth: a plan that is too deep is refused before the stack overflows, and one that is not is rewritten.
func TestPushDepth(t *testing.T) {
	for _, c := range []struct {
		levels int
		code   sqlerr.Code
	}{{20_000, ""}, {40_000, sqlerr.StatementTooComplex}} {
		var n plan.Node = &plan.Values{Rows: [][]plan.Expr{nil}}
		for range c.levels {
			n = plan.NewProject(n, nil, nil)
		}
		_, err := rewrite.Node(n, plan.Settings{}, nil, rewrite.Options{})
		if (err != nil) != (c.code != "") || err != nil && sqlerr.CodeOf(err) != c.code {
			t.Errorf("%d levels: %v", c.levels, err)
		}
	}
}
