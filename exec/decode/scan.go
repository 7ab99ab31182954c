package decode

import "github.com/tributary-db/tributary/internal/jsonb"

// kind of a JSON value.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindInt    // a number of digits, with a minus perhaps
	kindNumber // any other number
	kindString // without escapes
	kindEscaped
	kindObject
	kindArray
)

func (k kind) String() string {
	return [...]string{"null", "boolean", "boolean", "number", "number", "string", "string", "object", "array"}[k]
}

// maxDepth bounds nesting, as jsonb does.
const maxDepth = 6000

func isDigit(c byte) bool { return c-'0' <= 9 }

// numberEnd finds the end of a number that starts at i.
func numberEnd(s []byte, i int) (end int, k kind, ok bool) {
	if s[i] == '-' {
		i++
	}
	if i >= len(s) || !isDigit(s[i]) {
		return i, 0, false
	}
	if s[i] == '0' {
		i++
	} else {
		for i < len(s) && isDigit(s[i]) {
			i++
		}
	}
	k = kindInt
	if i < len(s) && s[i] == '.' {
		k = kindNumber
		i++
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == from {
			return i, 0, false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		k = kindNumber
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == from {
			return i, 0, false
		}
	}
	return i, k, true
}

func skipBlanks(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// valueEnd finds the end of the value that starts at i; for strings from and end leave the
// quotes out.
func valueEnd(s []byte, i int) (from, end, next int, k kind, ok bool) {
	if i >= len(s) {
		return i, i, i, 0, false
	}
	switch c := s[i]; c {
	case '"':
		e, escaped, ok := jsonb.StringEnd(s, i+1)
		k = kindString
		if escaped {
			k = kindEscaped
		}
		return i + 1, e, e + 1, k, ok
	case '{', '[':
		e, ok := nestedEnd(s, i)
		k = kindArray
		if c == '{' {
			k = kindObject
		}
		return i, e, e, k, ok
	case 't':
		if i+4 <= len(s) && string(s[i:i+4]) == "true" {
			return i, i + 4, i + 4, kindTrue, true
		}
	case 'f':
		if i+5 <= len(s) && string(s[i:i+5]) == "false" {
			return i, i + 5, i + 5, kindFalse, true
		}
	case 'n':
		if i+4 <= len(s) && string(s[i:i+4]) == "null" {
			return i, i + 4, i + 4, kindNull, true
		}
	default:
		if c == '-' || isDigit(c) {
			e, k, ok := numberEnd(s, i)
			return i, e, e, k, ok
		}
	}
	return i, i, i, 0, false
}

// nestedEnd checks the object or array that starts at i and finds its end.
func nestedEnd(s []byte, i int) (int, bool) {
	var stack [maxDepth/64 + 1]uint64 // bit per level: 1 = object
	depth := 0
	open := func(c byte) {
		if c == '{' {
			stack[depth>>6] |= 1 << (depth & 63)
		} else {
			stack[depth>>6] &^= 1 << (depth & 63)
		}
		depth++
	}
	open(s[i])
	i++
	first := true
	for {
		i = skipBlanks(s, i)
		if i >= len(s) {
			return i, false
		}
		inObject := stack[(depth-1)>>6]&(1<<((depth-1)&63)) != 0
		if s[i] == '}' || s[i] == ']' {
			if (s[i] == '}') != inObject {
				return i, false
			}
			i++
			if depth--; depth == 0 {
				return i, true
			}
			first = false
			continue
		}
		if !first {
			if s[i] != ',' {
				return i, false
			}
			i = skipBlanks(s, i+1)
			if i >= len(s) {
				return i, false
			}
		}
		if inObject {
			if s[i] != '"' {
				return i, false
			}
			e, _, ok := jsonb.StringEnd(s, i+1)
			if !ok {
				return e, false
			}
			i = skipBlanks(s, e+1)
			if i >= len(s) || s[i] != ':' {
				return i, false
			}
			i = skipBlanks(s, i+1)
			if i >= len(s) {
				return i, false
			}
		}
		if s[i] == '{' || s[i] == '[' {
			if depth == maxDepth {
				return i, false
			}
			open(s[i])
			i++
			first = true
			continue
		}
		_, _, next, _, ok := valueEnd(s, i)
		if !ok {
			return next, false
		}
		i, first = next, false
	}
}
