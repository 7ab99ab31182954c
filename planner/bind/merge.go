package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// MergePlan is a bound MERGE into a table.
type MergePlan struct {
	Relation *catalog.Relation
	// Source gives a row for each that is changed, deleted or inserted: the old values of all columns and the hidden
	// row id if the table has no primary key (at RowID, else -1), NULL for one that is inserted; at Action what is
	// done; from New on the new values of all columns.
	Source             *plan.Query
	RowID, Action, New int
	// Policies are columns of Source: what those of the table hold its rows to.
	Policies []PolicyCheck
	Parts    []*Part
}

// What MERGE does with a row.
const (
	MergeUpdate int32 = iota
	MergeDelete
	MergeInsert
)

// merger binds one MERGE.
type merger struct {
	b      *binder
	stmt   *pg.MergeStmt
	target *changedTable
	width  int // of the target's columns; behind them stands whether there are some

	whens   []plan.When // by clause: its condition, and its place
	actions []int32     // what clause i does, -1 = nothing
	rows    [][]plan.Expr
}

// Merge binds a MERGE. The rows of the source are joined with the target's; of each the first clause whose condition holds
// counts.
func Merge(s *parse.Merge, cat catalog.Reader, o Options) (*MergePlan, error) {
	m := &merger{b: newBinder(cat, o), stmt: s.Stmt}
	m.b.top, m.b.locks = m.stmt.WithClause, true
	node, target, source, err := m.join()
	if err != nil {
		return nil, err
	}
	for _, n := range m.stmt.MergeWhenClauses {
		if err := m.clause(n.GetMergeWhenClause(), target, source, node); err != nil {
			return nil, err
		}
	}
	out := &MergePlan{Relation: m.target.rel, RowID: m.target.rowID, Parts: m.b.parts}
	root, err := m.changes(node, out)
	if err != nil {
		return nil, err
	}
	if m.target.guard != nil {
		if root, err = m.policies(root, out); err != nil {
			return nil, err
		}
	}
	out.Source, err = m.b.finish(root)
	return out, err
}

// policies holds each row to those of what is done with it. The row that is there is one that SELECT shows, or the join does not find it.
func (m *merger) policies(root plan.Node, out *MergePlan) (plan.Node, error) {
	if err := m.target.seen(); err != nil {
		return nil, err
	}
	checks := m.target.guard.checksOver(root)
	there := PolicyCheck{Using: true, Target: true}
	for _, of := range []struct {
		action int32
		add    func() error
	}{
		{MergeUpdate, func() error {
			if err := checks.add('w', true, 0, there); err != nil {
				return err
			}
			return checks.newRows('w', out.New)
		}},
		{MergeDelete, func() error { return checks.add('d', true, 0, there) }},
		{MergeInsert, func() error { return checks.add('a', false, out.New, PolicyCheck{}) }},
	} {
		var err error
		if checks.when, err = m.b.binary("=", plan.ColumnOf(root.Props().Fields, out.Action), int4Const(of.action), -1); err != nil {
			return nil, err
		}
		if err := of.add(); err != nil {
			return nil, err
		}
	}
	root, out.Policies = checks.done()
	return root, nil
}

// join binds target and source. Rows of the source that meet none stay where a clause wants them.
func (m *merger) join() (node plan.Node, target, source []*item, err error) {
	b, n := m.b, m.stmt
	if n.WithClause.GetRecursive() {
		return nil, nil, nil, sqlerr.New(sqlerr.SyntaxError, "WITH RECURSIVE is not supported for MERGE statement")
	}
	if m.target, err = b.targetTable(n, n.Relation, n.WithClause, nil, "merge into"); err != nil {
		return nil, nil, nil, err
	}
	in := b.lv.scope.node
	m.width = len(in.Props().Fields)
	p := keepColumns(in, m.width)
	p.Exprs = append(p.Exprs, boolConst(true))
	p.P.Fields = append(p.P.Fields, plan.Field{Name: "?matched?", Type: sqltype.Of(sqltype.Bool)})
	plan.Derive(p)
	left := newSource(p, m.target.item)
	b.lv.scope = scope{}
	right, err := b.fromItem(n.SourceRelation)
	if err != nil {
		return nil, nil, nil, err
	}
	target, source = left.items, right.items
	both, err := b.cross(left, right)
	if err != nil {
		return nil, nil, nil, err
	}
	cond, err := b.joinOn(both, n.JoinCondition)
	if err != nil {
		return nil, nil, nil, err
	}
	kind := plan.JoinInner
	for _, w := range n.MergeWhenClauses {
		if !w.GetMergeWhenClause().Matched {
			kind = plan.JoinRight
		}
	}
	if kind == plan.JoinInner {
		return filter(both.node, cond), target, source, nil
	}
	return plan.NewJoin(kind, left.node, right.node, cond, ""), target, source, nil
}

