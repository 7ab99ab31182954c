package decimal

import "math/bits"

// u128 is an unsigned magnitude.
type u128 struct{ hi, lo uint64 }

// pow10 holds 10^0 to 10^38, the powers that fit a signed 128-bit integer.
var pow10 = func() (p [39]u128) {
	p[0] = u128{0, 1}
	for i := 1; i < len(p); i++ {
		p[i], _ = p[i-1].mul64(10)
	}
	return p
}()

func (a u128) isZero() bool { return a.hi|a.lo == 0 }

func (a u128) cmp(b u128) int {
	switch {
	case a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo):
		return -1
	case a == b:
		return 0
	}
	return 1
}

// add returns a+b and whether it overflowed 128 bits.
func (a u128) add(b u128) (u128, bool) {
	lo, c := bits.Add64(a.lo, b.lo, 0)
	hi, c := bits.Add64(a.hi, b.hi, c)
	return u128{hi, lo}, c != 0
}

// sub returns a-b; REQUIRES: a >= b.
func (a u128) sub(b u128) u128 {
	lo, c := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, c)
	return u128{hi, lo}
}

func (a u128) mul64(b uint64) (u128, bool) {
	hi, lo := bits.Mul64(a.lo, b)
	over, mid := bits.Mul64(a.hi, b)
	sum, c := bits.Add64(hi, mid, 0)
	return u128{sum, lo}, over != 0 || c != 0
}

// mul returns a*b and whether it overflowed 128 bits.
func (a u128) mul(b u128) (u128, bool) {
	switch {
	case a.hi == 0:
		return b.mul64(a.lo)
	case b.hi == 0:
		return a.mul64(b.lo)
	}
	return u128{}, true
}

// div64 divides by a non-zero 64-bit number.
func (a u128) div64(d uint64) (q u128, r uint64) {
	if a.hi == 0 {
		return u128{0, a.lo / d}, a.lo % d
	}
	q.hi = a.hi / d
	q.lo, r = bits.Div64(a.hi%d, a.lo, d)
	return q, r
}

// div divides by a non-zero number.
func (a u128) div(d u128) (q, r u128) {
	if d.hi == 0 {
		q, r64 := a.div64(d.lo)
		return q, u128{0, r64}
	}
	if a.cmp(d) < 0 {
		return u128{}, a
	}
	// d.hi != 0, so the quotient fits 64 bits: estimate it from the top bits (Knuth D with
	// one digit), then correct by at most one.
	n := uint(bits.LeadingZeros64(d.hi))
	top := d.hi<<n | d.lo>>(64-n)&mask(n)
	half := u128{a.hi >> 1, a.hi<<63 | a.lo>>1}
	return fixQuotient(a, d, estimate(half, top, n))
}

func mask(n uint) uint64 {
	if n == 0 {
		return 0
	}
	return 1<<n - 1
}

func estimate(half u128, top uint64, n uint) uint64 {
	q, _ := bits.Div64(half.hi, half.lo, top)
	q >>= 63 - n
	if q != 0 {
		q--
	}
	return q
}

func fixQuotient(a, d u128, q uint64) (u128, u128) {
	p, _ := d.mul64(q)
	r := a.sub(p)
	for r.cmp(d) >= 0 {
		r = r.sub(d)
		q++
	}
	return u128{0, q}, r
}

// digits is the number of decimal digits of a, 0 for zero.
func (a u128) digits() int {
	if a.isZero() {
		return 0
	}
	n := bits.Len64(a.lo)
	if a.hi != 0 {
		n = 64 + bits.Len64(a.hi)
	}
	// log10(2) = 1233/4096, right to within one digit for up to 128 bits.
	t := n * 1233 >> 12
	if t < len(pow10) && a.cmp(pow10[t]) >= 0 {
		t++
	}
	return t
}

// coef splits a Finite coefficient into sign and magnitude.
func (n Num) coef() (neg bool, m u128) {
	if n.Hi < 0 {
		lo, c := bits.Sub64(0, n.Lo, 0)
		hi, _ := bits.Sub64(0, uint64(n.Hi), c)
		return true, u128{hi, lo}
	}
	return false, u128{uint64(n.Hi), n.Lo}
}

// makeNum is the Finite number of that sign, magnitude and scale; ok is false if the
// magnitude does not fit a signed 128-bit coefficient.
func makeNum(neg bool, m u128, scale int) (Dec, bool) {
	if m.hi>>63 != 0 {
		return Dec{}, false
	}
	if neg {
		lo, c := bits.Sub64(0, m.lo, 0)
		hi, _ := bits.Sub64(0, m.hi, c)
		m = u128{hi, lo}
	}
	return Dec{Num: Num{Hi: int64(m.hi), Lo: m.lo, Scale: uint16(scale)}}, true
}

// rescale multiplies a magnitude by 10^by, 0 <= by.
func (a u128) rescale(by int) (u128, bool) {
	switch {
	case by == 0 || a.isZero():
		return a, true
	case by >= len(pow10):
		return u128{}, false
	}
	p, over := a.mul(pow10[by])
	return p, !over
}
