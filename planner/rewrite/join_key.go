package rewrite

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// equality is left = right, of one type whose own equality it is.
type equality struct {
	left, right plan.Expr
	nullSafe    bool // NULL equals NULL
}

func (e equality) swapped() equality { return equality{e.right, e.left, e.nullSafe} }

// equalityOf reads a condition as one.
func equalityOf(c plan.Expr) (equality, bool) {
	switch c := c.(type) {
	case *plan.Call:
		if c.Op == "=" && len(c.Args) == 2 {
			return sameType(c.Func, c.Args[0], c.Args[1])
		}
	case *plan.DistinctFrom:
		if c.Not {
			eq, ok := sameType(c.Eq, c.Left, c.Right)
			eq.nullSafe = true
			return eq, ok
		}
	}
	return equality{}, false
}

// sameType brings both sides to one type whose equality the function is.
func sameType(fn plan.FuncID, a, b plan.Expr) (equality, bool) {
	ta, tb := a.Type().OID, b.Type().OID
	if ta == tb {
		eq, ok := builtin.EqualityOf(ta)
		if !ok || uint32(fn) != eq {
			return equality{}, false
		}
		// Columns of one type need no cast; varchar = text keeps that of the varchar.
		if bare(a).Type().OID == bare(b).Type().OID {
			a, b = bare(a), bare(b)
		}
		return equality{left: a, right: b}, true
	}
	// int2 = int8 and the like compare as the wider one, which loses nothing.
	if !isEquality(uint32(fn)) {
		return equality{}, false
	}
	for _, rank := range []map[sqltype.OID]int{integerRank, floatRank} {
		switch ra, rb := rank[ta], rank[tb]; {
		case ra == 0 || rb == 0:
		case ra < rb:
			return equality{left: widen(a, tb), right: b}, true
		default:
			return equality{left: a, right: widen(b, ta)}, true
		}
	}
	return equality{}, false
}

// integerRank orders the integer types by width.
var integerRank = map[sqltype.OID]int{sqltype.Int2: 1, sqltype.Int4: 2, sqltype.Int8: 3}

// floatRank does it for the floating-point types. With integers PostgreSQL has them in one
// family: hash values agree across it.
var floatRank = map[sqltype.OID]int{sqltype.Float4: 1, sqltype.Float8: 2}

func widen(e plan.Expr, t sqltype.OID) plan.Expr {
	c := builtin.CastFor(e.Type().OID, t)
	return &plan.Call{Func: plan.FuncID(c.Func), Args: []plan.Expr{e}, T: sqltype.Of(t), Pos: -1}
}

// bare looks through a cast of a column that keeps the value (varchar to text).
func bare(e plan.Expr) plan.Expr {
	if r, ok := e.(*plan.Relabel); ok {
		if c, ok := r.Arg.(*plan.Column); ok {
			return c
		}
	}
	return e
}

// keyEquality is an existing join key as a condition; the columns of the sides begin at left and right.
func keyEquality(n *plan.Join, i, left, right int) plan.Expr {
	l, r := n.Left.Props().Fields, n.Right.Props().Fields
	a, b := plan.ColumnOf(l, n.LeftKeys[i]), plan.ColumnOf(r, n.RightKeys[i])
	a.Index, b.Index = a.Index+left, b.Index+right
	eq, _ := builtin.EqualityOf(a.T.OID)
	if n.KeyNullSafe(i) {
		return &plan.DistinctFrom{Left: a, Right: b, Eq: plan.FuncID(eq), Not: true}
	}
	return &plan.Call{Func: plan.FuncID(eq), Args: []plan.Expr{a, b}, T: sqltype.Of(sqltype.Bool), Op: "=", Pos: -1}
}

// keyColumn is the position of a key in p's row; one that is computed becomes a column behind
// the others.
func keyColumn(p *partial, e plan.Expr) (plan.Node, int) {
	e = plan.MapColumns(e, func(i int) int { return p.at[i] })
	if c, ok := e.(*plan.Column); ok {
		return p.node, c.Index
	}
	fields := p.node.Props().Fields
	exprs := make([]plan.Expr, 0, len(fields)+1)
	for i := range fields {
		exprs = append(exprs, plan.ColumnOf(fields, i))
	}
	all := append(append([]plan.Field(nil), fields...), plan.Field{Name: plan.FormatExpr(e), Type: e.Type()})
	return plan.NewProject(p.node, append(exprs, e), all), len(fields)
}
