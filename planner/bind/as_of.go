package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// A join as of a time gives each row of its left side one row of the right one at most: with equal keys, the newest
// that is not newer, or what else an inequality calls the nearest. It is the LATERAL join
//
//	l JOIN LATERAL (SELECT * FROM r WHERE r.key = l.key AND r.at <= l.at ORDER BY r.at DESC LIMIT 1) r ON …
//
// and is made of its tree: so a view of it changes with late rows of either side, as a fresh SELECT would. Of records
// of one time the later one counts.
type asOfJoin struct {
	b     *binder
	n     *pg.JoinExpr
	left  *source
	right *source // for its names only
	rel   *pg.RangeVar
	alias string
	keys  []*pg.Node // conditions on a version: equalities of both sides
	rest  []*pg.Node // other conditions
}

// sampleMethod is which of parse's forms a sample stands for, empty if it is a TABLESAMPLE.
func sampleMethod(s *pg.RangeTableSample) string {
	if len(s.GetMethod()) != 2 || s.Method[0].GetString_().GetSval() != "" {
		return ""
	}
	return s.Method[1].GetString_().GetSval()
}

func unsupportedSample(s *pg.RangeTableSample) error {
	switch sampleMethod(s) {
	case parse.SampleSystemTime:
		return unsupported("FOR SYSTEM_TIME AS OF outside of a join").At(s.Location).
			WithHint("The right side of a JOIN … ON can be read as of the time of the left one's rows.")
	case parse.SampleAsOf:
		return unsupported("this form of ASOF JOIN").At(s.Location)
	}
	return unsupported("TABLESAMPLE").At(s.Location)
}

// asOfJoin binds l JOIN r as of a time.
func (b *binder) asOfJoin(n *pg.JoinExpr, s *pg.RangeTableSample) (*source, error) {
	switch {
	case n.Jointype != pg.JoinType_JOIN_INNER && n.Jointype != pg.JoinType_JOIN_LEFT:
		return nil, unsupported("a RIGHT or FULL join as of a time").At(s.Location)
	case n.Quals == nil:
		return nil, unsupported("a join as of a time without ON").At(s.Location)
	}
	j := &asOfJoin{b: b, n: n, rel: s.Relation.GetRangeVar()}
	j.alias = j.rel.Relname
	if j.rel.Alias != nil {
		j.alias = j.rel.Alias.Aliasname
	}
	var err error
	if j.left, err = b.fromItem(n.Larg); err != nil {
		return nil, err
	}
	if j.right, err = b.fromItem(s.Relation); err != nil {
		return nil, err
	}
	if sampleMethod(s) == parse.SampleAsOf {
		return j.nearest(s.Location)
	}
	return j.version(s)
}

// nearest is ASOF JOIN: equalities and one inequality decide.
func (j *asOfJoin) nearest(pos int32) (*source, error) {
	var by *pg.SortBy
	for _, c := range conjuncts(j.n.Quals) {
		op, l, r := comparison(c)
		_, inequality := farther[op]
		mine := j.inRight(r)
		switch {
		case op == "=" && j.inRight(l) != mine:
			j.keys = append(j.keys, c)
		case inequality && by == nil && j.inRight(l) != mine:
			j.keys = append(j.keys, c)
			if !mine {
				l, r, op = r, l, farther[op]
			}
			by = &pg.SortBy{Node: r, SortbyDir: pg.SortByDir_SORTBY_ASC}
			if op == ">=" || op == ">" { // l >= r: the largest
				by.SortbyDir = pg.SortByDir_SORTBY_DESC
			}
		default:
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "ASOF JOIN takes equalities and one inequality of both sides").At(pos).
				WithHint("ASOF JOIN r ON l.key = r.key AND l.at >= r.at. Other conditions belong into WHERE.")
		}
	}
	if by == nil {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "ASOF JOIN needs an inequality").At(pos).
			WithHint("ASOF JOIN r ON l.key = r.key AND l.at >= r.at.")
	}
	return j.lateral(by)
}

