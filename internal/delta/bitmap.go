package delta

import "math/bits"

// BitmapWords is the number of words for n bits.
func BitmapWords(n int) int { return (n + 63) / 64 }

// NewBitmap is n bits, all set or all clear.
func NewBitmap(n int, set bool) []uint64 {
	w := make([]uint64, BitmapWords(n))
	if set {
		FillBits(w)
	}
	return w
}

// FillBits sets every bit of w.
func FillBits(w []uint64) {
	for i := range w {
		w[i] = ^uint64(0)
	}
}

// Bit reports bit i.
func Bit(w []uint64, i int32) bool { return w[uint32(i)>>6]&(1<<(uint32(i)&63)) != 0 }

// SetBit sets bit i.
func SetBit(w []uint64, i int32) { w[uint32(i)>>6] |= 1 << (uint32(i) & 63) }

// ClearBit clears bit i.
func ClearBit(w []uint64, i int32) { w[uint32(i)>>6] &^= 1 << (uint32(i) & 63) }

// CountBits is how many of the first n bits are set.
func CountBits(w []uint64, n int) int {
	total := 0
	full := n / 64
	for _, x := range w[:full] {
		total += bits.OnesCount64(x)
	}
	if r := uint(n) & 63; r != 0 {
		total += bits.OnesCount64(w[full] & (1<<r - 1))
	}
	return total
}

// AndBits stores a AND b in dst, which has their length and may be one of them.
func AndBits(dst, a, b []uint64) {
	for i := range dst {
		dst[i] = a[i] & b[i]
	}
}

// sliceBits is bits [from, to): shared when from falls on a word, else copied.
func sliceBits(w []uint64, from, to int) []uint64 {
	words := BitmapWords(to - from)
	first, shift := from/64, uint(from)&63
	if shift == 0 {
		return w[first : first+words : first+words]
	}
	out := make([]uint64, words)
	for i := range out {
		out[i] = w[first+i] >> shift
		if first+i+1 < len(w) {
			out[i] |= w[first+i+1] << (64 - shift)
		}
	}
	return out
}
