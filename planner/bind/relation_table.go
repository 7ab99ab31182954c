package bind

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// tableKind: the rows that clients write.
var tableKind = relationKind{scan: plan.RelTable, describe: describeTable}

// describeTable knows the primary key, and unique indexes over columns that are never NULL.
func describeTable(b *binder, rel *catalog.Relation, p *plan.Props) {
	primaryKey(rel, p)
	for _, x := range b.cat.Indexes(rel.OID) {
		if x.Unique && !x.Computed() && allNotNull(rel, x.KeyColumns) {
			p.UniqueKey = append(p.UniqueKey, x.KeyColumns)
		}
	}
}

func allNotNull(rel *catalog.Relation, cols []int) bool {
	for _, c := range cols {
		if c < 0 || c >= len(rel.Columns) || !rel.Columns[c].NotNull {
			return false
		}
	}
	return true
}
