package decimal

import (
	"math"
	"math/big"
)

// The transcendental functions work in big.Float with guard bits past what the result shows,
// then round once.

// bitsFor is the precision for so many decimal digits and a guard.
func bitsFor(digits int) uint { return uint(max(digits, 0)*10/3) + 96 }

// toFloat is a finite d at a precision.
func (d Dec) toFloat(prec uint) *big.Float {
	num := new(big.Float).SetPrec(prec).SetInt(d.toBig())
	if d.Scale == 0 {
		return num
	}
	den := new(big.Float).SetPrec(prec + 32).SetInt(bigPow10(int(d.Scale)))
	return num.Quo(num, den)
}

// fromBigFloat rounds x half away from zero at a scale.
func fromBigFloat(x *big.Float, scale int) (Dec, error) {
	p := new(big.Float).SetPrec(x.Prec() + 32).SetInt(bigPow10(scale))
	p.Mul(p, x)
	half := big.NewFloat(0.5)
	if p.Sign() < 0 {
		half = big.NewFloat(-0.5)
	}
	z, _ := p.Add(p, half).Int(nil)
	return checked(z, scale)
}

// expFloat is e^x: the argument is halved until Taylor's series is short, the result squared
// back.
func expFloat(x *big.Float, prec uint) *big.Float {
	const small = 16
	halvings := max(0, x.MantExp(nil)+small)
	prec += uint(halvings) + 32
	r := new(big.Float).SetPrec(prec).SetMantExp(new(big.Float).SetPrec(prec).Set(x), -halvings)
	sum := new(big.Float).SetPrec(prec).SetInt64(1)
	term := new(big.Float).SetPrec(prec).SetInt64(1)
	for i := int64(1); ; i++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(i))
		if term.Sign() == 0 || term.MantExp(nil) < -int(prec) {
			break
		}
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// lnFloat is ln x, x > 0: x is brought near 1 by powers of two and square roots, and the rest
// is a series of atanh.
func lnFloat(x *big.Float, prec uint) *big.Float {
	prec += 64
	m := new(big.Float).SetPrec(prec)
	exp := x.MantExp(m) // m in [0.5, 1)
	m.SetPrec(prec)
	if m.Cmp(big.NewFloat(math.Sqrt2/2)) < 0 {
		m.SetMantExp(m, 1)
		exp--
	}
	out := lnNearOne(m, prec)
	if exp != 0 {
		two := new(big.Float).SetPrec(prec).SetInt64(2)
		ln2 := lnNearOne(two, prec)
		out.Add(out, ln2.Mul(ln2, new(big.Float).SetPrec(prec).SetInt64(int64(exp))))
	}
	return out
}

func lnNearOne(x *big.Float, prec uint) *big.Float {
	m := new(big.Float).SetPrec(prec).Set(x)
	one := new(big.Float).SetPrec(prec).SetInt64(1)
	diff := new(big.Float).SetPrec(prec).Sub(m, one)
	if diff.Sign() == 0 {
		return diff
	}
	// Each root halves ln x and costs a bit; near 1 none is needed.
	roots := 0
	for ; diff.MantExp(nil) > -8; roots++ {
		m.Sqrt(m)
		diff.Sub(m, one)
	}
	y := new(big.Float).SetPrec(prec).Add(m, one)
	y.Quo(diff, y)
	y2 := new(big.Float).SetPrec(prec).Mul(y, y)
	sum := new(big.Float).SetPrec(prec).Set(y)
	power := new(big.Float).SetPrec(prec).Set(y)
	stop := y.MantExp(nil) - int(prec)
	for i := int64(3); ; i += 2 {
		power.Mul(power, y2)
		term := new(big.Float).SetPrec(prec).Quo(power, new(big.Float).SetPrec(prec).SetInt64(i))
		if term.Sign() == 0 || term.MantExp(nil) < stop {
			break
		}
		sum.Add(sum, term)
	}
	return sum.SetMantExp(sum, roots+1)
}

// powInt is x^n by squaring.
func powInt(x *big.Float, n int64, prec uint) *big.Float {
	out := new(big.Float).SetPrec(prec).SetInt64(1)
	base := new(big.Float).SetPrec(prec).Set(x)
	k := uint64(n)
	if n < 0 {
		k = uint64(-n)
	}
	for ; k > 0; k >>= 1 {
		if k&1 != 0 {
			out.Mul(out, base)
		}
		if k > 1 {
			base.Mul(base, base)
		}
	}
	if n < 0 {
		one := new(big.Float).SetPrec(prec).SetInt64(1)
		out.Quo(one, out)
	}
	return out
}
