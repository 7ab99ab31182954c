package kernel

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func init() {
	kernels(map[string]Kernel{
		"byteaoctetlen": fn1(func(s []byte) int32 { return int32(len(s)) }),
		"byteacat":      app2((*Call).concat),
		"bytea_substr": fn3e(func(s []byte, from, n int32) ([]byte, Err) {
			if n < 0 && int64(from)+int64(n) < int64(from) {
				return nil, sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
			}
			return subbytes(s, int64(from), int64(from)+int64(n)), nil
		}),
		"bytea_substr_no_len": fn2(func(s []byte, from int32) []byte { return subbytes(s, int64(from), math.MaxInt64) }),
		"byteaoverlay":        fn4e(overlayBytes),
		"byteaoverlay_no_len": fn3e(func(s, by []byte, from int32) ([]byte, Err) { return overlayBytes(s, by, from, int32(len(by))) }),
		"byteapos":            fn2(bytesPosition),
		"byteaGetByte":        fn2e(getByte),
		"byteaSetByte":        fn3e(setByte),
		"byteaGetBit":         fn2e(getBit),
		"byteaSetBit":         fn3e(setBit),
		"bytea_bit_count":     fn1(countBits),
		"md5_text":            fn1(func(s string) string { return md5Hex([]byte(s)) }),
		"md5_bytea":           fn1(func(s []byte) string { return md5Hex(s) }),
		"sha224_bytea":        fn1(func(s []byte) []byte { h := sha256.Sum224(s); return h[:] }),
		"sha256_bytea":        fn1(func(s []byte) []byte { h := sha256.Sum256(s); return h[:] }),
		"sha384_bytea":        fn1(func(s []byte) []byte { h := sha512.Sum384(s); return h[:] }),
		"sha512_bytea":        fn1(func(s []byte) []byte { h := sha512.Sum512(s); return h[:] }),
		"length_in_encoding":  fn2e(lengthIn),
		"pg_convert_from":     fn2e(convertFrom),
		"pg_convert_to":       fn2e(convertTo),
	})
}

func md5Hex(s []byte) string {
	h := md5.Sum(s)
	return hex.EncodeToString(h[:])
}

// subbytes is the bytes from, inclusive, to to, exclusive, counted from 1.
func subbytes(s []byte, from, to int64) []byte {
	from, to = max(from, 1), min(to, int64(len(s))+1)
	if to <= from {
		return nil
	}
	return s[from-1 : to-1]
}

func overlayBytes(s, by []byte, from, n int32) ([]byte, Err) {
	if from <= 0 {
		return nil, sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
	}
	after, ok := add(from, n)
	if !ok {
		return nil, errIntegerRange()
	}
	out := append([]byte(nil), subbytes(s, 1, int64(from))...)
	out = append(out, by...)
	return append(out, subbytes(s, int64(after), math.MaxInt64)...), nil
}

func bytesPosition(s, part []byte) int32 {
	for i := 0; i+len(part) <= len(s); i++ {
		if string(s[i:i+len(part)]) == string(part) {
			return int32(i) + 1
		}
	}
	return 0
}

func errIndex(n int64, last int) Err {
	return sqlerr.New(sqlerr.ArraySubscriptError, "index %d out of valid range, 0..%d", n, last)
}

func getByte(s []byte, n int32) (int32, Err) {
	if n < 0 || int(n) >= len(s) {
		return 0, errIndex(int64(n), len(s)-1)
	}
	return int32(s[n]), nil
}

func setByte(s []byte, n, v int32) ([]byte, Err) {
	if n < 0 || int(n) >= len(s) {
		return nil, errIndex(int64(n), len(s)-1)
	}
	out := append([]byte(nil), s...)
	out[n] = byte(v)
	return out, nil
}

func getBit(s []byte, n int64) (int32, Err) {
	if n < 0 || n >= int64(len(s))*8 {
		return 0, errIndex(n, len(s)*8-1)
	}
	return int32(s[n/8] >> (n % 8) & 1), nil
}

func setBit(s []byte, n int64, v int32) ([]byte, Err) {
	if n < 0 || n >= int64(len(s))*8 {
		return nil, errIndex(n, len(s)*8-1)
	}
	if v != 0 && v != 1 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "new bit must be 0 or 1")
	}
	out := append([]byte(nil), s...)
	out[n/8] = out[n/8]&^(1<<(n%8)) | byte(v)<<(n%8)
	return out, nil
}

func countBits(s []byte) int64 {
	n := 0
	for _, c := range s {
		n += bits.OnesCount8(c)
	}
	return int64(n)
}

// checkEncoding refuses encodings other than UTF8.
func checkEncoding(name, role string) Err {
	switch normalizedEncoding(name) {
	case "utf8", "unicode":
		return nil
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "invalid %s encoding name \"%s\"", role, name)
}

func normalizedEncoding(name string) string {
	var out []byte
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			out = append(out, c)
		}
	}
	return string(out)
}

func convertFrom(s []byte, encoding string) (string, Err) {
	if err := checkEncoding(encoding, "source"); err != nil {
		return "", err
	}
	return string(s), asErr(checkText(s))
}

func convertTo(s, encoding string) ([]byte, Err) {
	return []byte(s), checkEncoding(encoding, "destination")
}

func lengthIn(s []byte, encoding string) (int32, Err) {
	if normalizedEncoding(encoding) != "utf8" && normalizedEncoding(encoding) != "unicode" {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid encoding name \"%s\"", encoding)
	}
	return int32(utf8.RuneCount(s)), asErr(checkText(s))
}
