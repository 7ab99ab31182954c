package codec

import (
	"bytes"
	"encoding/binary"
	"math"
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// elementBuilders are builders of elements, by no type; one is in use for each array under way.
var elementBuilders = sync.Pool{New: func() any { return new(delta.Builder) }}

// keptBuilder is what a pooled builder may hold, bytes.
const keptBuilder = 1 << 20

// withElements lends f a builder of elements and appends to b the array that f describes.
func withElements(b *delta.Builder, elem sqltype.OID, f func(elems *delta.Builder) ([]sqltype.Dim, error)) error {
	elems := elementBuilders.Get().(*delta.Builder)
	elems.Reset(elem)
	dims, err := f(elems)
	if err == nil {
		AppendElements(b, dims, elems)
	}
	if elems.Size() <= keptBuilder {
		elementBuilders.Put(elems)
	}
	return err
}

// AppendElements appends to b an array of what elems holds.
func AppendElements(b *delta.Builder, dims []sqltype.Dim, elems *delta.Builder) {
	c := elems.Column()
	b.SetVar(sqltype.AppendArray(b.Var(), dims, &c.Vec))
	b.EndBytes()
}

// maxArrayBytes is the most that an array takes, as any value.
const maxArrayBytes = 1<<30 - 1

// arrayLiteral reads the text of an array (array_in): items of Elem between braces, in front of them
// the bounds if they are written. It works through src once; what it needs memory for are its items.
type arrayLiteral struct {
	src  []byte
	from int // where errors show it from: at the braces, once they are reached
	at   int
	elem sqltype.Type
	env  *Env
	out  *delta.Builder
	item []byte // of an item with escapes

	level  int                    // braces open
	ndim   int                    // the most there were
	counts [sqltype.MaxDims]int32 // items so far of the open braces, by level
	sizes  [sqltype.MaxDims]int32 // of the first closed one
}

func appendTextArray(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	elem := sqltype.Type{OID: t.OID.Elem(), Mod: t.Mod}
	return withElements(b, elem.OID, func(elems *delta.Builder) ([]sqltype.Dim, error) {
		return (&arrayLiteral{src: src, elem: elem, env: env, out: elems}).read()
	})
}

func (l *arrayLiteral) malformed(detail string) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "malformed array literal: \"%s\"", l.src[l.from:]).WithDetail("%s", detail)
}

func (l *arrayLiteral) unexpected(c byte) error {
	return l.malformed("Unexpected \"" + string(rune(c)) + "\" character.")
}

func errDims(n int) error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, sqltype.MaxDims)
}

func (l *arrayLiteral) peek() byte {
	if l.at < len(l.src) {
		return l.src[l.at]
	}
	return 0 // text has no NUL
}

func (l *arrayLiteral) skipSpace() {
	for sqltype.ArraySpace(l.peek()) {
		l.at++
	}
}

func (l *arrayLiteral) read() ([]sqltype.Dim, error) {
	written, err := l.bounds()
	if err != nil {
		return nil, err
	}
	if l.peek() != '{' {
		if written == nil {
			return nil, l.malformed(`Array value must start with "{" or dimension information.`)
		}
		return nil, l.malformed(`Array contents must start with "{".`)
	}
	l.from = l.at
	if err := l.items(); err != nil {
		return nil, err
	}
	if l.skipSpace(); l.at < len(l.src) {
		return nil, l.malformed("Junk after closing right brace.")
	}
	l.from = 0
	if l.out.Len() == 0 {
		l.ndim = 0
	}
	dims := make([]sqltype.Dim, l.ndim)
	for i := range dims {
		dims[i] = sqltype.Dim{Len: l.sizes[i], Lower: 1}
	}
	if written == nil {
		return dims, nil
	}
	if len(written) != len(dims) {
		return nil, l.malformed("Specified array dimensions do not match array contents.")
	}
	for i, d := range written {
		if d.Len != dims[i].Len {
			return nil, l.malformed("Specified array dimensions do not match array contents.")
		}
	}
	return written, CheckBounds(written)
}

// CheckBounds refuses bounds whose subscripts are no integers.
func CheckBounds(dims []sqltype.Dim) error {
	for _, d := range dims {
		if int64(d.Lower)+int64(d.Len) > math.MaxInt32 {
			return sqlerr.New(sqlerr.ProgramLimitExceeded, "array lower bound is too large: %d", d.Lower)
		}
	}
	return nil
}

