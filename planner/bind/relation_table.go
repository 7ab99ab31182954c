package bind

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// tableKind: the rows that clients write.
var tableKind = relationKind{scan: plan.RelTable, describe: describeTable}

// computedIndexes are those of a table that compute something; what runs for ever does not read by them.
func (b *binder) computedIndexes(rel *catalog.Relation) (out []plan.ComputedIndex) {
	if b.opts.Continuous {
		return nil
	}
	for _, x := range b.cat.Indexes(rel.OID) {
		if !x.Computed() {
			continue
		}
		exprs, where, err := IndexExprs(rel, x, b.today)
		if err != nil {
			continue // a plan without it is as right
		}
		c := plan.ComputedIndex{Index: plan.RelationID(x.OID), Name: x.Name, Unique: x.Unique, Where: where}
		for _, at := range x.KeyColumns {
			if at == catalog.NoColumn {
				c.Keys, exprs = append(c.Keys, exprs[0]), exprs[1:]
			} else {
				c.Keys = append(c.Keys, &plan.Column{Index: at, T: rel.Columns[at].Type, Name: rel.Columns[at].Name})
			}
		}
		out = append(out, c)
	}
	return out
}

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
