package jsonpath

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// SQLSTATEs of SQL/JSON.
const (
	codeDatetimeArgument sqlerr.Code = "22031"
	codeSubscript        sqlerr.Code = "22033"
	codeNonNumeric       sqlerr.Code = "22036"
	codeSingleton        sqlerr.Code = "22038"
	codeArrayNotFound    sqlerr.Code = "22039"
	codeMemberNotFound   sqlerr.Code = "2203A"
	codeNumberNotFound   sqlerr.Code = "2203B"
	codeObjectNotFound   sqlerr.Code = "2203C"
)

// missing is an error that lax mode knows no.
func (e *evaluation) missing(code sqlerr.Code, format string, args ...any) (status, error) {
	if e.lenient {
		return none, nil
	}
	return e.fail(sqlerr.New(code, format, args...))
}

func (e *evaluation) member(n *node, it Item, found *list) (status, error) {
	if it.kind() != objectItem {
		return e.missing(codeMemberNotFound, "jsonpath member accessor can only be applied to an object")
	}
	if v, ok := it.field(n.text); ok {
		return e.next(n, v, found)
	}
	return e.missing(codeMemberNotFound, "JSON object does not contain key \"%s\"", n.text)
}

func (e *evaluation) anyMember(n *node, it Item, found *list) (status, error) {
	if it.kind() != objectItem {
		return e.missing(codeObjectNotFound, "jsonpath wildcard member accessor can only be applied to an object")
	}
	return e.each(n.next, it, found, levels1, e.lax)
}

func (e *evaluation) anyElement(n *node, it Item, found *list) (status, error) {
	switch {
	case it.kind() == arrayItem:
		return e.each(n.next, it, found, levels1, e.lax)
	case e.lax:
		return e.next(n, it, found)
	}
	return e.missing(codeArrayNotFound, "jsonpath wildcard array accessor can only be applied to an array")
}

// levels are those of a jsonb below an item that are visited.
type reach struct {
	first, last uint32
	lenient     bool
}

// levels1 are the elements or members themselves.
var levels1 = reach{first: 1, last: 1}

// each evaluates n, nil = gives, for what lies below an array or object.
func (e *evaluation) each(n *node, it Item, found *list, r reach, unwrap bool) (status, error) {
	return e.below(n, it, found, 1, r, unwrap)
}

func (e *evaluation) below(n *node, it Item, found *list, level uint32, r reach, unwrap bool) (st status, err error) {
	st = none
	if level > r.last {
		return st, nil
	}
	if e.depth++; e.depth > maxEvalDepth {
		return failed, errDepth()
	}
	defer func() { e.depth-- }()
	for i := jsonb.Elements(it.raw); ; {
		_, raw, ok := i.Next()
		if !ok {
			return st, nil
		}
		if err := e.breathe(); err != nil {
			return failed, err
		}
		v := Item{raw: raw}
		container := raw[0] == '{' || raw[0] == '['
		if level >= r.first || r.first == toLast && r.last == toLast && !container {
			switch {
			case n != nil:
				lenient := e.lenient
				e.lenient = lenient || r.lenient
				st, err = e.unwrapping(n, v, found, unwrap)
				e.lenient = lenient
				if err != nil || st == failed || enough(st, found) {
					return st, err
				}
			case found != nil:
				if err := e.add(found, v); err != nil {
					return failed, err
				}
			default:
				return some, nil
			}
		}
		if level < r.last && container {
			st, err = e.below(n, v, found, level+1, r, unwrap)
			if err != nil || st == failed || enough(st, found) {
				return st, err
			}
		}
	}
}

func (e *evaluation) anyLevel(n *node, it Item, found *list) (st status, err error) {
	st = none
	if n.first == 0 {
		lenient := e.lenient
		e.lenient = true
		st, err = e.next(n, it, found)
		e.lenient = lenient
		if err != nil || enough(st, found) {
			return st, err
		}
	}
	if k := it.kind(); k == arrayItem || k == objectItem {
		return e.each(n.next, it, found, reach{n.first, n.last, true}, e.lax)
	}
	return st, nil
}

func (e *evaluation) filter(n *node, it Item, found *list) (status, error) {
	current := e.current
	e.current = it
	t, err := e.truth(n.left, it)
	e.current = current
	if err != nil || t != yes {
		return none, err
	}
	return e.next(n, it, found)
}

func (e *evaluation) size(n *node, it Item, found *list) (status, error) {
	count := it.count()
	if count < 0 {
		if !e.lax {
			return e.missing(codeArrayNotFound, "jsonpath item method .size() can only be applied to an array")
		}
		count = 1
	}
	return e.next(n, numberOf(decimal.FromInt64(int64(count))), found)
}

func (e *evaluation) lastIndex(n *node, found *list) (status, error) {
	if n.next == nil && found == nil {
		return some, nil
	}
	return e.next(n, numberOf(decimal.FromInt64(int64(e.innerSize-1))), found)
}

// subscript is [i, j to k].
func (e *evaluation) subscript(n *node, it Item, found *list) (st status, err error) {
	st = none
	count := it.count()
	single := count < 0
	if single {
		if !e.lax {
			return e.missing(codeArrayNotFound, "jsonpath array accessor can only be applied to an array")
		}
		count = 1
	}
	outer := e.innerSize
	e.innerSize = count
	for _, x := range n.indexes {
		var from, to int
		if from, st, err = e.index(x.from, it); err != nil || st == failed {
			break
		}
		to = from
		if x.to != nil {
			if to, st, err = e.index(x.to, it); err != nil || st == failed {
				break
			}
		}
		if !e.lenient && (from < 0 || from > to || to >= count) {
			st, err = e.fail(sqlerr.New(codeSubscript, "jsonpath array subscript is out of bounds"))
			break
		}
		from, to = max(from, 0), min(to, count-1)
		if n.next == nil && found == nil && from <= to {
			st = some
			break
		}
		if st, err = e.elements(n, it, single, from, to, found); err != nil || st == failed || enough(st, found) {
			break
		}
	}
	e.innerSize = outer
	return st, err
}

// elements goes on with the elements from to to.
func (e *evaluation) elements(n *node, it Item, single bool, from, to int, found *list) (st status, err error) {
	if single {
		if from > to {
			return none, nil
		}
		return e.next(n, it, found)
	}
	st = none
	i := jsonb.Elements(it.raw)
	for at := 0; at <= to; at++ {
		_, raw, ok := i.Next()
		if !ok {
			break
		}
		if at < from {
			continue
		}
		if st, err = e.next(n, Item{raw: raw}, found); err != nil || st == failed || enough(st, found) {
			break
		}
	}
	return st, err
}

// index evaluates one subscript.
func (e *evaluation) index(n *node, it Item) (int, status, error) {
	found := &list{}
	if st, err := e.item(n, it, found); err != nil || st == failed {
		return 0, failed, err
	}
	var d decimal.Dec
	ok := len(found.items) == 1
	if ok {
		d, ok = found.items[0].number()
	}
	if !ok {
		st, err := e.fail(sqlerr.New(codeSubscript, "jsonpath array subscript is not a single numeric value"))
		return 0, st, err
	}
	v, err := decimal.Trunc(d, 0).ToInt64(32, "integer")
	if err != nil {
		st, err := e.fail(sqlerr.New(codeSubscript, "jsonpath array subscript is out of integer range"))
		return 0, st, err
	}
	return int(v), some, nil
}