// clause binds a WHEN. One for rows that are not matched sees the source only.
func (m *merger) clause(w *pg.MergeWhenClause, target, source []*item, node plan.Node) error {
	b := m.b
	b.lv.scope = scope{items: source, node: node}
	if w.Matched {
		b.lv.scope.items = append(append([]*item(nil), target...), source...)
	} else {
		b.lv.scope.hidden = []string{target[0].name}
	}
	for _, n := range m.stmt.MergeWhenClauses[:len(m.whens)] {
		if before := n.GetMergeWhenClause(); before.Matched == w.Matched && before.Condition == nil {
			return sqlerr.New(sqlerr.SyntaxError, "unreachable WHEN clause specified after unconditional WHEN clause")
		}
	}
	matched := plan.Expr(&plan.IsNull{Arg: &plan.Column{Index: m.width, T: sqltype.Of(sqltype.Bool), Name: "?matched?"}, Not: w.Matched})
	if w.Condition != nil {
		cond, err := b.condition(w.Condition, inMerge, "WHEN")
		if err != nil {
			return err
		}
		matched = &plan.And{Args: []plan.Expr{matched, cond}}
	}
	action, row, err := m.action(w)
	if err != nil {
		return err
	}
	m.whens = append(m.whens, plan.When{Cond: matched, Then: int4Const(int32(len(m.whens)))})
	m.actions, m.rows = append(m.actions, action), append(m.rows, row)
	return nil
}

// action binds what a clause does; row is the new values, nil = the old ones.
func (m *merger) action(w *pg.MergeWhenClause) (int32, []plan.Expr, error) {
	b, rel := m.b, m.target.rel
	switch w.CommandType {
	case pg.CmdType_CMD_UPDATE:
		b.writes(rel, acl.Update)
		row := make([]plan.Expr, len(rel.Columns))
		_, err := b.setClauses(rel, nil, row, w.TargetList)
		for _, r := range b.lv.assigned { // a clause has no place behind its condition where a row could be made once
			if plan.VolatilePlan(r.sub.Plan) {
				return -1, nil, unsupported("assigning from a volatile subquery in MERGE").At(r.pos)
			}
		}
		return MergeUpdate, row, err
	case pg.CmdType_CMD_DELETE:
		b.writes(rel, acl.Delete)
		return MergeDelete, nil, nil
	case pg.CmdType_CMD_INSERT:
		b.writes(rel, acl.Insert)
		row, err := m.insert(w)
		return MergeInsert, row, err
	}
	return -1, nil, nil
}

func (m *merger) insert(w *pg.MergeWhenClause) ([]plan.Expr, error) {
	b := m.b
	in := &inserter{b: b, rel: m.target.rel, stmt: &pg.InsertStmt{Relation: m.stmt.Relation, Cols: w.TargetList, Override: w.Override}}
	if err := in.columns(); err != nil {
		return nil, err
	}
	if len(w.Values) == 0 { // DEFAULT VALUES
		in.targets, in.named = nil, true
		return in.fullRow(nil)
	}
	old := b.lv.place
	b.lv.place = inValues
	defer func() { b.lv.place = old }()
	exprs := make([]plan.Expr, len(w.Values))
	for i, n := range w.Values {
		if n.GetSetToDefault() != nil {
			continue
		}
		var err error
		if exprs[i], err = b.expr(n); err != nil {
			return nil, err
		}
	}
	cast, err := in.cast(exprs)
	if err != nil {
		return nil, err
	}
	return in.fullRow(cast)
}

// changes computes which clause counts for each row, keeps those of which one does something, and computes the new
// values of that clause only.
func (m *merger) changes(node plan.Node, out *MergePlan) (plan.Node, error) {
	width := len(node.Props().Fields)
	p := keepColumns(node, width)
	p.Exprs = append(p.Exprs, &plan.Case{Whens: m.whens, T: sqltype.Of(sqltype.Int4)})
	p.P.Fields = append(p.P.Fields, plan.Field{Name: "?clause?", Type: sqltype.Of(sqltype.Int4)})
	plan.Derive(p)
	is := func(clause int) (plan.Expr, error) {
		return m.b.binary("=", plan.ColumnOf(p.P.Fields, width), int4Const(int32(clause)), -1)
	}
	var does []plan.Expr
	action := &plan.Case{T: sqltype.Of(sqltype.Int4)}
	for i, a := range m.actions {
		if a < 0 {
			continue
		}
		cond, err := is(i)
		if err != nil {
			return nil, err
		}
		does = append(does, cond)
		action.Whens = append(action.Whens, plan.When{Cond: cond, Then: int4Const(a)})
	}
	var in plan.Node = p
	if len(does) == 0 {
		does, action.Else = []plan.Expr{boolConst(false)}, int4Const(MergeDelete)
		action.Whens = []plan.When{{Cond: boolConst(false), Then: int4Const(MergeDelete)}}
	}
	in = filter(in, &plan.Or{Args: append(does, boolConst(false))})
	old := m.width
	made := keepColumns(in, old)
	out.Action, out.New = old, old+1
	made.Exprs = append(made.Exprs, action)
	made.P.Fields = append(made.P.Fields, plan.Field{Name: "?action?", Type: action.T})
	for i := range m.target.rel.Columns {
		e := made.Exprs[i]
		value := &plan.Case{Else: e, T: e.Type()}
		for k, row := range m.rows {
			if m.actions[k] < 0 || row == nil || row[i] == nil {
				continue
			}
			cond, err := is(k)
			if err != nil {
				return nil, err
			}
			value.Whens = append(value.Whens, plan.When{Cond: cond, Then: row[i]})
		}
		if len(value.Whens) > 0 {
			e = value
		}
		made.Exprs = append(made.Exprs, e)
		made.P.Fields = append(made.P.Fields, made.P.Fields[i])
	}
	plan.Derive(made)
	return m.b.computeGenerated(m.target.rel, made, out.New)
}
