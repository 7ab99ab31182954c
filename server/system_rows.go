package server

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// Rows is what the planner goes by.
func (f facts) Rows(oid catalog.OID) (rows float64, known bool) {
	if s := f.s.runtime.Statistics(); s != nil {
		return s.Rows(plan.RelationID(oid))
	}
	return 0, false
}
