package decimal

import "math/bits"

// Loops over columns of small numbers, whose coefficients fit 64 bits: nearly all there are of numeric(p,s). Each
// computes dst[i] for the rows of sel of columns a and b, of which a stride of 0 makes a constant, and appends to rest the
// rows that are not of that form, for the general functions.

// small: a finite number whose coefficient fits 64 bits.
func (n *Num) small() bool { return n.Flag == Finite && n.Hi == int64(n.Lo)>>63 }

// mulSigned is the 128 bits of a product.
func mulSigned(a, b uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a, b)
	hi -= uint64(int64(a)>>63)&b + uint64(int64(b)>>63)&a
	return hi, lo
}

// MulRows multiplies.
func MulRows(dst, a, b []Num, sa, sb int, sel, rest []int32) []int32 {
	for _, i := range sel {
		x, y := &a[int(i)*sa], &b[int(i)*sb]
		scale := uint32(x.Scale) + uint32(y.Scale)
		if !x.small() || !y.small() || scale > MaxScale {
			rest = append(rest, i)
			continue
		}
		hi, lo := mulSigned(x.Lo, y.Lo)
		dst[i] = Num{Hi: int64(hi), Lo: lo, Scale: uint16(scale)}
	}
	return rest
}

// maxShift is the largest power of ten that fits 64 bits.
const maxShift = 18

// aligned is the coefficients of two small numbers at their larger scale.
func aligned(x, y *Num) (xh, xl, yh, yl uint64, scale uint16, ok bool) {
	xh, xl, yh, yl, scale = uint64(x.Hi), x.Lo, uint64(y.Hi), y.Lo, x.Scale
	if !x.small() || !y.small() {
		return xh, xl, yh, yl, scale, false
	}
	switch by := int(x.Scale) - int(y.Scale); {
	case by == 0:
	case by > 0 && by <= maxShift:
		yh, yl = mulSigned(yl, pow10[by].lo)
	case by < 0 && -by <= maxShift:
		xh, xl = mulSigned(xl, pow10[-by].lo)
		scale = y.Scale
	default:
		return xh, xl, yh, yl, scale, false
	}
	return xh, xl, yh, yl, scale, true
}

// AddRows adds.
func AddRows(dst, a, b []Num, sa, sb int, sel, rest []int32) []int32 {
	for _, i := range sel {
		xh, xl, yh, yl, scale, ok := aligned(&a[int(i)*sa], &b[int(i)*sb])
		if !ok {
			rest = append(rest, i)
			continue
		}
		lo, c := bits.Add64(xl, yl, 0)
		hi, _ := bits.Add64(xh, yh, c)
		dst[i] = Num{Hi: int64(hi), Lo: lo, Scale: scale}
	}
	return rest
}

// SubRows subtracts.
func SubRows(dst, a, b []Num, sa, sb int, sel, rest []int32) []int32 {
	for _, i := range sel {
		xh, xl, yh, yl, scale, ok := aligned(&a[int(i)*sa], &b[int(i)*sb])
		if !ok {
			rest = append(rest, i)
			continue
		}
		lo, c := bits.Sub64(xl, yl, 0)
		hi, _ := bits.Sub64(xh, yh, c)
		dst[i] = Num{Hi: int64(hi), Lo: lo, Scale: scale}
	}
	return rest
}

// CmpRows sets dst[i] to want[0], want[1] or want[2]: a is below, equal to or above b.
func CmpRows(dst []uint8, want [3]uint8, a, b []Num, sa, sb int, sel, rest []int32) []int32 {
	for _, i := range sel {
		xh, xl, yh, yl, _, ok := aligned(&a[int(i)*sa], &b[int(i)*sb])
		if !ok {
			rest = append(rest, i)
			continue
		}
		switch {
		case xh == yh && xl == yl:
			dst[i] = want[1]
		case int64(xh) < int64(yh) || xh == yh && xl < yl:
			dst[i] = want[0]
		default:
			dst[i] = want[2]
		}
	}
	return rest
}
