package bind

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// place is where in a statement an expression stands; some things are allowed in some only.
type place string

const (
	inSelect    place = "SELECT"
	inWhere     place = "WHERE"
	inHaving    place = "HAVING"
	inGroupBy   place = "GROUP BY"
	inOrderBy   place = "ORDER BY"
	inDistinct  place = "DISTINCT ON"
	inJoin      place = "JOIN conditions"
	inValues    place = "VALUES"
	inLimit     place = "LIMIT"
	inOffset    place = "OFFSET"
	inFilter    place = "FILTER"
	inUpdate    place = "UPDATE"
	inReturning place = "RETURNING"
	inDefault   place = "DEFAULT expressions"
	inFrom      place = "functions in FROM"
	inExecute   place = "EXECUTE parameters"
	inMerge     place = "MERGE WHEN conditions"
	inCheck     place = "check constraints"
	inGenerated place = "column generation expressions"
	inIndex     place = "index expressions"
	inPredicate place = "index predicates"
	inUsing     place = "transform expressions"
	inPolicy    place = "policy expressions"

	inPartition   place = "window PARTITION BY"
	inWindowOrder place = "window ORDER BY"
	inRows        place = "window ROWS"
	inRange       place = "window RANGE"
	inGroups      place = "window GROUPS"
)

// withoutSubqueries are the places that never take one.
var withoutSubqueries = map[place]string{
	inCheck: "check constraint", inGenerated: "column generation expression", inDefault: "DEFAULT expression", inExecute: "EXECUTE parameter", inIndex: "index expression", inPredicate: "index predicate",
	inUsing: "transform expression",
}

// exprAt binds an expression that stands at a place.
func (b *binder) exprAt(n *pg.Node, p place) (plan.Expr, error) {
	old := b.lv.place
	b.lv.place = p
	defer func() { b.lv.place = old }()
	return b.expr(n)
}

// condition binds a boolean expression; the place's name is in the error.
func (b *binder) condition(n *pg.Node, p place, construct string) (plan.Expr, error) {
	e, err := b.exprAt(n, p)
	if err != nil {
		return nil, err
	}
	return b.toBool(e, construct)
}

// expr binds any expression.
//
//lint:dispatch
func (b *binder) expr(n *pg.Node) (plan.Expr, error) {
	if err := b.opts.Meter.Breathe(); err != nil {
		return nil, err
	}
	switch n := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return b.columnRef(n.ColumnRef)
	case *pg.Node_ParamRef:
		return b.param(n.ParamRef)
	case *pg.Node_AConst:
		return b.constant(n.AConst)
	case *pg.Node_AExpr:
		return b.operatorExpr(n.AExpr)
	case *pg.Node_BoolExpr:
		return b.boolExpr(n.BoolExpr)
	case *pg.Node_FuncCall:
		return b.call(n.FuncCall)
	case *pg.Node_TypeCast:
		return b.typeCast(n.TypeCast)
	case *pg.Node_CaseExpr:
		return b.caseExpr(n.CaseExpr)
	case *pg.Node_CoalesceExpr:
		return b.coalesce(n.CoalesceExpr)
	case *pg.Node_MinMaxExpr:
		return b.minMax(n.MinMaxExpr)
	case *pg.Node_NullTest:
		return b.nullTest(n.NullTest)
	case *pg.Node_BooleanTest:
		return b.booleanTest(n.BooleanTest)
	case *pg.Node_SqlvalueFunction:
		return b.sqlValue(n.SqlvalueFunction)
	case *pg.Node_CollateClause:
		return b.collate(n.CollateClause)
	case *pg.Node_SubLink:
		if what, no := withoutSubqueries[b.lv.place]; no {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot use subquery in %s", what).At(n.SubLink.Location)
		}
		return b.subLink(n.SubLink)
	case *pg.Node_SetToDefault:
		return nil, sqlerr.New(sqlerr.SyntaxError, "DEFAULT is not allowed in this context").At(n.SetToDefault.Location)
	case *pg.Node_AArrayExpr:
		return b.arrayExpr(n.AArrayExpr, sqltype.Type{})
	case *pg.Node_RowExpr:
		return b.rowExpr(n.RowExpr)
	case *pg.Node_GroupingFunc:
		return b.groupingFunc(n.GroupingFunc)
	case *pg.Node_AIndirection:
		return b.indirection(n.AIndirection)
	case nil:
		return nil, sqlerr.New(sqlerr.InternalError, "empty expression")
	}
	return nil, unsupported(strings.TrimPrefix(fmt.Sprintf("%T", n.GetNode()), "*pg_query.Node_"))
}

func (b *binder) exprs(nodes []*pg.Node) ([]plan.Expr, error) {
	out := make([]plan.Expr, len(nodes))
	for i, n := range nodes {
		e, err := b.expr(n)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// constant binds a literal: numbers get the smallest of int4, int8 and numeric, strings wait
// for the type that their place wants.
func (b *binder) constant(n *pg.A_Const) (plan.Expr, error) {
	switch {
	case n.Isnull:
		return b.at(nullConst(sqltype.Of(sqltype.Unknown)), n.Location), nil
	case n.GetIval() != nil:
		return b.at(int4Const(n.GetIval().Ival), n.Location), nil
	case n.GetFval() != nil:
		text := n.GetFval().Fval
		if v, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 0, 64); err == nil && !leadingZero(text) {
			if v == math.MinInt32 { // the sign is a part of what the parser reads
				return b.at(int4Const(math.MinInt32), n.Location), nil
			}
			return b.at(int8Const(v), n.Location), nil
		}
		c, err := b.literal(sqltype.Of(sqltype.Numeric), text)
		if err != nil {
			return nil, located(err, n.Location)
		}
		return b.at(c, n.Location), nil
	case n.GetBoolval() != nil:
		return b.at(boolConst(n.GetBoolval().Boolval), n.Location), nil
	case n.GetSval() != nil:
		return b.at(unknownConst(n.GetSval().Sval), n.Location), nil
	}
	c, err := b.literal(sqltype.Of(sqltype.Bit), n.GetBsval().GetBsval())
	if err != nil {
		return nil, located(err, n.Location)
	}
	return b.at(c, n.Location), nil
}

// leadingZero: 007 is decimal in SQL, octal in Go.
func leadingZero(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
}

func (b *binder) boolExpr(n *pg.BoolExpr) (plan.Expr, error) {
	name := map[pg.BoolExprType]string{
		pg.BoolExprType_AND_EXPR: "AND", pg.BoolExprType_OR_EXPR: "OR", pg.BoolExprType_NOT_EXPR: "NOT",
	}[n.Boolop]
	args := make([]plan.Expr, len(n.Args))
	for i, a := range n.Args {
		e, err := b.expr(a)
		if err != nil {
			return nil, err
		}
		if args[i], err = b.toBool(e, name); err != nil {
			return nil, err
		}
		if set := firstSet(e); set != nil {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "argument of %s must not return a set", name).At(b.where(e))
		}
	}
	switch n.Boolop {
	case pg.BoolExprType_AND_EXPR:
		return b.at(&plan.And{Args: args}, n.Location), nil
	case pg.BoolExprType_OR_EXPR:
		return b.at(&plan.Or{Args: args}, n.Location), nil
	}
	return b.at(&plan.Not{Arg: args[0]}, n.Location), nil
}

func (b *binder) nullTest(n *pg.NullTest) (plan.Expr, error) {
	if row := n.Arg.GetRowExpr(); row != nil {
		return b.rowNull(row, n.Nulltesttype == pg.NullTestType_IS_NOT_NULL, n.Location)
	}
	arg, err := b.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	if isRow(arg.Type()) {
		return b.rowValueNull(arg, n.Nulltesttype == pg.NullTestType_IS_NOT_NULL, n.Location), nil
	}
	if c, ok := arg.(*plan.Const); ok && c.T.OID == sqltype.Unknown {
		if arg, err = b.coerce(arg, sqltype.Of(sqltype.Text), implicit, -1); err != nil {
			return nil, err
		}
	}
	return b.at(&plan.IsNull{Arg: arg, Not: n.Nulltesttype == pg.NullTestType_IS_NOT_NULL}, n.Location), nil
}

func (b *binder) booleanTest(n *pg.BooleanTest) (plan.Expr, error) {
	arg, err := b.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	test := map[pg.BoolTestType]struct {
		want byte
		not  bool
		name string
	}{
		pg.BoolTestType_IS_TRUE: {'t', false, "IS TRUE"}, pg.BoolTestType_IS_NOT_TRUE: {'t', true, "IS NOT TRUE"},
		pg.BoolTestType_IS_FALSE: {'f', false, "IS FALSE"}, pg.BoolTestType_IS_NOT_FALSE: {'f', true, "IS NOT FALSE"},
		pg.BoolTestType_IS_UNKNOWN: {'u', false, "IS UNKNOWN"}, pg.BoolTestType_IS_NOT_UNKNOWN: {'u', true, "IS NOT UNKNOWN"},
	}[n.Booltesttype]
	if arg, err = b.toBool(arg, test.name); err != nil {
		return nil, err
	}
	return b.at(&plan.IsBool{Arg: arg, Want: test.want, Not: test.not}, n.Location), nil
}

