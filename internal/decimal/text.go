package decimal

import (
	"math/big"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// AppendText appends d as PostgreSQL shows it.
func (d Dec) AppendText(dst []byte) []byte {
	switch d.Flag {
	case NaN:
		return append(dst, "NaN"...)
	case PosInf:
		return append(dst, "Infinity"...)
	case NegInf:
		return append(dst, "-Infinity"...)
	case FiniteBig:
		z := d.toBig()
		if z.Sign() < 0 {
			dst = append(dst, '-')
			z.Neg(z)
		}
		return appendPoint(dst, z.Append(nil, 10), int(d.Scale))
	}
	neg, m := d.coef()
	if neg {
		dst = append(dst, '-')
	}
	var buf [40]byte
	return appendPoint(dst, m.appendDigits(buf[:0]), int(d.Scale))
}

// String is AppendText's text.
func (d Dec) String() string { return string(d.AppendText(nil)) }

// appendPoint writes digits (without sign; none or "0" for zero) with scale of them after
// the point.
func appendPoint(dst, digits []byte, scale int) []byte {
	whole := len(digits) - scale
	if whole <= 0 {
		dst = append(dst, '0')
		if scale == 0 {
			return dst
		}
		dst = append(dst, '.')
		for ; whole < 0; whole++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:whole]...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[whole:]...)
	}
	return dst
}

// appendDigits appends the decimal digits of a, nothing for zero.
func (a u128) appendDigits(dst []byte) []byte {
	var buf [40]byte
	i := len(buf)
	for !a.isZero() {
		if a.hi == 0 {
			for v := a.lo; v != 0; v /= 10 {
				i--
				buf[i] = byte('0' + v%10)
			}
			break
		}
		q, r := a.div64(1e19)
		for k := 0; k < 19; k++ {
			i--
			buf[i] = byte('0' + r%10)
			r /= 10
		}
		a = q
	}
	return append(dst, buf[i:]...)
}

func errSyntax(s []byte) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type numeric: "%s"`, s)
}

// maxExponent is where PostgreSQL stops looking at an exponent: past it a number overflows.
const maxExponent = 1<<30 - 1

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// Parse reads PostgreSQL's text form: surrounding blanks, sign, digits, point, exponent, NaN,
// Infinity and inf in any case. The scale is the number of digits after the point.
func Parse(src []byte) (Dec, error) {
	s := src
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	d, ok, err := parseBody(s)
	if err != nil {
		return Dec{}, err
	}
	if !ok {
		return Dec{}, errSyntax(src)
	}
	return d, nil
}

// parseBody parses trimmed text; ok is false for a syntax error.
func parseBody(s []byte) (d Dec, ok bool, err error) {
	if d, ok := parseSpecial(s); ok {
		return d, true, nil
	}
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	var m u128
	digits, frac, i := 0, 0, 0
	point, small := false, true
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c -= '0'; c > 9 {
			break
		}
		digits++
		if point {
			frac++
		}
		if small {
			small = m.push(c)
		}
	}
	if digits == 0 {
		return Dec{}, false, nil
	}
	exp, ok := parseExponent(s[i:])
	if !ok {
		return Dec{}, false, nil
	}
	if small && exp == 0 && frac <= MaxScale {
		d, fits := makeNum(neg, m, frac)
		if fits {
			return d, true, nil
		}
	}
	d, err = parseWide(neg, s[:i], frac, exp)
	return d, true, err
}

// push appends a digit to m; false if that does not fit 127 bits.
func (a *u128) push(c byte) bool {
	t, over := a.mul64(10)
	if over {
		return false
	}
	t, over = t.add(u128{0, uint64(c)})
	if over || t.hi>>63 != 0 {
		return false
	}
	*a = t
	return true
}

// parseExponent reads what follows the digits: nothing, or an exponent.
func parseExponent(s []byte) (int, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	s = s[1:]
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	e := 0
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, false
		}
		e = min(e*10+int(c), maxExponent)
	}
	if neg {
		e = -e
	}
	return e, true
}

// parseWide builds a number of any size; s is digits with at most one point.
func parseWide(neg bool, s []byte, frac, exp int) (Dec, error) {
	digits := make([]byte, 0, len(s))
	for _, c := range s {
		if c != '.' && (c != '0' || len(digits) > 0) {
			digits = append(digits, c)
		}
	}
	if exp >= maxExponent || exp <= -maxExponent {
		return Dec{}, errOverflow()
	}
	scale := frac - exp
	if len(digits) == 0 {
		if scale > MaxScale {
			return Dec{}, errOverflow()
		}
		return Dec{Num: Num{Scale: uint16(max(scale, 0))}}, nil
	}
	if len(digits)-scale > MaxDigits || scale > MaxScale {
		return Dec{}, errOverflow()
	}
	z, _ := new(big.Int).SetString(string(digits), 10)
	if neg {
		z.Neg(z)
	}
	if scale < 0 {
		z.Mul(z, bigPow10(-scale))
		scale = 0
	}
	return checked(z, scale)
}

// parseSpecial knows NaN and the infinities.
func parseSpecial(s []byte) (Dec, bool) {
	if len(s) < 3 {
		return Dec{}, false
	}
	if fold3(s, "nan") {
		return NotANumber, true
	}
	neg := s[0] == '-'
	if neg || s[0] == '+' {
		s = s[1:]
	}
	if fold3(s, "inf") || fold3(s, "infinity") {
		if neg {
			return MinusInf, true
		}
		return Infinity, true
	}
	return Dec{}, false
}

// fold3 compares ASCII text ignoring case; want is lower case.
func fold3(s []byte, want string) bool {
	if len(s) != len(want) {
		return false
	}
	for i, c := range s {
		if c|0x20 != want[i] {
			return false
		}
	}
	return true
}
