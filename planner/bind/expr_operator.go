package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// operatorExpr binds what the grammar calls A_Expr.
//
//lint:dispatch
func (b *binder) operatorExpr(n *pg.A_Expr) (plan.Expr, error) {
	switch n.Kind {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_SIMILAR:
		return b.plainOperator(n)
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return b.distinctFrom(n)
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		return b.nullIf(n)
	case pg.A_Expr_Kind_AEXPR_IN:
		return b.inList(n)
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return b.between(n)
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		return b.anyAll(n)
	}
	return nil, unsupported("this operator").At(n.Location)
}

func operatorName(n *pg.A_Expr) (string, error) {
	name := n.Name[len(n.Name)-1].GetString_().GetSval()
	if len(n.Name) > 1 {
		if schema := n.Name[0].GetString_().GetSval(); schema != "pg_catalog" {
			return "", sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s.%s", schema, name).At(n.Location)
		}
	}
	return name, nil
}

func (b *binder) plainOperator(n *pg.A_Expr) (plan.Expr, error) {
	name, err := operatorName(n)
	if err != nil {
		return nil, err
	}
	if n.Lexpr.GetRowExpr() != nil && n.Rexpr.GetRowExpr() != nil {
		return b.rowComparison(name, n)
	}
	if n.Lexpr.GetRowExpr() != nil && n.Rexpr.GetSubLink().GetSubLinkType() == pg.SubLinkType_EXPR_SUBLINK {
		return b.rowSubquery(name, n)
	}
	if n.Lexpr == nil {
		right, err := b.expr(n.Rexpr)
		if err != nil {
			return nil, err
		}
		return b.prefix(name, right, n.Location)
	}
	left, right, err := b.pair(n)
	if err != nil {
		return nil, err
	}
	return b.binary(name, left, right, n.Location)
}

// rowComparison binds (a, b) op (c, d) as comparisons of the fields: all equal, some not, or
// the first unequal pair decides.
func (b *binder) rowComparison(name string, n *pg.A_Expr) (plan.Expr, error) {
	if len(n.Lexpr.GetRowExpr().Args) != len(n.Rexpr.GetRowExpr().Args) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "unequal number of entries in row expressions").At(n.Location)
	}
	if len(n.Lexpr.GetRowExpr().Args) == 0 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot compare rows of zero length").At(n.Location)
	}
	left, err := b.exprs(n.Lexpr.GetRowExpr().Args)
	if err != nil {
		return nil, err
	}
	right, err := b.exprs(n.Rexpr.GetRowExpr().Args)
	if err != nil {
		return nil, err
	}
	switch name {
	case "=", "<>":
		return b.rowEquality(name, left, right, n.Location)
	case "<", "<=", ">", ">=":
		return b.rowOrder(name, left, right, n.Location)
	}
	return nil, unsupported("row comparison with " + name).At(n.Location)
}

func (b *binder) rowEquality(name string, left, right []plan.Expr, pos int32) (plan.Expr, error) {
	parts := make([]plan.Expr, len(left))
	for i := range left {
		e, err := b.binary(name, left[i], right[i], pos)
		if err != nil {
			return nil, err
		}
		parts[i] = e
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case name == "=":
		return b.at(&plan.And{Args: parts}, pos), nil
	}
	return b.at(&plan.Or{Args: parts}, pos), nil
}

// rowOrder is a < c OR (a = c AND (b < d OR …)); <= and >= are strict but for the last pair.
func (b *binder) rowOrder(name string, left, right []plan.Expr, pos int32) (plan.Expr, error) {
	op := name
	if len(left) > 1 {
		op = name[:1]
	}
	first, err := b.binary(op, left[0], right[0], pos)
	if err != nil || len(left) == 1 {
		return first, err
	}
	same, err := b.binary("=", left[0], right[0], pos)
	if err != nil {
		return nil, err
	}
	rest, err := b.rowOrder(name, left[1:], right[1:], pos)
	if err != nil {
		return nil, err
	}
	return b.at(&plan.Or{Args: []plan.Expr{first, &plan.And{Args: []plan.Expr{same, rest}}}}, pos), nil
}

