package source

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Inputs opens what sources read, at a version that the caller knows to be complete.
type Inputs interface {
	Relation(id plan.RelationID) (*catalog.Relation, error)
	// Contents of a table or view at v; index picks an index of a table, 0 = by its key. The
	// caller releases the view.
	Contents(id, index plan.RelationID, v log.CommitSeq) (state.View, error)
	// Errors of a view, sink or derived stream at v, rows of ErrorRow; nil when reads pass over them.
	Errors(id plan.RelationID, v log.CommitSeq) (state.View, error)
	// System rows; see lane.Config.
	System(id plan.RelationID) (SystemRows, error)
}
