package recordbatch

import (
	"encoding/binary"
	"math"
)

// varint reads a zigzag varint; n is 0 when src ends inside it or it is longer than 64 bits.
func varint(src []byte) (v int64, n int) {
	if len(src) > 0 && src[0] < 0x80 {
		u := int64(src[0])
		return u>>1 ^ -(u & 1), 1
	}
	v, n = binary.Varint(src)
	if n < 0 {
		return 0, 0
	}
	return v, n
}

// varint32 is varint for values of 32 bits; n is 0 when the value does not fit.
func varint32(src []byte) (v int32, n int) {
	w, n := varint(src)
	if w < math.MinInt32 || w > math.MaxInt32 {
		return 0, 0
	}
	return int32(w), n
}

func varintSize(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	n := 1
	for u >= 0x80 {
		u >>= 7
		n++
	}
	return n
}

func appendVarint(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }
