package decimal

import (
	"math/big"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

var (
	bigTen  = big.NewInt(10)
	bigPows = func() (p [64]*big.Int) {
		p[0] = big.NewInt(1)
		for i := 1; i < len(p); i++ {
			p[i] = new(big.Int).Mul(p[i-1], bigTen)
		}
		return p
	}()
)

// bigPow10 is 10^n; the result is not to be changed.
func bigPow10(n int) *big.Int {
	if n < len(bigPows) {
		return bigPows[n]
	}
	return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil)
}

// toBig gives the coefficient of a finite number.
func (d Dec) toBig() *big.Int {
	z := new(big.Int)
	if d.Flag == FiniteBig {
		z.SetBytes(d.Big[1:])
		if d.Big[0] != 0 {
			z.Neg(z)
		}
		return z
	}
	neg, m := d.coef()
	z.SetUint64(m.hi)
	z.Lsh(z, 64)
	z.Or(z, new(big.Int).SetUint64(m.lo))
	if neg {
		z.Neg(z)
	}
	return z
}

// fromBig builds coef * 10^-scale without looking at limits.
func fromBig(coef *big.Int, scale int) Dec {
	if coef.BitLen() <= 127 {
		var m u128
		for i, w := range coef.Bits() {
			if i == 0 {
				m.lo = uint64(w)
			} else {
				m.hi = uint64(w)
			}
		}
		d, _ := makeNum(coef.Sign() < 0, m, scale)
		return d
	}
	b := make([]byte, 1, 1+(coef.BitLen()+7)/8)
	if coef.Sign() < 0 {
		b[0] = 1
	}
	b = append(b, coef.Bytes()...)
	return Dec{Num: Num{Scale: uint16(scale), Flag: FiniteBig}, Big: b}
}

// errOverflow is what PostgreSQL says when a result has too many digits.
func errOverflow() error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
}

// checked builds a result and refuses what numeric's format cannot hold.
func checked(coef *big.Int, scale int) (Dec, error) {
	if scale > MaxScale {
		return Dec{}, errOverflow()
	}
	// 3.3219 bits a digit: only then is counting the digits needed.
	if bl := coef.BitLen(); bl > (MaxDigits+scale)*3 {
		if digitCount(coef)-scale > MaxDigits {
			return Dec{}, errOverflow()
		}
	}
	return fromBig(coef, scale), nil
}

// digitCount is the number of decimal digits of |z|, 0 for zero.
func digitCount(z *big.Int) int {
	if z.Sign() == 0 {
		return 0
	}
	n := int(float64(z.BitLen()-1)*0.30102999566398120) + 1
	if z.CmpAbs(bigPow10(n)) >= 0 {
		return n + 1
	}
	if n > 1 && z.CmpAbs(bigPow10(n-1)) < 0 {
		return n - 1
	}
	return n
}
