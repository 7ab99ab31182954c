package jsonpath

import (
	"math"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// made goes on with a number that was computed.
func (e *evaluation) made(n *node, d decimal.Dec, found *list) (status, error) {
	if n.next == nil && found == nil {
		return some, nil
	}
	it := numberOf(d)
	if err := e.charge(len(it.raw)); err != nil {
		return failed, err
	}
	return e.next(n, it, found)
}

var computations = map[kind]func(a, b decimal.Dec) (decimal.Dec, error){
	kindAdd: decimal.Add, kindSub: decimal.Sub, kindMul: decimal.Mul, kindDiv: decimal.Div, kindMod: decimal.Mod,
}

// arithmetic is an operator between two numbers.
func (e *evaluation) arithmetic(n *node, it Item, found *list) (status, error) {
	left, right := &list{}, &list{}
	if st, err := e.unwrapped(n.left, it, left); err != nil || st == failed {
		return st, err
	}
	if st, err := e.unwrapped(n.right, it, right); err != nil || st == failed {
		return st, err
	}
	x, ok := single(left)
	if !ok {
		return e.fail(sqlerr.New(codeSingleton, "left operand of jsonpath operator %s is not a single numeric value", names[n.kind]))
	}
	y, ok := single(right)
	if !ok {
		return e.fail(sqlerr.New(codeSingleton, "right operand of jsonpath operator %s is not a single numeric value", names[n.kind]))
	}
	d, err := computations[n.kind](x, y)
	if err != nil {
		return e.fail(err)
	}
	return e.made(n, d, found)
}

func single(l *list) (decimal.Dec, bool) {
	if len(l.items) != 1 {
		return decimal.Dec{}, false
	}
	return l.items[0].number()
}

// sign is + or - before each of some numbers.
func (e *evaluation) sign(n *node, it Item, found *list) (status, error) {
	seq := &list{}
	if st, err := e.unwrapped(n.left, it, seq); err != nil || st == failed {
		return st, err
	}
	result := none
	for _, x := range seq.items {
		d, ok := x.number()
		asked := found != nil || n.next != nil
		switch {
		case ok && !asked:
			return some, nil
		case !ok && !asked:
			continue
		case !ok:
			return e.fail(sqlerr.New(codeNumberNotFound, "operand of unary jsonpath operator %s is not a numeric value", names[n.kind]))
		}
		if n.kind == kindMinus {
			d = decimal.Neg(d)
		}
		st, err := e.made(n, d, found)
		if err != nil || st == failed || enough(st, found) {
			return st, err
		}
		if st == some {
			result = some
		}
	}
	return result, nil
}

// numeric is abs(), floor() and ceiling().
func (e *evaluation) numeric(n *node, it Item, found *list) (status, error) {
	d, ok := it.number()
	if !ok {
		return e.fail(sqlerr.New(codeNonNumeric, "jsonpath item method .%s() can only be applied to a numeric value", names[n.kind]))
	}
	switch n.kind {
	case kindAbs:
		d = decimal.Abs(d)
	case kindFloor:
		d = decimal.Floor(d)
	default:
		d = decimal.Ceil(d)
	}
	return e.made(n, d, found)
}

// double is double(): a number that has to be in its range, or the number that a string is.
func (e *evaluation) double(n *node, it Item, found *list) (status, error) {
	switch it.kind() {
	case numberItem:
		if v, err := sqltype.ParseFloat(it.raw, 64); err != nil || math.IsInf(v, 0) || v != v {
			return e.fail(sqlerr.New(codeNonNumeric, "numeric argument of jsonpath item method .double() is out of range for type double precision"))
		}
		return e.next(n, it, found)
	case stringItem:
		v, err := sqltype.ParseFloat(jsonb.Unquote(it.raw), 64)
		if err != nil || math.IsInf(v, 0) || v != v {
			return e.fail(sqlerr.New(codeNonNumeric, "string argument of jsonpath item method .double() is not a valid representation of a double precision number"))
		}
		return e.made(n, decimal.FromFloat64(v), found)
	}
	return e.fail(sqlerr.New(codeNonNumeric, "jsonpath item method .double() can only be applied to a string or numeric value"))
}
