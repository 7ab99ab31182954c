package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// InsertPlan is a bound INSERT into a table or a stream.
type InsertPlan struct {
	Relation *catalog.Relation
	// Source gives the new rows: all columns of the relation in order, defaults filled in and
	// cast; then those of the metadata columns that the statement named, then those of RETURNING. NOT
	// NULL is not checked yet.
	Source *plan.Query
	// Key and Timestamp are the positions of _key and _timestamp in Source, -1 = not given.
	Key, Timestamp int
	Returning      Returning
	// Conflict is ON CONFLICT, nil without.
	Conflict *ConflictPlan
	// Checks are columns of Source: what views that the statement names hold new rows to; Policies what those of the table do.
	Checks   []ViewCheck
	Policies []PolicyCheck
	Parts    []*Part
}

// Insert binds an INSERT.
func Insert(s *parse.Insert, cat catalog.Reader, o Options) (*InsertPlan, error) {
	b := newBinder(cat, o)
	b.top, b.locks = s.Stmt.WithClause, true
	out, err := b.insert(s.Stmt)
	if err == nil {
		out.Parts = b.parts
	}
	return out, err
}

func (b *binder) insert(n *pg.InsertStmt) (*InsertPlan, error) {
	b.push()
	if err := b.with(n, n.WithClause); err != nil {
		return nil, err
	}
	rel, err := b.relation(n.Relation)
	if err != nil {
		return nil, err
	}
	in := &inserter{b: b, rel: rel, stmt: n}
	target := rel.Name
	if n.Relation.Alias != nil {
		target = n.Relation.Alias.Aliasname
	}
	if rel.Kind == catalog.KindPlainView {
		if in.view, err = b.insertView(rel, n.Relation.Location); err != nil {
			return nil, err
		}
		rel = in.view.table
		in.rel = rel
	} else if err := insertable(rel, n.Relation.Location); err != nil {
		return nil, err
	}
	if err := in.columns(); err != nil {
		return nil, err
	}
	b.writesTo(in.view, rel, acl.Insert)
	root, err := in.source()
	if err != nil {
		return nil, err
	}
	if root, err = b.computeGenerated(rel, root, 0); err != nil {
		return nil, err
	}
	out := &InsertPlan{Relation: rel, Key: -1, Timestamp: -1}
	guard, err := in.guard()
	if err != nil {
		return nil, err
	}
	if n.OnConflictClause != nil {
		if out.Conflict, err = b.onConflict(rel, in.view, guard, target, n); err != nil {
			return nil, err
		}
	}
	it := itemOver(rel, target, 0)
	if in.view != nil {
		if root, it, out.Checks, err = in.view.over(b, root, 0, rowsNew); err != nil {
			return nil, err
		}
	}
	it.asTarget(n.Relation, rel, in.view)
	b.lv.scope = scope{items: []*item{guard.watch(it)}, node: root}
	if root, out.Returning, err = b.returning(n.ReturningList, root); err != nil {
		return nil, err
	}
	if guard != nil {
		checks := guard.checksOver(root)
		if err := checks.newRows('a', 0); err != nil {
			return nil, err
		}
		root, out.Policies = checks.done()
	}
	if err := b.settleConflict(out.Conflict, rel, guard); err != nil {
		return nil, err
	}
	if out.Source, err = b.finish(root); err != nil {
		return nil, err
	}
	if out.Conflict != nil && out.Conflict.root != nil {
		if out.Conflict.Update, err = b.finish(out.Conflict.root); err != nil {
			return nil, err
		}
	}
	for i, m := range in.meta {
		if m == plan.MetaKey {
			out.Key = len(rel.Columns) + i
		} else {
			out.Timestamp = len(rel.Columns) + i
		}
	}
	return out, nil
}

