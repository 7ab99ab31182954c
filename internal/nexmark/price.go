package nexmark

import "math/bits"

// Fixed point: prices with 36 fractional bits, factors with 62.
const (
	priceBits  = 36
	factorBits = 62
	// 10^(6/2^20) and 10^(6/2^10).
	fineStep   = 4611746780085678141
	coarseStep = 4674327164510533957
)

// price draws round(100 * 10^(6u)) for a uniform u of 20 bits: 100 to 100,000,000, every decade
// equally often. why not math.Pow: its last bit differs between machines.
func (s *stream) price() int64 {
	u := s.next() >> 44
	p := times(coarse[u>>10], fine[u&1023])
	return int64((p + 1<<(priceBits-1)) >> priceBits)
}

// fine[i] is 10^(6i/2^20), coarse[i] 100 * 10^(6i/2^10).
var fine, coarse = powers(1<<factorBits, fineStep), powers(100<<priceBits, coarseStep)

func powers(first, step uint64) (out [1024]uint64) {
	for i := range out {
		out[i] = first
		first = times(first, step)
	}
	return out
}

// times multiplies by a factor; what does not fit into 64 bits is never asked for.
func times(v, factor uint64) uint64 {
	hi, lo := bits.Mul64(v, factor)
	return hi<<(64-factorBits) | lo>>factorBits
}
