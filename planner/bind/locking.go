package bind

import (
	"maps"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// LockPlan is a bound SELECT … FOR UPDATE or its like. Its LIMIT counts rows that are locked, so that it is the session's:
//
//	FROM ─► WHERE ─► columns, and those of the locked tables ─► ORDER BY ─► Source ─► session: lock, OFFSET, LIMIT
type LockPlan struct {
	// Source gives, in order, the Width columns of the query and behind them the rows of Tables.
	Source *plan.Query
	Width  int
	Tables []LockedTable
	// Few is Source cut behind so many rows, of which a small LIMIT most likely has enough; nil = none.
	Few     *plan.Query
	FewRows int64
	// Limits is one row: LIMIT and OFFSET, NULL without; nil = the query has neither.
	Limits *plan.Query
	Parts  []*Part
}

// LockedTable is a table whose rows are locked.
type LockedTable struct {
	Relation *catalog.Relation
	// At is where its row stands in Source: all columns, and the hidden row id if it has no primary key.
	At, Width int
	Strength  LockStrength
	Wait      LockWait
	it        *item
}

// LockStrength is that of a locking clause, weakest first: FOR KEY SHARE, SHARE, NO KEY UPDATE, UPDATE.
type LockStrength uint8

// String is the clause.
func (s LockStrength) String() string {
	return lockingWords[pg.LockClauseStrength(s)+pg.LockClauseStrength_LCS_FORKEYSHARE]
}

// LockWait is what a clause does about a row that another one has locked.
type LockWait uint8

const (
	LockWaits LockWait = iota
	LockSkips
	LockRefuses
)

// ErrLocks: a query locks rows where it is bound as one that only reads.
var ErrLocks = sqlerr.New(sqlerr.FeatureNotSupported, "FOR UPDATE and FOR SHARE are not supported here")

// fewMore is how many rows more than LIMIT asks for are read at first, in place of those that others have locked.
const fewMore = 64

// Lock binds a query whose outermost SELECT locks rows.
func Lock(q parse.Query, cat catalog.Reader, o Options) (*LockPlan, error) {
	b := newBinder(cat, o)
	b.top, b.locks = q.Select.GetWithClause(), true
	out, err := b.lock(q.Select)
	if err == nil {
		out.Parts = b.parts
	}
	return out, err
}

// lockingWords are the clauses as errors name them.
var lockingWords = map[pg.LockClauseStrength]string{
	pg.LockClauseStrength_LCS_FORUPDATE: "FOR UPDATE", pg.LockClauseStrength_LCS_FORNOKEYUPDATE: "FOR NO KEY UPDATE",
	pg.LockClauseStrength_LCS_FORSHARE: "FOR SHARE", pg.LockClauseStrength_LCS_FORKEYSHARE: "FOR KEY SHARE",
}

// lock binds a SELECT with a locking clause in a level of its own.
func (b *binder) lock(s *pg.SelectStmt) (*LockPlan, error) {
	b.push().locking = true
	defer b.pop()
	first := lockingWords[s.LockingClause[0].GetLockingClause().GetStrength()]
	switch {
	case s.Op > pg.SetOperation_SETOP_NONE:
		return nil, notLockable(first, "is not allowed with UNION/INTERSECT/EXCEPT")
	case len(s.ValuesLists) > 0:
		return nil, notLockable(first, "cannot be applied to VALUES")
	case s.IntoClause != nil:
		return nil, sqlerr.New(sqlerr.SyntaxError, "SELECT ... INTO is not allowed here")
	}
	if err := b.with(s, s.WithClause); err != nil {
		return nil, err
	}
	c, err := b.plainCore(s)
	if err != nil {
		return nil, err
	}
	if err := c.lockable(s, first); err != nil {
		return nil, err
	}
	q := c.body()
	visible, err := b.resolveUnknowns(q.exprs)
	if err != nil {
		return nil, err
	}
	q.retarget(visible)
	out := &LockPlan{Width: len(visible)}
	if out.Tables, err = b.lockedTables(s); err != nil {
		return nil, err
	}
	return out, c.lockPlan(out)
}

func notLockable(words, why string) *sqlerr.Error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "%s %s", words, why)
}

// lockable refuses queries whose rows are not rows of tables.
func (c *core) lockable(s *pg.SelectStmt, words string) error {
	switch {
	case c.distinct:
		return notLockable(words, "is not allowed with DISTINCT clause")
	case len(s.GroupClause) > 0:
		return notLockable(words, "is not allowed with GROUP BY clause")
	case s.HavingClause != nil:
		return notLockable(words, "is not allowed with HAVING clause")
	case c.grouped:
		return notLockable(words, "is not allowed with aggregate functions")
	case len(c.lv.windows.refs) > 0:
		return notLockable(words, "is not allowed with window functions")
	case c.tail.ties:
		return unsupported(words + " with FETCH FIRST … WITH TIES")
	}
	for i := range c.targets {
		if firstSet(c.targets[i].expr) != nil {
			return notLockable(words, "is not allowed with set-returning functions in the target list")
		}
	}
	return nil
}

