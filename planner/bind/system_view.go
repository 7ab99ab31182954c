package bind

import (
	"sync"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// systemViews are the parsed queries of system views, by OID.
var systemViews sync.Map

func parsedView(rel *catalog.Relation) (*pg.SelectStmt, error) {
	if q, ok := systemViews.Load(rel.OID); ok {
		return q.(*pg.SelectStmt), nil
	}
	tree, err := pg.Parse(rel.Query)
	if err != nil {
		return nil, sqlerr.New(sqlerr.InternalError, "system view %s: %v", rel.QualifiedName(), err)
	}
	q := tree.Stmts[0].Stmt.GetSelectStmt()
	systemViews.Store(rel.OID, q)
	return q, nil
}

// systemView binds a view of the system as its query, whose columns are those that the view declares. Names in it
// mean what is in pg_catalog, whatever the search path is.
func (b *binder) systemView(n *pg.RangeVar, rel *catalog.Relation) (*source, error) {
	q, err := parsedView(rel)
	if err != nil {
		return nil, err
	}
	old, cat := b.lv, b.cat
	b.lv, b.cat = &level{parent: old, with: &level{}}, b.today
	var node plan.Node
	err = b.asOwner(rel, func() (err error) {
		node, err = b.subquery(q)
		return err
	})
	b.lv, b.cat = old, cat
	if err != nil {
		return nil, err
	}
	fields := visible(node)
	if len(fields) != len(rel.Columns) {
		return nil, sqlerr.New(sqlerr.InternalError, "system view %s has %d columns, not %d", rel.QualifiedName(), len(fields), len(rel.Columns))
	}
	items, out := make([]plan.Expr, len(fields)), make([]plan.Field, len(fields))
	for i, c := range rel.Columns {
		e := plan.Expr(plan.ColumnOf(fields, i))
		if fields[i].Type.OID != c.Type.OID {
			if e, err = b.coerceTo(e, sqltype.Of(c.Type.OID), explicit, -1); err != nil || e == nil {
				return nil, sqlerr.New(sqlerr.InternalError, "system view %s: column %s is of another type", rel.QualifiedName(), c.Name)
			}
		}
		items[i], out[i] = e, plan.Field{Name: c.Name, Type: c.Type, Relation: plan.RelationID(rel.OID), Attnum: int16(i + 1)}
	}
	b.uses(plan.RelationID(rel.OID))
	return viewSource(n, rel, plan.NewProject(node, items, out))
}
