package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// UpdatePlan is a bound UPDATE of a table.
type UpdatePlan struct {
	Relation *catalog.Relation
	// Source gives one row for each row to change, with FROM perhaps several: the old values of all
	// columns, the hidden row id if the table has no primary key, what FROM gives, then from New on
	// the new values of all columns, and behind them those of RETURNING.
	Source *plan.Query
	// RowID is its position in Source, -1 = the table has a primary key. New is where the new
	// values begin.
	RowID, New int
	// Changed are the columns that SET names.
	Changed []int
	// Joined: several rows of Source may be of one row of the table; the first one counts.
	Joined    bool
	Returning Returning
	// Checks are columns of Source: what views that the statement names hold new rows to; Policies what those of the table do.
	Checks   []ViewCheck
	Policies []PolicyCheck
	Parts    []*Part
}

// DeletePlan is a bound DELETE from a table.
type DeletePlan struct {
	Relation *catalog.Relation
	// Source gives the rows to delete: all columns, then the hidden row id if the table has no
	// primary key, at RowID (-1 = it has one), what USING gives, and what RETURNING does.
	Source *plan.Query
	RowID  int
	// Joined: several rows of Source may be of one row of the table.
	Joined    bool
	Returning Returning
	Parts     []*Part
}

// Update binds an UPDATE.
func Update(s *parse.Update, cat catalog.Reader, o Options) (*UpdatePlan, error) {
	b := newBinder(cat, o)
	b.top, b.locks = s.Stmt.WithClause, true
	out, err := b.update(s.Stmt)
	if err == nil {
		out.Parts = b.parts
	}
	return out, err
}

func (b *binder) update(n *pg.UpdateStmt) (*UpdatePlan, error) {
	t, err := b.targetTable(n, n.Relation, n.WithClause, n.FromClause, "update")
	if err != nil {
		return nil, err
	}
	var where plan.Expr
	if n.WhereClause != nil {
		if where, err = b.condition(n.WhereClause, inWhere, "WHERE"); err != nil {
			return nil, err
		}
	}
	set := make([]plan.Expr, len(t.rel.Columns))
	b.writesTo(t.view, t.rel, acl.Update)
	changed, err := b.setClauses(t.rel, t.view, set, n.TargetList)
	if err != nil {
		return nil, err
	}
	out := &UpdatePlan{Relation: t.rel, RowID: t.rowID, Changed: changed, Joined: len(n.FromClause) > 0}
	node := b.rowsBehind(b.affected(where), set)
	out.New = t.width
	p := keepColumns(node, t.width)
	for i, e := range set {
		if e == nil {
			e = p.Exprs[i]
		}
		p.Exprs = append(p.Exprs, e)
		p.P.Fields = append(p.P.Fields, p.P.Fields[i])
	}
	plan.Derive(p)
	root, err := b.computeGenerated(t.rel, p, out.New)
	if err != nil {
		return nil, err
	}
	// RETURNING names the new values.
	if t.view == nil {
		t.item.shift(out.New)
	} else {
		var it *item
		if root, it, out.Checks, err = t.view.over(b, root, out.New, rowsNew); err != nil {
			return nil, err
		}
		for i := range t.item.columns {
			t.item.columns[i].index = it.columns[i].index
		}
	}
	root, returning, err := b.returning(n.ReturningList, root)
	if err != nil {
		return nil, err
	}
	out.Returning = returning
	if t.guard != nil {
		if err := t.seen(); err != nil {
			return nil, err
		}
		checks := t.guard.checksOver(root)
		if err := checks.newRows('w', out.New); err != nil {
			return nil, err
		}
		root, out.Policies = checks.done()
	}
	out.Source, err = b.finish(root)
	return out, err
}

// Delete binds a DELETE.
func Delete(s *parse.Delete, cat catalog.Reader, o Options) (*DeletePlan, error) {
	b := newBinder(cat, o)
	b.top, b.locks = s.Stmt.WithClause, true
	out, err := b.delete(s.Stmt)
	if err == nil {
		out.Parts = b.parts
	}
	return out, err
}

