package jsonpath

import (
	"strconv"

	"github.com/tributary-db/tributary/internal/jsonb"
)

// Normalize appends the canonical form of a path; it is jsonpath's input function.
func Normalize(dst, src []byte) ([]byte, error) {
	p, err := Parse(src)
	if err != nil {
		return dst, err
	}
	return p.AppendText(dst), nil
}

// AppendText appends the path as jsonpath's output function prints it, so that it can be read again.
func (p *Path) AppendText(dst []byte) []byte {
	if p.strict {
		dst = append(dst, "strict "...)
	}
	return appendChain(dst, p.root, true)
}

// appendChain appends a node and the accessors after it; brackets is for operators.
func appendChain(dst []byte, n *node, brackets bool) []byte {
	dst = n.append(dst, brackets, false)
	for n = n.next; n != nil; n = n.next {
		dst = n.append(dst, true, true)
	}
	return dst
}

// priority of an operator; what is none binds the tightest.
func (k kind) priority() int {
	switch k {
	case kindOr:
		return 0
	case kindAnd:
		return 1
	case kindEqual, kindNotEqual, kindLess, kindGreater, kindLessOrEqual, kindGreaterOrEqual, kindStartsWith:
		return 2
	case kindAdd, kindSub:
		return 3
	case kindMul, kindDiv, kindMod:
		return 4
	case kindPlus, kindMinus:
		return 5
	}
	return 6
}

func (n *node) appendOperand(dst []byte, arg *node) []byte {
	return appendChain(dst, arg, arg.kind.priority() <= n.kind.priority())
}

// append appends the node without what is after it; accessor says that it stands behind another.
func (n *node) append(dst []byte, brackets, accessor bool) []byte {
	switch n.kind {
	case kindNumber:
		brackets = n.next != nil
	case kindAdd, kindSub, kindMul, kindDiv, kindMod, kindPlus, kindMinus, kindOr, kindAnd, kindEqual, kindNotEqual,
		kindLess, kindGreater, kindLessOrEqual, kindGreaterOrEqual, kindStartsWith, kindLikeRegex:
		brackets = brackets || n.next != nil
	case kindExists, kindNot, kindIsUnknown:
		brackets = n.next != nil
	default:
		brackets = false
	}
	if brackets {
		dst = append(dst, '(')
	}
	if accessor {
		dst = n.appendAccessor(dst)
	} else {
		dst = n.appendHead(dst)
	}
	if brackets {
		dst = append(dst, ')')
	}
	return dst
}

// appendHead appends what begins a chain.
//
//lint:dispatch
func (n *node) appendHead(dst []byte) []byte {
	switch n.kind {
	case kindNull:
		return append(dst, "null"...)
	case kindString:
		return jsonb.AppendString(dst, []byte(n.text))
	case kindVariable:
		return jsonb.AppendString(append(dst, '$'), []byte(n.text))
	case kindNumber:
		return n.num.AppendText(dst)
	case kindBool:
		return strconv.AppendBool(dst, n.truth)
	case kindRoot:
		return append(dst, '$')
	case kindCurrent:
		return append(dst, '@')
	case kindLast:
		return append(dst, "last"...)
	case kindPlus, kindMinus:
		return n.appendOperand(append(dst, names[n.kind]...), n.left)
	case kindNot:
		return append(appendChain(append(dst, "!("...), n.left, false), ')')
	case kindIsUnknown:
		return append(appendChain(append(dst, '('), n.left, false), ") is unknown"...)
	case kindExists:
		return append(appendChain(append(dst, "exists ("...), n.left, false), ')')
	case kindLikeRegex:
		dst = append(n.appendOperand(dst, n.left), " like_regex "...)
		return n.appendFlags(jsonb.AppendString(dst, []byte(n.text)))
	}
	dst = append(append(append(n.appendOperand(dst, n.left), ' '), names[n.kind]...), ' ')
	return n.appendOperand(dst, n.right)
}

func (n *node) appendFlags(dst []byte) []byte {
	if n.flags == 0 {
		return dst
	}
	dst = append(dst, ` flag "`...)
	for i := range len(flagLetters) {
		if n.flags&(1<<i) != 0 {
			dst = append(dst, flagLetters[i])
		}
	}
	return append(dst, '"')
}

// appendAccessor appends what stands behind another.
func (n *node) appendAccessor(dst []byte) []byte {
	switch n.kind {
	case kindKey:
		return jsonb.AppendString(append(dst, '.'), []byte(n.text))
	case kindAnyKey:
		return append(dst, ".*"...)
	case kindAnyArray:
		return append(dst, "[*]"...)
	case kindIndexes:
		dst = append(dst, '[')
		for i, x := range n.indexes {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendChain(dst, x.from, false)
			if x.to != nil {
				dst = appendChain(append(dst, " to "...), x.to, false)
			}
		}
		return append(dst, ']')
	case kindAny:
		return n.appendLevels(append(dst, ".**"...))
	case kindFilter:
		return append(appendChain(append(dst, "?("...), n.left, false), ')')
	}
	dst = append(append(append(dst, '.'), names[n.kind]...), '(')
	if n.left != nil {
		dst = n.left.appendHead(dst)
	}
	return append(dst, ')')
}

func (n *node) appendLevels(dst []byte) []byte {
	if n.first == 0 && n.last == toLast {
		return dst
	}
	level := func(dst []byte, v uint32) []byte {
		if v == toLast {
			return append(dst, "last"...)
		}
		return strconv.AppendUint(dst, uint64(v), 10)
	}
	dst = level(append(dst, '{'), n.first)
	if n.last != n.first {
		dst = level(append(dst, " to "...), n.last)
	}
	return append(dst, '}')
}
