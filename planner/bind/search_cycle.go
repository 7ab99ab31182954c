package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Names of what the recursive term carries along for SEARCH and CYCLE, which no column that users name has.
const (
	carriedSequence = "*SEARCH*"
	carriedMark     = "*MARK*"
	carriedPath     = "*PATH*"
)

// traced writes SEARCH and CYCLE of a recursive query as columns of its two terms, as the standard defines them:
//
//	SELECT l.*, ARRAY[ROW(l.cols)] FROM (term) l
//	UNION SELECT r.*, r.seq || ROW(r.cols) FROM (term, its reference's seq) r WHERE r.mark <> value
type traced struct {
	c       *cte
	names   []string // of the query's own columns
	working string   // what the recursive term calls the rows of the round before
}

// withTrace is a recursive query without SEARCH and CYCLE, of the columns that they add; own is how many it has without.
func (b *binder) withTrace(c *cte) (out *cte, own int, err error) {
	if c.search == nil && c.cycle == nil {
		return c, 0, nil
	}
	q := c.query
	if q.Larg.Op > pg.SetOperation_SETOP_NONE {
		return nil, 0, mustBeSelect("left")
	}
	if q.Rarg.Op > pg.SetOperation_SETOP_NONE || len(q.Rarg.ValuesLists) > 0 {
		return nil, 0, mustBeSelect("right")
	}
	t := &traced{c: c, working: selfName(q.Rarg.FromClause, c.name)}
	for _, n := range q.Rarg.WithClause.GetCtes() {
		if n.GetCommonTableExpr().GetCtename() == c.name {
			t.working = ""
		}
	}
	if t.working == "" {
		return nil, 0, sqlerr.New(sqlerr.FeatureNotSupported, "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"%s\" must be at the top level of its right-hand SELECT", c.name)
	}
	first, err := b.setSide(q.Larg) // for its names; it is bound again below
	if err != nil {
		return nil, 0, err
	}
	t.names = slices.Clone(first.names)
	for i := range min(len(c.columns), len(t.names)) {
		t.names[i] = c.columns[i].GetString_().GetSval()
	}
	if err := t.check(); err != nil {
		return nil, 0, err
	}
	made := *c
	made.search, made.cycle, made.columns = nil, nil, t.added()
	made.query = &pg.SelectStmt{
		Op: q.Op, All: q.All, Larg: t.first(q.Larg), Rarg: t.next(q.Rarg), WithClause: q.WithClause, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT,
	}
	return &made, len(t.names), nil
}

func mustBeSelect(side string) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "with a SEARCH or CYCLE clause, the %s side of the UNION must be a SELECT", side)
}

// selfName is what FROM calls a WITH query, empty where it does not name it.
func selfName(from []*pg.Node, name string) string {
	for _, n := range from {
		if r := n.GetRangeVar(); r != nil && r.Schemaname == "" && r.Relname == name {
			if r.Alias != nil {
				return r.Alias.Aliasname
			}
			return name
		}
		if j := n.GetJoinExpr(); j != nil {
			if found := selfName([]*pg.Node{j.Larg, j.Rarg}, name); found != "" {
				return found
			}
		}
	}
	return ""
}

// check holds the clauses to the columns that there are.
func (t *traced) check() error {
	if s := t.c.search; s != nil {
		if err := t.checkList("search", s.SearchColList, s.Location); err != nil {
			return err
		}
		if slices.Contains(t.names, s.SearchSeqColumn) {
			return t.taken("search sequence", s.SearchSeqColumn, s.Location)
		}
	}
	y := t.c.cycle
	if y == nil {
		return nil
	}
	if err := t.checkList("cycle", y.CycleColList, y.Location); err != nil {
		return err
	}
	switch s := t.c.search; {
	case slices.Contains(t.names, y.CycleMarkColumn):
		return t.taken("cycle mark", y.CycleMarkColumn, y.Location)
	case slices.Contains(t.names, y.CyclePathColumn):
		return t.taken("cycle path", y.CyclePathColumn, y.Location)
	case y.CycleMarkColumn == y.CyclePathColumn:
		return sqlerr.New(sqlerr.SyntaxError, "cycle mark column name and cycle path column name are the same").At(y.Location)
	case s != nil && s.SearchSeqColumn == y.CycleMarkColumn:
		return sqlerr.New(sqlerr.SyntaxError, "search sequence column name and cycle mark column name are the same").At(s.Location)
	case s != nil && s.SearchSeqColumn == y.CyclePathColumn:
		return sqlerr.New(sqlerr.SyntaxError, "search sequence column name and cycle path column name are the same").At(s.Location)
	}
	return nil
}

func (t *traced) taken(what, name string, pos int32) error {
	return sqlerr.New(sqlerr.SyntaxError, "%s column name \"%s\" already used in WITH query column list", what, name).At(pos)
}

func (t *traced) checkList(what string, list []*pg.Node, pos int32) error {
	var seen []string
	for _, n := range list {
		name := n.GetString_().GetSval()
		if !slices.Contains(t.names, name) {
			return sqlerr.New(sqlerr.SyntaxError, "%s column \"%s\" not in WITH query column list", what, name).At(pos)
		}
		if slices.Contains(seen, name) {
			return sqlerr.New(sqlerr.DuplicateColumn, "%s column \"%s\" specified more than once", what, name).At(pos)
		}
		seen = append(seen, name)
	}
	return nil
}

// added are the names of all columns, those of the clauses last.
func (t *traced) added() []*pg.Node {
	var out []*pg.Node
	for _, n := range t.names {
		out = append(out, pg.MakeStrNode(n))
	}
	if s := t.c.search; s != nil {
		out = append(out, pg.MakeStrNode(s.SearchSeqColumn))
	}
	if y := t.c.cycle; y != nil {
		out = append(out, pg.MakeStrNode(y.CycleMarkColumn), pg.MakeStrNode(y.CyclePathColumn))
	}
	return out
}

