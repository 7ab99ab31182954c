package lane

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// ErrMoved: a table that a query reads has other columns at the version that is read than when the query was planned. Nothing was
// read: it can be planned again.
var ErrMoved = sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent change of a table's columns").
	WithHint("Run the transaction again.")

// Fits reports whether a query can read version v: the columns that it reads have the types that it was planned for.
func (r *Runtime) Fits(ctx context.Context, q *plan.Query, v log.CommitSeq) (bool, error) {
	for _, id := range q.Relations {
		ok, err := r.cfg.Tables.Reads(ctx, catalog.OID(id), log.CommitSeq(q.Catalog), v, func(types []sqltype.OID) bool { return readsTypes(q.Root, id, types) })
		if !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// readsTypes reports whether what a plan reads of a table are columns of these types.
func readsTypes(root plan.Node, table plan.RelationID, types []sqltype.OID) bool {
	same := true
	plan.WalkNodes(root, func(n plan.Node) {
		s, ok := n.(*plan.Scan)
		if !ok || s.Relation != table || s.Kind != plan.RelTable {
			return
		}
		for i, at := range s.Columns {
			if at >= 0 && (at >= len(types) || types[at] != s.P.Fields[i].Type.OID) {
				same = false
			}
		}
		for _, at := range s.LookupColumns {
			same = same && at < len(types)
		}
	})
	return same
}
