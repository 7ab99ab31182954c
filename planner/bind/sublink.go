package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// subqueries are the uncorrelated subqueries of a level's expressions. Each is joined to the
// level's rows: its columns stand behind those of FROM.
type subqueries struct {
	allowed bool
	width   int // of the row so far
	base    int // columns of FROM
	nodes   []plan.Node
}

// add joins a subquery and gives its first column.
func (s *subqueries) add(n plan.Node) *plan.Column {
	fields := n.Props().Fields
	c := &plan.Column{Index: s.width, T: fields[0].Type, Name: fields[0].Name}
	s.nodes = append(s.nodes, n)
	s.width += len(fields)
	return c
}

// join puts the subqueries behind the rows of FROM.
func (s *subqueries) join(in plan.Node) plan.Node {
	for _, n := range s.nodes {
		j := &plan.Join{Left: in, Right: n}
		j.P.Fields = append(append([]plan.Field(nil), in.Props().Fields...), n.Props().Fields...)
		plan.Derive(j)
		in = j
	}
	return in
}

// owns reports whether a column is a subquery's: the same for all rows.
func (s *subqueries) owns(index int) bool { return s.allowed && index >= s.base && len(s.nodes) > 0 }

// takesSubqueries are the places whose level joins the subqueries to its rows.
var takesSubqueries = map[place]bool{
	inSelect: true, inWhere: true, inHaving: true, inOrderBy: true, inUpdate: true, inReturning: true,
}

// subLink binds a subquery in an expression: EXISTS, or a single value.
func (b *binder) subLink(n *pg.SubLink) (plan.Expr, error) {
	node, err := b.subquery(n.Subselect.GetSelectStmt())
	if err != nil {
		return nil, err
	}
	p := b.lv.place
	if !b.lv.subs.allowed || b.lv.inAgg || !takesSubqueries[p] || b.lv.hop != nil {
		return nil, noSubquery(n.Location)
	}
	switch n.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		c := b.lv.subs.add(aggregateOf(node, plan.Aggregate{Func: builtin.CountStar, T: sqltype.Of(sqltype.Int8)}))
		return b.binary(">", b.at(c, n.Location), int8Const(0), n.Location)
	case pg.SubLinkType_EXPR_SUBLINK:
		return b.scalar(n, node)
	}
	return nil, noSubquery(n.Location)
}

func noSubquery(pos int32) error {
	return unsupported("this subquery in an expression").At(pos).WithHint("Write it as a join with a subquery in FROM.")
}

// aggregateOf is one aggregate over all rows of a node: always one row.
func aggregateOf(n plan.Node, a plan.Aggregate) plan.Node {
	g := &plan.GroupBy{Input: n, Aggs: []plan.Aggregate{a}}
	g.P.Fields = []plan.Field{{Name: plan.FormatAggregate(&a), Type: a.T}}
	plan.Derive(g)
	return g
}

// scalar binds (SELECT …) as a value: the query must be one that gives at most one row, by what
// it is.
func (b *binder) scalar(n *pg.SubLink, node plan.Node) (plan.Expr, error) {
	if len(node.Props().Fields) != 1 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery must return only one column").At(n.Location)
	}
	if exactlyOneRow(node) {
		return b.at(b.lv.subs.add(node), n.Location), nil
	}
	if !atMostOneRow(node, n.Subselect.GetSelectStmt()) {
		return nil, unsupported("a subquery that may return more than one row as a value").At(n.Location).
			WithHint("Aggregate its rows, or add LIMIT 1.")
	}
	// No row is NULL: the largest of at most one value.
	f := node.Props().Fields[0]
	arg := b.at(&plan.Column{Index: 0, T: f.Type, Name: f.Name}, n.Location)
	r, err := resolveFunction("max", []plan.Expr{arg}, n.Location)
	if err != nil || r.fn == nil {
		return nil, noSubquery(n.Location)
	}
	args, err := b.toArgs([]plan.Expr{arg}, r)
	if err != nil {
		return nil, err
	}
	agg := plan.Aggregate{Func: plan.FuncID(r.fn.OID), Args: args, T: sqltype.Of(resultType(r, args))}
	c := b.at(b.lv.subs.add(aggregateOf(node, agg)), n.Location)
	if c.Type().OID == f.Type.OID {
		return c, nil
	}
	return b.coerce(c, f.Type, explicit, n.Location)
}

