package jsonb

import (
	"bytes"
	"math/bits"

	"github.com/tributary-db/tributary/internal/decimal"
)

// kinds in PostgreSQL's order of types.
const (
	kindNull = iota
	kindString
	kindNumber
	kindBool
	kindArray
	kindObject
)

func kindOf(v []byte) int {
	if len(v) == 0 {
		return kindNull
	}
	switch v[0] {
	case '"':
		return kindString
	case 't', 'f':
		return kindBool
	case '[':
		return kindArray
	case '{':
		return kindObject
	case 'n':
		return kindNull
	}
	return kindNumber
}

// Compare orders two canonical texts as PostgreSQL's jsonb_ops btree does; 0 is SQL equality.
func Compare(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	ka, kb := kindOf(a), kindOf(b)
	// The root: a scalar is an array of one element that sorts below real ones of one.
	if ka != kb && ka != kindObject && kb != kindObject && (ka == kindArray || kb == kindArray) {
		if ka == kindArray {
			return -cmpScalarArray(a)
		}
		return cmpScalarArray(b)
	}
	return cmpValue(a, b)
}

// cmpScalarArray is the order of a root scalar against the root array v.
func cmpScalarArray(v []byte) int {
	if string(v) == "[]" {
		return 1
	}
	return -1
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func cmpValue(a, b []byte) int {
	ka, kb := kindOf(a), kindOf(b)
	if ka != kb {
		return sign(ka - kb)
	}
	switch ka {
	case kindString:
		return bytes.Compare(unquote(a), unquote(b))
	case kindNumber:
		x, errX := decimal.Parse(a)
		y, errY := decimal.Parse(b)
		if errX != nil || errY != nil {
			return bytes.Compare(a, b)
		}
		return decimal.Cmp(x, y)
	case kindBool:
		return bytes.Compare(a[:1], b[:1])
	case kindNull:
		return 0
	}
	if na, nb := count(a), count(b); na != nb {
		return sign(na - nb)
	}
	ia, ib := Elements(a), Elements(b)
	for {
		keyA, valA, okA := ia.Next()
		keyB, valB, okB := ib.Next()
		if !okA || !okB {
			return 0
		}
		if ka == kindObject {
			if c := bytes.Compare(unquote(keyA), unquote(keyB)); c != 0 {
				return c
			}
		}
		if c := cmpValue(valA, valB); c != 0 {
			return c
		}
	}
}

func count(v []byte) int {
	n := 0
	for it := Elements(v); ; n++ {
		if _, _, ok := it.Next(); !ok {
			return n
		}
	}
}

// unquote decodes a canonical string.
func unquote(q []byte) []byte {
	if len(q) < 2 {
		return q
	}
	if bytes.IndexByte(q, '\\') < 0 {
		return q[1 : len(q)-1]
	}
	l := lexer{src: q}
	s, err := l.str(nil)
	if err != nil {
		return q
	}
	return s
}

// Unquote decodes a JSON string of canonical text (its quotes included); the result may
// alias it.
func Unquote(q []byte) []byte { return unquote(q) }

// Iter walks the elements of a canonical array or the pairs of an object.
type Iter struct{ rest []byte }

// Elements starts a walk over v's elements; a scalar has none.
func Elements(v []byte) Iter {
	if k := kindOf(v); k != kindArray && k != kindObject || len(v) < 2 {
		return Iter{}
	}
	return Iter{v[1 : len(v)-1]}
}

// Next returns the next element; key is its quoted key in an object, nil in an array.
func (it *Iter) Next() (key, val []byte, ok bool) {
	if len(it.rest) == 0 {
		return nil, nil, false
	}
	n := skip(it.rest)
	if n < len(it.rest) && it.rest[n] == ':' {
		key = it.rest[:n]
		it.rest = it.rest[min(n+2, len(it.rest)):]
		n = skip(it.rest)
	}
	val = it.rest[:n]
	it.rest = it.rest[min(n+2, len(it.rest)):]
	return key, val, true
}

// skip is the length of the canonical value at the start of v.
func skip(v []byte) int {
	depth := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			for i++; i < len(v) && v[i] != '"'; i++ {
				if v[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return min(i+1, len(v))
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(v)
}

// Hash is equal for texts that Compare calls equal, in every process and release.
func Hash(v []byte) uint64 {
	const m1, m2 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := uint64(m2)
	mix := func(w uint64) {
		hi, lo := bits.Mul64(h^w, m1)
		h = hi ^ lo ^ w
	}
	for i := 0; i < len(v); {
		c := v[i]
		switch {
		case c == '"':
			n := skip(v[i:])
			for _, b := range v[i : i+n] {
				mix(uint64(b))
			}
			i += n
		case c == '-' || c >= '0' && c <= '9':
			from := i
			for i < len(v) && (v[i] >= '0' && v[i] <= '9' || v[i] == '.' || v[i] == '-') {
				i++
			}
			if d, err := decimal.Parse(v[from:i]); err == nil {
				mix(d.Hash())
			}
		default:
			mix(uint64(c))
			i++
		}
	}
	return h
}
