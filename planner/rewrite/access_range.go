package rewrite

import (
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// typed is a key's type, where an expression is the key.
func (k *indexKey) typed(e plan.Expr) (sqltype.Type, bool) { return k.typ, k.is(e) }

// given: an expression has one value in the whole statement, and has it always.
func given(e plan.Expr) bool { return !plan.HasColumns(e) && !plan.MayFail(e) && !plan.Volatile(e) }

// anyOf finds values of which a key has one: IN (list), = ANY (array).
func (a *access) anyOf(k *indexKey, conds []plan.Expr) bool {
	for i, c := range conds {
		if a.used[i] {
			continue
		}
		switch c := c.(type) {
		case *plan.InList:
			a.any, a.array = k.listed(c), false
		case *plan.AnyAll:
			a.any, a.array = k.inArray(c), true
		}
		if a.used[i] = a.any != nil; a.used[i] {
			return true
		}
	}
	return false
}

// listed are the values of a list as the key has them; nil if they are not such.
func (k *indexKey) listed(c *plan.InList) (out []plan.Expr) {
	if c.Not {
		return nil
	}
	for _, item := range c.List {
		v := k.fixedBy(&plan.Call{Func: c.Eq, Args: []plan.Expr{c.Arg, item}, Op: "=", T: sqltype.Of(sqltype.Bool), Pos: -1})
		if v == nil {
			return nil
		}
		out = append(out, v)
	}
	return out
}

// inArray is an array whose elements the key may equal.
func (k *indexKey) inArray(c *plan.AnyAll) []plan.Expr {
	if c.All || c.Op != "=" || !k.is(c.Left) || !given(c.Array) {
		return nil
	}
	elem := c.Array.Type().OID.Elem()
	if elem == sqltype.Invalid {
		return nil
	}
	// As = says of one element, so of each.
	one := &plan.Column{T: sqltype.Of(elem)}
	eq, ok := builtin.EqualityOf(c.Left.Type().OID)
	switch have, want := integerRank[elem], integerRank[c.Left.Type().OID]; {
	case ok && eq == uint32(c.Func) && elem == c.Left.Type().OID:
		return []plan.Expr{c.Array}
	case have == 0 || want == 0 || !isEquality(uint32(c.Func)):
		return nil
	case have > want:
		return []plan.Expr{&plan.ArrayCoerce{Arg: c.Array, Elem: narrow(one, c.Left.Type().OID), T: sqltype.Of(c.Left.Type().OID.Array())}}
	default:
		return []plan.Expr{&plan.ArrayCoerce{Arg: c.Array, Elem: widen(one, c.Left.Type().OID), T: sqltype.Of(c.Left.Type().OID.Array())}}
	}
}

// bound finds what bounds the first of some keys, and those behind it.
func (a *access) bound(keys []indexKey, conds []plan.Expr) {
	for i, c := range conds {
		if a.used[i] {
			continue
		}
		if is, ok := c.(*plan.IsNull); ok && is.Not && keys[0].is(is.Arg) && !a.notNull {
			a.notNull, a.used[i] = true, true
			continue
		}
		if b, op := rowBound(c, keys); b != nil {
			if len(b.Values) > 1 {
				b.Row = true
			}
			if a.take(b, op) {
				a.used[i], a.left[i] = true, b.Row
			}
			continue
		}
		if from, to := keys[0].likes(c); from != nil && a.lower == nil && (to == nil || a.upper == nil) {
			a.lower, a.used[i], a.left[i] = from, true, true
			if to != nil {
				a.upper = to
			}
		}
	}
}

// take makes b the lower or the upper bound, where there is none yet.
func (a *access) take(b *plan.Bound, op string) bool {
	to := &a.lower
	if op[0] == '<' {
		to = &a.upper
	}
	if *to != nil {
		return false
	}
	b.Open = len(op) == 1
	*to = b
	return true
}

// rowBound reads a condition as a comparison of keys with values: of one, or of several as bind makes it of rows,
// a < x OR (a = x AND (b < y OR …)).
func rowBound(c plan.Expr, keys []indexKey) (*plan.Bound, string) {
	if v, op := keys[0].comparedBy(c); v != nil {
		return &plan.Bound{Values: []plan.Expr{v}}, op
	}
	or, ok := c.(*plan.Or)
	if !ok || len(or.Args) != 2 {
		return nil, ""
	}
	and, ok := or.Args[1].(*plan.And)
	if !ok || len(and.Args) < 2 {
		return nil, ""
	}
	first, op := keys[0].comparedBy(or.Args[0])
	if first == nil || len(op) != 1 {
		return nil, ""
	}
	same := keys[0].fixedBy(and.Args[0])
	if same == nil || !plan.Equal(same, first) {
		return nil, ""
	}
	out := &plan.Bound{Values: []plan.Expr{first}}
	rest := and.Args[1]
	if len(and.Args) > 2 {
		rest = &plan.And{Args: and.Args[1:]}
	}
	if len(keys) > 1 && keys[1].expr != nil {
		if more, by := rowBound(rest, keys[1:]); more != nil && by[0] == op[0] {
			out.Values = append(out.Values, more.Values...)
			return out, by
		}
	}
	// What is behind is asked of the rows: those that equal the first value may be among them.
	out.Row = true
	return out, op + "="
}

// comparedBy reads a condition as key op value; a nil value if it is not one.
func (k *indexKey) comparedBy(c plan.Expr) (plan.Expr, string) {
	call, ok := c.(*plan.Call)
	if !ok || len(call.Args) != 2 || swappedOp[call.Op] == "" || call.Op == "=" || call.Op == "<>" {
		return nil, ""
	}
	for i := range 2 {
		arg, value, op := call.Args[i], call.Args[1-i], call.Op
		if i == 1 {
			op = swappedOp[op]
		}
		if !k.is(arg) || !given(value) {
			continue
		}
		on, ok := builtin.BtreeOf(arg.Type().OID)
		own, has := builtin.BtreeOf(k.typ.OID)
		if !ok || !has || on.On != own.On {
			continue
		}
		if value = comparable(value, arg.Type().OID, uint32(call.Func), on); value == nil {
			continue
		}
		if value.Type().OID != k.typ.OID {
			value = &plan.Relabel{Arg: value, T: k.typ}
		}
		return value, op
	}
	return nil, ""
}

// comparable is a value that fn compares with one of type t as one of that type; nil if fn is of another order.
func comparable(value plan.Expr, t sqltype.OID, fn uint32, on builtin.Btree) plan.Expr {
	have := value.Type().OID
	if have == t || integerRank[have] == 0 || integerRank[t] == 0 {
		if b, ok := builtin.BtreeOf(have); !ok || b.On != on.On || fn != on.Lt && fn != on.Le && fn != on.Gt && fn != on.Ge {
			return nil
		}
		return value
	}
	if integerRank[have] < integerRank[t] {
		return widen(value, t)
	}
	n, ok := plan.IntegerOf(value)
	switch {
	case !ok || n < int64(-1)<<(8*t.Len()-1) || n > int64(1)<<(8*t.Len()-1)-1:
		return nil
	case t == sqltype.Int4:
		return &plan.Const{T: sqltype.Of(t), Value: delta.Const(t, int32(n), 1)}
	}
	return &plan.Const{T: sqltype.Of(t), Value: delta.Const(t, int16(n), 1)}
}

// likes gives the bounds of texts that LIKE a pattern, which is as it begins: 'ab%' are those from 'ab' on, and before 'ac'.
func (k *indexKey) likes(c plan.Expr) (from, to *plan.Bound) {
	call, ok := c.(*plan.Call)
	if !ok || call.Op != "~~" || len(call.Args) != 2 || !k.is(call.Args[0]) || call.Args[0].Type().OID != sqltype.Text {
		return nil, nil
	}
	if own, ok := builtin.BtreeOf(k.typ.OID); !ok || own.On != sqltype.Text {
		return nil, nil
	}
	pattern, ok := call.Args[1].(*plan.Const)
	if !ok || pattern.Value.Null(0) {
		return nil, nil
	}
	text := string(pattern.Value.Bytes(0))
	at := strings.IndexAny(text, `%_\`)
	if at <= 0 {
		return nil, nil
	}
	text = text[:at]
	from = &plan.Bound{Values: []plan.Expr{textConst(text, k.typ)}}
	for end := []byte(text); len(end) > 0; end = end[:len(end)-1] {
		if last := len(end) - 1; end[last] < 0xff {
			end[last]++
			return from, &plan.Bound{Values: []plan.Expr{textConst(string(end), k.typ)}, Open: true}
		}
	}
	return from, nil
}

func textConst(text string, t sqltype.Type) plan.Expr {
	return &plan.Const{T: t, Value: delta.ConstBytes(t.OID, []byte(text), 1)}
}