func (b *binder) coalesce(n *pg.CoalesceExpr) (plan.Expr, error) {
	args, err := b.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	args, t, err := b.unify(args, "COALESCE")
	if err != nil {
		return nil, err
	}
	out := &plan.Coalesce{Args: args, T: t}
	return b.at(out, n.Location), b.noSetIn(out, "set-returning functions are not allowed in COALESCE")
}

func (b *binder) minMax(n *pg.MinMaxExpr) (plan.Expr, error) {
	greatest := n.Op == pg.MinMaxOp_IS_GREATEST
	name := "LEAST"
	if greatest {
		name = "GREATEST"
	}
	args, err := b.exprs(n.Args)
	if err != nil {
		return nil, err
	}
	args, t, err := b.unify(args, name)
	if err != nil {
		return nil, err
	}
	if err := comparable(t.OID, n.Location); err != nil {
		return nil, err
	}
	return b.at(&plan.MinMax{Greatest: greatest, Args: args, T: t}, n.Location), nil
}

// caseExpr binds both forms; the simple one becomes comparisons. The type is found from ELSE
// first, as PostgreSQL does.
func (b *binder) caseExpr(n *pg.CaseExpr) (plan.Expr, error) {
	var arg plan.Expr
	var err error
	if n.Arg != nil {
		if arg, err = b.expr(n.Arg); err != nil {
			return nil, err
		}
		if arg.Type().OID == sqltype.Unknown {
			if arg, err = b.coerce(arg, sqltype.Of(sqltype.Text), implicit, -1); err != nil {
				return nil, err
			}
		}
	}
	out := &plan.Case{}
	results := []plan.Expr{nil}
	for _, w := range n.Args {
		when := w.GetCaseWhen()
		cond, err := b.whenCondition(arg, when)
		if err != nil {
			return nil, err
		}
		then, err := b.expr(when.Result)
		if err != nil {
			return nil, err
		}
		out.Whens = append(out.Whens, plan.When{Cond: cond})
		results = append(results, then)
	}
	results[0] = b.at(nullConst(sqltype.Of(sqltype.Unknown)), -1)
	if n.Defresult != nil {
		if results[0], err = b.expr(n.Defresult); err != nil {
			return nil, err
		}
	}
	results, out.T, err = b.unify(results, "CASE")
	if err != nil {
		return nil, err
	}
	if n.Defresult != nil {
		out.Else = results[0]
	} else if out.T.Mod >= 0 {
		out.T.Mod = -1
	}
	for i := range out.Whens {
		out.Whens[i].Then = results[i+1]
	}
	return b.at(out, n.Location), b.noSetIn(out, "set-returning functions are not allowed in CASE")
}

func (b *binder) whenCondition(arg plan.Expr, when *pg.CaseWhen) (plan.Expr, error) {
	cond, err := b.expr(when.Expr)
	if err != nil {
		return nil, err
	}
	if arg == nil {
		return b.toBool(cond, "CASE/WHEN")
	}
	eq, err := b.binary("=", arg, cond, when.Location)
	if err != nil {
		return nil, err
	}
	return b.toBool(eq, "CASE/WHEN")
}

func (b *binder) collate(n *pg.CollateClause) (plan.Expr, error) {
	arg, err := b.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	if err := knownCollation(n.Collname, n.Location); err != nil {
		return nil, err
	}
	switch t := arg.Type().OID; {
	case t == sqltype.Unknown:
		return b.coerce(arg, sqltype.Of(sqltype.Text), implicit, -1)
	case category(t) != 'S':
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "collations are not supported by type %s", displayType(t)).At(n.Location)
	}
	return arg, nil
}

// knownCollation refuses other orders of strings than that of their bytes.
func knownCollation(name []*pg.Node, pos int32) error {
	switch name := lastOf(name); name {
	case "C", "POSIX", "C.UTF-8", "C.utf8", "default", "ucs_basic":
		return nil
	default:
		return unsupported("collation \"" + name + "\"").At(pos).WithHint("Only C.UTF-8 is here.")
	}
}

// collation checks the COLLATE of what is defined with a type.
func (b *binder) collation(n *pg.CollateClause, t sqltype.OID) error {
	if err := knownCollation(n.Collname, n.Location); err != nil {
		return err
	}
	if elem := sqltype.BaseOf(sqltype.Of(t)).OID; category(elem) != 'S' && !(isArray(elem) && category(elem.Elem()) == 'S') {
		return sqlerr.New(sqlerr.DatatypeMismatch, "collations are not supported by type %s", displayType(t)).At(n.Location)
	}
	return nil
}
