package bind

import (
	"maps"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// target is one output column.
type target struct {
	expr plan.Expr
	name string
	junk bool // only sorted by
}

// body is a query that is bound but not built: its output expressions can still change type.
type body struct {
	names    []string
	exprs    []plan.Expr // of the visible columns
	retarget func([]plan.Expr)
	build    func() (plan.Node, error)
}

// selectStmt binds a whole query. wanted, if given, sees the output expressions before string
// literals become text and may replace them: INSERT makes them its columns' types.
func (b *binder) selectStmt(s *pg.SelectStmt, wanted func([]plan.Expr) ([]plan.Expr, error)) (plan.Node, error) {
	b.push()
	defer b.pop()
	q, err := b.body(s)
	if err != nil {
		return nil, err
	}
	out := q.exprs
	if wanted != nil {
		if out, err = wanted(out); err != nil {
			return nil, err
		}
	}
	if out, err = b.resolveUnknowns(out); err != nil {
		return nil, err
	}
	q.retarget(out)
	return q.build()
}

// resolveUnknowns makes output columns that are still string literals text.
func (b *binder) resolveUnknowns(exprs []plan.Expr) ([]plan.Expr, error) {
	out := make([]plan.Expr, len(exprs))
	for i, e := range exprs {
		out[i] = e
		if e.Type().OID == sqltype.Unknown {
			var err error
			if out[i], err = b.coerce(e, textType(), implicit, -1); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// body binds one query in the current level, which is its own.
func (b *binder) body(s *pg.SelectStmt) (*body, error) {
	switch {
	case s == nil:
		return nil, unsupported("this form of query")
	case len(s.LockingClause) > 0:
		return b.lockedRows(s)
	case s.IntoClause != nil:
		return nil, sqlerr.New(sqlerr.SyntaxError, "SELECT ... INTO is not allowed here")
	}
	if err := b.with(s, s.WithClause); err != nil {
		return nil, err
	}
	switch {
	case s.Op > pg.SetOperation_SETOP_NONE:
		return b.setOperation(s)
	case len(s.ValuesLists) > 0:
		return b.valuesClause(s)
	}
	return b.plainSelect(s)
}

// with makes the WITH queries of a statement visible in its level.
func (b *binder) with(of proto.Message, w *pg.WithClause) error {
	if w == nil {
		return nil
	}
	items := make([]*pg.CommonTableExpr, len(w.Ctes))
	names := map[string]bool{}
	for i, n := range w.Ctes {
		c := n.GetCommonTableExpr()
		switch {
		case c.Ctequery.GetSelectStmt() == nil && b.opts.Continuous:
			return sqlerr.New(sqlerr.FeatureNotSupported, "materialized views must not use data-modifying statements in WITH").At(c.Location)
		case c.Ctequery.GetSelectStmt() == nil && w != b.top:
			return sqlerr.New(sqlerr.FeatureNotSupported, "WITH clause containing a data-modifying statement must be at the top level").At(c.Location)
		case names[c.Ctename]:
			return sqlerr.New(sqlerr.DuplicateAlias, "WITH query name \"%s\" specified more than once", c.Ctename).At(c.Location)
		case !w.Recursive && (c.SearchClause != nil || c.CycleClause != nil):
			return sqlerr.New(sqlerr.SyntaxError, "WITH query is not recursive").At(c.Location)
		}
		names[c.Ctename], items[i] = true, c
	}
	recursive := map[string]bool{}
	if w.Recursive {
		var err error
		if items, recursive, err = ordered(items); err != nil {
			return err
		}
	}
	visible := map[string]*cte{}
	for _, c := range items {
		if recursive[c.Ctename] {
			if err := checkRecursive(c); err != nil {
				return err
			}
		} else if c.SearchClause != nil || c.CycleClause != nil {
			return sqlerr.New(sqlerr.SyntaxError, "WITH query is not recursive").At(c.Location)
		}
		next := maps.Clone(visible)
		next[c.Ctename] = &cte{
			name: c.Ctename, query: c.Ctequery.GetSelectStmt(), columns: c.Aliascolnames, visible: visible, recursive: recursive[c.Ctename], pos: c.Location, of: of,
			search: c.SearchClause, cycle: c.CycleClause,
		}
		if c.Ctequery.GetSelectStmt() == nil {
			part, err := b.part(c, visible)
			if err != nil {
				return err
			}
			next[c.Ctename].part = part
		}
		visible = next
	}
	b.lv.ctes = visible
	return nil
}

// core is one SELECT … FROM … being bound.
type core struct {
	b        *binder
	lv       *level
	in       plan.Node
	targets  []target
	groups   []plan.Expr
	sets     [][]int // GROUPING SETS: places in groups; nil = one set of all
	having   plan.Expr
	grouped  bool
	distinct bool
	on       []int // targets of DISTINCT ON
	tail     tail
}

// plainSelect binds the clauses in PostgreSQL's order, so that of two errors the same comes
// first.
func (b *binder) plainSelect(s *pg.SelectStmt) (*body, error) {
	c, err := b.plainCore(s)
	if err != nil {
		return nil, err
	}
	return c.body(), nil
}

func (b *binder) plainCore(s *pg.SelectStmt) (*core, error) {
	c := &core{b: b, lv: b.lv}
	s = b.setsToFrom(s)
	if err := b.bindFrom(s.FromClause); err != nil {
		return nil, err
	}
	c.in = b.lv.scope.node
	reads := b.lv.readsWorking
	if err := b.bindHop(s.GroupClause, len(c.in.Props().Fields)); err != nil {
		return nil, err
	}
	b.setWindowClause(s.WindowClause)
	var err error
	if c.targets, err = b.targetList(s.TargetList); err != nil {
		return nil, err
	}
	var where plan.Expr
	if s.WhereClause != nil {
		if where, err = b.condition(s.WhereClause, inWhere, "WHERE"); err != nil {
			return nil, err
		}
	}
	if s.HavingClause != nil {
		if c.having, err = b.condition(s.HavingClause, inHaving, "HAVING"); err != nil {
			return nil, err
		}
	}
	if err := c.order(s.SortClause); err != nil {
		return nil, err
	}
	if err := c.group(s.GroupClause, s.GroupDistinct); err != nil {
		return nil, err
	}
	sessionKeys, err := c.sessionKeys()
	if err != nil {
		return nil, err
	}
	if err := c.distinctClause(s.DistinctClause); err != nil {
		return nil, err
	}
	if err := c.tail.limits(b, s); err != nil {
		return nil, err
	}
	if err := b.checkWindowClause(); err != nil {
		return nil, err
	}
	if reads && len(b.lv.aggs) > 0 {
		return nil, sqlerr.New(sqlerr.InvalidRecursion, "aggregate functions are not allowed in a recursive query's recursive term").At(b.lv.aggs[0].pos)
	}
	if where != nil {
		c.in = filter(c.in, where)
	}
	if c.in, err = b.lv.hop.node(b, c.in, sessionKeys); err != nil {
		return nil, err
	}
	c.grouped = len(s.GroupClause) > 0 || len(b.lv.aggs) > 0 || c.having != nil || b.lv.groupings
	return c, nil
}

// maxTargets is PostgreSQL's bound of a select list with what ORDER BY and GROUP BY add to it.
const maxTargets = 1664

func checkTargets(count int) error {
	if count > maxTargets {
		return sqlerr.New(sqlerr.TooManyColumns, "target lists can have at most %d entries", maxTargets)
	}
	return nil
}

// targetList binds a select list.
func (b *binder) targetList(list []*pg.Node) ([]target, error) { return b.targetListAt(list, inSelect) }

func (b *binder) targetListAt(list []*pg.Node, p place) ([]target, error) {
	var out []target
	for _, n := range list {
		rt := n.GetResTarget()
		cols, is, err := b.starredAt(rt.Val, p)
		if err != nil {
			return nil, err
		}
		if is {
			out = append(out, cols...)
			continue
		}
		if err := checkTargets(len(out) + 1); err != nil {
			return nil, err
		}
		e, err := b.exprAt(rt.Val, p)
		if err != nil {
			return nil, err
		}
		name := rt.Name
		if name == "" {
			name = columnTitle(rt.Val)
		}
		out = append(out, target{expr: e, name: name})
	}
	return out, nil
}

func (c *core) body() *body {
	q := &body{build: c.build}
	for _, t := range c.targets {
		if !t.junk {
			q.names = append(q.names, t.name)
			q.exprs = append(q.exprs, t.expr)
		}
	}
	q.retarget = func(exprs []plan.Expr) {
		for i, e := range exprs {
			c.targets[i].expr = e // junk targets stand behind the visible ones
		}
	}
	return q
}

// build makes the nodes: rows, groups, output, distinct, order, limit.
func (c *core) build() (plan.Node, error) {
	node := c.groupSetNodes(c.in)
	var err error
	if c.grouped {
		if node, err = c.groupNode(node); err != nil {
			return nil, err
		}
	}
	node = c.overNodes(node)
	waits := c.setsWait()
	if waits {
		node = c.firstRows(node)
	}
	node = c.setNodes(node)
	if node, err = c.project(node); err != nil {
		return nil, err
	}
	switch {
	case waits:
	case len(c.on) > 0:
		node = c.tail.firstOf(node, c.on)
	case c.distinct:
		d := &plan.Distinct{Input: node}
		d.P.Fields = node.Props().Fields
		plan.Derive(d)
		node = d
	}
	return c.tail.node(node), nil
}

// project computes the output columns, sort keys last.
func (c *core) project(in plan.Node) (plan.Node, error) {
	p := &plan.Project{Input: in}
	fields := in.Props().Fields
	for i := range c.targets {
		t := &c.targets[i]
		if t.expr.Type().OID == sqltype.Unknown {
			e, err := c.b.coerce(t.expr, textType(), implicit, -1)
			if err != nil {
				return nil, err
			}
			t.expr = e
		}
		f := plan.Field{Name: t.name, Type: t.expr.Type()}
		if col, ok := t.expr.(*plan.Column); ok && col.Index < len(fields) {
			f.Relation, f.Attnum = fields[col.Index].Relation, fields[col.Index].Attnum
		}
		if t.junk {
			f.Name = hiddenField
		}
		p.Exprs = append(p.Exprs, t.expr)
		p.P.Fields = append(p.P.Fields, f)
	}
	if at := carried(fields); at >= 0 && !c.distinct {
		p.Exprs = append(p.Exprs, &plan.Column{Index: at, T: fields[at].Type, Name: watermarkField})
		p.P.Fields = append(p.P.Fields, fields[at])
	}
	plan.Derive(p)
	return p, nil
}

// carried is the field with the records' watermark, -1 if there is none.
func carried(fields []plan.Field) int {
	for i, f := range fields {
		if f.Name == watermarkField {
			return i
		}
	}
	return -1
}
