package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// ViewCheck is a condition that new rows of a view hold: the column at At of a statement's source.
type ViewCheck struct {
	View string
	At   int
}

// rowUse is what is made of a table's row for a view over it.
type rowUse uint8

const (
	rowsRead  rowUse = iota // the rows that the view has
	rowsShown               // its columns
	rowsNew                 // its columns, and whether new rows are rows of it
)

// over puts the columns of the view behind those of node, in which the table's stand from at on.
func (v *viewTarget) over(b *binder, node plan.Node, at int, use rowUse) (_ plan.Node, it *item, checks []ViewCheck, err error) {
	it = itemOver(v.table, v.table.Name, at)
	columns := make([]int, len(it.columns))
	for i := range columns {
		columns[i] = i
	}
	for i := len(v.levels) - 1; i >= 0; i-- {
		l := &v.levels[i]
		err = b.inView(l.rel, func() error {
			if it, err = b.below(l, it); err != nil {
				return err
			}
			node, it, columns, err = b.viewRow(l, node, it, columns, use, &checks)
			return err
		})
		if err != nil {
			return nil, nil, nil, inView(err, l.rel, -1)
		}
	}
	v.columns = columns
	return node, it, checks, nil
}

// below is what a view selects from, whose columns it stand for, with the names that the view's text has for it.
func (b *binder) below(l *viewLevel, it *item) (*item, error) {
	rel, err := b.relation(l.from)
	if err != nil {
		return nil, err
	}
	out := &item{name: rel.Name, schema: rel.Schema, byName: true, byColumn: true, rel: rel, pos: -1}
	for i, c := range it.columns {
		if i >= len(rel.Columns) {
			break
		}
		c.name, c.rel, c.attnum = rel.Columns[i].Name, plan.RelationID(rel.OID), int16(i+1)
		if rel.Columns[i].Dropped {
			c.name, c.hidden, c.dropped = droppedField, true, true
		}
		out.columns = append(out.columns, c)
	}
	if l.from.Alias != nil {
		out.name, out.schema = l.from.Alias.Aliasname, ""
		if err := rename(out, l.from.Alias, len(rel.Columns)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// viewRow binds one view's query over rows of what it selects from.
func (b *binder) viewRow(l *viewLevel, node plan.Node, from *item, columns []int, use rowUse, checks *[]ViewCheck) (plan.Node, *item, []int, error) {
	b.push()
	b.lv.scope = scope{items: []*item{from}, node: node}
	var err error
	var where plan.Expr
	if l.query.WhereClause != nil && (use == rowsRead || use == rowsNew && l.checks) {
		if where, err = b.condition(l.query.WhereClause, inWhere, "WHERE"); err != nil {
			return nil, nil, nil, err
		}
	}
	targets, err := b.targetListAt(l.query.TargetList, inSelect)
	if err != nil {
		return nil, nil, nil, err
	}
	exprs := make([]plan.Expr, len(targets))
	for i, t := range targets {
		exprs[i] = t.expr
	}
	if exprs, err = b.resolveUnknowns(exprs); err != nil {
		return nil, nil, nil, err
	}
	if where != nil && use == rowsRead {
		node = filter(node, where)
	}
	p := keepColumns(node, len(node.Props().Fields))
	put := func(e plan.Expr, name string) int {
		p.Exprs, p.P.Fields = append(p.Exprs, e), append(p.P.Fields, plan.Field{Name: name, Type: e.Type()})
		return len(p.Exprs) - 1
	}
	if where != nil && use == rowsNew {
		// The innermost view is told of first.
		*checks = append(*checks, ViewCheck{View: l.rel.Name, At: put(where, "?check?")})
	}
	it := &item{name: l.rel.Name, schema: l.rel.Schema, byName: true, byColumn: true, rel: l.rel, pos: -1}
	origin := make([]int, len(exprs))
	for i, e := range exprs {
		c := column{name: targets[i].name, typ: e.Type(), rel: plan.RelationID(l.rel.OID), attnum: int16(i + 1)}
		if i < len(l.rel.Columns) {
			c.name = l.rel.Columns[i].Name
			c.hidden, c.dropped = l.rel.Columns[i].Dropped, l.rel.Columns[i].Dropped
		}
		origin[i] = -1
		if ref, ok := e.(*plan.Column); ok {
			c.index = ref.Index
			for k := range from.columns {
				if from.columns[k].index == ref.Index {
					origin[i] = columns[k]
				}
			}
		} else {
			c.index = put(e, c.name)
		}
		it.columns = append(it.columns, c)
	}
	if len(p.Exprs) == len(node.Props().Fields) {
		return node, it, origin, nil
	}
	plan.Derive(p)
	return p, it, origin, nil
}

// column is the table's column that a view's is.
func (v *viewTarget) column(i int, verb string, pos int32) (int, error) {
	if at := v.columns[i]; at >= 0 {
		return at, nil
	}
	return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot %s column \"%s\" of view \"%s\"", verb, v.rel.Columns[i].Name, v.rel.Name).At(pos).
		WithDetail("View columns that are not columns of their base relation are not updatable.")
}

// simple refuses a view none of whose columns can be changed.
func (v *viewTarget) simple(verb string, pos int32) error {
	for i, at := range v.columns {
		if at >= 0 && !v.rel.Columns[i].Dropped {
			return nil
		}
	}
	if verb == "delete from" {
		return nil
	}
	return errNotUpdatable(v.rel, verb, noUpdatableColumns, pos)
}

// writes notes what is done to a view, as who runs the statement, and to all that is below it, as the owner of what is above. columns
// are the table's, -1 = none.
func (v *viewTarget) writes(b *binder, p acl.Privs, viewColumns, columns []int) {
	b.writes(v.rel, p, viewColumns...)
	_ = v.asTable(b, func() error { // nothing in it fails
		b.writes(v.table, p, columns...)
		return nil
	})
	for i := 1; i < len(v.levels); i++ {
		_ = b.asOwner(v.levels[i-1].rel, func() error {
			b.writes(v.levels[i].rel, p)
			return nil
		})
	}
}

// asTable binds as the role whose privileges on the table count.
func (v *viewTarget) asTable(b *binder, bind func() error) error {
	return b.asOwner(v.levels[len(v.levels)-1].rel, bind)
}

// target is where a value for a column of the view goes.
func (v *viewTarget) target(i int) int {
	if at := v.columns[i]; at >= 0 {
		return at
	}
	return noColumn
}

// writesTo notes what is done to a table, or to a view over it.
func (b *binder) writesTo(v *viewTarget, rel *catalog.Relation, p acl.Privs) {
	if v != nil {
		v.writes(b, p, nil, nil)
		return
	}
	b.writes(rel, p)
}

// insertView finds the table behind a view that is inserted into.
func (b *binder) insertView(rel *catalog.Relation, pos int32) (*viewTarget, error) {
	v, err := b.viewTarget(rel, "insert into", pos)
	if err != nil {
		return nil, err
	}
	// Another binder: what is read to tell the columns is not read by the statement.
	look := newBinder(b.cat, b.opts)
	look.today = b.today
	rows, err := look.scan(&pg.RangeVar{Relname: v.table.Name, Location: -1}, v.table, false)
	if err != nil {
		return nil, err
	}
	if _, _, _, err = v.over(look, rows.node, 0, rowsShown); err != nil {
		return nil, err
	}
	v.uses(b)
	return v, v.simple("insert into", pos)
}

// uses notes the views that a statement is planned with.
func (v *viewTarget) uses(b *binder) {
	for _, l := range v.levels {
		b.uses(plan.RelationID(l.rel.OID))
	}
}

// changedView are the rows of a view that an UPDATE or DELETE names.
func (b *binder) changedView(t *changedTable, n *pg.RangeVar, verb string) (*source, error) {
	v, err := b.viewTarget(t.rel, verb, n.Location)
	if err != nil {
		return nil, err
	}
	rows, err := b.scan(&pg.RangeVar{Relname: v.table.Name, Location: -1}, v.table, len(v.table.PrimaryKey) == 0)
	if err != nil {
		return nil, err
	}
	t.rowID = slices.Index(rows.node.(*plan.Scan).Columns, plan.MetaRowID)
	t.rel, t.view = v.table, v
	if err := v.asTable(b, func() error { return t.guarded(b, rows, verb) }); err != nil {
		return nil, err
	}
	node, it, _, err := v.over(b, rows.node, 0, rowsRead)
	if err != nil {
		return nil, err
	}
	if err := v.simple(verb, n.Location); err != nil {
		return nil, err
	}
	v.uses(b)
	if it.pos = n.Location; n.Alias != nil {
		it.name, it.schema = n.Alias.Aliasname, ""
		if err := rename(it, n.Alias, len(v.rel.Columns)); err != nil {
			return nil, err
		}
	}
	t.guard.watch(it)
	return &source{node: node, items: []*item{it}}, nil
}
