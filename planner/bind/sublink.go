package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/planner/plan"
)

// subLink refuses subqueries in expressions, after a look at what is wrong inside them.
func (b *binder) subLink(n *pg.SubLink) (plan.Expr, error) {
	if _, err := b.subquery(n.Subselect.GetSelectStmt()); err != nil {
		return nil, err
	}
	return nil, unsupported("a subquery in an expression").At(n.Location).
		WithHint("Write it as a join with a subquery in FROM.")
}
