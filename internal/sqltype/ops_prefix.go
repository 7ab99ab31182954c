package sqltype

import "encoding/binary"

func prefixInts[T int16 | int32 | int64](v *Vec) (func(int32) uint64, bool) {
	values := Values[T](v)
	return func(i int32) uint64 { return uint64(int64(values[i])) ^ 1<<63 }, true
}

func prefixUUIDs(v *Vec) (func(int32) uint64, bool) {
	values := Values[[16]byte](v)
	return func(i int32) uint64 { return binary.BigEndian.Uint64(values[i][:8]) }, false
}

func prefixBytes(v *Vec) (func(int32) uint64, bool) {
	off := Offsets(v)
	return func(i int32) uint64 { return firstWord(v.Var[off[i]:off[i+1]]) }, false
}

// firstWord is the first 8 bytes as a word, zeros behind a shorter value.
func firstWord(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	var p uint64
	for i, b := range v {
		p |= uint64(b) << (56 - 8*i)
	}
	return p
}