// first is the term that does not read the query itself.
func (t *traced) first(term *pg.SelectStmt) *pg.SelectStmt {
	out := wrapped(term, "l", t.names)
	if s := t.c.search; s != nil {
		seq := rowNode("l", s.SearchColList)
		if s.SearchBreadthFirst {
			depth := &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: pg.MakeAConstIntNode(0, -1), Location: -1, TypeName: &pg.TypeName{
				Names: []*pg.Node{pg.MakeStrNode("pg_catalog"), pg.MakeStrNode("int8")}, Typemod: -1, Location: -1}}}}
			row := seq.GetRowExpr()
			row.Args = append([]*pg.Node{depth}, row.Args...)
		} else {
			seq = arrayNode(seq)
		}
		out.TargetList = append(out.TargetList, targetNode(seq))
	}
	if y := t.c.cycle; y != nil {
		out.TargetList = append(out.TargetList, targetNode(t.mark(pg.MakeBoolExprNode(pg.BoolExprType_NOT_EXPR, []*pg.Node{trueNode()}, -1))),
			targetNode(arrayNode(rowNode("l", y.CycleColList))))
	}
	return out
}

// next is the term that does, whose own query gives what the round before has carried.
func (t *traced) next(term *pg.SelectStmt) *pg.SelectStmt {
	carried := proto.Clone(term).(*pg.SelectStmt)
	names := slices.Clone(t.names)
	carry := func(column, as string) {
		carried.TargetList = append(carried.TargetList, targetNode(columnNode(t.working, column)))
		names = append(names, as)
	}
	if s := t.c.search; s != nil {
		carry(s.SearchSeqColumn, carriedSequence)
	}
	y := t.c.cycle
	if y != nil {
		carry(y.CycleMarkColumn, carriedMark)
		carry(y.CyclePathColumn, carriedPath)
	}
	out := wrapped(carried, "r", names)
	out.TargetList = out.TargetList[:0]
	for _, n := range t.names {
		out.TargetList = append(out.TargetList, targetNode(columnNode("r", n)))
	}
	if s := t.c.search; s != nil {
		row := rowNode("r", s.SearchColList)
		seq := columnNode("r", carriedSequence)
		if s.SearchBreadthFirst {
			depth := &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{Arg: seq, Indirection: []*pg.Node{pg.MakeStrNode("f1")}}}}
			row.GetRowExpr().Args = append([]*pg.Node{operatorNode(pg.A_Expr_Kind_AEXPR_OP, "+", depth, pg.MakeAConstIntNode(1, -1))}, row.GetRowExpr().Args...)
		} else {
			row = operatorNode(pg.A_Expr_Kind_AEXPR_OP, "||", seq, row)
		}
		out.TargetList = append(out.TargetList, targetNode(row))
	}
	if y != nil {
		seen := operatorNode(pg.A_Expr_Kind_AEXPR_OP_ANY, "=", rowNode("r", y.CycleColList), columnNode("r", carriedPath))
		path := operatorNode(pg.A_Expr_Kind_AEXPR_OP, "||", columnNode("r", carriedPath), rowNode("r", y.CycleColList))
		out.TargetList = append(out.TargetList, targetNode(t.mark(seen)), targetNode(path))
		out.WhereClause = operatorNode(pg.A_Expr_Kind_AEXPR_OP, "<>", columnNode("r", carriedMark), y.CycleMarkValue)
	}
	return out
}

// mark is the value of CYCLE where a condition holds, else its default.
func (t *traced) mark(cond *pg.Node) *pg.Node {
	y := t.c.cycle
	when := &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: cond, Result: y.CycleMarkValue, Location: -1}}}
	return &pg.Node{Node: &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{Args: []*pg.Node{when}, Defresult: y.CycleMarkDefault, Location: -1}}}
}

// wrapped is SELECT name.* FROM (query) name (columns).
func wrapped(q *pg.SelectStmt, name string, columns []string) *pg.SelectStmt {
	alias := &pg.Alias{Aliasname: name}
	for _, c := range columns {
		alias.Colnames = append(alias.Colnames, pg.MakeStrNode(c))
	}
	star := &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(name), {Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}}, Location: -1}}}
	return &pg.SelectStmt{
		TargetList: []*pg.Node{targetNode(star)}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		FromClause: []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: q}}, Alias: alias}}}},
	}
}

func rowNode(table string, columns []*pg.Node) *pg.Node {
	row := &pg.RowExpr{RowFormat: pg.CoercionForm_COERCE_EXPLICIT_CALL, Location: -1}
	for _, c := range columns {
		row.Args = append(row.Args, columnNode(table, c.GetString_().GetSval()))
	}
	return &pg.Node{Node: &pg.Node_RowExpr{RowExpr: row}}
}

func columnNode(table, name string) *pg.Node {
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(table), pg.MakeStrNode(name)}, Location: -1}}}
}

func arrayNode(of *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_AArrayExpr{AArrayExpr: &pg.A_ArrayExpr{Elements: []*pg.Node{of}, Location: -1}}}
}

func operatorNode(kind pg.A_Expr_Kind, op string, left, right *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: kind, Name: []*pg.Node{pg.MakeStrNode(op)}, Lexpr: left, Rexpr: right, Location: -1}}}
}

func targetNode(n *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n, Location: -1}}}
}

func trueNode() *pg.Node {
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Boolval{Boolval: &pg.Boolean{Boolval: true}}, Location: -1}}}
}