// lockedTables are the tables of FROM that the clauses name: the strongest clause that names one counts.
func (b *binder) lockedTables(s *pg.SelectStmt) ([]LockedTable, error) {
	by := map[*item]*LockedTable{}
	for _, n := range s.LockingClause {
		clause := n.GetLockingClause()
		words := lockingWords[clause.Strength]
		named := map[*item]bool{}
		for _, r := range clause.LockedRels {
			it, err := b.lockedItem(r.GetRangeVar(), words)
			if err != nil {
				return nil, err
			}
			named[it] = true
		}
		if len(clause.LockedRels) == 0 {
			if err := wholeTables(s.FromClause, words); err != nil {
				return nil, err
			}
		}
		for _, it := range b.lv.scope.items {
			if len(clause.LockedRels) > 0 && !named[it] || it.rel == nil {
				continue
			}
			if err := lockableItem(it, words); err != nil {
				return nil, err
			}
			t := by[it]
			if t == nil {
				t = &LockedTable{Relation: it.rel, it: it}
				by[it] = t
			}
			b.need(plan.RelationID(it.rel.OID)).Adds(acl.Update) // on any column
			if err := it.guard.also('w'); err != nil {
				return nil, err
			}
			t.Strength = max(t.Strength, LockStrength(clause.Strength-pg.LockClauseStrength_LCS_FORKEYSHARE))
			t.Wait = max(t.Wait, LockWait(clause.WaitPolicy-pg.LockWaitPolicy_LockWaitBlock))
		}
	}
	var out []LockedTable
	for _, it := range b.lv.scope.items {
		if t := by[it]; t != nil {
			out = append(out, *t)
		}
	}
	return out, nil
}

// lockedItem is the item that OF names.
func (b *binder) lockedItem(r *pg.RangeVar, words string) (*item, error) {
	if r.Schemaname != "" || r.Catalogname != "" {
		return nil, sqlerr.New(sqlerr.SyntaxError, "%s must specify unqualified relation names", words).At(r.Location)
	}
	for _, it := range b.lv.scope.items {
		if it.byName && it.name == r.Relname {
			if it.rel == nil {
				return nil, unsupported(words + " of what is no table").At(r.Location)
			}
			return it, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" in %s clause not found in FROM clause", r.Relname, words).At(r.Location)
}

// wholeTables refuses queries in FROM, whose tables would be locked too.
func wholeTables(from []*pg.Node, words string) error {
	for _, n := range from {
		if q := n.GetRangeSubselect(); q != nil && len(q.Subquery.GetSelectStmt().GetValuesLists()) == 0 {
			return unsupported(words + " with a query in FROM").WithHint("Name the tables to lock with OF, or put the clause into that query.")
		}
		if j := n.GetJoinExpr(); j != nil {
			if j.Alias != nil {
				return unsupported(words + " with an alias of a join")
			}
			if err := wholeTables([]*pg.Node{j.Larg, j.Rarg}, words); err != nil {
				return err
			}
		}
	}
	return nil
}

func lockableItem(it *item, words string) error {
	switch {
	case it.mayMiss:
		return notLockable(words, "cannot be applied to the nullable side of an outer join")
	case it.rel.Kind == catalog.KindView:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot lock rows in materialized view \"%s\"", it.rel.Name).At(it.pos)
	case it.rel.Kind == catalog.KindPlainView:
		return unsupported(words + " of a view").At(it.pos).WithHint("Lock the rows of the table that it reads.")
	case it.rel.Kind != catalog.KindTable:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot lock rows in %s \"%s\"", it.rel.Kind, it.rel.Name).At(it.pos)
	}
	return readOnly(it.rel, "lock rows in", it.pos)
}