// insertable refuses relations that only a dataflow writes.
func insertable(rel *catalog.Relation, pos int32) error {
	switch {
	case rel.Kind == catalog.KindStream && rel.Derived():
		return sqlerr.New(sqlerr.WrongObjectType, "cannot insert into derived stream \"%s\"", rel.Name).At(pos).
			WithHint("Its query writes it.")
	case rel.Kind == catalog.KindTable || rel.Kind == catalog.KindStream:
		return readOnly(rel, "insert into", pos)
	case rel.Kind == catalog.KindView:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot change materialized view \"%s\"", rel.Name).At(pos)
	}
	if rel.Kind == catalog.KindSequence {
		return sqlerr.New(sqlerr.WrongObjectType, "cannot change sequence \"%s\"", rel.Name)
	}
	return sqlerr.New(sqlerr.WrongObjectType, "cannot insert into %s \"%s\"", rel.Kind, rel.Name).At(pos)
}

// inserter binds one INSERT.
type inserter struct {
	b    *binder
	rel  *catalog.Relation
	view *viewTarget // through which rel is written, nil = none
	stmt *pg.InsertStmt
	// targets are the columns that the expressions go to: positions in the relation, or a
	// metadata column's negative one, or noColumn. places are their places in the text; of a view, viewed are its columns.
	targets []int
	places  []int32
	viewed  []int
	// parts are the subscripts of targets that are parts of columns, by their place in targets.
	parts map[int][]*pg.Node
	named bool
	meta  []int
}

// noColumn is a column of a view that is none of its table: nothing can be written to it.
const noColumn = -1 << 20

// columns reads the column list, all columns without one.
func (in *inserter) columns() error {
	if len(in.stmt.Cols) == 0 && in.view != nil {
		for i := range in.view.rel.Columns {
			if !in.view.rel.Columns[i].Dropped {
				in.targets, in.viewed, in.places = append(in.targets, in.view.target(i)), append(in.viewed, i), append(in.places, -1)
			}
		}
		return nil
	}
	if len(in.stmt.Cols) == 0 {
		for i := range in.rel.Columns {
			if in.rel.Columns[i].Dropped {
				continue
			}
			in.targets = append(in.targets, i)
			in.places = append(in.places, -1)
		}
		return nil
	}
	in.named = true
	seen := map[int]bool{}
	for _, c := range in.stmt.Cols {
		rt := c.GetResTarget()
		at, err := in.column(rt)
		if err != nil {
			return err
		}
		if len(rt.Indirection) > 0 {
			if in.parts == nil {
				in.parts = map[int][]*pg.Node{}
			}
			in.parts[len(in.targets)] = rt.Indirection
		}
		if in.view != nil {
			i := in.view.rel.ColumnIndex(rt.Name)
			if in.viewed = append(in.viewed, i); at == noColumn {
				in.targets, in.places = append(in.targets, at), append(in.places, rt.Location)
				continue
			}
		}
		if in.view != nil && seen[at] && !slices.Contains(in.viewed[:len(in.viewed)-1], in.viewed[len(in.viewed)-1]) {
			in.targets, in.places = append(in.targets, at), append(in.places, rt.Location)
			continue // another column of the view that is the same of its table
		}
		if whole, ok := seen[at]; ok && (whole || len(rt.Indirection) == 0) {
			return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" specified more than once", rt.Name).At(rt.Location)
		}
		seen[at] = len(rt.Indirection) == 0
		in.targets = append(in.targets, at)
		in.places = append(in.places, rt.Location)
	}
	for _, m := range []int{plan.MetaKey, plan.MetaTimestamp} {
		if seen[m] {
			in.meta = append(in.meta, m)
		}
	}
	return nil
}

func (in *inserter) column(rt *pg.ResTarget) (int, error) {
	if in.view != nil {
		if i := in.view.rel.ColumnIndex(rt.Name); i >= 0 {
			return in.view.target(i), nil
		}
		return 0, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", rt.Name, in.view.rel.Name).At(rt.Location).
			Meant(in.view.rel.NearColumn(rt.Name))
	}
	if i := in.rel.ColumnIndex(rt.Name); i >= 0 {
		return i, nil
	}
	if in.rel.Kind == catalog.KindStream {
		for _, m := range metaColumns {
			if m.name != rt.Name {
				continue
			}
			if m.at == plan.MetaKey || m.at == plan.MetaTimestamp {
				return m.at, nil
			}
			return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot insert into column \"%s\"", rt.Name).At(rt.Location)
		}
	}
	return 0, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", rt.Name, in.rel.Name).At(rt.Location).
		Meant(in.rel.NearColumn(rt.Name))
}