func (b *binder) delete(n *pg.DeleteStmt) (*DeletePlan, error) {
	t, err := b.targetTable(n, n.Relation, n.WithClause, n.UsingClause, "delete from")
	if err != nil {
		return nil, err
	}
	b.writesTo(t.view, t.rel, acl.Delete)
	var where plan.Expr
	if n.WhereClause != nil {
		if where, err = b.condition(n.WhereClause, inWhere, "WHERE"); err != nil {
			return nil, err
		}
	}
	out := &DeletePlan{Relation: t.rel, RowID: t.rowID, Joined: len(n.UsingClause) > 0}
	node := b.affected(where)
	root, returning, err := b.returning(n.ReturningList, node)
	if err != nil {
		return nil, err
	}
	out.Returning = returning
	if err := t.seen(); err != nil {
		return nil, err
	}
	out.Source, err = b.finish(root)
	return out, err
}

// changedTable is the table that an UPDATE or DELETE changes, first in its level's scope.
type changedTable struct {
	rel   *catalog.Relation
	view  *viewTarget // that the statement names, nil = it names the table
	item  *item
	guard *rowGuard
	rowID int // of the hidden row id in the row, -1 without
	width int // of the row that FROM makes
}

// seen hides what a SELECT would not show, where the statement reads columns of the table.
func (t *changedTable) seen() error {
	if t.guard == nil || !t.guard.read {
		return nil
	}
	return t.guard.also('r')
}

// guarded puts the policies of the table before its rows, for UPDATE and DELETE; MERGE asks those of what it does with a row.
func (t *changedTable) guarded(b *binder, src *source, verb string) (err error) {
	if t.guard, err = b.guard(b.now(t.rel)); err != nil {
		return err
	}
	t.guard.watch(src.items[0])
	src.node, err = t.guard.hide(src.node, map[string]byte{"update": 'w', "delete from": 'd'}[verb])
	return err
}

// targetTable opens a level over the table that is changed and what FROM or USING joins to it.
func (b *binder) targetTable(of proto.Message, n *pg.RangeVar, with *pg.WithClause, from []*pg.Node, verb string) (*changedTable, error) {
	b.push()
	if err := b.with(of, with); err != nil {
		return nil, err
	}
	rel, err := b.relation(n)
	if err != nil {
		return nil, err
	}
	t := &changedTable{rel: rel}
	all, err := b.changedRows(t, n, verb)
	if err != nil {
		return nil, err
	}
	t.item = all.items[0]
	for _, f := range from {
		if all, err = b.fromNext(all, f); err != nil {
			return nil, err
		}
	}
	t.width = len(all.node.Props().Fields)
	b.lv.scope = scope{items: all.items, node: all.node, hidden: all.hidden}
	return t, nil
}

// changedRows are the rows of the table, or of the view that is named.
func (b *binder) changedRows(t *changedTable, n *pg.RangeVar, verb string) (*source, error) {
	if t.rel.Kind == catalog.KindPlainView {
		return b.changedView(t, n, verb)
	}
	if err := changeable(t.rel, verb, n.Location); err != nil {
		return nil, err
	}
	all, err := b.scan(n, t.rel, len(t.rel.PrimaryKey) == 0)
	if err != nil {
		return nil, err
	}
	t.rowID = slices.Index(all.node.(*plan.Scan).Columns, plan.MetaRowID)
	return all, t.guarded(b, all, verb)
}

// changeable refuses relations whose rows a statement cannot change.
func changeable(rel *catalog.Relation, verb string, pos int32) error {
	switch rel.Kind {
	case catalog.KindTable:
		return readOnly(rel, verb, pos)
	case catalog.KindView:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot change materialized view \"%s\"", rel.Name).At(pos)
	case catalog.KindStream:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot %s stream \"%s\"", verb, rel.Name).At(pos).
			WithDetail("A stream is append-only.")
	}
	if rel.Kind == catalog.KindSequence {
		verb = "change"
	}
	return sqlerr.New(sqlerr.WrongObjectType, "cannot %s %s \"%s\"", verb, rel.Kind, rel.Name).At(pos)
}

// affected are the rows of the level's scope that where holds for.
func (b *binder) affected(where plan.Expr) plan.Node {
	node := b.lv.scope.node
	if where != nil {
		node = filter(node, where)
	}
	return node
}

