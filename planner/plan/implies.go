package plan

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
)

// Implies reports whether a row that conditions are true for is one that another one is true for, where that can be seen: it is among them,
// or is a part of an OR; it says that a value is not NULL which one of them compares; or both compare a value with constants.
func Implies(conds []Expr, e Expr) bool {
	for _, part := range Conjuncts(e) {
		if !impliesOne(conds, part) {
			return false
		}
	}
	return true
}

func impliesOne(conds []Expr, e Expr) bool {
	if or, ok := e.(*Or); ok {
		for _, a := range or.Args {
			if Implies(conds, a) {
				return true
			}
		}
	}
	for _, c := range conds {
		if Equal(c, e) || notNullBy(c, e) || boundsImply(c, e) {
			return true
		}
	}
	return false
}

// notNullBy: e says of a value that it is not NULL, and c is not true where it is.
func notNullBy(c, e Expr) bool {
	is, ok := e.(*IsNull)
	if !ok || !is.Not {
		return false
	}
	call, ok := c.(*Call)
	if !ok || call.Op == "" {
		return false
	}
	if f := builtin.FuncByOID(uint32(call.Func)); f == nil || !f.Strict {
		return false
	}
	for _, a := range call.Args {
		if Equal(a, is.Arg) {
			return true
		}
	}
	return false
}

// comparison is value op constant.
type comparison struct {
	value Expr
	op    string
	k     *Const
}

var turned = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}

func comparisonOf(e Expr) (out comparison, ok bool) {
	call, is := e.(*Call)
	if !is || len(call.Args) != 2 || turned[call.Op] == "" {
		return out, false
	}
	if k, is := call.Args[1].(*Const); is && !k.Value.Null(0) {
		return comparison{call.Args[0], call.Op, k}, true
	}
	if k, is := call.Args[0].(*Const); is && !k.Value.Null(0) {
		return comparison{call.Args[1], turned[call.Op], k}, true
	}
	return out, false
}

// boundsImply: what c leaves of a value lies within what e does.
func boundsImply(c, e Expr) bool {
	a, ok := comparisonOf(c)
	if !ok {
		return false
	}
	b, ok := comparisonOf(e)
	if !ok || a.k.T.OID != b.k.T.OID || !Equal(a.value, b.value) {
		return false
	}
	if _, ok := builtin.BtreeOf(a.k.T.OID); !ok {
		return false
	}
	by := delta.CompareKey(&a.k.Value, 0, &b.k.Value, 0)
	switch b.op {
	case ">":
		return a.op == ">" && by >= 0 || (a.op == ">=" || a.op == "=") && by > 0
	case ">=":
		return (a.op == ">" || a.op == ">=" || a.op == "=") && by >= 0
	case "<":
		return a.op == "<" && by <= 0 || (a.op == "<=" || a.op == "=") && by < 0
	case "<=":
		return (a.op == "<" || a.op == "<=" || a.op == "=") && by <= 0
	}
	return a.op == "=" && by == 0
}
