package plan

import "github.com/tributary-db/tributary/internal/sqltype"

// Subquery is a query in an expression. It stands in bound plans only: planner/rewrite makes joins of it.
type Subquery struct {
	Kind SubqueryKind
	// Plan is the query. An Outer in it is Args[Index].
	Plan Node
	// Args are over the row of the expression.
	Args []Expr
	// Cond, of SubqueryAny, is over a row of Plan; Outer as in Plan.
	Cond Expr
	T    sqltype.Type
}

// SubqueryKind says what value a Subquery has.
type SubqueryKind uint8

const (
	// SubqueryExists: there is a row.
	SubqueryExists SubqueryKind = iota
	// SubqueryAny: true if Cond is true for a row, else NULL if it is NULL for one, else false.
	SubqueryAny
	// SubqueryScalar: the one column of the one row; NULL without a row, more rows are an error.
	SubqueryScalar
)

// Outer, in the plan of a Subquery or on the right of an Apply, is their argument Index.
type Outer struct {
	Index int
	T     sqltype.Type
	Name  string
}

// Type implements Expr.
func (e *Subquery) Type() sqltype.Type { return e.T }

// Type implements Expr.
func (e *Outer) Type() sqltype.Type { return e.T }

func (*Subquery) expr() {}
func (*Outer) expr()    {}

// HasSubquery reports whether a query is part of e.
func HasSubquery(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		_, is := e.(*Subquery)
		found = found || is
		return !found
	})
	return found
}

// EachExpr visits the expressions of n itself.
func EachExpr(n Node, visit func(Expr)) {
	n.mapExprs(func(e Expr) Expr {
		visit(e)
		return e
	})
}

func formatSubquery(e *Subquery) string {
	switch e.Kind {
	case SubqueryExists:
		return "EXISTS(subquery)"
	case SubqueryAny:
		return "ANY(subquery: " + FormatExpr(e.Cond) + ")"
	}
	return "(subquery)"
}
