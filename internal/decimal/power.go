package decimal

import (
	"math"
	"math/big"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Power is base ^ exp.
func Power(base, exp Dec) (Dec, error) {
	if !base.IsFinite() || !exp.IsFinite() {
		return powerSpecial(base, exp)
	}
	if base.IsZero() && exp.Sign() < 0 {
		return Dec{}, errZeroPower()
	}
	whole := MinScale(exp) == 0
	if base.Sign() < 0 && !whole {
		return Dec{}, errComplexPower()
	}
	if n, ok := exp.Exact64(); ok && int64(int32(n)) == n {
		return powerInt(base, n)
	}
	return powerReal(base, exp)
}

func errZeroPower() error {
	return sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
}

func errComplexPower() error {
	return sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result")
}

// powerSpecial has a NaN or an infinity on either side.
func powerSpecial(base, exp Dec) (Dec, error) {
	one := FromInt64(1)
	switch {
	case base.IsNaN():
		if exp.IsFinite() && exp.IsZero() {
			return one, nil
		}
		return NotANumber, nil
	case exp.IsNaN():
		if base.IsFinite() && Equal(base, one) {
			return one, nil
		}
		return NotANumber, nil
	}
	odd := false
	if exp.IsFinite() {
		if base.Sign() < 0 && MinScale(exp) > 0 {
			return Dec{}, errComplexPower()
		}
		half, err := Mod(exp, FromInt64(2))
		odd = err == nil && !half.IsZero()
		if exp.IsZero() {
			return one, nil
		}
	}
	if base.IsZero() {
		if exp.Sign() < 0 {
			return Dec{}, errZeroPower()
		}
		return Zero, nil
	}
	if base.IsFinite() && Equal(base, one) {
		return one, nil
	}
	if exp.IsInf() {
		abs := Abs(base)
		c := Cmp(abs, one)
		switch {
		case c == 0:
			return one, nil
		case (c > 0) == (exp.Sign() > 0):
			return Infinity, nil
		}
		return Zero, nil
	}
	switch {
	case exp.Sign() < 0:
		return Zero, nil
	case base.Sign() < 0 && odd:
		return MinusInf, nil
	}
	return Infinity, nil
}

// powerInt is base ^ n for a 32-bit n; its scale is 16 or the base's, whatever the size.
func powerInt(base Dec, n int64) (Dec, error) {
	scale := clampScale(max(minSignificant, int(base.Scale)))
	switch {
	case n == 0:
		return FromInt64(1).extended(scale), nil
	case n == 1:
		return base.rounded(scale, halfUp), nil
	case n == -1:
		return divAt(FromInt64(1), base, scale)
	case base.IsZero():
		return Dec{Num: Num{Scale: uint16(scale)}}, nil
	}
	mant, e := base.leading()
	f := float64(n) * (math.Log10(mant) + float64(e))
	if f > MaxDigits {
		return Dec{}, errOverflow()
	}
	if f+1 < -float64(scale) {
		return Dec{Num: Num{Scale: uint16(scale)}}, nil
	}
	if exactDigits := float64(base.wholeDigitsAbs()) * float64(n); n > 0 && exactDigits < 4000 {
		z := new(big.Int).Exp(base.toBig(), big.NewInt(n), nil)
		return atScale(z, int(base.Scale)*int(n), scale)
	}
	digits := scale + int(math.Abs(f)) + int(math.Log10(math.Abs(float64(n)))) + 16
	prec := bitsFor(digits)
	return fromBigFloat(powInt(base.toFloat(prec), n, prec), scale)
}

// wholeDigitsAbs is the number of digits of the coefficient.
func (d Dec) wholeDigitsAbs() int { return max(d.wholeDigits()+int(d.Scale), 1) }

// atScale brings z * 10^-from to a scale.
func atScale(z *big.Int, from, scale int) (Dec, error) {
	if from <= scale {
		return checked(z.Mul(z, bigPow10(scale-from)), scale)
	}
	return checked(divHalfUp(z, bigPow10(from-scale)), scale)
}

// leading gives f and p with |d| ~ f * 10^p from the first 16 digits or so.
func (d Dec) leading() (f float64, p int) {
	x := d.approx()
	if x != 0 && !math.IsInf(x, 0) {
		return math.Abs(x), 0
	}
	n := d.wholeDigits()
	shifted := Abs(d)
	z := shifted.toBig()
	drop := digitCount(z) - 18
	z.Quo(z, bigPow10(max(drop, 0)))
	f, _ = new(big.Float).SetInt(z).Float64()
	return f / 1e18, n
}

// estimateLn is ln(result) as numeric.c estimates it to choose a scale: ln(base), then its product
// with the exponent, both rounded to about eight digits.
func estimateLn(lnBase, product, exp float64) float64 {
	scale := max(8-int(math.Log10(math.Abs(lnBase))), 0)
	unit := math.Pow10(scale)
	if scale > 15 || math.Abs(product)*unit > 1<<52 {
		return product
	}
	return math.Round(math.Round(lnBase*unit)/unit*exp*unit) / unit
}

// powerReal is base ^ exp through logarithms.
func powerReal(base, exp Dec) (Dec, error) {
	if base.IsZero() {
		return Dec{Num: Num{Scale: minSignificant}}, nil
	}
	negative := false
	if base.Sign() < 0 {
		half, err := Mod(exp, FromInt64(2))
		if err != nil {
			return Dec{}, err
		}
		negative = !half.IsZero()
		base = Abs(base)
	}
	low := lnFloat(base.toFloat(256), 192)
	lnBase, _ := low.Float64()
	product, _ := low.Mul(low, exp.toFloat(256)).Float64()
	val := estimateLn(lnBase, product, exp.approx())
	if math.Abs(val) > overflowArg*1.00334 {
		if val > 0 {
			return Dec{}, errOverflow()
		}
		return Dec{Num: Num{Scale: maxResultScale}}, nil
	}
	weight := val * 0.434294481903252
	scale := clampScale(max(minSignificant-int(weight), int(base.Scale), int(exp.Scale)))
	prec := base.lnBits(scale+max(int(weight), 0)) + uint(max(exp.wholeDigits(), 0)*4) + 64
	x := lnFloat(base.toFloat(prec), prec)
	x.Mul(x, exp.toFloat(prec))
	out, err := fromBigFloat(expFloat(x, prec), scale)
	if err == nil && negative {
		out = Neg(out)
	}
	return out, err
}

// BigInt is the coefficient of a finite number.
func (d Dec) BigInt() *big.Int { return d.toBig() }
