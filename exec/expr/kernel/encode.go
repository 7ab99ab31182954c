package kernel

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

func checkText(s []byte) error { return codec.CheckText(s) }

func init() {
	kernels(map[string]Kernel{
		"binary_encode": fn2e(encode),
		"binary_decode": fn2e(decode),
	})
}

func errEncoding(format string) Err {
	return sqlerr.New(sqlerr.InvalidParameterValue, `unrecognized encoding: "%s"`, format)
}

// base64Line is the length after which encode breaks base64.
const base64Line = 76

func encode(s []byte, format string) (string, Err) {
	switch strings.ToLower(format) {
	case "hex":
		return hex.EncodeToString(s), nil
	case "base64":
		flat := base64.StdEncoding.EncodeToString(s)
		var b strings.Builder
		for len(flat) > base64Line {
			b.WriteString(flat[:base64Line])
			b.WriteByte('\n')
			flat = flat[base64Line:]
		}
		b.WriteString(flat)
		return b.String(), nil
	case "escape":
		return string(appendEscaped(nil, s)), nil
	}
	return "", errEncoding(format)
}

// appendEscaped writes zero and bytes above 127 in octal and doubles the backslash.
func appendEscaped(dst, s []byte) []byte {
	for _, c := range s {
		switch {
		case c == 0 || c >= 0x80:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		case c == '\\':
			dst = append(dst, '\\', '\\')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func decode(s, format string) ([]byte, Err) {
	switch strings.ToLower(format) {
	case "hex":
		return decodeHex(s)
	case "base64":
		return decodeBase64(s)
	case "escape":
		return unescape(s)
	}
	return nil, errEncoding(format)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func decodeHex(s string) ([]byte, Err) {
	var out []byte
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			i++
			continue
		}
		high, err := hexDigit(s, i)
		if err != nil {
			return nil, err
		}
		if i+1 >= len(s) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		low, err := hexDigit(s, i+1)
		if err != nil {
			return nil, err
		}
		out = append(out, high<<4|low)
		i += 2
	}
	return out, nil
}

func hexDigit(s string, i int) (byte, Err) {
	switch c := s[i]; {
	case c >= '0' && c <= '9':
		return c - '0', nil
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, nil
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, `invalid hexadecimal digit: "%s"`, firstChar(s[i:]))
}

func firstChar(s string) string { return s[:byteOffset(s, 1)] }

// decodeBase64 skips blanks anywhere and wants whole groups of four.
func decodeBase64(s string) ([]byte, Err) {
	var out []byte
	group, count, padding := uint32(0), 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isSpace(c) {
			continue
		}
		value := uint32(0)
		switch at := strings.IndexByte(base64Alphabet, c); {
		case c == '=':
			if padding == 0 && count < 2 {
				return nil, sqlerr.New(sqlerr.InvalidParameterValue, `unexpected "=" while decoding base64 sequence`)
			}
			padding++
		case at < 0:
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, `invalid symbol "%s" found while decoding base64 sequence`, firstChar(s[i:]))
		default:
			value = uint32(at)
		}
		group = group<<6 | value
		if count++; count == 4 {
			out = append(out, byte(group>>16))
			if padding < 2 {
				out = append(out, byte(group>>8))
			}
			if padding < 1 {
				out = append(out, byte(group))
			}
			group, count = 0, 0
		}
	}
	if count != 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid base64 end sequence").
			WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
	}
	return out, nil
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func unescape(s string) ([]byte, Err) {
	var out []byte
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\':
			out = append(out, s[i])
			i++
		case i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i += 2
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 4
		default:
			return nil, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return out, nil
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
