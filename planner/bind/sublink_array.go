package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// arrayOf binds ARRAY(SELECT …): array_agg of its one column in its order, and an empty array of no rows.
func (b *binder) arrayOf(n *pg.SubLink) (plan.Expr, error) {
	var node plan.Node
	args, err := b.inner(func() (err error) {
		node, err = b.selectStmt(n.Subselect.GetSelectStmt(), nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	fields := visible(node)
	if len(fields) != 1 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery must return only one column").At(n.Location)
	}
	value := []plan.Expr{b.at(plan.ColumnOf(node.Props().Fields, 0), n.Location)}
	r, err := b.resolveFunction("array_agg", value, n.Location)
	if err != nil || r.fn == nil {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "could not find array type for data type %s", displayType(fields[0].Type.OID)).At(n.Location)
	}
	agg := plan.Aggregate{Func: plan.FuncID(r.fn.OID), Args: value, Order: orderOf(node)}
	agg.T = sqltype.Of(resultType(r, value))
	empty, err := b.coerceTo(unknownConst("{}"), agg.T, explicit, -1)
	if err != nil {
		return nil, err
	}
	group := &plan.GroupBy{Input: node, Aggs: []plan.Aggregate{agg}}
	group.P.Fields = []plan.Field{{Name: "array", Type: agg.T}}
	plan.Derive(group)
	all := &plan.Coalesce{Args: []plan.Expr{plan.ColumnOf(group.P.Fields, 0), empty}, T: agg.T}
	out := plan.NewProject(group, []plan.Expr{all}, group.P.Fields)
	return b.at(&plan.Subquery{Kind: plan.SubqueryScalar, Plan: out, Args: args, T: agg.T}, n.Location), nil
}

// orderOf are the keys by which the rows of a query come, nil where they come in any order.
func orderOf(n plan.Node) []plan.SortKey {
	if top, ok := n.(*plan.TopN); ok {
		n = top.Input
	}
	if s, ok := n.(*plan.Sort); ok {
		return s.Keys
	}
	return nil
}