// lockPlan makes the queries, the columns of the locked tables behind those of the query.
func (c *core) lockPlan(out *LockPlan) (err error) {
	b, keep := c.b, []int{}
	for i := range c.targets {
		if !c.targets[i].junk {
			keep = append(keep, i)
		}
	}
	at := 0
	for _, it := range c.lv.scope.items {
		if at == len(out.Tables) || it != out.Tables[at].it {
			continue
		}
		out.Tables[at].At = len(keep)
		for i := range it.columns {
			col := &it.columns[i]
			if i < len(it.rel.Columns) || col.name == "?rowid?" {
				keep = append(keep, len(c.targets))
				c.targets = append(c.targets, target{expr: &plan.Column{Index: col.index, T: col.typ, Name: col.name}, name: col.name, junk: true})
			}
		}
		out.Tables[at].Width = len(keep) - out.Tables[at].At
		at++
	}
	count, offset := c.tail.count, c.tail.offset
	if out.Limits, err = b.limitsQuery(count, offset); err != nil {
		return err
	}
	c.tail.count, c.tail.offset = nil, nil
	if out.Source, err = c.kept(keep); err != nil {
		return err
	}
	if n, ok := smallLimit(count, offset); ok {
		out.FewRows = n + fewMore
		c.tail.count = int8Const(out.FewRows)
		out.Few, err = c.kept(keep)
	}
	return err
}

// kept is the query with these of its targets.
func (c *core) kept(keep []int) (*plan.Query, error) {
	node, err := c.build()
	if err != nil {
		return nil, err
	}
	p, fields := &plan.Project{Input: node}, node.Props().Fields
	for _, i := range keep {
		f := fields[i]
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
		if f.Name == hiddenField {
			f.Name = "?locked?"
		}
		p.P.Fields = append(p.P.Fields, f)
	}
	plan.Derive(p)
	return c.b.finish(p)
}

// limitsQuery is one row with LIMIT and OFFSET.
func (b *binder) limitsQuery(count, offset plan.Expr) (*plan.Query, error) {
	if count == nil && offset == nil {
		return nil, nil
	}
	p := &plan.Project{Input: oneRow()}
	for _, e := range []plan.Expr{count, offset} {
		if e == nil {
			e = nullConst(sqltype.Of(sqltype.Int8))
		}
		p.Exprs = append(p.Exprs, e)
		p.P.Fields = append(p.P.Fields, plan.Field{Name: "limit", Type: sqltype.Of(sqltype.Int8)})
	}
	plan.Derive(p)
	return b.finish(p)
}

// smallLimit is how many rows a query begins with that is only asked for a few.
func smallLimit(count, offset plan.Expr) (int64, bool) {
	n, ok := constInt8(count)
	skip, known := int64(0), offset == nil
	if !known {
		skip, known = constInt8(offset)
	}
	return n + skip, ok && known && n >= 0 && skip >= 0 && n < 1<<20 && skip < 1<<20
}

// constInt8 is the value of a whole-number literal, whatever it was cast to.
func constInt8(e plan.Expr) (int64, bool) {
	for {
		switch x := e.(type) {
		case *plan.Const:
			if x.Value.Null(0) {
				return 0, false
			}
			switch x.T.OID {
			case sqltype.Int4:
				return int64(sqltype.Values[int32](&x.Value.Vec)[0]), true
			case sqltype.Int8:
				return sqltype.Values[int64](&x.Value.Vec)[0], true
			}
			return 0, false
		case *plan.Call:
			if len(x.Args) != 1 {
				return 0, false
			}
			e = x.Args[0]
		default:
			return 0, false
		}
	}
}

// lockedRows binds a query inside a statement that locks rows: it is run first, as a part (0045), and read here.
func (b *binder) lockedRows(s *pg.SelectStmt) (*body, error) {
	if !b.locks {
		return nil, ErrLocks
	}
	sub := newBinder(b.cat, b.opts)
	sub.params, sub.places, sub.cteReads, sub.inPart, sub.locks, sub.parts = b.params, b.places, b.cteReads, true, true, b.parts
	visible := map[string]*cte{}
	for lv := b.lv; lv != nil; lv = lv.writtenIn() {
		for name, c := range lv.ctes {
			if visible[name] == nil {
				visible[name] = c
			}
		}
	}
	sub.push().ctes = maps.Clone(visible)
	made, err := sub.lock(s)
	if err != nil {
		return nil, err
	}
	b.params, b.cteReads, b.parts = sub.params, sub.cteReads, sub.parts
	part := &Part{ID: firstPart + plan.RelationID(len(b.parts)), Lock: made, name: "locked rows"}
	b.parts = append(b.parts, part)
	node, err := part.scan(&pg.RangeVar{})
	if err != nil {
		return nil, err
	}
	p := &plan.Project{Input: node}
	q := &body{retarget: func(exprs []plan.Expr) { p.Exprs = exprs }, build: func() (plan.Node, error) {
		for i, e := range p.Exprs {
			f := plan.Field{Name: node.Props().Fields[i].Name, Type: e.Type()}
			p.P.Fields = append(p.P.Fields, f)
		}
		plan.Derive(p)
		return p, nil
	}}
	for i, f := range node.Props().Fields {
		q.names, q.exprs = append(q.names, f.Name), append(q.exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
	}
	return q, nil
}
