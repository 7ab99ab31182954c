package decimal

import "math/big"

// normal is a finite number without trailing zeros; scale may be negative.
type normal struct {
	d     Dec
	scale int
}

// mag is the sign and, for a big coefficient, its bytes (else nil).
func (n normal) mag() (bool, []byte) {
	if n.d.Flag == FiniteBig {
		return n.d.Big[0] != 0, n.d.Big[1:]
	}
	return n.d.Hi < 0, nil
}

// normalized strips the trailing zeros of a big coefficient: by big steps first, because a
// value may have 131,072 digits.
func (d Dec) normalized() normal {
	z, scale := d.toBig(), int(d.Scale)
	q, r := new(big.Int), new(big.Int)
	for step := 1 << 16; step > 0; {
		if step*3 > z.BitLen() {
			step >>= 1
			continue
		}
		q.QuoRem(z, bigPow10(step), r)
		if r.Sign() != 0 {
			step >>= 1
			continue
		}
		z, q = q, z
		scale -= step
	}
	return normal{fromBig(z, 0), scale}
}
