package decimal

import "math/bits"

// Cmp compares by value as PostgreSQL's btree order: -Infinity < numbers < Infinity < NaN,
// and NaN = NaN. The scale does not matter.
func Cmp(a, b Dec) int {
	if a.Flag|b.Flag == Finite && a.Scale == b.Scale {
		switch {
		case a.Hi != b.Hi:
			if a.Hi < b.Hi {
				return -1
			}
			return 1
		case a.Lo != b.Lo:
			if a.Lo < b.Lo {
				return -1
			}
			return 1
		}
		return 0
	}
	if !a.IsFinite() || !b.IsFinite() {
		return classOf(a) - classOf(b)
	}
	sa, sb := a.Sign(), b.Sign()
	if sa != sb {
		if sa < sb {
			return -1
		}
		return 1
	}
	if a.Flag|b.Flag == Finite {
		if c, ok := cmpScaled(a, b); ok {
			return c
		}
	}
	x, y := a.toBig(), b.toBig()
	switch {
	case a.Scale < b.Scale:
		x.Mul(x, bigPow10(int(b.Scale-a.Scale)))
	case b.Scale < a.Scale:
		y.Mul(y, bigPow10(int(a.Scale-b.Scale)))
	}
	return x.Cmp(y)
}

func classOf(d Dec) int {
	switch d.Flag {
	case NaN:
		return 1
	case PosInf:
		return 0
	case NegInf:
		return -2
	}
	return -1
}

// cmpScaled compares two finite 128-bit numbers of one sign whose scales differ.
func cmpScaled(a, b Dec) (int, bool) {
	neg, ma := a.coef()
	_, mb := b.coef()
	var ok bool
	if a.Scale < b.Scale {
		ma, ok = ma.rescale(int(b.Scale - a.Scale))
	} else {
		mb, ok = mb.rescale(int(a.Scale - b.Scale))
	}
	c := ma.cmp(mb)
	if neg {
		c = -c
	}
	return c, ok
}

// Equal reports SQL equality.
func Equal(a, b Dec) bool { return Cmp(a, b) == 0 }

// CmpImage orders by value, then by scale: 0 exactly for the same image.
func CmpImage(a, b Dec) int {
	if c := Cmp(a, b); c != 0 || !a.IsFinite() {
		return c
	}
	return int(a.Scale) - int(b.Scale)
}

const (
	hashM1 = 0x9e3779b97f4a7c15
	hashM2 = 0xd6e8feb86659fd93
)

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Hash is a hash by value: equal numbers of any scale have equal hashes. It is the same in
// every process and release, because places of stored state depend on it.
func (d Dec) Hash() uint64 {
	switch d.Flag {
	case NaN, PosInf, NegInf:
		return fold(uint64(d.Flag)+hashM2, hashM1)
	case FiniteBig:
		return d.hashBig()
	}
	neg, m := d.coef()
	return hashCoef(neg, m, int(d.Scale))
}

func hashCoef(neg bool, m u128, scale int) uint64 {
	if m.isZero() {
		return fold(hashM1, hashM2)
	}
	for m.hi != 0 {
		q, r := m.div64(10)
		if r != 0 {
			break
		}
		m, scale = q, scale-1
	}
	if m.hi == 0 {
		for m.lo%10 == 0 {
			m.lo, scale = m.lo/10, scale-1
		}
	}
	s := uint64(int64(scale)) << 1
	if neg {
		s |= 1
	}
	return fold(fold(m.lo^hashM1, s^hashM2)^m.hi, hashM1)
}

func (d Dec) hashBig() uint64 {
	n := d.normalized()
	neg, m := n.mag()
	if len(m) == 0 {
		_, c := n.d.coef()
		return hashCoef(neg, c, n.scale)
	}
	h := uint64(int64(n.scale)) ^ hashM2
	if neg {
		h = ^h
	}
	for len(m) > 0 {
		var w uint64
		k := min(8, len(m))
		for _, b := range m[:k] {
			w = w<<8 | uint64(b)
		}
		h = fold(h^w, hashM1) + uint64(k)
		m = m[k:]
	}
	return h
}