// bounds reads [1:2][3]=, nil where there are none.
func (l *arrayLiteral) bounds() ([]sqltype.Dim, error) {
	var dims []sqltype.Dim
	for {
		l.skipSpace()
		if l.peek() != '[' {
			break
		}
		l.at++
		if len(dims) >= sqltype.MaxDims {
			return nil, errDims(len(dims) + 1)
		}
		upper, ok := l.integer()
		if !ok {
			return nil, l.malformed(`"[" must introduce explicitly-specified array dimensions.`)
		}
		lower := int32(1)
		if l.peek() == ':' {
			l.at++
			lower = upper
			if upper, ok = l.integer(); !ok {
				return nil, l.malformed("Missing array dimension value.")
			}
		}
		if l.peek() != ']' {
			return nil, l.malformed(`Missing "]" after array dimensions.`)
		}
		l.at++
		if upper < lower {
			return nil, sqlerr.New(sqlerr.ArraySubscriptError, "upper bound cannot be less than lower bound")
		}
		dims = append(dims, sqltype.Dim{Len: upper - lower + 1, Lower: lower})
	}
	if dims == nil {
		return nil, nil
	}
	if l.peek() != '=' {
		return nil, l.malformed(`Missing "=" after array dimensions.`)
	}
	l.at++
	l.skipSpace()
	return dims, nil
}

// integer reads digits and signs as C's atoi makes sense of them; past an int32 it wraps.
func (l *arrayLiteral) integer() (int32, bool) {
	from := l.at
	for c := l.peek(); c >= '0' && c <= '9' || c == '-' || c == '+'; c = l.peek() {
		l.at++
	}
	text := l.src[from:l.at]
	if len(text) == 0 {
		return 0, false
	}
	negative := text[0] == '-'
	if negative || text[0] == '+' {
		text = text[1:]
	}
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = min(n*10+int64(c-'0'), math.MaxInt64/16)
	}
	if negative {
		n = -n
	}
	return int32(n), true
}

// What stood last decides what may stand next.
const (
	afterNothing = iota
	afterOpen
	afterClose
	afterItem
	afterItemComma
	afterCloseComma
)

// items reads from the first brace to the one that closes it.
func (l *arrayLiteral) items() error {
	last := afterNothing
	for {
		l.skipSpace()
		if l.at >= len(l.src) {
			return l.malformed("Unexpected end of input.")
		}
		switch c := l.src[l.at]; c {
		case '{':
			if last != afterNothing && last != afterOpen && last != afterCloseComma {
				return l.unexpected(c)
			}
			if l.level >= sqltype.MaxDims {
				return errDims(l.level + 1)
			}
			l.counts[l.level] = 0
			l.level++
			l.ndim = max(l.ndim, l.level)
			l.at++
			last = afterOpen
		case '}':
			if last != afterItem && last != afterClose && (last != afterOpen || l.level > 1) {
				return l.unexpected(c)
			}
			l.at++
			if err := l.close(); err != nil {
				return err
			}
			if l.level == 0 {
				return nil
			}
			last = afterClose
		case l.elem.OID.Delimiter():
			switch last {
			case afterItem:
				last = afterItemComma
			case afterClose:
				last = afterCloseComma
			default:
				return l.unexpected(c)
			}
			l.at++
		default:
			if last != afterOpen && last != afterItemComma {
				if c == '\\' {
					return l.unexpected(c)
				}
				return l.malformed("Unexpected array element.")
			}
			if err := l.element(); err != nil {
				return err
			}
			last = afterItem
		}
	}
}

const ragged = "Multidimensional arrays must have sub-arrays with matching dimensions."

// close ends the innermost brace: it must hold as many as the others of its level.
func (l *arrayLiteral) close() error {
	l.level--
	n := l.counts[l.level]
	if l.sizes[l.level] != 0 && l.sizes[l.level] != n {
		return l.malformed(ragged)
	}
	l.sizes[l.level] = n
	if l.level > 0 {
		l.counts[l.level-1]++
	}
	return nil
}

// element reads an item, quoted or not.
func (l *arrayLiteral) element() error {
	if l.ndim != l.level {
		return l.malformed(ragged)
	}
	if l.counts[l.level-1]++; l.out.Len() >= sqltype.MaxArrayItems || l.out.Size() > maxArrayBytes {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", sqltype.MaxArrayItems)
	}
	if l.peek() == '"' {
		text, err := l.quoted()
		if err != nil {
			return err
		}
		return AppendText(l.out, l.elem, text, l.env)
	}
	text, escaped, err := l.bare()
	if err != nil {
		return err
	}
	if !escaped && len(text) == 4 && bytes.EqualFold(text, []byte("null")) {
		l.out.AppendNull()
		return nil
	}
	return AppendText(l.out, l.elem, text, l.env)
}

