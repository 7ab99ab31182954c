package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// assignedRow is the query of SET (a, b) = (SELECT x, y …): a row of values, NULL without one. Each column of the
// list is a field of it.
type assignedRow struct {
	pos  int32 // of the query: the parser gives it once for each column
	sub  *plan.Subquery
	expr plan.Expr
}

// fromRow is what m assigns to a column of its list.
func (b *binder) fromRow(m *pg.MultiAssignRef, pos int32) (plan.Expr, error) {
	link := m.Source.GetSubLink()
	if link.GetSubLinkType() != pg.SubLinkType_EXPR_SUBLINK {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression").At(pos)
	}
	i := 0
	for i < len(b.lv.assigned) && b.lv.assigned[i].pos != link.Location {
		i++
	}
	if i == len(b.lv.assigned) {
		r, err := b.bindRow(link, int(m.Ncolumns))
		if err != nil {
			return nil, err
		}
		b.lv.assigned = append(b.lv.assigned, r)
	}
	row := b.lv.assigned[i].expr
	return b.field(row, sqltype.ShapeOf(row.Type()), int(m.Colno)-1), nil
}

func (b *binder) bindRow(link *pg.SubLink, columns int) (r assignedRow, err error) {
	old := b.lv.place
	b.lv.place = inUpdate
	defer func() { b.lv.place = old }()
	node, args, err := b.subqueryOf(link)
	if err != nil {
		return r, err
	}
	fields := visible(node)
	if len(fields) != columns {
		return r, sqlerr.New(sqlerr.SyntaxError, "number of columns does not match number of values").At(link.Location)
	}
	var values []plan.Expr
	var shape sqltype.Shape
	for i, f := range fields {
		if f.Type.OID.Phys() == sqltype.PhysNone {
			return r, unsupported("a value of type " + displayType(f.Type.OID) + " in a row").At(link.Location)
		}
		values = append(values, plan.ColumnOf(fields, i))
		shape = append(shape, sqltype.ShapeField{Name: f.Name, Type: f.Type})
	}
	value := b.row(values, shape, link.Location)
	out := plan.NewProject(node, []plan.Expr{value}, []plan.Field{{Name: "row", Type: value.Type()}})
	r.pos, r.sub = link.Location, &plan.Subquery{Kind: plan.SubqueryScalar, Plan: out, Args: args, T: value.Type()}
	r.expr = b.at(r.sub, link.Location)
	return r, nil
}

// rowsBehind computes the level's assigned rows once for a row of node, in columns behind its own, and makes set read
// them there.
func (b *binder) rowsBehind(node plan.Node, set []plan.Expr) plan.Node {
	if len(b.lv.assigned) == 0 {
		return node
	}
	p := keepColumns(node, len(node.Props().Fields))
	at := map[*plan.Subquery]int{}
	for _, r := range b.lv.assigned {
		at[r.sub] = len(p.Exprs)
		p.Exprs = append(p.Exprs, r.sub)
		p.P.Fields = append(p.P.Fields, plan.Field{Name: "row", Type: r.sub.T})
	}
	plan.Derive(p)
	for i, e := range set {
		if e == nil {
			continue
		}
		set[i] = plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
			sub, ok := e.(*plan.Subquery)
			if !ok {
				return nil, false
			}
			k, ok := at[sub]
			if !ok {
				return nil, false
			}
			return plan.ColumnOf(p.P.Fields, k), true
		})
	}
	return p
}
