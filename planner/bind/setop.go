package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

var setNames = map[pg.SetOperation]string{
	pg.SetOperation_SETOP_UNION: "UNION", pg.SetOperation_SETOP_INTERSECT: "INTERSECT", pg.SetOperation_SETOP_EXCEPT: "EXCEPT",
}

// setOperation binds UNION, INTERSECT and EXCEPT with their ORDER BY and LIMIT.
func (b *binder) setOperation(s *pg.SelectStmt) (*body, error) {
	q, err := b.setTree(s)
	if err != nil {
		return nil, err
	}
	var t tail
	for _, n := range s.SortClause {
		sb := n.GetSortBy()
		i, err := setSortTarget(sb.Node, q)
		if err != nil {
			return nil, err
		}
		item, err := direction(sb, i)
		if err != nil {
			return nil, err
		}
		t.key(item)
	}
	b.lv.scope = scope{}
	if err := t.limits(b, s); err != nil {
		return nil, err
	}
	build := q.build
	q.build = func() (plan.Node, error) {
		node, err := build()
		if err != nil {
			return nil, err
		}
		return t.node(node), nil
	}
	return q, nil
}

// setSortTarget: the result of a set operation is ordered by its columns only.
func setSortTarget(n *pg.Node, q *body) (int, error) {
	if name, pos, ok := bareName(n); ok {
		for i, have := range q.names {
			if have == name {
				return i, nil
			}
		}
		return 0, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", name).At(pos)
	}
	if k := n.GetAConst(); k != nil {
		if k.GetIval() == nil || k.Isnull {
			return 0, sqlerr.New(sqlerr.SyntaxError, "non-integer constant in ORDER BY").At(k.Location)
		}
		if i := int(k.GetIval().Ival); i >= 1 && i <= len(q.names) {
			return i - 1, nil
		}
		return 0, sqlerr.New(sqlerr.InvalidColumnReference, "ORDER BY position %d is not in select list", k.GetIval().Ival).At(k.Location)
	}
	return 0, sqlerr.New(sqlerr.FeatureNotSupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
		WithDetail("Only result column names can be used, not expressions or functions.").
		WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
}

// setSide binds one side of a set operation.
func (b *binder) setSide(s *pg.SelectStmt) (*body, error) {
	plainTree := len(s.SortClause) == 0 && s.LimitCount == nil && s.LimitOffset == nil && s.WithClause == nil
	if s.Op > pg.SetOperation_SETOP_NONE && plainTree {
		return b.setTree(s)
	}
	b.push()
	defer b.pop()
	return b.body(s)
}

func (b *binder) setTree(s *pg.SelectStmt) (*body, error) {
	name := setNames[s.Op]
	l, err := b.setSide(s.Larg)
	if err != nil {
		return nil, err
	}
	r, err := b.setSide(s.Rarg)
	if err != nil {
		return nil, err
	}
	if len(l.exprs) != len(r.exprs) {
		at := int32(-1)
		if len(r.exprs) > 0 {
			at = b.where(r.exprs[0])
		}
		return nil, sqlerr.New(sqlerr.SyntaxError, "each %s query must have the same number of columns", name).At(at)
	}
	types := make([]sqltype.Type, len(l.exprs))
	out := &body{names: l.names}
	for i := range l.exprs {
		both, t, err := b.unify([]plan.Expr{l.exprs[i], r.exprs[i]}, name)
		if err != nil {
			return nil, err
		}
		if s.Op != pg.SetOperation_SETOP_UNION || !s.All {
			if err := groupable(t.OID, b.where(l.exprs[i])); err != nil {
				return nil, err
			}
		}
		l.exprs[i], r.exprs[i], types[i] = both[0], both[1], t
		out.exprs = append(out.exprs, b.at(&plan.Column{Index: i, T: t, Name: l.names[i]}, b.where(l.exprs[i])))
	}
	l.retarget(l.exprs)
	r.retarget(r.exprs)
	node, err := setNode(s, l, r, types)
	if err != nil {
		return nil, err
	}
	over := out.exprs
	out.retarget = func(exprs []plan.Expr) { over = exprs }
	out.build = func() (plan.Node, error) {
		if at := carried(node.Props().Fields); at >= 0 {
			return projectOver(node, append(slices.Clip(over), plan.ColumnOf(node.Props().Fields, at)), append(slices.Clip(out.names), watermarkField)), nil
		}
		return projectOver(node, over, out.names), nil
	}
	return out, nil
}

// setNode puts two bodies together.
func setNode(s *pg.SelectStmt, l, r *body, types []sqltype.Type) (plan.Node, error) {
	left, err := l.build()
	if err != nil {
		return nil, err
	}
	right, err := r.build()
	if err != nil {
		return nil, err
	}
	left, right = stripHidden(left), stripHidden(right)
	var fields []plan.Field
	for i, t := range types {
		fields = append(fields, plan.Field{Name: l.names[i], Type: t})
	}
	// The rows of UNION ALL are those of its sides, each judged by the watermark of its own stream.
	width := len(types)
	if s.Op == pg.SetOperation_SETOP_UNION && s.All && carried(left.Props().Fields) == width && carried(right.Props().Fields) == width {
		fields = append(fields, left.Props().Fields[width])
	} else {
		left, right = withoutCarried(left), withoutCarried(right)
	}
	switch s.Op {
	case pg.SetOperation_SETOP_INTERSECT:
		return plan.NewSetOp(plan.Intersect, s.All, left, right, fields), nil
	case pg.SetOperation_SETOP_EXCEPT:
		return plan.NewSetOp(plan.Except, s.All, left, right, fields), nil
	}
	return unionNode(left, right, fields, s.All), nil
}

// withoutCarried drops the watermark that rows carry.
func withoutCarried(n plan.Node) plan.Node {
	at := carried(n.Props().Fields)
	if at < 0 {
		return n
	}
	p := &plan.Project{Input: n}
	for i, f := range n.Props().Fields {
		if i != at {
			p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
			p.P.Fields = append(p.P.Fields, f)
		}
	}
	plan.Derive(p)
	return p
}

// unionNode concatenates two nodes; UNION ALL of UNION ALLs is one node.
func unionNode(l, r plan.Node, fields []plan.Field, all bool) plan.Node {
	u := &plan.UnionAll{}
	u.P.Fields = fields
	for _, n := range []plan.Node{l, r} {
		if inner, ok := n.(*plan.UnionAll); ok {
			u.Ins = append(u.Ins, inner.Ins...)
			continue
		}
		u.Ins = append(u.Ins, n)
	}
	plan.Derive(u)
	if all {
		return u
	}
	d := &plan.Distinct{Input: u}
	d.P.Fields = fields
	plan.Derive(d)
	return d
}

// projectOver computes exprs over a node; the node itself when they are its columns.
func projectOver(node plan.Node, exprs []plan.Expr, names []string) plan.Node {
	same := len(exprs) == len(node.Props().Fields)
	for i, e := range exprs {
		c, ok := e.(*plan.Column)
		same = same && ok && c.Index == i
	}
	if same {
		return node
	}
	p := &plan.Project{Input: node, Exprs: exprs}
	for i, e := range exprs {
		p.P.Fields = append(p.P.Fields, plan.Field{Name: names[i], Type: e.Type()})
	}
	plan.Derive(p)
	return p
}
