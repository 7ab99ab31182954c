package parquet

import (
	"encoding/binary"
	"errors"
	"math"
)

// Kinds of values in Thrift's compact protocol.
const (
	kindTrue, kindFalse         = 1, 2
	kindByte, kindI16           = 3, 4
	kindI32, kindI64            = 5, 6
	kindDouble, kindBinary      = 7, 8
	kindList, kindSet           = 9, 10
	kindMap, kindStruct         = 11, 12
	kindUUID                    = 13
	kindStop               byte = 0
)

// maxNesting bounds the structs and lists in each other; the deepest of Parquet's are at 8.
const maxNesting = 24

// errCut is a value that goes on behind the bytes that are there.
var errCut = errors.New("cut off")

// thrift reads values of the compact protocol. After an error, which it keeps, everything is zero.
type thrift struct {
	b     []byte
	at    int
	depth int
	err   error
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.at = len(t.b)
}

func (t *thrift) failf(format string, args ...any) { t.fail(bad(format, args...)) }

func (t *thrift) byte() byte {
	if t.at >= len(t.b) {
		t.fail(errCut)
		return 0
	}
	t.at++
	return t.b[t.at-1]
}

func (t *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(t.b[t.at:])
	switch {
	case n == 0:
		t.fail(errCut)
		return 0
	case n < 0:
		t.failf("a number of more than 64 bits")
		return 0
	}
	t.at += n
	return v
}

func (t *thrift) zigzag() int64 {
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// fields visits the fields of a struct. A visit that does not read a field's value returns false.
func (t *thrift) fields(visit func(id int, kind byte) bool) {
	if t.depth++; t.depth > maxNesting {
		t.failf("structures nested deeper than %d", maxNesting)
	}
	id := int64(0)
	for t.err == nil {
		head := t.byte()
		kind := head & 15
		if kind == kindStop {
			break
		}
		if more := head >> 4; more != 0 {
			id += int64(more)
		} else {
			id = t.zigzag()
		}
		if id < math.MinInt16 || id > math.MaxInt16 {
			t.failf("a field with the number %d", id)
		}
		if t.err == nil && !visit(int(id), kind) {
			t.skip(kind)
		}
	}
	t.depth--
}

// structure visits the fields of a value that must be a struct.
func (t *thrift) structure(kind byte, visit func(id int, kind byte) bool) bool {
	if t.must(kind == kindStruct) {
		t.fields(visit)
	}
	return true
}

// must fails when a field is of another kind than the specification says.
func (t *thrift) must(ok bool) bool {
	if !ok {
		t.failf("a field of its metadata has another type than specified")
	}
	return t.err == nil
}

// integer reads a whole number of any width up to that of most.
func (t *thrift) integer(kind byte, into *int64, least, most int64) bool {
	switch {
	case kind == kindByte:
		*into = int64(int8(t.byte()))
	case t.must(kind == kindI16 || kind == kindI32 || kind == kindI64):
		*into = t.zigzag()
	}
	if t.err == nil && (*into < least || *into > most) {
		t.failf("%d where %d to %d is expected", *into, least, most)
	}
	return true
}

func (t *thrift) boolean(kind byte, into *bool) bool {
	t.must(kind == kindTrue || kind == kindFalse)
	*into = kind == kindTrue
	return true
}

// binary reads bytes, which are those of the message.
func (t *thrift) binary(kind byte) []byte {
	if kind != 0 && !t.must(kind == kindBinary) {
		return nil
	}
	n := t.uvarint()
	if n > uint64(len(t.b)-t.at) {
		t.fail(errCut)
		return nil
	}
	t.at += int(n)
	return t.b[t.at-int(n) : t.at]
}

// list visits the n elements of a list, after begin was told how many there are.
func (t *thrift) list(kind byte, begin func(n int), visit func(kind byte)) bool {
	if !t.must(kind == kindList || kind == kindSet) {
		return true
	}
	head := t.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	if n > uint64(len(t.b)-t.at) { // an element takes a byte at least
		t.fail(errCut)
		return true
	}
	if t.depth++; t.depth > maxNesting {
		t.failf("lists nested deeper than %d", maxNesting)
	}
	if begin != nil {
		begin(int(n))
	}
	for i := uint64(0); i < n && t.err == nil; i++ {
		visit(head & 15)
	}
	t.depth--
	return true
}

// skip reads over a value of a field.
func (t *thrift) skip(kind byte) {
	switch kind {
	case kindTrue, kindFalse: // the kind is the value
	default:
		t.skipElement(kind)
	}
}

func (t *thrift) skipElement(kind byte) {
	switch kind {
	case kindTrue, kindFalse, kindByte:
		t.byte()
	case kindI16, kindI32, kindI64:
		t.uvarint()
	case kindDouble:
		t.over(8)
	case kindUUID:
		t.over(16)
	case kindBinary:
		t.binary(kind)
	case kindList, kindSet:
		t.list(kind, nil, t.skipElement)
	case kindMap:
		t.skipMap()
	case kindStruct:
		t.fields(func(int, byte) bool { return false })
	default:
		t.failf("a value of unknown type %d in its metadata", kind)
	}
}

func (t *thrift) over(n int) {
	if n > len(t.b)-t.at {
		t.fail(errCut)
		return
	}
	t.at += n
}

func (t *thrift) skipMap() {
	n := t.uvarint()
	if n == 0 || t.err != nil {
		return
	}
	kinds := t.byte()
	if n > uint64(len(t.b)-t.at) {
		t.fail(errCut)
		return
	}
	if t.depth++; t.depth > maxNesting {
		t.failf("maps nested deeper than %d", maxNesting)
	}
	for i := uint64(0); i < n && t.err == nil; i++ {
		t.skipElement(kinds >> 4)
		t.skipElement(kinds & 15)
	}
	t.depth--
}