// farther are the inequalities, each with the one that says the same of exchanged sides.
var farther = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}

// version is FOR SYSTEM_TIME AS OF: of a stream, whose records are versions, by event time or by processing time; of
// what keeps its newest rows only, as it is now.
func (j *asOfJoin) version(s *pg.RangeTableSample) (*source, error) {
	processing, err := j.processing(s.Args[0])
	if err != nil {
		return nil, err
	}
	rel := j.right.items[0].rel
	if rel == nil || rel.Kind != catalog.KindStream {
		if !processing {
			return nil, unsupported("FOR SYSTEM_TIME AS OF an event time of \"" + j.rel.Relname + "\"").At(s.Location).
				WithHint("Only a stream keeps its versions: let the right side be a stream with a watermark. AS OF PROCTIME() joins what a table or view has now.")
		}
		plain := &pg.JoinExpr{Jointype: j.n.Jointype, Larg: j.n.Larg, Rarg: s.Relation, Quals: j.n.Quals, Alias: j.n.Alias}
		return j.b.joinTo(j.left, plain)
	}
	at := commitTime
	if !processing {
		if rel.Watermark == nil {
			return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "FOR SYSTEM_TIME AS OF needs a stream with a watermark").At(s.Location).
				WithHint("Declare it in CREATE STREAM: WATERMARK FOR column AS column - INTERVAL '5 seconds'.")
		}
		at = j.right.items[0].columns[rel.Watermark.Column].name
	}
	for _, c := range conjuncts(j.n.Quals) {
		if op, l, r := comparison(c); op == "=" && (j.inRight(l) && j.inLeft(r) || j.inRight(r) && j.inLeft(l)) {
			j.keys = append(j.keys, c)
		} else {
			j.rest = append(j.rest, c)
		}
	}
	if len(j.keys) == 0 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "FOR SYSTEM_TIME AS OF needs an equality of both sides").At(s.Location).
			WithHint("The columns of the right side in equalities are the key that its versions have in common.")
	}
	j.keys = append(j.keys, operation("<=", j.column(at), s.Args[0]))
	return j.lateral(&pg.SortBy{Node: j.column(at), SortbyDir: pg.SortByDir_SORTBY_DESC})
}

// processing reports whether an expression over the left side is a processing time: the time of a commit, or now.
func (j *asOfJoin) processing(n *pg.Node) (bool, error) {
	if f := n.GetFuncCall(); f != nil && len(f.Args) == 0 {
		switch name, _ := functionName(f); name {
		case "proctime", "now":
			rel := j.right.items[0].rel
			if rel == nil || rel.Kind != catalog.KindStream {
				return true, nil
			}
		}
	}
	e, err := j.in(j.left, n)
	if err != nil {
		return false, err
	}
	return isCommitTime(j.left.node, e), nil
}

// isCommitTime reports whether e over n's rows is _commit_time of a stream.
func isCommitTime(n plan.Node, e plan.Expr) bool {
	at := columnAt(e)
	if at < 0 {
		return false
	}
	switch n := n.(type) {
	case *plan.Scan:
		return n.Columns[at] == plan.MetaCommitTime
	case *plan.Project:
		return isCommitTime(n.Input, n.Exprs[at])
	case *plan.Filter:
		return isCommitTime(n.Input, e)
	case *plan.Join:
		width := len(n.Left.Props().Fields)
		if at < width {
			return isCommitTime(n.Left, e)
		}
		return isCommitTime(n.Right, &plan.Column{Index: at - width})
	}
	return false
}

// in binds an expression over one side.
func (j *asOfJoin) in(s *source, n *pg.Node) (plan.Expr, error) {
	lv := j.b.lv
	old := lv.scope
	lv.scope = scope{items: s.items, node: s.node}
	defer func() { lv.scope = old }()
	return j.b.exprAt(n, inJoin)
}

