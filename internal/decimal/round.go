package decimal

import (
	"math/big"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// boundScale bounds the scale that round and trunc take by what a numeric can show and hold.
func boundScale(scale int) int { return min(max(scale, -MaxDigits), MaxScale) }

// rounding says what happens to digits that go.
type rounding uint8

const (
	halfUp rounding = iota // half away from zero
	toZero
	toFloor
	toCeil
)

// Round rounds half away from zero to a scale; a negative scale rounds before the point and
// gives scale 0.
func Round(d Dec, scale int) Dec {
	return d.rounded(boundScale(scale), halfUp)
}

// Trunc cuts towards zero to a scale.
func Trunc(d Dec, scale int) Dec {
	return d.rounded(boundScale(scale), toZero)
}

// Ceil is the least integer not below d.
func Ceil(d Dec) Dec { return d.rounded(0, toCeil) }

// Floor is the greatest integer not above d.
func Floor(d Dec) Dec { return d.rounded(0, toFloor) }

// rounded brings d to a scale, adding zeros or rounding.
func (d Dec) rounded(scale int, how rounding) Dec {
	if !d.IsFinite() {
		return d
	}
	drop := int(d.Scale) - scale
	if drop <= 0 {
		return d.extended(scale)
	}
	if d.Flag == Finite {
		neg, m := d.coef()
		if drop < len(pow10) {
			q, r := m.div(pow10[drop])
			if up(how, neg, r.isZero(), func() int { return cmpHalf(r, pow10[drop]) }) {
				q, _ = q.add(u128{0, 1})
			}
			if scale < 0 {
				q2, ok := q.rescale(-scale)
				if ok {
					if out, ok := makeNum(neg, q2, 0); ok {
						return out
					}
				}
				return roundBig(d, scale, drop, how)
			}
			out, _ := makeNum(neg, q, scale)
			return out
		}
	}
	return roundBig(d, scale, drop, how)
}

// cmpHalf compares 2r with p.
func cmpHalf(r, p u128) int {
	twice := u128{r.hi<<1 | r.lo>>63, r.lo << 1}
	return twice.cmp(p)
}

// up decides whether the magnitude goes up by one.
func up(how rounding, neg, exact bool, half func() int) bool {
	switch {
	case exact:
		return false
	case how == halfUp:
		return half() >= 0
	case how == toFloor:
		return neg
	case how == toCeil:
		return !neg
	}
	return false
}

func roundBig(d Dec, scale, drop int, how rounding) Dec {
	z := d.toBig()
	neg := z.Sign() < 0
	z.Abs(z)
	p := bigPow10(drop)
	r := new(big.Int)
	z.QuoRem(z, p, r)
	if up(how, neg, r.Sign() == 0, func() int { return r.Lsh(r, 1).Cmp(p) }) {
		z.Add(z, big.NewInt(1))
	}
	if scale < 0 {
		z.Mul(z, bigPow10(-scale))
		scale = 0
	}
	if neg {
		z.Neg(z)
	}
	return fromBig(z, scale)
}

// extended adds zeros up to a scale.
func (d Dec) extended(scale int) Dec {
	by := scale - int(d.Scale)
	if by <= 0 {
		return d
	}
	if d.Flag == Finite {
		neg, m := d.coef()
		if m, ok := m.rescale(by); ok {
			if out, ok := makeNum(neg, m, scale); ok {
				return out
			}
		}
	}
	z := d.toBig()
	return fromBig(z.Mul(z, bigPow10(by)), scale)
}

// ApplyMod brings d to numeric(precision, scale); too many digits before the point are 22003.
func ApplyMod(d Dec, precision, scale int) (Dec, error) {
	if d.IsNaN() {
		return d, nil
	}
	overflow := func() *sqlerr.Error { return sqlerr.New(sqlerr.NumericValueOutOfRange, "numeric field overflow") }
	if d.IsInf() {
		return d, overflow().WithDetail("A field with precision %d, scale %d cannot hold an infinite value.", precision, scale)
	}
	out := d.rounded(scale, halfUp)
	whole := precision - scale
	if out.wholeDigits() > whole {
		limit := "1"
		if whole != 0 {
			limit = "10^" + FromInt64(int64(whole)).String()
		}
		return d, overflow().WithDetail("A field with precision %d, scale %d must round to an absolute value less than %s.", precision, scale, limit)
	}
	return out, nil
}

// wholeDigits is the number of digits before the point; below 1 it is minus the number of
// zeros after it. Zero has the least.
func (d Dec) wholeDigits() int {
	n := 0
	if d.Flag == FiniteBig {
		n = digitCount(d.toBig())
	} else {
		_, m := d.coef()
		n = m.digits()
	}
	if n == 0 {
		return -1 << 30
	}
	return n - int(d.Scale)
}

// Neg is -d.
func Neg(d Dec) Dec {
	switch d.Flag {
	case PosInf:
		return MinusInf
	case NegInf:
		return Infinity
	case Finite:
		neg, m := d.coef()
		out, _ := makeNum(!neg, m, int(d.Scale))
		return out
	case FiniteBig:
		d = d.Clone()
		d.Big[0] ^= 1
	}
	return d
}

// Abs is |d|.
func Abs(d Dec) Dec {
	if d.Sign() < 0 {
		return Neg(d)
	}
	return d
}

// SignOf is sign(d) as a numeric: -1, 0, 1 or NaN.
func SignOf(d Dec) Dec {
	if d.IsNaN() {
		return d
	}
	return FromInt64(int64(d.Sign()))
}

// MinScale is the least scale that shows d exactly.
func MinScale(d Dec) int {
	if d.IsZero() || !d.IsFinite() {
		return 0
	}
	if d.Flag == Finite {
		_, m := d.coef()
		s := int(d.Scale)
		for s > 0 {
			q, r := m.div64(10)
			if r != 0 {
				break
			}
			m, s = q, s-1
		}
		return s
	}
	return max(d.normalized().scale, 0)
}

// TrimScale is d with its least scale.
func TrimScale(d Dec) Dec {
	if !d.IsFinite() {
		return d
	}
	return d.rounded(MinScale(d), toZero)
}
