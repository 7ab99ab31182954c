package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// rowsWanted is a call in FROM: a user's function puts its rows here.
type rowsWanted struct {
	pos  int32
	defs []*pg.Node // the column definition list
	// What was bound; nil where the call is of another function.
	rel  *catalog.Relation
	node plan.Node
	// named: its columns have names of their own.
	named bool
}

// userRows binds a call of a user's function in FROM; nil for any other function.
func (b *binder) userRows(n *pg.RangeFunction) (*source, error) {
	items := n.Functions[0].GetList().GetItems()
	call := items[0].GetFuncCall()
	if call == nil || len(n.Functions) > 1 {
		return nil, nil
	}
	if name, err := functionName(call); err != nil || len(b.cat.Functions(withoutSchema(name))) == 0 {
		return nil, nil
	}
	defs := n.Coldeflist
	if len(items) > 1 && len(defs) == 0 {
		defs = items[1].GetList().GetItems()
	}
	w := &rowsWanted{pos: call.Location, defs: defs}
	old := b.rows
	b.rows = w
	_, err := b.exprAt(items[0], inFrom)
	b.rows = old
	if err != nil || w.rel == nil {
		return nil, err
	}
	if n.Ordinality {
		return nil, unsupported("WITH ORDINALITY of a function in SQL").At(call.Location)
	}
	it := itemOverNode(w.node)
	it.name, it.byName = w.rel.Name, true
	it.scalar = len(it.columns) == 1 && !w.named
	if n.Alias != nil {
		it.byColumn = n.Alias.Aliasname != setTarget
		if it.name = n.Alias.Aliasname; it.scalar {
			it.columns[0].name = it.name
		}
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return newSource(w.node, it), nil
}

// rowsOf binds the rows of a user's function, of the columns that it has.
func (b *binder) rowsOf(w *rowsWanted, rel *catalog.Relation, args []plan.Expr, ret sqltype.OID, pos int32) error {
	w.rel = rel
	columns, err := b.resultColumns(w, rel, args, ret)
	if err != nil {
		return err
	}
	if !rel.Function.ReturnsSet && len(columns) == 1 && !w.named {
		e, err := b.userValue(rel, args, ret, pos)
		if err != nil {
			return err
		}
		w.node = plan.NewProject(oneRow(), []plan.Expr{e}, []plan.Field{{Name: rel.Name, Type: e.Type()}})
		return nil
	}
	sel, err := bodyOf(rel)
	if err != nil {
		return inFunction(err, pos)
	}
	if sel == nil {
		return inFunction(wrongReturn(ret, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."), pos)
	}
	if !rel.Function.ReturnsSet {
		sel = oneAlways(sel)
	}
	leave, err := b.enter(rel, args, pos)
	if err != nil {
		return err
	}
	f := b.fn
	w.node, err = b.resultRows(sel, columns, ret)
	leave()
	if err != nil {
		return inFunction(err, pos)
	}
	for i, a := range args {
		if f.used[i] > 1 && plan.Volatile(a) {
			return unsupported("an argument that is another each time, for a parameter that a function uses more than once").At(pos)
		}
		if rel.Function.Strict {
			w.node = filter(w.node, &plan.IsNull{Arg: a, Not: true})
		}
	}
	return nil
}

// resultColumns are the columns of what a function gives in FROM.
func (b *binder) resultColumns(w *rowsWanted, rel *catalog.Relation, args []plan.Expr, ret sqltype.OID) (out sqltype.Shape, err error) {
	f := rel.Function
	if outs := f.Outs(); len(outs) > 1 || len(outs) == 1 && outs[0].Mode == "t" || len(outs) == 1 && ret != outs[0].Type {
		w.named = true
		if outs, err = outTypes(f, args); err != nil {
			return nil, located(err, w.pos)
		}
		for _, o := range outs {
			out = append(out, sqltype.ShapeField{Name: o.Name, Type: sqltype.Of(o.Type)})
		}
		return out, b.noColumnList(w)
	}
	if of := rowRelation(b.today, ret); of != nil {
		w.named = true
		for i := range of.Columns {
			if c := &of.Columns[i]; !c.Dropped {
				out = append(out, sqltype.ShapeField{Name: c.Name, Type: c.Type})
			}
		}
		return out, b.noColumnList(w)
	}
	if ret != sqltype.Record {
		return sqltype.Shape{{Name: rel.Name, Type: sqltype.Of(ret)}}, b.noColumnList(w)
	}
	if len(w.defs) == 0 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "a column definition list is required for functions returning \"record\"").At(w.pos)
	}
	w.named = true
	for _, n := range w.defs {
		d := n.GetColumnDef()
		t, err := b.typeOf(d.TypeName)
		if err != nil {
			return nil, err
		}
		out = append(out, sqltype.ShapeField{Name: d.Colname, Type: t})
	}
	return out, nil
}

func (b *binder) noColumnList(w *rowsWanted) error {
	if len(w.defs) == 0 {
		return nil
	}
	return sqlerr.New(sqlerr.SyntaxError, "a column definition list is only allowed for functions returning \"record\"").At(w.pos)
}

// resultRows are the rows of a query as a function's columns.
func (b *binder) resultRows(sel *pg.SelectStmt, columns sqltype.Shape, ret sqltype.OID) (plan.Node, error) {
	node, err := b.subquery(sel)
	if err != nil {
		return nil, err
	}
	fields := visible(node)
	switch {
	case len(fields) != len(columns) && len(columns) == 1 && ret == columns[0].Type.OID:
		return nil, wrongReturn(ret, "Final statement must return exactly one column.")
	case len(fields) < len(columns):
		return nil, wrongReturn(ret, "Final statement returns too few columns.")
	case len(fields) > len(columns):
		return nil, wrongReturn(ret, "Final statement returns too many columns.")
	}
	p := &plan.Project{Input: node}
	for i, c := range columns {
		e := plan.Expr(&plan.Column{Index: i, T: fields[i].Type, Name: fields[i].Name})
		to, err := b.coerceTo(e, c.Type, assignment, -1)
		if err != nil {
			return nil, err
		}
		if to == nil {
			return nil, sqlerr.New(sqlerr.InvalidFunctionDefinition, "return type mismatch in function declared to return %s", displayType(ret)).
				WithDetail("Final statement returns %s instead of %s at column %d.", displayType(fields[i].Type.OID), displayType(c.Type.OID), i+1)
		}
		p.Exprs = append(p.Exprs, to)
		p.P.Fields = append(p.P.Fields, plan.Field{Name: c.Name, Type: to.Type()})
	}
	plan.Derive(p)
	return p, nil
}

// oneAlways is a query's first row, or one of NULLs without any.
func oneAlways(sel *pg.SelectStmt) *pg.SelectStmt {
	sub := func(s *pg.SelectStmt, name string) *pg.Node {
		return &pg.Node{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{
			Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: s}}, Alias: &pg.Alias{Aliasname: name}}}}
	}
	target := func(n *pg.Node) *pg.Node {
		return &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n, Location: -1}}}
	}
	yes := func() *pg.Node {
		return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Boolval{Boolval: &pg.Boolean{Boolval: true}}, Location: -1}}}
	}
	one := &pg.SelectStmt{TargetList: []*pg.Node{target(yes())}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
	star := &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode("row"), {Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}}, Location: -1}}}
	return &pg.SelectStmt{
		TargetList: []*pg.Node{target(star)}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		FromClause: []*pg.Node{{Node: &pg.Node_JoinExpr{JoinExpr: &pg.JoinExpr{
			Jointype: pg.JoinType_JOIN_LEFT, Larg: sub(one, "one"), Rarg: sub(firstRow(sel), "row"), Quals: yes(),
		}}}},
	}
}