func (l *arrayLiteral) quoted() ([]byte, error) {
	l.at++
	from := l.at
	l.item = l.item[:0]
	for escaped := false; l.at < len(l.src); l.at++ {
		switch c := l.src[l.at]; c {
		case '"':
			text := l.src[from:l.at]
			if escaped {
				text = append(l.item, text...)
				l.item = text
			}
			l.at++
			return text, nil
		case '\\':
			l.item = append(l.item, l.src[from:l.at]...)
			escaped = true
			l.at++ // the next one stands for itself
			from = l.at
		}
	}
	return nil, l.malformed("Unexpected end of input.")
}

// bare reads up to a comma or brace; blanks at its end, unless escaped, are not part of it.
func (l *arrayLiteral) bare() (text []byte, escaped bool, err error) {
	l.item = l.item[:0]
	keep := 0 // up to the last one that is no blank
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case c == l.elem.OID.Delimiter() || c == '}':
			return l.item[:keep], escaped, nil
		case c == '{':
			return nil, false, l.unexpected(c)
		case c == '"':
			return nil, false, l.malformed("Unexpected array element.")
		case c == '\\':
			if escaped, l.at = true, l.at+1; l.at >= len(l.src) {
				return nil, false, l.malformed("Unexpected end of input.")
			}
			l.item = append(l.item, l.src[l.at])
			keep = len(l.item)
		default:
			if l.item = append(l.item, c); !sqltype.ArraySpace(c) {
				keep = len(l.item)
			}
		}
		l.at++
	}
	return nil, false, l.malformed("Unexpected end of input.")
}

// appendBinaryArray is array_recv.
func appendBinaryArray(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	elem := sqltype.Type{OID: t.OID.Elem(), Mod: t.Mod}
	return withElements(b, elem.OID, func(elems *delta.Builder) ([]sqltype.Dim, error) {
		dims, src, err := binaryArrayHead(elem.OID, src)
		if err != nil {
			return nil, err
		}
		items := 1
		for _, d := range dims {
			items *= int(d.Len)
		}
		if len(dims) == 0 || items == 0 {
			if len(src) > 0 {
				return nil, errBinary()
			}
			return nil, nil
		}
		if items > len(src)/4 {
			return nil, errArrayShort()
		}
		return dims, binaryElements(elems, elem, src, items, env)
	})
}

func errArrayShort() error {
	return sqlerr.New(sqlerr.InvalidBinaryRepresentation, "insufficient data left in message")
}

func binaryArrayHead(elem sqltype.OID, src []byte) (dims []sqltype.Dim, rest []byte, err error) {
	be := binary.BigEndian
	if len(src) < 12 {
		return nil, nil, errShort()
	}
	ndim, flags, of := int32(be.Uint32(src)), be.Uint32(src[4:]), sqltype.OID(be.Uint32(src[8:]))
	src = src[12:]
	switch {
	case ndim < 0:
		return nil, nil, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "invalid number of dimensions: %d", ndim)
	case ndim > sqltype.MaxDims:
		return nil, nil, errDims(int(ndim))
	case flags > 1:
		return nil, nil, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "invalid array flags")
	case of != elem:
		return nil, nil, sqlerr.New(sqlerr.DatatypeMismatch, "binary data has array element type %d (%s) instead of expected %d (%s)",
			of, of, elem, elem)
	case len(src) < 8*int(ndim):
		return nil, nil, errShort()
	}
	items := int64(1)
	for i := range int(ndim) {
		d := sqltype.Dim{Len: int32(be.Uint32(src[8*i:])), Lower: int32(be.Uint32(src[8*i+4:]))}
		if items *= int64(d.Len); d.Len < 0 || items > sqltype.MaxArrayItems {
			return nil, nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", sqltype.MaxArrayItems)
		}
		dims = append(dims, d)
	}
	return dims, src[8*int(ndim):], CheckBounds(dims)
}

func binaryElements(elems *delta.Builder, elem sqltype.Type, src []byte, items int, env *Env) error {
	for i := range items {
		if len(src) < 4 {
			return errArrayShort()
		}
		n := int32(binary.BigEndian.Uint32(src))
		if src = src[4:]; n == -1 {
			elems.AppendNull()
			continue
		}
		if n < -1 || int(n) > len(src) {
			return errArrayShort()
		}
		if size := elem.OID.Phys().Size(); size > 0 && elem.OID != sqltype.Numeric && int(n) > size {
			return sqlerr.New(sqlerr.InvalidBinaryRepresentation, "improper binary format in array element %d", i+1)
		}
		if err := AppendBinary(elems, elem, src[:n], env); err != nil {
			return err
		}
		src = src[n:]
	}
	if len(src) > 0 {
		return errBinary()
	}
	return nil
}
