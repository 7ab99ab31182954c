package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// UpdatePlan is a bound UPDATE of a table.
type UpdatePlan struct {
	Relation *catalog.Relation
	// Source gives one row for each row to change: the old values of all columns, the hidden row
	// id if the table has no primary key, then the new values of all columns.
	Source *plan.Query
	// RowID is its position in Source, -1 = the table has a primary key. New is where the new
	// values begin.
	RowID, New int
	// Changed are the columns that SET names.
	Changed []int
	// Where and Set are the same over one old row (columns in the table's order, then the row
	// id): to decide anew about a row that was waited for. Where is nil for all rows; Set has
	// an expression for every column.
	Where plan.Expr
	Set   []plan.Expr
}

// DeletePlan is a bound DELETE from a table.
type DeletePlan struct {
	Relation *catalog.Relation
	// Source gives the rows to delete: all columns, then the hidden row id if the table has no
	// primary key, at RowID (-1 = it has one).
	Source *plan.Query
	RowID  int
	// Where is the condition over one such row, nil for all rows.
	Where plan.Expr
}

// Update binds an UPDATE.
func Update(s *parse.Update, cat catalog.Reader, o Options) (*UpdatePlan, error) {
	b, n := newBinder(cat, o), s.Stmt
	switch {
	case len(n.FromClause) > 0:
		return nil, unsupported("UPDATE … FROM")
	case len(n.ReturningList) > 0:
		return nil, unsupported("RETURNING")
	case n.WithClause != nil:
		return nil, unsupported("WITH before UPDATE")
	}
	rel, err := b.targetTable(n.Relation, "update")
	if err != nil {
		return nil, err
	}
	out := &UpdatePlan{Relation: rel}
	node, where, rowID, err := b.affected(n.WhereClause)
	if err != nil {
		return nil, err
	}
	out.RowID, out.Where = rowID, where
	fields := node.Props().Fields
	out.New = len(fields)
	p := &plan.Project{Input: node}
	for i, f := range fields {
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
		p.P.Fields = append(p.P.Fields, f)
	}
	for i := range rel.Columns {
		out.Set = append(out.Set, p.Exprs[i])
	}
	if err := b.setClauses(out, n.TargetList); err != nil {
		return nil, err
	}
	p.Exprs = append(p.Exprs, out.Set...)
	p.P.Fields = append(p.P.Fields, fields[:len(rel.Columns)]...)
	plan.Derive(p)
	out.Source, err = b.finish(p)
	return out, err
}

// Delete binds a DELETE.
func Delete(s *parse.Delete, cat catalog.Reader, o Options) (*DeletePlan, error) {
	b, n := newBinder(cat, o), s.Stmt
	switch {
	case len(n.UsingClause) > 0:
		return nil, unsupported("DELETE … USING")
	case len(n.ReturningList) > 0:
		return nil, unsupported("RETURNING")
	case n.WithClause != nil:
		return nil, unsupported("WITH before DELETE")
	}
	rel, err := b.targetTable(n.Relation, "delete from")
	if err != nil {
		return nil, err
	}
	out := &DeletePlan{Relation: rel}
	var node plan.Node
	if node, out.Where, out.RowID, err = b.affected(n.WhereClause); err != nil {
		return nil, err
	}
	out.Source, err = b.finish(node)
	return out, err
}

// targetTable opens a level over the table that is changed.
func (b *binder) targetTable(n *pg.RangeVar, verb string) (*catalog.Relation, error) {
	rel, err := b.relation(n)
	if err != nil {
		return nil, err
	}
	switch rel.Kind {
	case catalog.KindTable:
	case catalog.KindView:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot change materialized view \"%s\"", rel.Name).At(n.Location)
	case catalog.KindStream:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot %s stream \"%s\"", verb, rel.Name).At(n.Location).
			WithDetail("A stream is append-only.")
	default:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot %s %s \"%s\"", verb, rel.Kind, rel.Name).At(n.Location)
	}
	b.push()
	src, err := b.scan(n, rel, len(rel.PrimaryKey) == 0)
	if err != nil {
		return nil, err
	}
	b.lv.scope = scope{items: src.items, node: src.node}
	return rel, nil
}

// affected are the rows of the level's table that a condition names.
func (b *binder) affected(whereClause *pg.Node) (node plan.Node, where plan.Expr, rowID int, err error) {
	node, rowID = b.lv.scope.node, -1
	scan := node.(*plan.Scan)
	for i, c := range scan.Columns {
		if c == plan.MetaRowID {
			rowID = i
		}
	}
	if whereClause == nil {
		return node, nil, rowID, nil
	}
	if where, err = b.condition(whereClause, inWhere, "WHERE"); err != nil {
		return nil, nil, 0, err
	}
	return filter(node, where), where, rowID, nil
}

// setClauses binds SET a = x, (b, c) = (y, z).
func (b *binder) setClauses(u *UpdatePlan, list []*pg.Node) error {
	seen := map[int]bool{}
	for _, n := range list {
		rt := n.GetResTarget()
		if len(rt.Indirection) > 0 {
			return unsupported("assigning to a part of a column").At(rt.Location)
		}
		value := rt.Val
		if m := value.GetMultiAssignRef(); m != nil {
			row := m.Source.GetRowExpr()
			if row == nil {
				return unsupported("assigning from a subquery").At(rt.Location)
			}
			if len(row.Args) != int(m.Ncolumns) {
				return sqlerr.New(sqlerr.SyntaxError, "number of columns does not match number of values").At(row.Location)
			}
			value = row.Args[m.Colno-1]
		}
		i := u.Relation.ColumnIndex(rt.Name)
		if i < 0 {
			return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", rt.Name, u.Relation.Name).At(rt.Location).
				Meant(u.Relation.NearColumn(rt.Name))
		}
		e, err := b.setValue(value, &u.Relation.Columns[i])
		if err != nil {
			return err
		}
		if seen[i] {
			return sqlerr.New(sqlerr.SyntaxError, "multiple assignments to same column \"%s\"", rt.Name)
		}
		seen[i] = true
		u.Set[i] = e
		u.Changed = append(u.Changed, i)
	}
	return nil
}

func (b *binder) setValue(n *pg.Node, c *catalog.Column) (plan.Expr, error) {
	if n.GetSetToDefault() != nil {
		return b.defaultOf(c)
	}
	e, err := b.exprAt(n, inUpdate)
	if err != nil {
		return nil, err
	}
	return b.assign(e, c.Name, c.Type)
}
