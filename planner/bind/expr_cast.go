package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// typeCast binds CAST(x AS t), x::t and typed literals.
func (b *binder) typeCast(n *pg.TypeCast) (plan.Expr, error) {
	t, err := b.typeOf(n.TypeName)
	if err != nil {
		row, err := b.rowTypeOf(n.TypeName, n.Arg, err)
		if err != nil {
			return nil, err
		}
		return b.at(nullConst(row), n.Location), nil
	}
	if list := n.Arg.GetAArrayExpr(); list != nil && isArray(t.OID) {
		return b.arrayExpr(list, t)
	}
	arg, err := b.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	pos := n.Location
	if pos < 0 {
		pos = n.TypeName.Location
	}
	out, err := b.coerceTo(arg, t, explicit, pos)
	if err != nil {
		return nil, err
	}
	if out == nil {
		at := pos
		if w := b.where(arg); at < 0 {
			at = w
		}
		return nil, cannotCast(arg.Type().OID, t.OID, at)
	}
	return out, nil
}

// sqlValue binds CURRENT_DATE and its kin as the calls that they stand for.
//
//lint:dispatch
func (b *binder) sqlValue(n *pg.SQLValueFunction) (plan.Expr, error) {
	if e := b.follower(n); e != nil {
		return e, nil
	}
	zone := func(t sqltype.OID) (plan.Expr, error) {
		now, err := b.callByName("now", nil, n.Location)
		if err != nil {
			return nil, err
		}
		return b.coerceTo(now, sqltype.Type{OID: t, Mod: max(n.Typmod, -1)}, explicit, n.Location)
	}
	switch n.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return zone(sqltype.Date)
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return zone(sqltype.Timestamptz)
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP, pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return zone(sqltype.Timestamp)
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIME, pg.SQLValueFunctionOp_SVFOP_LOCALTIME_N:
		return zone(sqltype.Time)
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N:
		return zone(sqltype.Timetz)
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:
		return b.callByName("current_database", nil, n.Location)
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:
		return b.callByName("current_schema", nil, n.Location)
	case pg.SQLValueFunctionOp_SVFOP_SESSION_USER:
		return b.callByName("session_user", nil, n.Location)
	}
	return b.callByName("current_user", nil, n.Location)
}
