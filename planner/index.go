package planner

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// IndexPlan is what an index computes of a row of its table.
type IndexPlan struct {
	// Exprs are those of its key, in order, over the columns of the table.
	Exprs []plan.Expr
	// Where is the condition of the rows that it has, nil = all.
	Where    plan.Expr
	Settings plan.Settings
}

// Index plans what an index computes. Both are of the version of the catalog that cat is.
func Index(table, ix *catalog.Relation, cat catalog.Reader) (*IndexPlan, error) {
	out := &IndexPlan{Settings: plan.FrozenSettings(ix.Settings)}
	var err error
	out.Exprs, out.Where, err = bind.IndexExprs(table, ix, cat)
	return out, err
}