// setClauses binds SET a = x, (b, c) = (y, z), (d, e) = (SELECT …) into set, by the columns of rel; it returns the
// columns that are named. A view, if not nil, is what the names are of.
func (b *binder) setClauses(rel *catalog.Relation, view *viewTarget, set []plan.Expr, list []*pg.Node) (changed []int, err error) {
	parted := map[int]bool{} // what is assigned by parts, which may be several
	named := rel
	if view != nil {
		named = view.rel
	}
	for _, n := range list {
		rt := n.GetResTarget()
		value := rt.Val
		var bound plan.Expr // where value is a query for several columns
		if m := value.GetMultiAssignRef(); m != nil {
			switch row := m.Source.GetRowExpr(); {
			case row == nil:
				if bound, err = b.fromRow(m, rt.Location); err != nil {
					return nil, err
				}
			case len(row.Args) != int(m.Ncolumns):
				return nil, sqlerr.New(sqlerr.SyntaxError, "number of columns does not match number of values").At(row.Location)
			default:
				value = row.Args[m.Colno-1]
			}
		}
		at := named.ColumnIndex(rt.Name)
		if at < 0 {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", rt.Name, named.Name).At(rt.Location).
				Meant(named.NearColumn(rt.Name))
		}
		i := at
		if view != nil {
			if i, err = view.column(at, "update", rt.Location); err != nil {
				return nil, err
			}
		}
		if c := &rel.Columns[i]; value.GetSetToDefault() == nil && (c.Generated != "" || c.Identity == "always") {
			e := sqlerr.New(sqlerr.GeneratedAlways, "column \"%s\" can only be updated to DEFAULT", c.Name)
			if c.Generated != "" {
				return nil, e.WithDetail("Column \"%s\" is a generated column.", c.Name)
			}
			return nil, e.WithDetail("Column \"%s\" is an identity column defined as GENERATED ALWAYS.", c.Name)
		}
		part := len(rt.Indirection) > 0
		var e plan.Expr
		if part {
			e, err = b.setPart(named, at, set[i], value, bound, rt)
		} else if view != nil && value.GetSetToDefault() != nil {
			e = nullConst(rel.Columns[i].Type) // a view's column has no default, and PostgreSQL asks no further
		} else {
			e, err = b.setValue(value, bound, &rel.Columns[i])
		}
		if err != nil {
			return nil, err
		}
		if set[i] != nil && !(part && parted[i]) {
			return nil, sqlerr.New(sqlerr.SyntaxError, "multiple assignments to same column \"%s\"", rel.Columns[i].Name)
		}
		set[i], parted[i] = e, part
		if view != nil {
			view.writes(b, acl.Update, []int{at}, []int{i})
		} else {
			b.writes(rel, acl.Update, i)
		}
		if !slices.Contains(changed, i) {
			changed = append(changed, i)
		}
	}
	return changed, nil
}

// setPart is the column at i with a part assigned: over what SET has made of it before, or the row's.
func (b *binder) setPart(rel *catalog.Relation, i int, whole plan.Expr, value *pg.Node, bound plan.Expr, rt *pg.ResTarget) (plan.Expr, error) {
	c := &rel.Columns[i]
	t, err := b.partType(c.Type, rt.Indirection, rt.Location)
	if err != nil {
		return nil, err
	}
	if value.GetSetToDefault() != nil {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot set an array element to DEFAULT").At(rt.Location)
	}
	e := bound
	if e == nil {
		if e, err = b.exprAt(value, inUpdate); err != nil {
			return nil, err
		}
	}
	if e, err = b.assignInto(e, c.Name, t, rt.Location); err != nil {
		return nil, err
	}
	if whole == nil {
		for _, it := range b.lv.scope.items {
			if it.rel != nil && it.rel.OID == rel.OID && whole == nil {
				whole = it.columns[i].expr()
			}
		}
	}
	return b.withPart(whole, e, rt.Indirection)
}

// setValue is what SET gives a column: bound, or n where that is nil.
func (b *binder) setValue(n *pg.Node, bound plan.Expr, c *catalog.Column) (e plan.Expr, err error) {
	if n.GetSetToDefault() != nil {
		return b.defaultOf(c)
	}
	if e = bound; e == nil {
		if e, err = b.exprAt(n, inUpdate); err != nil {
			return nil, err
		}
	}
	return b.assign(e, c.Name, c.Type)
}
