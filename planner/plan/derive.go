package plan

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Derive fills the properties of n's output edge, all but Fields, from its inputs'. Those of a
// Scan are the relation's and stay.
func Derive(n Node) {
	p := n.Props()
	fields, rows := p.Fields, p.Rows
	*p = n.derive()
	p.Fields, p.Rows = fields, rows
}

func allColumns(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func anyMayFail(exprs []Expr) bool { return slices.ContainsFunc(exprs, MayFail) }

// MayFail reports whether evaluating e can refuse a row.
func MayFail(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Call:
			f := builtin.FuncByOID(uint32(e.Func))
			found = found || f == nil || f.MayFail && !sure(e, f)
		case *CoerceIO:
			found = found || !isText(e.T.OID)
		case *Subquery:
			found = found || e.Kind == SubqueryScalar || e.Plan.Props().MayFail || MayFail(e.Cond)
		case *ArrayCoerce:
			found = found || MayFail(e.Elem)
		case *CoerceDomain:
			found = true
		case *AnyAll:
			f := builtin.FuncByOID(uint32(e.Func))
			found = found || f == nil || f.MayFail
		}
		return !found
	})
	return found
}

func isText(t sqltype.OID) bool {
	return t == sqltype.Text || t == sqltype.Varchar || t == sqltype.BPChar
}

// Volatile reports whether e may give another value when it is evaluated again.
func Volatile(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		if c, ok := e.(*Call); ok {
			f := builtin.FuncByOID(uint32(c.Func))
			found = found || f == nil || f.Volatile == 'v'
		}
		return !found
	})
	return found
}
