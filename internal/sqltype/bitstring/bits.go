package bitstring

import (
	"bytes"
	"cmp"
	"math"
	"math/bits"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// MaxLen is the most bits of a bit string.
const MaxLen = math.MaxInt32 - 7

// Size is the bytes that n bits take.
func Size(n int32) int { return int((int64(n) + 7) / 8) }

// Len is the number of bits.
func Len(s []byte) int32 {
	if len(s) < 2 {
		return 0
	}
	return int32(8*(len(s)-1) - int(s[0]&7))
}

// Data is the bytes that the bits lie in.
func Data(s []byte) []byte { return s[min(1, len(s)):] }

// Append appends the bit string of the first n bits of data, which may be shorter: bits that it lacks are zero.
func Append(dst, data []byte, n int32) []byte {
	size, start := Size(n), len(dst)+1
	dst = append(dst, byte(8*size-int(n)))
	dst = append(dst, data[:min(size, len(data))]...)
	for len(dst) < start+size {
		dst = append(dst, 0)
	}
	if size > 0 {
		dst[len(dst)-1] &= 0xff << (8*size - int(n))
	}
	return dst
}

// Compare orders by bits, the shorter first where it is the start of the longer.
func Compare(a, b []byte) int {
	return cmp.Or(bytes.Compare(Data(a), Data(b)), cmp.Compare(Len(a), Len(b)))
}

// get is bit i, from 0.
func get(data []byte, i int32) byte { return data[i>>3] >> (7 - i&7) & 1 }

// Bit is bit i, from 0; an error where there is none.
func Bit(s []byte, i int32) (int32, error) {
	if i < 0 || i >= Len(s) {
		return 0, errIndex(s, i)
	}
	return int32(get(Data(s), i)), nil
}

func errIndex(s []byte, i int32) error {
	return sqlerr.New(sqlerr.ArraySubscriptError, "bit index %d out of valid range (0..%d)", i, Len(s)-1)
}

// SetBit is s with bit i as to.
func SetBit(s []byte, i, to int32) ([]byte, error) {
	switch {
	case i < 0 || i >= Len(s):
		return nil, errIndex(s, i)
	case to != 0 && to != 1:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "new bit must be 0 or 1")
	}
	out := bytes.Clone(s)
	at, mask := 1+i>>3, byte(1)<<(7-i&7)
	if out[at] &^= mask; to == 1 {
		out[at] |= mask
	}
	return out, nil
}

// Count is the number of bits that are 1.
func Count(s []byte) int64 {
	n := 0
	for _, b := range Data(s) {
		n += bits.OnesCount8(b)
	}
	return int64(n)
}

func errSize(what string) error {
	return sqlerr.New(sqlerr.StringDataLengthMismatch, "cannot %s bit strings of different sizes", what)
}

// Combine is a function of bits over two strings of one length; what names it in errors.
func Combine(what string, f func(a, b byte) byte) func(a, b []byte) ([]byte, error) {
	return func(a, b []byte) ([]byte, error) {
		if Len(a) != Len(b) {
			return nil, errSize(what)
		}
		out := bytes.Clone(a)
		for i := 1; i < len(out); i++ {
			out[i] = f(a[i], b[i])
		}
		return out, nil
	}
}

// Not is s with each bit turned.
func Not(s []byte) []byte {
	out := bytes.Clone(s)
	for i := 1; i < len(out); i++ {
		out[i] = ^out[i]
	}
	return Append(nil, Data(out), Len(s))
}

// Shift moves bits to the left by n, to the right for a negative one; the length stays.
func Shift(s []byte, n int32) []byte {
	size := Len(s)
	out := make([]byte, 0, len(s))
	switch {
	case n <= -size || n >= size:
		return Append(out, nil, size)
	case n >= 0:
		return Append(out, appendFrom(nil, Data(s), n, size-n), size)
	}
	out = Append(out, nil, size)
	orAt(out[1:], Data(s), -n)
	return Append(nil, out[1:], size)
}

// appendFrom appends n bits of data from bit from on, as whole bytes.
func appendFrom(dst, data []byte, from, n int32) []byte {
	shift := uint(from & 7)
	for at := int(from >> 3); n > 0; at, n = at+1, n-8 {
		b := data[at] << shift
		if shift > 0 && at+1 < len(data) {
			b |= data[at+1] >> (8 - shift)
		}
		if n < 8 {
			b &= 0xff << (8 - n)
		}
		dst = append(dst, b)
	}
	return dst
}