func (b *binder) pair(n *pg.A_Expr) (left, right plan.Expr, err error) {
	if left, err = b.expr(n.Lexpr); err != nil {
		return nil, nil, err
	}
	right, err = b.expr(n.Rexpr)
	return left, right, err
}

func (b *binder) distinctFrom(n *pg.A_Expr) (plan.Expr, error) {
	not := n.Kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT
	left, right, err := b.pair(n)
	if err != nil {
		return nil, err
	}
	if isNullConst(left) || isNullConst(right) {
		arg := left
		if isNullConst(left) {
			arg = right
		}
		if arg.Type().OID == sqltype.Unknown {
			if arg, err = b.coerce(arg, sqltype.Of(sqltype.Text), implicit, -1); err != nil {
				return nil, err
			}
		}
		return b.at(&plan.IsNull{Arg: arg, Not: !not}, n.Location), nil
	}
	o, l, r, err := b.operands("=", left, right, n.Location)
	if err != nil {
		return nil, err
	}
	return b.at(&plan.DistinctFrom{Left: l, Right: r, Eq: plan.FuncID(o.Func), Not: not}, n.Location), nil
}

func isNullConst(e plan.Expr) bool {
	c, ok := e.(*plan.Const)
	return ok && c.T.OID == sqltype.Unknown && c.Value.Null(0)
}

func (b *binder) nullIf(n *pg.A_Expr) (plan.Expr, error) {
	left, right, err := b.pair(n)
	if err != nil {
		return nil, err
	}
	o, l, r, err := b.operands("=", left, right, n.Location)
	if err != nil {
		return nil, err
	}
	// The result has the type that = takes on the left, as in PostgreSQL.
	return b.at(&plan.NullIf{Left: l, EqLeft: l, Right: r, Eq: plan.FuncID(o.Func)}, n.Location), nil
}

// between is a >= x AND a <= y; symmetric ones try both orders.
func (b *binder) between(n *pg.A_Expr) (plan.Expr, error) {
	arg, err := b.expr(n.Lexpr)
	if err != nil {
		return nil, err
	}
	bounds, err := b.exprs(n.Rexpr.GetList().Items)
	if err != nil {
		return nil, err
	}
	outside := n.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN || n.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM
	symmetric := n.Kind == pg.A_Expr_Kind_AEXPR_BETWEEN_SYM || n.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM
	first, err := b.within(arg, bounds[0], bounds[1], outside, n.Location)
	if err != nil || !symmetric {
		return first, err
	}
	second, err := b.within(arg, bounds[1], bounds[0], outside, n.Location)
	if err != nil {
		return nil, err
	}
	if outside {
		return b.at(&plan.And{Args: []plan.Expr{first, second}}, n.Location), nil
	}
	return b.at(&plan.Or{Args: []plan.Expr{first, second}}, n.Location), nil
}

func (b *binder) within(arg, low, high plan.Expr, outside bool, pos int32) (plan.Expr, error) {
	lowOp, highOp := ">=", "<="
	if outside {
		lowOp, highOp = "<", ">"
	}
	l, err := b.binary(lowOp, arg, low, pos)
	if err != nil {
		return nil, err
	}
	h, err := b.binary(highOp, arg, high, pos)
	if err != nil {
		return nil, err
	}
	if outside {
		return b.at(&plan.Or{Args: []plan.Expr{l, h}}, pos), nil
	}
	return b.at(&plan.And{Args: []plan.Expr{l, h}}, pos), nil
}

