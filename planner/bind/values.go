package bind

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// valuesClause binds VALUES (…), (…) as a query; each column has one type.
func (b *binder) valuesClause(s *pg.SelectStmt) (*body, error) {
	rows, err := b.valuesRows(s.ValuesLists)
	if err != nil {
		return nil, err
	}
	node := &plan.Values{Rows: rows}
	out := &body{}
	for i := range rows[0] {
		column := make([]plan.Expr, len(rows))
		for r := range rows {
			column[r] = rows[r][i]
		}
		column, t, err := b.unify(column, "VALUES")
		if err != nil {
			return nil, err
		}
		for r := range rows {
			rows[r][i] = column[r]
		}
		name := "column" + strconv.Itoa(i+1)
		node.P.Fields = append(node.P.Fields, plan.Field{Name: name, Type: t})
		out.names = append(out.names, name)
		out.exprs = append(out.exprs, b.at(&plan.Column{Index: i, T: t, Name: name}, b.where(column[0])))
	}
	plan.Derive(node)
	c := &core{b: b, lv: b.lv, in: node}
	for i := range out.exprs {
		c.targets = append(c.targets, target{expr: out.exprs[i], name: out.names[i]})
	}
	it := itemOverNode(node)
	b.lv.scope = scope{items: []*item{it}, node: node}
	if err := c.order(s.SortClause); err != nil {
		return nil, err
	}
	if err := c.tail.limits(b, s); err != nil {
		return nil, err
	}
	over := out.exprs
	out.retarget = func(exprs []plan.Expr) { over = exprs }
	out.build = func() (plan.Node, error) {
		if len(c.targets) == len(over) {
			return c.tail.node(projectOver(node, over, out.names)), nil
		}
		return c.build()
	}
	return out, nil
}

// valuesRows binds the rows of a VALUES list, all of one length.
func (b *binder) valuesRows(lists []*pg.Node) ([][]plan.Expr, error) {
	old := b.lv.place
	b.lv.place = inValues
	defer func() { b.lv.place = old }()
	rows := make([][]plan.Expr, len(lists))
	for i, l := range lists {
		row, err := b.exprs(l.GetList().Items)
		if err != nil {
			return nil, err
		}
		if len(row) != len(lists[0].GetList().Items) {
			at := int32(-1)
			if len(row) > 0 {
				at = b.where(row[0])
			}
			return nil, sqlerr.New(sqlerr.SyntaxError, "VALUES lists must all be the same length").At(at)
		}
		rows[i] = row
	}
	return rows, nil
}
