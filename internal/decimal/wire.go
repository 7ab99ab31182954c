package decimal

import (
	"encoding/binary"
	"math/big"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Signs of the wire form.
const (
	wirePos    = 0x0000
	wireNeg    = 0x4000
	wireNaN    = 0xC000
	wirePosInf = 0xD000
	wireNegInf = 0xF000
)

// AppendBinary appends PostgreSQL's binary form: ndigits, weight, sign, dscale, then digits of
// base 10000, all int16.
func (d Dec) AppendBinary(dst []byte) []byte {
	put := func(v int) { dst = binary.BigEndian.AppendUint16(dst, uint16(v)) }
	// PostgreSQL reads a display scale out of the infinities' header and sends it.
	special := func(sign, scale int) []byte { put(0); put(0); put(sign); put(scale); return dst }
	switch d.Flag {
	case NaN:
		return special(wireNaN, 0)
	case PosInf:
		return special(wirePosInf, 0x20)
	case NegInf:
		return special(wireNegInf, 0x20)
	}
	scale := int(d.Scale)
	abs := Abs(d)
	abs.Scale = 0
	digits := strings.TrimLeft(abs.String(), "0")
	if digits == "" {
		put(0)
		put(0)
		put(wirePos)
		put(scale)
		return dst
	}
	// Pad so that groups of four align with the point.
	digits += strings.Repeat("0", (4-scale%4)%4)
	frac := (scale + 3) / 4
	digits = strings.Repeat("0", (4-len(digits)%4)%4) + digits
	weight := len(digits)/4 - frac - 1
	for strings.HasPrefix(digits, "0000") {
		digits, weight = digits[4:], weight-1
	}
	for strings.HasSuffix(digits, "0000") {
		digits = digits[:len(digits)-4]
	}
	put(len(digits) / 4)
	put(weight)
	if d.Sign() < 0 {
		put(wireNeg)
	} else {
		put(wirePos)
	}
	put(scale)
	for i := 0; i < len(digits); i += 4 {
		put(int(digits[i]-'0')*1000 + int(digits[i+1]-'0')*100 + int(digits[i+2]-'0')*10 + int(digits[i+3]-'0'))
	}
	return dst
}

// DecodeBinary reads PostgreSQL's binary form.
func DecodeBinary(src []byte) (Dec, error) {
	short := sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
	if len(src) < 8 {
		return Dec{}, short
	}
	get := func(i int) int { return int(binary.BigEndian.Uint16(src[2*i:])) }
	n, weight, sign, scale := get(0), int(int16(get(1))), get(2), get(3)
	switch sign {
	case wireNaN:
		return NotANumber, nil
	case wirePosInf:
		return Infinity, nil
	case wireNegInf:
		return MinusInf, nil
	case wirePos, wireNeg:
	default:
		return Dec{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid sign in external "numeric" value`)
	}
	if scale > MaxScale {
		return Dec{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid scale in external "numeric" value`)
	}
	if len(src) < 8+2*n {
		return Dec{}, short
	}
	if len(src) > 8+2*n {
		return Dec{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "incorrect binary data format")
	}
	text := make([]byte, 0, 4*n)
	for i := range n {
		v := get(4 + i)
		if v > 9999 {
			return Dec{}, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid digit in external "numeric" value`)
		}
		text = append(text, byte('0'+v/1000), byte('0'+v/100%10), byte('0'+v/10%10), byte('0'+v%10))
	}
	if n == 0 {
		return Dec{Num: Num{Scale: uint16(scale)}}, nil
	}
	z, _ := new(big.Int).SetString(string(text), 10)
	if sign == wireNeg {
		z.Neg(z)
	}
	// The digits stand for z * 10000^(weight-n+1); digits past the scale are cut.
	exp := 4 * (weight - n + 1)
	if shift := exp + scale; shift >= 0 {
		z.Mul(z, bigPow10(shift))
	} else {
		z.Quo(z, bigPow10(-shift))
	}
	return checked(z, scale)
}
