package jsonb

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	// The exponents of one value may stand for maxZeros digits and zerosPerByte for each byte of
	// it: 1e131071 is eight bytes of input and 128 KiB of text.
	maxZeros     = 1 << 20
	zerosPerByte = 16
	// plainDigits is up to where a number is written without a look at numeric's limits.
	plainDigits = 4096
)

// number appends a JSON number as numeric prints it: digits moved, nothing computed.
func (n *normalizer) appendNumber(dst, tok []byte) ([]byte, error) {
	body, neg := bytes.CutPrefix(tok, []byte("-"))
	mantissa, exponent := body, 0
	if e := bytes.IndexAny(body, "eE"); e >= 0 {
		mantissa = body[:e]
		exponent = smallInt(body[e+1:])
	}
	if len(body) > plainDigits || exponent < -plainDigits || exponent > plainDigits {
		return n.appendWide(dst, tok, len(mantissa))
	}
	whole, frac, _ := bytes.Cut(mantissa, []byte("."))
	if zeros := max(exponent, -exponent); zeros > 0 {
		if err := n.spend(zeros); err != nil {
			return dst, err
		}
	}
	if len(bytes.Trim(mantissa, "0.")) == 0 {
		neg = false // there is no negative zero
	}
	if neg {
		dst = append(dst, '-')
	}
	return shiftPoint(dst, whole, frac, exponent), nil
}

// appendWide is for what may exceed numeric, which is the judge of it.
func (n *normalizer) appendWide(dst, tok []byte, given int) ([]byte, error) {
	// why before it is computed: the error of a number that numeric refuses comes first all the
	// same, since this bound is above what numeric takes of one number.
	d, err := decimal.Parse(tok)
	if err != nil {
		return dst, err
	}
	from := len(dst)
	dst = d.AppendText(dst)
	return dst, n.spend(max(len(dst)-from-given, 0))
}

// spend counts digits that stand in no input.
func (n *normalizer) spend(zeros int) error {
	if n.zeros += zeros; n.zeros > maxZeros+zerosPerByte*len(n.src) {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "jsonb value is too large").
			WithDetail("The exponents of its numbers stand for too many digits.")
	}
	return nil
}

// smallInt reads an exponent; what is far too large stays far too large.
func smallInt(s []byte) int {
	neg, v := false, 0
	for _, c := range s {
		switch c {
		case '-':
			neg = true
		case '+':
		default:
			v = min(v*10+int(c-'0'), 1<<30)
		}
	}
	if neg {
		return -v
	}
	return v
}

// shiftPoint appends whole.frac with the point moved by exponent. Digits after the point stay,
// as numeric keeps its scale; an exponent takes from it, never below none.
func shiftPoint(dst, whole, frac []byte, exponent int) []byte {
	point := len(whole) + exponent // of the digits whole+frac, how many stand before the point
	total := len(whole) + len(frac)
	digit := func(i int) byte {
		switch {
		case i < 0 || i >= total:
			return '0'
		case i < len(whole):
			return whole[i]
		}
		return frac[i-len(whole)]
	}
	first := min(0, point)
	for first < point-1 && digit(first) == '0' {
		first++
	}
	if point <= first {
		dst = append(dst, '0')
	}
	for i := first; i < point; i++ {
		dst = append(dst, digit(i))
	}
	if point < total {
		dst = append(dst, '.')
		for i := point; i < total; i++ {
			dst = append(dst, digit(i))
		}
	}
	return dst
}
