package decimal

import (
	"math/big"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// errDivision is PostgreSQL's division by zero.
func errDivision() error { return sqlerr.New(sqlerr.DivisionByZero, "division by zero") }

// Add is a + b; its scale is the larger of theirs.
func Add(a, b Dec) (Dec, error) {
	if a.Flag|b.Flag == Finite {
		if d, ok := addSmall(a, b); ok {
			return d, nil
		}
	}
	if !a.IsFinite() || !b.IsFinite() {
		return addSpecial(a, b), nil
	}
	x, y, scale := align(a, b)
	return checked(x.Add(x, y), scale)
}

// Sub is a - b.
func Sub(a, b Dec) (Dec, error) { return Add(a, Neg(b)) }

func addSpecial(a, b Dec) Dec {
	switch {
	case a.IsNaN() || b.IsNaN():
		return NotANumber
	case a.IsInf() && b.IsInf() && a.Flag != b.Flag:
		return NotANumber
	case a.IsInf():
		return a
	}
	return b
}

// addSmall adds two 128-bit numbers; ok is false if something does not fit.
func addSmall(a, b Dec) (Dec, bool) {
	na, ma := a.coef()
	nb, mb := b.coef()
	scale := int(a.Scale)
	if a.Scale != b.Scale {
		var ok bool
		if a.Scale < b.Scale {
			scale = int(b.Scale)
			ma, ok = ma.rescale(scale - int(a.Scale))
		} else {
			mb, ok = mb.rescale(scale - int(b.Scale))
		}
		if !ok {
			return Dec{}, false
		}
	}
	if na == nb {
		sum, over := ma.add(mb)
		if over {
			return Dec{}, false
		}
		return makeNum(na, sum, scale)
	}
	if ma.cmp(mb) >= 0 {
		return makeNum(na, ma.sub(mb), scale)
	}
	return makeNum(nb, mb.sub(ma), scale)
}

// align gives both coefficients at the larger scale.
func align(a, b Dec) (x, y *big.Int, scale int) {
	x, y = a.toBig(), b.toBig()
	switch {
	case a.Scale < b.Scale:
		x.Mul(x, bigPow10(int(b.Scale-a.Scale)))
		return x, y, int(b.Scale)
	case b.Scale < a.Scale:
		y.Mul(y, bigPow10(int(a.Scale-b.Scale)))
	}
	return x, y, int(a.Scale)
}

// Mul is a * b; its scale is the sum of theirs.
func Mul(a, b Dec) (Dec, error) {
	scale := int(a.Scale) + int(b.Scale)
	if a.Flag|b.Flag == Finite && scale <= MaxScale {
		na, ma := a.coef()
		nb, mb := b.coef()
		if p, over := ma.mul(mb); !over {
			if d, ok := makeNum(na != nb, p, scale); ok {
				return d, nil
			}
		}
	}
	if !a.IsFinite() || !b.IsFinite() {
		return mulSpecial(a, b), nil
	}
	x := a.toBig()
	x.Mul(x, b.toBig())
	if scale > MaxScale {
		x = divHalfUp(x, bigPow10(scale-MaxScale))
		scale = MaxScale
	}
	return checked(x, scale)
}

func mulSpecial(a, b Dec) Dec {
	if a.IsNaN() || b.IsNaN() {
		return NotANumber
	}
	switch a.Sign() * b.Sign() {
	case 1:
		return Infinity
	case -1:
		return MinusInf
	}
	return NotANumber // infinity * 0
}

// divHalfUp is x/y rounded half away from zero; x is overwritten.
func divHalfUp(x, y *big.Int) *big.Int {
	neg := x.Sign()*y.Sign() < 0
	x.Abs(x)
	d := new(big.Int).Abs(y)
	r := new(big.Int)
	x.QuoRem(x, d, r)
	if r.Lsh(r, 1).Cmp(d) >= 0 {
		x.Add(x, big.NewInt(1))
	}
	if neg {
		x.Neg(x)
	}
	return x
}

// group is the weight and value of a number's first base-10000 digit.
func (d Dec) group() (weight, first int) {
	var digits string
	n := 0
	abs := Abs(d)
	abs.Scale = 0
	if d.Flag == Finite {
		_, m := d.coef()
		if n = m.digits(); n == 0 {
			return 0, 0
		}
		var buf [40]byte
		digits = string(m.appendDigits(buf[:0]))
	} else {
		digits = abs.String()
		n = len(digits)
	}
	top := n - 1 - int(d.Scale) // power of ten of the first digit
	weight = int(floorDiv(top, 4))
	k := top - 4*weight + 1
	for i := range k {
		first *= 10
		if i < n {
			first += int(digits[i] - '0')
		}
	}
	return weight, first
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Limits of the scale of results that are not exact (numeric.c).
const (
	minSignificant = 16
	maxResultScale = 1000
)

// divScale is the scale PostgreSQL gives a quotient: 16 significant digits at least, and no
// less than the scales of both.
func divScale(a, b Dec) int {
	w1, f1 := a.group()
	w2, f2 := b.group()
	q := w1 - w2
	if f1 <= f2 {
		q--
	}
	s := max(minSignificant-q*4, int(a.Scale), int(b.Scale), 0)
	return min(s, maxResultScale)
}

// Div is a / b, rounded at PostgreSQL's scale for quotients.
func Div(a, b Dec) (Dec, error) {
	if !a.IsFinite() || !b.IsFinite() {
		return divSpecial(a, b)
	}
	if b.IsZero() {
		return Dec{}, errDivision()
	}
	return divAt(a, b, divScale(a, b))
}

func divSpecial(a, b Dec) (Dec, error) {
	switch {
	case a.IsNaN() || b.IsNaN():
		return NotANumber, nil
	case a.IsInf() && b.IsInf():
		return NotANumber, nil
	case b.IsInf():
		return Zero, nil
	case b.IsZero():
		return Dec{}, errDivision()
	case a.Sign()*b.Sign() < 0:
		return MinusInf, nil
	}
	return Infinity, nil
}

// divAt divides finite numbers at a scale, half away from zero.
func divAt(a, b Dec, scale int) (Dec, error) {
	shift := scale + int(b.Scale) - int(a.Scale)
	if a.Flag|b.Flag == Finite && shift >= 0 {
		na, ma := a.coef()
		nb, mb := b.coef()
		if num, ok := ma.rescale(shift); ok && num.hi>>62 == 0 && mb.hi>>62 == 0 {
			q, r := num.div(mb)
			if cmpHalf(r, mb) >= 0 {
				q, _ = q.add(u128{0, 1})
			}
			if d, ok := makeNum(na != nb, q, scale); ok {
				return d, nil
			}
		}
	}
	x, y := a.toBig(), b.toBig()
	if shift >= 0 {
		x.Mul(x, bigPow10(shift))
	} else {
		y.Mul(y, bigPow10(-shift))
	}
	return checked(divHalfUp(x, y), scale)
}

// DivTrunc is div(a, b): the quotient cut to an integer.
func DivTrunc(a, b Dec) (Dec, error) {
	if !a.IsFinite() || !b.IsFinite() {
		return divSpecial(a, b)
	}
	if b.IsZero() {
		return Dec{}, errDivision()
	}
	x, y, _ := align(a, b)
	return checked(x.Quo(x, y), 0)
}

// Mod is the remainder of DivTrunc, with the sign of a; its scale is the larger of theirs.
func Mod(a, b Dec) (Dec, error) {
	switch {
	case a.IsNaN() || b.IsNaN():
		return NotANumber, nil
	case a.IsInf():
		if b.IsZero() {
			return Dec{}, errDivision()
		}
		return NotANumber, nil
	case b.IsInf():
		return a, nil
	case b.IsZero():
		return Dec{}, errDivision()
	}
	if a.Flag|b.Flag == Finite && a.Scale == b.Scale {
		na, ma := a.coef()
		_, mb := b.coef()
		_, r := ma.div(mb)
		if d, ok := makeNum(na, r, int(a.Scale)); ok {
			return d, nil
		}
	}
	x, y, scale := align(a, b)
	return checked(x.Rem(x, y), scale)
}