// inList binds x IN (a, b, …): the items without columns get one common type with x, as
// PostgreSQL's array form does; items with columns are compared one by one.
func (b *binder) inList(n *pg.A_Expr) (plan.Expr, error) {
	not := n.Name[0].GetString_().GetSval() == "<>"
	if n.Lexpr.GetRowExpr() != nil {
		return b.rowInList(n, not)
	}
	arg, err := b.expr(n.Lexpr)
	if err != nil {
		return nil, err
	}
	var plain, withColumns []plan.Expr
	for _, item := range n.Rexpr.GetList().Items {
		e, err := b.expr(item)
		if err != nil {
			return nil, err
		}
		if plan.HasColumns(e) || hasAggregate(e) {
			withColumns = append(withColumns, e)
		} else {
			plain = append(plain, e)
		}
	}
	var parts []plan.Expr
	if len(plain) > 1 {
		in, err := b.inConstants(arg, plain, not, n.Location)
		if err != nil {
			return nil, err
		}
		if in != nil {
			parts, plain = append(parts, in), nil
		}
	}
	name := "="
	if not {
		name = "<>"
	}
	for _, item := range append(plain, withColumns...) {
		e, err := b.binary(name, arg, item, n.Location)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case not:
		return b.at(&plan.And{Args: parts}, n.Location), nil
	}
	return b.at(&plan.Or{Args: parts}, n.Location), nil
}

// inConstants is nil when the items have no common type.
func (b *binder) inConstants(arg plan.Expr, items []plan.Expr, not bool, pos int32) (plan.Expr, error) {
	t, err := b.commonType(append([]plan.Expr{arg}, items...), "")
	if err != nil || t == sqltype.Invalid {
		return nil, err
	}
	for _, e := range append([]plan.Expr{arg}, items...) {
		if !canCoerce(e.Type().OID, t, implicit) {
			return nil, nil
		}
	}
	if items, err = b.toCommon(items, t, "IN"); err != nil {
		return nil, err
	}
	o, err := binaryOperator("=", arg.Type().OID, t, pos)
	if err != nil {
		return nil, err
	}
	pair, _, err := b.fit([]plan.Expr{arg, items[0]}, []sqltype.OID{o.Left, o.Right}, o.Result, pos)
	if err != nil {
		return nil, err
	}
	if items, err = b.toCommon(items, pair[1].Type().OID, "IN"); err != nil {
		return nil, err
	}
	arg = pair[0]
	return b.at(&plan.InList{Arg: arg, List: items, Eq: plan.FuncID(o.Func), Not: not}, pos), nil
}

func (b *binder) rowInList(n *pg.A_Expr, not bool) (plan.Expr, error) {
	var parts []plan.Expr
	for _, item := range n.Rexpr.GetList().Items {
		if item.GetRowExpr() == nil {
			return nil, unsupported("this form of row comparison").At(n.Location)
		}
		name := "="
		if not {
			name = "<>"
		}
		e, err := b.rowComparison(name, &pg.A_Expr{Lexpr: n.Lexpr, Rexpr: item, Location: n.Location})
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	if not {
		return b.at(&plan.And{Args: parts}, n.Location), nil
	}
	return b.at(&plan.Or{Args: parts}, n.Location), nil
}

// comparable refuses types without an ordering where rows must be compared.
func comparable(t sqltype.OID, pos int32) error {
	if t == sqltype.Unknown {
		return nil
	}
	if _, ok := builtin.BtreeOf(t); !ok {
		return sqlerr.New(sqlerr.UndefinedFunction, "could not identify an ordering operator for type %s", displayType(t)).At(pos).
			WithHint("Use an explicit ordering operator or modify the query.")
	}
	return nil
}

// groupable is comparable for GROUP BY, DISTINCT and UNION.
func groupable(t sqltype.OID, pos int32) error {
	if t == sqltype.Unknown {
		return nil
	}
	if _, ok := builtin.EqualityOf(t); !ok {
		return sqlerr.New(sqlerr.UndefinedFunction, "could not identify an equality operator for type %s", displayType(t)).At(pos)
	}
	return nil
}
