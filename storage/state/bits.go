package state

import "math/bits"

// Bitmaps by slot; one that is too short has zeros behind its end.

func setBit(set *[]uint64, i int) {
	for len(*set) <= i/64 {
		*set = append(*set, 0)
	}
	(*set)[i/64] |= 1 << (i % 64)
}

func clearBit(set []uint64, i int) { set[i/64] &^= 1 << (i % 64) }

// orBits adds the bits of from to into.
func orBits(into *[]uint64, from []uint64) {
	for len(*into) < len(from) {
		*into = append(*into, 0)
	}
	for i, w := range from {
		(*into)[i] |= w
	}
}

func countBits(set []uint64) (n int) {
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n
}
