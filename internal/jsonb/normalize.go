package jsonb

import (
	"bytes"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Normalize appends the canonical form of JSON text. The text must be valid UTF-8.
func Normalize(dst, src []byte) ([]byte, error) {
	n := normalizer{lexer: lexer{src: src}, canonical: true}
	dst, err := n.value(dst, 0)
	if err != nil {
		return dst, err
	}
	if n.peek() != 0 || n.pos < len(src) {
		return dst, n.expected("end of input")
	}
	return dst, nil
}

// Valid checks JSON text as the input function of json does, and changes nothing.
func Valid(src []byte) error {
	n := normalizer{lexer: lexer{src: src}}
	if _, err := n.value(nil, 0); err != nil {
		return err
	}
	if n.peek() != 0 || n.pos < len(src) {
		return n.expected("end of input")
	}
	return nil
}

type normalizer struct {
	lexer
	canonical bool   // false: only check, write nothing
	scratch   []byte // decoded strings, a stack
	zeros     int    // digits written that only exponents stand for
	moved     int    // bytes moved to bring members into their order
}

// member is one pair of an object being read: its decoded key in scratch, its text in dst.
type member struct{ key, keyEnd, from, to int }

func (n *normalizer) value(dst []byte, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return dst, errDepth()
	}
	switch c := n.peek(); {
	case c == '{':
		return n.object(dst, depth)
	case c == '[':
		return n.array(dst, depth)
	case c == '"':
		return n.text(dst)
	case c == '-' || c >= '0' && c <= '9':
		return n.num(dst)
	case c == 't' || c == 'f' || c == 'n':
		if w := n.word(); string(w) == "true" || string(w) == "false" || string(w) == "null" {
			n.pos += len(w)
			return n.emit(dst, w...), nil
		}
	}
	return dst, n.expected("JSON value")
}

func (n *normalizer) emit(dst []byte, b ...byte) []byte {
	if n.canonical {
		dst = append(dst, b...)
	}
	return dst
}

func (n *normalizer) text(dst []byte) ([]byte, error) {
	mark := len(n.scratch)
	var err error
	n.scratch, err = n.strChecked(n.scratch)
	if err == nil && n.canonical {
		dst = AppendString(dst, n.scratch[mark:])
	}
	n.scratch = n.scratch[:mark]
	return dst, err
}

// strChecked reads a string; json (not canonical) lets \u0000 pass, as PostgreSQL does.
func (n *normalizer) strChecked(dst []byte) ([]byte, error) {
	if n.canonical {
		return n.str(dst)
	}
	return dst, n.skipString()
}

func (n *normalizer) num(dst []byte) ([]byte, error) {
	tok, err := n.number()
	if err != nil || !n.canonical {
		return dst, err
	}
	return n.appendNumber(dst, tok)
}

func (n *normalizer) array(dst []byte, depth int) ([]byte, error) {
	n.pos++
	dst = n.emit(dst, '[')
	if n.peek() == ']' {
		n.pos++
		return n.emit(dst, ']'), nil
	}
	for first := true; ; first = false {
		if !first {
			dst = n.emit(dst, ',', ' ')
		}
		var err error
		if dst, err = n.value(dst, depth+1); err != nil {
			return dst, err
		}
		switch n.peek() {
		case ',':
			n.pos++
		case ']':
			n.pos++
			return n.emit(dst, ']'), nil
		default:
			return dst, n.expected(`"," or "]"`)
		}
	}
}

func (n *normalizer) object(dst []byte, depth int) ([]byte, error) {
	n.pos++
	mark, from := len(n.scratch), len(dst)
	var small [16]member
	members := small[:0]
	dst = n.emit(dst, '{')
	if n.peek() == '}' {
		n.pos++
		return n.emit(dst, '}'), nil
	}
	for first := true; ; first = false {
		if !first {
			dst = n.emit(dst, ',', ' ')
		}
		if n.peek() != '"' {
			if first {
				return dst, n.expected(`string or "}"`)
			}
			return dst, n.expected("string")
		}
		m := member{key: len(n.scratch), from: len(dst)}
		var err error
		if n.scratch, err = n.strChecked(n.scratch); err != nil {
			return dst, err
		}
		m.keyEnd = len(n.scratch)
		if n.peek() != ':' {
			return dst, n.expected(`":"`)
		}
		n.pos++
		if n.canonical {
			dst = append(AppendString(dst, n.scratch[m.key:m.keyEnd]), ':', ' ')
		}
		if dst, err = n.value(dst, depth+1); err != nil {
			return dst, err
		}
		m.to = len(dst)
		if n.canonical {
			members = append(members, m)
		}
		switch n.peek() {
		case ',':
			n.pos++
		case '}':
			n.pos++
			if !n.canonical {
				return dst, nil
			}
			dst, err = n.arrange(dst, from, members)
			n.scratch = n.scratch[:mark]
			return dst, err
		default:
			return dst, n.expected(`"," or "}"`)
		}
	}
}

// maxMoves is how often the bytes of a value may be moved on average: once for each object
// around them whose keys are out of order. It bounds the work, not the nesting.
const maxMoves = 64

// arrange ends the object whose members lie in dst[from:]: in key order, each key once. In most
// objects they do so already.
func (n *normalizer) arrange(dst []byte, from int, members []member) ([]byte, error) {
	cmp := func(a, b member) int {
		return cmpKey(n.scratch[a.key:a.keyEnd], n.scratch[b.key:b.keyEnd])
	}
	inOrder := true
	for i := 1; i < len(members) && inOrder; i++ {
		inOrder = cmp(members[i-1], members[i]) < 0
	}
	if inOrder {
		return append(dst, '}'), nil
	}
	if n.moved += len(dst) - from; n.moved > maxMoves*len(n.src)+maxZeros {
		return dst, sqlerr.New(sqlerr.ProgramLimitExceeded, "jsonb value is too large").
			WithDetail("Too many objects inside each other have their keys out of order.")
	}
	slices.SortStableFunc(members, cmp)
	mark := len(n.scratch)
	out := append(n.scratch, '{')
	for i, m := range members {
		if i+1 < len(members) && cmp(m, members[i+1]) == 0 {
			continue // the last of equal keys wins
		}
		if len(out) > mark+1 {
			out = append(out, ',', ' ')
		}
		out = append(out, dst[m.from:m.to]...)
	}
	out = append(out, '}')
	dst = append(dst[:from], out[mark:]...)
	n.scratch = out[:mark]
	return dst, nil
}

// cmpKey is the order of object keys: by length, then bytes.
func cmpKey(a, b []byte) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare(a, b)
}

// skipString checks a string without keeping it.
func (n *normalizer) skipString() error {
	s := n.src
	i, _, ok := StringEnd(s, n.pos+1)
	switch {
	case ok:
		n.pos = i + 1
		return nil
	case i >= len(s):
		return errJSON().WithDetail(`Token "%s" is invalid.`, s[n.pos:])
	case s[i] < ' ':
		return errJSON().WithDetail("Character with value 0x%02x must be escaped.", s[i])
	}
	var buf [8]byte
	_, _, err := unescape(buf[:0], s, i)
	return err
}
