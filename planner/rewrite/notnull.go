package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/planner/plan"
)

// notNull reports whether e, over the rows of n, is known never to be NULL.
func (u *unnesting) notNull(n plan.Node, e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Const:
		return !e.Value.Null(0)
	case *plan.Relabel:
		return u.notNull(n, e.Arg)
	case *plan.Coalesce:
		return slices.ContainsFunc(e.Args, func(a plan.Expr) bool { return u.notNull(n, a) })
	case *plan.Call:
		// A cast between integers gives a value for each.
		return len(e.Args) == 1 && integerRank[e.T.OID] > 0 && integerRank[e.Args[0].Type().OID] > 0 && u.notNull(n, e.Args[0])
	case *plan.Column:
		return u.columnNotNull(n, e.Index)
	}
	return false
}

func (u *unnesting) columnNotNull(n plan.Node, column int) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return u.scannedNotNull(n, column)
	case *plan.Filter:
		for _, c := range plan.Conjuncts(n.Cond) {
			if rejectsNull(c, func(i int) bool { return i == column }) {
				return true
			}
		}
		return u.columnNotNull(n.Input, column)
	case *plan.Project:
		return u.notNull(n.Input, n.Exprs[column])
	case *plan.Sort:
		return u.columnNotNull(n.Input, column)
	case *plan.TopN:
		return u.columnNotNull(n.Input, column)
	case *plan.Distinct:
		return u.columnNotNull(n.Input, column)
	case *plan.GroupBy:
		if column < len(n.Keys) {
			return u.columnNotNull(n.Input, n.Keys[column])
		}
		f := builtin.FuncByOID(uint32(n.Aggs[column-len(n.Keys)].Func))
		return f != nil && f.Name == "count"
	case *plan.UnionAll:
		return !slices.ContainsFunc(n.Ins, func(in plan.Node) bool { return !u.columnNotNull(in, column) })
	case *plan.Join:
		width := len(n.Left.Props().Fields)
		switch {
		case !n.Kind.Pairs():
			return column == len(n.Right.Props().Fields) || u.columnNotNull(n.Right, column)
		case column < width:
			return (n.Kind == plan.JoinInner || n.Kind == plan.JoinLeft) && u.columnNotNull(n.Left, column)
		}
		return (n.Kind == plan.JoinInner || n.Kind == plan.JoinRight) && u.columnNotNull(n.Right, column-width)
	}
	return false
}

// scannedNotNull: the relation says so.
func (u *unnesting) scannedNotNull(n *plan.Scan, column int) bool {
	at := n.Columns[column]
	if u.cat == nil || n.Kind != plan.RelTable || at < 0 {
		return false
	}
	rel, ok := u.cat.ByOID(catalog.OID(n.Relation))
	return ok && at < len(rel.Columns) && (rel.Columns[at].NotNull || slices.Contains(rel.PrimaryKey, at))
}