// orAt puts data's bits over zeros from bit at on, as far as there is room.
func orAt(dst, data []byte, at int32) {
	shift := uint(at & 7)
	for i, k := 0, int(at>>3); i < len(data) && k < len(dst); i, k = i+1, k+1 {
		dst[k] |= data[i] >> shift
		if k+1 < len(dst) && shift > 0 {
			dst[k+1] |= data[i] << (8 - shift)
		}
	}
}

// ConcatLen is the length of two strings together; 54000 past the limit.
func ConcatLen(a, b []byte) (int32, error) {
	n := int64(Len(a)) + int64(Len(b))
	if n > MaxLen {
		return 0, errTooLong()
	}
	return int32(n), nil
}

func errTooLong() error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "bit string length exceeds the maximum allowed (%d)", MaxLen)
}

// Concat appends b behind a; their lengths have been checked.
func Concat(dst, a, b []byte) []byte {
	n := Len(a) + Len(b)
	start := len(dst)
	dst = Append(dst, Data(a), n)
	orAt(dst[start+1:], Data(b), Len(a))
	return dst
}

// Substring is n bits of s from from on, counted from 1; n < 0 is an error, all for toEnd.
func Substring(s []byte, from, n int32, toEnd bool) ([]byte, error) {
	first, end := int64(max(from, 1)), int64(Len(s))+1
	if !toEnd {
		if n < 0 {
			return nil, errNegative()
		}
		end = min(int64(from)+int64(n), end)
	}
	if first >= end {
		return []byte{0}, nil
	}
	size := int32(end - first)
	return Append(make([]byte, 0, 1+Size(size)), appendFrom(nil, Data(s), int32(first)-1, size), size), nil
}

func errNegative() error {
	return sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
}

// Overlay is s with b in place of n of its bits from from on.
func Overlay(s, b []byte, from, n int32) ([]byte, error) {
	if from <= 0 {
		return nil, errNegative()
	}
	after := int64(from) + int64(n)
	if after > math.MaxInt32 || after < math.MinInt32 {
		return nil, sqlerr.New(sqlerr.NumericValueOutOfRange, "integer out of range")
	}
	head, err := Substring(s, 1, from-1, false)
	if err != nil {
		return nil, err
	}
	tail, err := Substring(s, int32(after), -1, true)
	if err != nil {
		return nil, err
	}
	if _, err := ConcatLen(head, b); err != nil {
		return nil, err
	}
	head = Concat(nil, head, b)
	if _, err := ConcatLen(head, tail); err != nil {
		return nil, err
	}
	return Concat(nil, head, tail), nil
}

// Position is where sub begins in s, from 1; 0 = nowhere. It asks goOn at each place.
func Position(s, sub []byte, goOn func() bool) int32 {
	n, m := Len(s), Len(sub)
	switch {
	case n == 0 || m > n:
		return 0
	case m == 0:
		return 1
	}
	for at := int32(0); at+m <= n && goOn(); at++ {
		if matches(Data(s), Data(sub), at, m) {
			return at + 1
		}
	}
	return 0
}

func matches(data, sub []byte, at, n int32) bool {
	for i := int32(0); i < n; i++ {
		if get(data, at+i) != get(sub, i) {
			return false
		}
	}
	return true
}

// Int is the number that at most size bits are; ok is false for more.
func Int(s []byte, size int32) (v uint64, ok bool) {
	n := Len(s)
	if n > size {
		return 0, false
	}
	for _, b := range Data(s) {
		v = v<<8 | uint64(b)
	}
	if n%8 != 0 {
		v >>= 8 - n%8
	}
	return v, true
}

// AppendInt appends the lowest n bits of v, in front of which its sign goes on.
func AppendInt(dst []byte, v int64, n int32) []byte {
	size := Size(n)
	dst = append(dst, byte(8*size-int(n)))
	for i := range size {
		// The byte's lowest bit is bit low of v.
		low := int(n) - 8*(i+1)
		switch {
		case low < 0:
			dst = append(dst, byte(v<<-low))
		default:
			dst = append(dst, byte(v>>min(low, 63)))
		}
	}
	return dst
}