// inRight: the expression is one over the right side, with a column of it. inLeft likewise.
func (j *asOfJoin) inRight(n *pg.Node) bool { return j.over(j.right, n) }

func (j *asOfJoin) inLeft(n *pg.Node) bool { return !j.inRight(n) && j.over(j.left, n) }

func (j *asOfJoin) over(s *source, n *pg.Node) bool {
	if n == nil {
		return false
	}
	e, err := j.in(s, n)
	if err != nil {
		return false
	}
	columns := map[int]bool{}
	plan.ColumnsOf(e, columns)
	return len(columns) > 0
}

// lateral makes the join of the rows that the keys leave of the right side, the first of them by an order.
func (j *asOfJoin) lateral(by *pg.SortBy) (*source, error) {
	order := []*pg.SortBy{by}
	if rel := j.right.items[0].rel; rel != nil && rel.Kind == catalog.KindStream {
		for _, name := range []string{"_offset", "_partition"} {
			order = append(order, &pg.SortBy{Node: j.column(name), SortbyDir: pg.SortByDir_SORTBY_DESC})
		}
	}
	star := &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{{Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}}, Location: -1}}}
	sel := &pg.SelectStmt{
		TargetList:  []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: star, Location: -1}}}},
		FromClause:  []*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: j.rel}}},
		WhereClause: allOf(j.keys),
		LimitCount:  &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Ival{Ival: &pg.Integer{Ival: 1}}, Location: -1}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_COUNT,
		Op:          pg.SetOperation_SETOP_NONE,
	}
	for _, s := range order {
		s.SortbyNulls = pg.SortByNulls_SORTBY_NULLS_DEFAULT
		sel.SortClause = append(sel.SortClause, &pg.Node{Node: &pg.Node_SortBy{SortBy: s}})
	}
	right := &pg.RangeSubselect{Lateral: true, Subquery: &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: sel}}, Alias: &pg.Alias{Aliasname: j.alias}}
	if len(j.rest) == 0 {
		j.rest = []*pg.Node{{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Boolval{Boolval: &pg.Boolean{Boolval: true}}, Location: -1}}}}
	}
	return j.b.joinTo(j.left, &pg.JoinExpr{
		Jointype: j.n.Jointype, Larg: j.n.Larg, Rarg: &pg.Node{Node: &pg.Node_RangeSubselect{RangeSubselect: right}},
		Quals: allOf(j.rest), Alias: j.n.Alias,
	})
}

// column is a column of the right side in the tree.
func (j *asOfJoin) column(name string) *pg.Node {
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(j.alias), pg.MakeStrNode(name)}, Location: j.rel.Location}}}
}

func operation(op string, l, r *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP, Name: []*pg.Node{pg.MakeStrNode(op)}, Lexpr: l, Rexpr: r, Location: -1}}}
}

// conjuncts are the conditions that a condition in the tree joins with AND.
func conjuncts(n *pg.Node) []*pg.Node {
	if e := n.GetBoolExpr(); e != nil && e.Boolop == pg.BoolExprType_AND_EXPR {
		var out []*pg.Node
		for _, a := range e.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []*pg.Node{n}
}

func allOf(conds []*pg.Node) *pg.Node {
	if len(conds) == 1 {
		return conds[0]
	}
	return &pg.Node{Node: &pg.Node_BoolExpr{BoolExpr: &pg.BoolExpr{Boolop: pg.BoolExprType_AND_EXPR, Args: conds, Location: -1}}}
}

// comparison takes a condition apart that is one operator.
func comparison(n *pg.Node) (op string, l, r *pg.Node) {
	e := n.GetAExpr()
	if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || len(e.Name) != 1 {
		return "", nil, nil
	}
	return e.Name[0].GetString_().GetSval(), e.Lexpr, e.Rexpr
}
