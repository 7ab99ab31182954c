package codec

import (
	"encoding/hex"
	"math"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func trim(s []byte) []byte {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func errSyntax(typ string, src []byte) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, typ, src)
}

func errRange(typ string, src []byte) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `value "%s" is out of range for type %s`, src, typ)
}

// ParseBool reads a boolean: 0 or 1, as delta columns hold it.
func ParseBool(src []byte) (uint8, error) {
	s := strings.ToLower(string(trim(src)))
	switch {
	case s == "":
	case s == "1" || s == "on" || strings.HasPrefix("true", s) || strings.HasPrefix("yes", s):
		return 1, nil
	case s == "0" || s == "of" || s == "off" || strings.HasPrefix("false", s) || strings.HasPrefix("no", s):
		return 0, nil
	}
	return 0, errSyntax("boolean", src)
}

func intName(bits int) string {
	switch bits {
	case 16:
		return "smallint"
	case 32:
		return "integer"
	}
	return "bigint"
}

// ParseInt reads a smallint, integer or bigint (bits 16, 32, 64).
func ParseInt(src []byte, bits int) (int64, error) {
	s := src
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 || s[0]-'0' > 9 {
		return 0, errSyntax(intName(bits), src)
	}
	// Accumulate negatively: the least number has no positive twin.
	least := int64(math.MinInt64) >> (64 - bits)
	v := int64(0)
	for len(s) > 0 && s[0]-'0' <= 9 {
		d := int64(s[0] - '0')
		if v < (least+d)/10 || v == (least+d)/10 && (least+d)%10 > 0 {
			return 0, errRange(intName(bits), src)
		}
		v = v*10 - d
		if v < least || v > 0 {
			return 0, errRange(intName(bits), src)
		}
		s = s[1:]
	}
	if len(trim(s)) > 0 {
		return 0, errSyntax(intName(bits), src)
	}
	if !neg {
		if v == least {
			return 0, errRange(intName(bits), src)
		}
		v = -v
	}
	return v, nil
}

// parseOID reads an oid as C's strtoul does: a minus wraps around.
func parseOID(src []byte, t sqltype.OID) (uint32, error) {
	s := trim(src)
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, errSyntax(t.String(), src)
	}
	v := uint64(0)
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, errSyntax(t.String(), src)
		}
		if v = v*10 + uint64(c); v > math.MaxUint32 {
			return 0, errRange(t.String(), src)
		}
	}
	if neg {
		if v > 1<<31 {
			return 0, errRange(t.String(), src)
		}
		v = -v
	}
	return uint32(v), nil
}

// ParseUUID reads 32 hex digits, hyphens after any group of four, braces around all.
func ParseUUID(src []byte) (u [16]byte, err error) {
	s := src
	braces := len(s) > 0 && s[0] == '{'
	if braces {
		s = s[1:]
	}
	for i := range 16 {
		if len(s) < 2 {
			return u, errSyntax("uuid", src)
		}
		if _, err := hex.Decode(u[i:i+1], s[:2]); err != nil {
			return u, errSyntax("uuid", src)
		}
		s = s[2:]
		if len(s) > 0 && s[0] == '-' && i%2 == 1 && i < 15 {
			s = s[1:]
		}
	}
	if braces {
		if len(s) == 0 || s[0] != '}' {
			return u, errSyntax("uuid", src)
		}
		s = s[1:]
	}
	if len(s) > 0 {
		return u, errSyntax("uuid", src)
	}
	return u, nil
}

// appendBytea reads bytea's hex or escape form.
func appendBytea(dst, src []byte) ([]byte, error) {
	if len(src) >= 2 && src[0] == '\\' && src[1] == 'x' {
		return appendByteaHex(dst, src[2:])
	}
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c != '\\':
			dst = append(dst, c)
			i++
		case i+1 < len(src) && src[i+1] == '\\':
			dst = append(dst, '\\')
			i += 2
		case i+3 < len(src) && src[i+1] >= '0' && src[i+1] <= '3' && octal(src[i+2]) && octal(src[i+3]):
			dst = append(dst, (src[i+1]-'0')<<6|(src[i+2]-'0')<<3|(src[i+3]-'0'))
			i += 4
		default:
			return dst, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return dst, nil
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func appendByteaHex(dst, src []byte) ([]byte, error) {
	bad := func(i int) error {
		n := 1
		for i+n < len(src) && src[i]&0x80 != 0 && src[i+n]&0xc0 == 0x80 {
			n++
		}
		return sqlerr.New(sqlerr.InvalidParameterValue, `invalid hexadecimal digit: "%s"`, src[i:i+n])
	}
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		hi, ok := unhex(c)
		if !ok {
			return dst, bad(i)
		}
		i++
		if i == len(src) {
			return dst, sqlerr.New(sqlerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		lo, ok := unhex(src[i])
		if !ok {
			return dst, bad(i)
		}
		dst = append(dst, hi<<4|lo)
	}
	return dst, nil
}
