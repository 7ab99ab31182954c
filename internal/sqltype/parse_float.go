package sqltype

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// ParseFloat reads a real or double precision (bits 32, 64).
func ParseFloat(src []byte, bits int) (float64, error) {
	typ := "double precision"
	if bits == 32 {
		typ = "real"
	}
	s := string(trimSpace(src))
	if v, ok := specialFloat(s); ok {
		return v, nil
	}
	// Go's extras (underscores, "infinity" inside) are no PostgreSQL numbers; hex floats are
	// read by C's strtod with or without an exponent.
	if s == "" || strings.ContainsAny(s, "_nN") || strings.ContainsAny(s, "iI") {
		return 0, errFloatSyntax(typ, src)
	}
	if low := strings.ToLower(s); strings.Contains(low, "0x") && !strings.Contains(low, "p") {
		s += "p0"
	}
	v, err := strconv.ParseFloat(s, bits)
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return 0, errFloatRange(typ, trimSpace(src))
		}
		return 0, errFloatSyntax(typ, src)
	}
	if v == 0 && hasNonZeroDigit(s) {
		return 0, errFloatRange(typ, trimSpace(src))
	}
	return v, nil
}

func trimSpace(s []byte) []byte { return bytes.Trim(s, " \t\n\v\f\r") }

func errFloatSyntax(typ string, src []byte) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, typ, src)
}

func errFloatRange(typ string, src []byte) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `"%s" is out of range for type %s`, src, typ)
}

// hasNonZeroDigit reports a text that is not zero though it reads as 0: an underflow.
func hasNonZeroDigit(s string) bool {
	hex := false
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case c == 'x':
			hex = true
		case c == 'e' && !hex, c == 'p':
			return false
		case s[i] >= '1' && s[i] <= '9', hex && c >= 'a' && c <= 'f':
			return true
		}
	}
	return false
}

func specialFloat(s string) (float64, bool) {
	body, neg := s, false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		body, neg = s[1:], s[0] == '-'
	}
	switch strings.ToLower(body) {
	case "nan":
		return canonicalNaN, true
	case "inf", "infinity":
		if neg {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	}
	return 0, false
}

// canonicalNaN is the NaN that C makes, which differs from Go's in its last bit.
var canonicalNaN = math.Float64frombits(0x7ff8000000000000)
