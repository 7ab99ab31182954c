package sqltype

import (
	"math"
	"strconv"
	"strings"
)

// AppendFloat appends a float as PostgreSQL does with extra_float_digits of 1 or more: the
// shortest digits that read back, exponents outside [-4, 15) (real: [-4, 6)).
func AppendFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case v != v:
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	case v == 0:
		if math.Signbit(v) {
			return append(dst, "-0"...)
		}
		return append(dst, '0')
	}
	var buf [32]byte
	return appendDecimal(dst, shortest(buf[:0], v, bits), bits)
}

// shortest is d.ddde±xx.
func shortest(buf []byte, v float64, bits int) []byte {
	out := strconv.AppendFloat(buf, v, 'e', -1, bits)
	least, even := float64(1<<49), math.Float64bits(v)&1 == 0
	if bits == 32 {
		least, even = 1<<20, math.Float32bits(float32(v))&1 == 0
	}
	if math.Abs(v) < least || !even || !onBoundary(out, v, bits) {
		return out
	}
	// The digits lie midway to the next float and read back only by round-to-even, which
	// PostgreSQL does not rely on: take more.
	for p := digitsOf(out); p < 18; p++ {
		out = strconv.AppendFloat(buf, v, 'e', p, bits)
		if r, _ := strconv.ParseFloat(string(out), bits); r == v && !onBoundary(out, v, bits) {
			return trimMantissa(out)
		}
	}
	return out
}

func digitsOf(s []byte) int {
	n := 0
	for _, c := range s {
		if c == 'e' {
			break
		}
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// onBoundary reports whether the decimal s, which reads back as v, would not if it were the
// least bit farther from v.
func onBoundary(s []byte, v float64, bits int) bool {
	mant, exp, _ := strings.Cut(string(s), "e")
	if !strings.Contains(mant, ".") {
		mant += "."
	}
	outward, _ := strconv.ParseFloat(mant+"00000000000000000000001e"+exp, bits)
	if outward != v {
		return true
	}
	// The nearest decimal just below s: drop one unit of the last digit and add nines.
	b := []byte(mant)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == '.' || b[i] == '-' {
			continue
		}
		if b[i] != '0' {
			b[i]--
			break
		}
		b[i] = '9'
	}
	inward, _ := strconv.ParseFloat(string(b)+"99999999999999999999999e"+exp, bits)
	return inward != v
}

func trimMantissa(s []byte) []byte {
	e := len(s)
	for i, c := range s {
		if c == 'e' {
			e = i
			break
		}
	}
	k := e
	for k > 0 && s[k-1] == '0' {
		k--
	}
	if k > 0 && s[k-1] == '.' {
		k--
	}
	return append(s[:k], s[e:]...)
}

// appendDecimal lays d.ddde±xx out as PostgreSQL does.
func appendDecimal(dst, s []byte, bits int) []byte {
	if s[0] == '-' {
		dst = append(dst, '-')
		s = s[1:]
	}
	var digits [32]byte
	n, i := 0, 0
	for ; s[i] != 'e'; i++ {
		if s[i] != '.' {
			digits[n] = s[i]
			n++
		}
	}
	exp, _ := strconv.Atoi(string(s[i+1:]))
	limit := 15
	if bits == 32 {
		limit = 6
	}
	switch {
	case exp < -4 || exp >= limit:
		return append(dst, s...)
	case exp < 0:
		dst = append(dst, '0', '.')
		for ; exp < -1; exp++ {
			dst = append(dst, '0')
		}
		return append(dst, digits[:n]...)
	case n <= exp+1:
		dst = append(dst, digits[:n]...)
		for ; n < exp+1; n++ {
			dst = append(dst, '0')
		}
		return dst
	}
	dst = append(dst, digits[:exp+1]...)
	dst = append(dst, '.')
	return append(dst, digits[exp+1:n]...)
}

// appendFloatDigits is extra_float_digits of 0 or less: C's %.*g.
func appendFloatDigits(dst []byte, v float64, bits, extra int) []byte {
	if v != v || math.IsInf(v, 0) {
		return AppendFloat(dst, v, bits)
	}
	p := 15
	if bits == 32 {
		p = 6
	}
	p = max(p+extra, 1)
	var buf [64]byte
	s := strconv.AppendFloat(buf[:0], v, 'e', p-1, bits)
	_, e, _ := strings.Cut(string(s), "e")
	exp, _ := strconv.Atoi(e)
	if v == 0 {
		exp = 0
	}
	s = trimMantissa(s)
	if exp < -4 || exp >= p {
		return append(dst, s...)
	}
	fixed := strconv.AppendFloat(buf[:0], v, 'f', max(p-1-exp, 0), bits)
	if strings.IndexByte(string(fixed), '.') >= 0 {
		fixed = trimMantissa(fixed)
	}
	return append(dst, fixed...)
}
