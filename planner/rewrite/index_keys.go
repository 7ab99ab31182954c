package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// indexKeys are the keys that a table or a view can be read by: those of its primary key, or of an index.
type indexKeys struct {
	id     plan.RelationID // 0 = the primary key
	name   string
	unique bool
	keys   []indexKey
}

// indexKey is one of them over the columns of a scan.
type indexKey struct {
	column int       // of the relation, -1 = it is computed
	expr   plan.Expr // nil: the scan does not give what it is made of
	typ    sqltype.Type
}

// is reports whether an expression over the scan's columns is the key.
func (k *indexKey) is(e plan.Expr) bool { return k.expr != nil && plan.Equal(bare(e), k.expr) }

// keysOf lists what the relation of a scan can be read by where conds hold: the primary key, then unique indexes, then others.
func keysOf(s *plan.Scan, rel *catalog.Relation, cat catalog.Reader, conds []plan.Expr, fold *folding) []*indexKeys {
	var out []*indexKeys
	if len(rel.PrimaryKey) > 0 {
		out = append(out, plainKeys(s, rel, rel.PrimaryKey, &indexKeys{name: rel.PrimaryKeyName(), unique: true}))
	}
	if s.Kind != plan.RelTable {
		return out
	}
	computed := map[plan.RelationID]*plan.ComputedIndex{}
	for i := range s.Computed {
		computed[s.Computed[i].Index] = &s.Computed[i]
	}
	for _, x := range indexesBestFirst(cat.Indexes(rel.OID)) {
		ix := &indexKeys{id: plan.RelationID(x.OID), name: x.Name, unique: x.Unique}
		if !x.Computed() {
			out = append(out, plainKeys(s, rel, x.KeyColumns, ix))
		} else if c := computed[ix.id]; c != nil && computedKeys(s, c, ix, conds, fold) {
			out = append(out, ix)
		}
	}
	return out
}

// indexesBestFirst: a unique one gives one row.
func indexesBestFirst(list []*catalog.Relation) []*catalog.Relation {
	var out []*catalog.Relation
	for _, unique := range []bool{true, false} {
		for _, x := range list {
			if x.Unique == unique {
				out = append(out, x)
			}
		}
	}
	return out
}

func plainKeys(s *plan.Scan, rel *catalog.Relation, columns []int, ix *indexKeys) *indexKeys {
	for _, column := range columns {
		k := indexKey{column: column, typ: rel.Columns[column].Type}
		if at := slices.Index(s.Columns, column); at >= 0 {
			k.expr = plan.ColumnOf(s.P.Fields, at)
		}
		ix.keys = append(ix.keys, k)
	}
	return ix
}

// computedKeys are those of an index that computes something; false where conds may be true of a row that it does not have.
func computedKeys(s *plan.Scan, x *plan.ComputedIndex, ix *indexKeys, conds []plan.Expr, fold *folding) bool {
	if x.Where != nil {
		where, ok := overScan(x.Where, s, fold)
		if !ok || !plan.Implies(conds, where) {
			return false
		}
	}
	for _, e := range x.Keys {
		k := indexKey{column: -1, typ: e.Type()}
		if c, ok := e.(*plan.Column); ok {
			k.column = c.Index
		}
		if over, ok := overScan(e, s, fold); ok {
			k.expr = bare(over)
		}
		ix.keys = append(ix.keys, k)
	}
	return true
}

// overScan is an expression over a table's columns over those that a scan gives; false if one is not among them.
func overScan(e plan.Expr, s *plan.Scan, fold *folding) (plan.Expr, bool) {
	there := true
	out := plan.MapColumns(e, func(at int) int {
		i := slices.Index(s.Columns, at)
		there = there && i >= 0
		return max(i, 0)
	})
	if !there {
		return nil, false
	}
	return fold.expr(out), true
}