func exactlyOneRow(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Project:
		return exactlyOneRow(n.Input)
	case *plan.Sort:
		return exactlyOneRow(n.Input)
	case *plan.GroupBy:
		return len(n.Keys) == 0
	case *plan.Values:
		return len(n.Rows) == 1
	case *plan.Join:
		return exactlyOneRow(n.Left) && exactlyOneRow(n.Right)
	}
	return false
}

// atMostOneRow: no column is needed to tell the rows apart, or LIMIT says so.
func atMostOneRow(n plan.Node, s *pg.SelectStmt) bool {
	for _, k := range n.Props().UniqueKey {
		if len(k) == 0 {
			return true
		}
	}
	limit := s.GetLimitCount().GetAConst()
	return limit.GetIval() != nil && !limit.Isnull && limit.GetIval().Ival <= 1
}

// whereClause binds WHERE. x IN (SELECT …) as a whole condition of its ANDs is a join with the
// subquery's distinct values.
func (b *binder) whereClause(n *pg.Node) (plan.Expr, error) {
	old := b.lv.place
	b.lv.place = inWhere
	defer func() { b.lv.place = old }()
	if and := n.GetBoolExpr(); and.GetBoolop() == pg.BoolExprType_AND_EXPR {
		args := make([]plan.Expr, len(and.Args))
		for i, a := range and.Args {
			e, err := b.whereTerm(a, "AND")
			if err != nil {
				return nil, err
			}
			args[i] = e
		}
		return b.at(&plan.And{Args: args}, and.Location), nil
	}
	return b.whereTerm(n, "WHERE")
}

func (b *binder) whereTerm(n *pg.Node, construct string) (plan.Expr, error) {
	sub := n.GetSubLink()
	if sub.GetSubLinkType() == pg.SubLinkType_ANY_SUBLINK && (len(sub.OperName) == 0 || lastOf(sub.OperName) == "=") && b.lv.hop == nil {
		return b.inSubquery(sub)
	}
	e, err := b.expr(n)
	if err != nil {
		return nil, err
	}
	return b.toBool(e, construct)
}

func (b *binder) inSubquery(n *pg.SubLink) (plan.Expr, error) {
	if n.Testexpr.GetRowExpr() != nil {
		return nil, unsupported("a row value").At(n.Location)
	}
	test, err := b.expr(n.Testexpr)
	if err != nil {
		return nil, err
	}
	node, err := b.subquery(n.Subselect.GetSelectStmt())
	if err != nil {
		return nil, err
	}
	fields := node.Props().Fields
	if len(fields) != 1 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "subquery has too many columns").At(n.Location)
	}
	o, left, right, err := b.operands("=", test, plan.ColumnOf(fields, 0), n.Location)
	if err != nil {
		return nil, err
	}
	if err := groupable(right.Type().OID, n.Location); err != nil {
		return nil, err
	}
	values := plan.NewProject(node, []plan.Expr{right}, []plan.Field{{Name: fields[0].Name, Type: right.Type()}})
	d := &plan.Distinct{Input: values}
	d.P.Fields = values.Props().Fields
	plan.Derive(d)
	c := b.lv.subs.add(d)
	return b.at(&plan.Call{
		Func: plan.FuncID(o.Func), Args: []plan.Expr{left, c}, T: sqltype.Of(sqltype.Bool), Op: "=", Pos: n.Location,
	}, n.Location), nil
}
