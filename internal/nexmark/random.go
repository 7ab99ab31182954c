package nexmark

import "math/bits"

const golden = 0x9e3779b97f4a7c15

// stream is a splitmix64 random stream.
type stream uint64

// mix is splitmix64's finalizer: a bijection that spreads every bit.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// streamOf gives (seed, use, n) a stream of its own. why mixed once more: streams step by golden,
// so a start that did so too would give event n+1 what event n drew second.
func streamOf(seed, use, n uint64) stream {
	return stream(mix(mix(mix(seed+golden)+use*golden) + n*golden))
}

func (s *stream) next() uint64 {
	*s += golden
	return mix(uint64(*s))
}

// below draws from [0, n); n must be positive.
func (s *stream) below(n int64) int64 {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int64(hi)
}

// oneIn is true once in n draws.
func (s *stream) oneIn(n int64) bool { return s.below(n) == 0 }
