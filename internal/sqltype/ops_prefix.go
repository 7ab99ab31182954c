package sqltype

import "encoding/binary"

// Words are values as words of 64 bits that order as they do: those whose first words differ as these, others as their
// second, and so on to the last word of one.
type Words struct {
	// At is the n-th word of a row's value, which is not NULL and has that many.
	At func(row int32, n int) uint64
	// More reports whether values that are equal up to their n-th word, which this is, have further ones, which may differ.
	More func(word uint64, n int) bool
}

func wordsInts[T uint8 | int16 | int32 | int64](v *Vec) Words {
	values := Values[T](v)
	return Words{
		At:   func(i int32, _ int) uint64 { return uint64(int64(values[i])) ^ 1<<63 },
		More: func(uint64, int) bool { return false },
	}
}

func wordsUUIDs(v *Vec) Words {
	values := Values[[16]byte](v)
	return Words{
		At:   func(i int32, n int) uint64 { return binary.BigEndian.Uint64(values[i][8*n:]) },
		More: func(_ uint64, n int) bool { return n == 0 },
	}
}

// wordsBytes are 7 bytes each, and behind them how many of them the value has, or that it has more.
func wordsBytes(v *Vec) Words {
	off := Offsets(v)
	return Words{
		At:   func(i int32, n int) uint64 { return bytesWord(v.Var[off[i]:off[i+1]], n) },
		More: func(word uint64, _ int) bool { return word&0xff > wordBytes },
	}
}

const wordBytes = 7

// bytesWord is the n-th word of a value. Zeros stand behind a shorter one, whose number of bytes tells it from one with
// zeros of its own, which is greater as it is longer.
func bytesWord(v []byte, n int) uint64 {
	v = v[n*wordBytes:]
	if len(v) > wordBytes {
		return binary.BigEndian.Uint64(v)&^0xff | (wordBytes + 1)
	}
	word := uint64(len(v))
	for i, b := range v {
		word |= uint64(b) << (56 - 8*i)
	}
	return word
}