// typeOf is the type of target i.
func (in *inserter) typeOf(i int) (name string, t sqltype.Type) {
	if in.view != nil {
		c := &in.view.rel.Columns[in.viewed[i]]
		return c.Name, c.Type
	}
	switch at := in.targets[i]; at {
	case plan.MetaKey:
		return "_key", sqltype.Of(sqltype.Bytea)
	case plan.MetaTimestamp:
		return "_timestamp", sqltype.Of(sqltype.Timestamptz)
	default:
		return in.rel.Columns[at].Name, in.rel.Columns[at].Type
	}
}

// source binds what is inserted and makes full rows of it.
func (in *inserter) source() (plan.Node, error) {
	sel := in.stmt.SelectStmt.GetSelectStmt()
	if sel == nil { // DEFAULT VALUES
		in.targets, in.named = nil, true
		row, err := in.fullRow(nil)
		if err != nil {
			return nil, err
		}
		return in.values([][]plan.Expr{row}), nil
	}
	if len(sel.ValuesLists) > 0 && len(sel.SortClause) == 0 && sel.LimitCount == nil && sel.LimitOffset == nil && sel.WithClause == nil {
		return in.literalRows(sel.ValuesLists)
	}
	node, err := in.b.selectStmt(sel, in.cast)
	if err != nil {
		return nil, err
	}
	node = stripHidden(node)
	exprs := make([]plan.Expr, len(node.Props().Fields))
	for i, f := range node.Props().Fields {
		exprs[i] = &plan.Column{Index: i, T: f.Type, Name: f.Name}
	}
	row, err := in.fullRow(exprs)
	if err != nil {
		return nil, err
	}
	p := &plan.Project{Input: node, Exprs: row}
	p.P.Fields = in.fields()
	plan.Derive(p)
	return p, nil
}

// literalRows binds VALUES lists; each cell becomes its column's type by itself.
func (in *inserter) literalRows(lists []*pg.Node) (plan.Node, error) {
	rows := make([][]plan.Expr, len(lists))
	old := in.b.lv.place
	in.b.lv.place = inValues
	defer func() { in.b.lv.place = old }()
	for r, l := range lists {
		items := l.GetList().Items
		if len(items) != len(lists[0].GetList().Items) {
			return nil, sqlerr.New(sqlerr.SyntaxError, "VALUES lists must all be the same length").At(in.placeOf(items))
		}
		exprs := make([]plan.Expr, len(items))
		for i, n := range items {
			if n.GetSetToDefault() != nil {
				continue
			}
			e, err := in.b.expr(n)
			if err != nil {
				return nil, err
			}
			exprs[i] = e
		}
		cast, err := in.cast(exprs)
		if err != nil {
			return nil, err
		}
		if rows[r], err = in.fullRow(cast); err != nil {
			return nil, err
		}
	}
	return in.values(rows), nil
}

// placeOf is where a row of VALUES begins.
func (in *inserter) placeOf(items []*pg.Node) int32 {
	e, err := in.b.expr(items[0])
	if err != nil {
		return -1
	}
	return in.b.where(e)
}

func (in *inserter) values(rows [][]plan.Expr) plan.Node {
	v := &plan.Values{Rows: rows}
	v.P.Fields = in.fields()
	plan.Derive(v)
	return v
}

// cast makes the expressions their target columns' types; nil stands for DEFAULT.
func (in *inserter) cast(exprs []plan.Expr) ([]plan.Expr, error) {
	if len(exprs) > len(in.targets) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "INSERT has more expressions than target columns").At(in.b.where(exprs[len(in.targets)]))
	}
	if in.named && len(exprs) < len(in.targets) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "INSERT has more target columns than expressions").At(in.places[len(exprs)])
	}
	out := make([]plan.Expr, len(exprs))
	if err := in.assignOnce(len(exprs)); err != nil {
		return nil, err
	}
	in.writes(len(exprs))
	for i, e := range exprs {
		if in.targets[i] == noColumn {
			_, err := in.view.column(in.viewed[i], "insert into", in.places[i])
			return nil, err
		}
		if e == nil {
			continue
		}
		name, t := in.typeOf(i)
		c, err := in.assigned(i, e, name, t)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// assignOnce refuses two columns of a view among the first n targets that are one of its table.
func (in *inserter) assignOnce(n int) error {
	if in.view == nil {
		return nil
	}
	for i, at := range in.targets[:n] {
		if at != noColumn && in.parts[i] == nil && slices.Contains(in.targets[:i], at) {
			return sqlerr.New(sqlerr.SyntaxError, "multiple assignments to same column \"%s\"", in.rel.Columns[at].Name)
		}
	}
	return nil
}

// writes notes that the first n targets are written.
func (in *inserter) writes(n int) {
	if in.view == nil {
		in.b.writes(in.rel, acl.Insert, in.targets[:n]...)
		return
	}
	in.view.writes(in.b, acl.Insert, in.viewed[:n], in.targets[:n])
}

// assigned is e as target i takes it.
func (in *inserter) assigned(i int, e plan.Expr, name string, t sqltype.Type) (plan.Expr, error) {
	if in.parts[i] == nil {
		return in.b.assign(e, name, t)
	}
	t, err := in.b.partType(t, in.parts[i], in.places[i])
	if err != nil {
		return nil, err
	}
	return in.b.assignInto(e, name, t, in.places[i])
}

// assign casts e for storing into a column.
func (b *binder) assign(e plan.Expr, name string, t sqltype.Type) (plan.Expr, error) {
	out, err := b.coerceTo(e, t, assignment, b.where(e))
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "column \"%s\" is of type %s but expression is of type %s",
			name, displayType(t.OID), displayType(e.Type().OID)).At(b.where(e)).
			WithHint("You will need to rewrite or cast the expression.")
	}
	return out, nil
}

// fullRow puts expressions into the relation's column order and fills in defaults.
func (in *inserter) fullRow(exprs []plan.Expr) ([]plan.Expr, error) {
	row := make([]plan.Expr, len(in.rel.Columns)+len(in.meta))
	for i, e := range exprs {
		if e == nil && in.parts[i] != nil {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot set an array element to DEFAULT").At(in.places[i])
		}
		if e == nil {
			continue
		}
		at := in.targets[i]
		if skip, err := in.overrides(at); err != nil {
			return nil, err
		} else if skip {
			continue
		}
		if at < 0 {
			for k, m := range in.meta {
				if m == at {
					at = len(in.rel.Columns) + k
				}
			}
		}
		if in.parts[i] != nil {
			whole := row[at]
			if whole == nil {
				whole = nullConst(in.rel.Columns[at].Type)
			}
			var err error
			if e, err = in.b.withPart(whole, e, in.parts[i]); err != nil {
				return nil, err
			}
		}
		row[at] = e
	}
	for i := range row {
		if row[i] != nil {
			continue
		}
		if i >= len(in.rel.Columns) {
			row[i] = nullConst(in.fields()[i].Type)
			continue
		}
		e, err := in.b.defaultOf(&in.rel.Columns[i])
		if err != nil {
			return nil, err
		}
		row[i] = e
	}
	return row, nil
}

func (in *inserter) fields() []plan.Field {
	id := plan.RelationID(in.rel.OID)
	var out []plan.Field
	for i, c := range in.rel.Columns {
		out = append(out, plan.Field{Name: c.Name, Type: c.Type, Relation: id, Attnum: int16(i + 1)})
	}
	for _, m := range in.meta {
		for _, c := range metaColumns {
			if c.at == m {
				out = append(out, plan.Field{Name: c.name, Type: sqltype.Of(c.typ), Relation: id, Attnum: int16(m)})
			}
		}
	}
	return out
}
