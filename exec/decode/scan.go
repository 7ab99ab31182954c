package decode

import (
	"encoding/binary"
	"math/bits"
)

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

const (
	lanes01 = 0x0101010101010101
	lanes80 = 0x8080808080808080
)

// stringEnd finds the closing quote of a string whose content starts at i. ok is false for a
// control character, a bad escape or the end of the text.
func stringEnd(s []byte, i int) (end int, escaped, ok bool) {
	for {
		for i+8 <= len(s) {
			w := binary.LittleEndian.Uint64(s[i:])
			quote := w ^ lanes01*'"'
			slash := w ^ lanes01*'\\'
			// Lowest set high bit = first quote, backslash or control character; higher ones
			// may be false through borrows, the lowest is not.
			hit := ((quote-lanes01)&^quote | (slash-lanes01)&^slash | (w-lanes01*0x20)&^w) & lanes80
			if hit != 0 {
				i += bits.TrailingZeros64(hit) >> 3
				break
			}
			i += 8
		}
		for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= 0x20 {
			i++
		}
		switch {
		case i >= len(s) || s[i] < 0x20:
			return i, escaped, false
		case s[i] == '"':
			return i, escaped, true
		}
		escaped = true
		if i+1 >= len(s) {
			return i, true, false
		}
		switch s[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if _, ok := hex4(s, i+2); !ok {
				return i, true, false
			}
			i += 6
		default:
			return i, true, false
		}
	}
}

func hex4(s []byte, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	var r rune
	for _, c := range s[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

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
		e, escaped, ok := stringEnd(s, i+1)
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
			e, _, ok := stringEnd(s, i+1)
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
