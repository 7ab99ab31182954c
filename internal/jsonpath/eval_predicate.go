package jsonpath

import (
	"bytes"
)

// truth is the value of a predicate.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

func truthOf(v bool) truth {
	if v {
		return yes
	}
	return no
}

// truthItem goes on with the value of a predicate, unknown being null.
func (e *evaluation) truthItem(n *node, it Item, found *list) (status, error) {
	t, err := e.truth(n, it)
	switch {
	case err != nil:
		return failed, err
	case n.next == nil && found == nil:
		return some, nil
	case t == unknown:
		return e.next(n, nullText, found)
	}
	return e.next(n, boolOf(t == yes), found)
}

// truth evaluates a predicate.
func (e *evaluation) truth(n *node, it Item) (truth, error) {
	if e.depth++; e.depth > maxEvalDepth {
		return no, errDepth()
	}
	defer func() { e.depth-- }()
	switch n.kind {
	case kindAnd, kindOr:
		decided := truthOf(n.kind == kindOr) // by one operand alone
		left, err := e.truth(n.left, it)
		if err != nil || left == decided {
			return left, err
		}
		right, err := e.truth(n.right, it)
		if err != nil || right == decided || right == unknown {
			return right, err
		}
		return left, nil
	case kindNot:
		t, err := e.truth(n.left, it)
		if err != nil || t == unknown {
			return t, err
		}
		return truthOf(t == no), nil
	case kindIsUnknown:
		t, err := e.truth(n.left, it)
		return truthOf(t == unknown), err
	case kindExists:
		return e.exists(n.left, it)
	}
	return e.pairs(n, it)
}

// quietly runs f with errors suppressed.
func (e *evaluation) quietly(f func() (status, error)) (status, error) {
	loud := e.loud
	e.loud = false
	st, err := f()
	e.loud = loud
	return st, err
}

func (e *evaluation) exists(n *node, it Item) (truth, error) {
	var found *list
	if !e.lax { // all of it has to be looked at for errors
		found = &list{}
	}
	st, err := e.quietly(func() (status, error) { return e.item(n, it, found) })
	switch {
	case err != nil || st == failed:
		return unknown, err
	case found != nil:
		return truthOf(len(found.items) > 0), nil
	}
	return truthOf(st == some), nil
}

// pairs evaluates a predicate of items: it is true if it is of any pair of the operands' items.
func (e *evaluation) pairs(n *node, it Item) (truth, error) {
	left, right := &list{}, &list{}
	if st, err := e.quietly(func() (status, error) { return e.unwrapped(n.left, it, left) }); err != nil || st == failed {
		return unknown, err
	}
	operand := e.unwrapped
	if n.kind == kindStartsWith {
		operand = e.item
	}
	if n.right == nil { // like_regex has its pattern
		right.items = []Item{nullText}
	} else if st, err := e.quietly(func() (status, error) { return operand(n.right, it, right) }); err != nil || st == failed {
		return unknown, err
	}
	result := no
	for _, l := range left.items {
		for _, r := range right.items {
			if err := e.breathe(); err != nil {
				return unknown, err
			}
			t, err := e.holds(n, l, r)
			if err != nil {
				return unknown, err
			}
			switch {
			case t == yes && e.lax, t == unknown && !e.lax:
				return t, nil
			case t != no:
				result = t
			}
		}
	}
	return result, nil
}

// holds evaluates a predicate of two items.
func (e *evaluation) holds(n *node, l, r Item) (truth, error) {
	switch n.kind {
	case kindStartsWith:
		whole, ok := l.str()
		initial, ok2 := r.str()
		if !ok || !ok2 {
			return unknown, nil
		}
		return truthOf(bytes.HasPrefix(whole, initial)), nil
	case kindLikeRegex:
		s, ok := l.str()
		if !ok {
			return unknown, nil
		}
		is, err := n.re.Match(string(s), e.env.breathe)
		if err != nil {
			return unknown, err
		}
		return truthOf(is), nil
	}
	return e.compare(n.kind, l, r)
}
