package bitstring

import (
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// CheckLen holds a length to a type's: exactly mod, or, for varying, at most. mod <= 0 is none.
func CheckLen(n, mod int32, varying bool) error {
	switch {
	case mod <= 0:
	case !varying && n != mod:
		return sqlerr.New(sqlerr.StringDataLengthMismatch, "bit string length %d does not match type bit(%d)", n, mod)
	case varying && n > mod:
		return sqlerr.New(sqlerr.StringDataRightTruncation, "bit string too long for type bit varying(%d)", mod)
	}
	return nil
}

// AppendParsed reads digits, after b or nothing binary ones, after x hexadecimal.
func AppendParsed(dst, src []byte, mod int32, varying bool) ([]byte, error) {
	digits, per := src, int32(1)
	if len(src) > 0 {
		switch src[0] {
		case 'b', 'B':
			digits = src[1:]
		case 'x', 'X':
			digits, per = src[1:], 4
		}
	}
	if int64(len(digits)) > int64(MaxLen/per) {
		return dst, errTooLong()
	}
	n := per * int32(len(digits))
	if err := CheckLen(n, mod, varying); err != nil {
		return dst, err
	}
	dst = append(dst, byte(8*Size(n)-int(n)))
	perByte := int(8 / per)
	for i, c := range digits {
		v := hexDigit(c)
		if v < 0 || v >= 1<<per {
			_, size := utf8.DecodeRune(digits[i:])
			name := map[int32]string{1: "binary", 4: "hexadecimal"}[per]
			return dst, sqlerr.New(sqlerr.InvalidTextRepresentation, `"%s" is not a valid %s digit`, digits[i:i+size], name)
		}
		if i%perByte == 0 {
			dst = append(dst, 0)
		}
		dst[len(dst)-1] |= byte(v) << (8 - int(per)*(i%perByte+1))
	}
	return dst, nil
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// AppendText appends a digit for each bit.
func AppendText(dst, s []byte) []byte {
	data := Data(s)
	for i := range Len(s) {
		dst = append(dst, '0'+get(data, i))
	}
	return dst
}

// FitLen is how many bits a string of n has as a bit(mod) or varbit(mod): cut, or filled with zeros, where that was asked for, and
// otherwise an error where it has others.
func FitLen(n, mod int32, explicit, varying bool) (int32, error) {
	if mod <= 0 || n == mod || varying && n < mod {
		return n, nil
	}
	if !explicit {
		return 0, CheckLen(n, mod, varying)
	}
	return mod, nil
}
