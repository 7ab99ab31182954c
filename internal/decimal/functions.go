package decimal

import (
	"math"
	"math/big"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func clampScale(s int) int { return min(max(s, 0), maxResultScale) }

// overflowArg bounds |ln(result)|: past it exp and power overflow, or are zero.
const overflowArg = maxRoundScale * 3

// maxRoundScale is numeric.c's NUMERIC_MAX_RESULT_SCALE.
const maxRoundScale = 2000

// Sqrt is the square root.
func Sqrt(d Dec) (Dec, error) {
	switch {
	case d.IsNaN() || d.Flag == PosInf:
		return d, nil
	case d.Sign() < 0:
		return Dec{}, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
	}
	weight, _ := d.group()
	sweight := 0
	if weight >= 0 {
		sweight = weight*4/2 + 1
	} else {
		sweight = 1 - (1-weight*4)/2
	}
	return SqrtAt(d, clampScale(max(minSignificant-sweight, int(d.Scale))))
}

// SqrtAt is the square root of a finite d, which is not negative, at a scale.
func SqrtAt(d Dec, scale int) (Dec, error) {
	// The root of the coefficient at twice the scale, with one digit more to round by.
	z := d.toBig()
	shift := 2*(scale+1) - int(d.Scale)
	if shift >= 0 {
		z.Mul(z, bigPow10(shift))
	} else { // more digits than a result may have: the rest moves none of those
		z.Quo(z, bigPow10(-shift))
	}
	z.Sqrt(z)
	return checked(divHalfUp(z, bigTen), scale)
}

// approx is d as a double, infinite where it does not fit.
func (d Dec) approx() float64 {
	if d.IsZero() {
		return 0
	}
	f, _ := d.toFloat(64).Float64()
	return f
}

// Exp is e^d.
func Exp(d Dec) (Dec, error) {
	switch d.Flag {
	case NaN, PosInf:
		return d, nil
	case NegInf:
		return Zero, nil
	}
	val := d.approx()
	weight := math.Min(math.Max(val*0.434294481903252, -maxRoundScale), maxRoundScale)
	scale := clampScale(max(minSignificant-int(weight), int(d.Scale)))
	if math.Abs(val) >= overflowArg {
		if val > 0 {
			return Dec{}, errOverflow()
		}
		return Dec{Num: Num{Scale: uint16(scale)}}, nil
	}
	prec := bitsFor(scale + int(math.Max(val*0.434294481903252, 0)))
	return fromBigFloat(expFloat(d.toFloat(prec+32), prec), scale)
}

func checkLogArg(d Dec) error {
	switch s := d.Sign(); {
	case s < 0:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of a negative number")
	case s == 0:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of zero")
	}
	return nil
}

// lnWeight estimates the decimal weight of ln d, d > 0, as estimate_ln_dweight.
func lnWeight(d Dec) int {
	if Cmp(d, New(9, 1)) >= 0 && Cmp(d, New(11, 1)) <= 0 {
		x, err := Sub(d, FromInt64(1))
		if err != nil || x.IsZero() {
			return 0
		}
		w, first := x.group()
		return w*4 + int(math.Log10(float64(first)))
	}
	w, first := d.group()
	digits, weight := float64(first), w*4
	if second, more := d.secondGroup(); more {
		digits, weight = digits*10000+float64(second), weight-4
	}
	return int(math.Log10(math.Abs(math.Log(digits) + float64(weight)*2.302585092994046)))
}

// secondGroup is the second base-10000 digit; more is false if all from it on are zero.
func (d Dec) secondGroup() (second int, more bool) {
	w, first := d.group()
	abs := Abs(d)
	lead := FromInt64(int64(first))
	if w >= 0 {
		lead = fromBig(new(big.Int).Mul(lead.toBig(), bigPow10(4*w)), 0)
	} else {
		lead.Scale = uint16(-4 * w)
	}
	rest, err := Sub(abs, lead)
	if err != nil || rest.IsZero() {
		return 0, false
	}
	w2, f2 := rest.group()
	if w2 == w-1 {
		return f2, true
	}
	return 0, true
}

// Ln is the natural logarithm.
func Ln(d Dec) (Dec, error) {
	if d.IsNaN() {
		return d, nil
	}
	if err := checkLogArg(d); err != nil {
		return Dec{}, err
	}
	if d.IsInf() {
		return d, nil
	}
	scale := clampScale(max(minSignificant-lnWeight(d), int(d.Scale)))
	prec := d.lnBits(scale)
	return fromBigFloat(lnFloat(d.toFloat(prec+64), prec), scale)
}

// lnBits is a precision that keeps so many digits of ln d, also where d is near 1.
func (d Dec) lnBits(scale int) uint {
	return bitsFor(scale+8) + uint(d.wholeDigits()&0x3ff) + uint(max(-lnWeight(d), 0)*4)
}

// Log is log of d to a base.
func Log(base, d Dec) (Dec, error) {
	if base.IsNaN() || d.IsNaN() {
		return NotANumber, nil
	}
	first, second := base, d
	if (base.IsInf() || d.IsInf()) && d.Sign() < base.Sign() {
		first, second = d, base // with an infinity, a negative one is complained about before a zero
	}
	if err := checkLogArg(first); err != nil {
		return Dec{}, err
	}
	if err := checkLogArg(second); err != nil {
		return Dec{}, err
	}
	switch {
	case base.IsInf() && d.IsInf():
		return NotANumber, nil
	case base.IsInf():
		return Zero, nil
	case d.IsInf():
		return Infinity, nil // also for a base below 1, as PostgreSQL
	}
	if Cmp(base, FromInt64(1)) == 0 {
		return Dec{}, errDivision()
	}
	weight := lnWeight(d) - lnWeight(base)
	scale := clampScale(max(minSignificant-weight, int(d.Scale), int(base.Scale)))
	prec := d.lnBits(scale+16) + base.lnBits(scale)
	x, y := lnFloat(d.toFloat(prec), prec), lnFloat(base.toFloat(prec), prec)
	return fromBigFloat(x.Quo(x, y), scale)
}

// Log10 is log to base 10.
func Log10(d Dec) (Dec, error) { return Log(FromInt64(10), d) }
