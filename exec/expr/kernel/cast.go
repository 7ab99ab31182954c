package kernel

import (
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// Casts between the string types, booleans and integers, and the functions that apply a
// modifier to strings.
func init() {
	kernels(map[string]Kernel{
		"varchar": fn3e(func(v []byte, mod int32, explicit bool) ([]byte, Err) {
			out, err := codec.CheckVarchar(v, mod, explicit)
			return out, asErr(err)
		}),
		"bpchar":      app3((*Call).bpchar),
		"name_text":   fn1(func(s string) string { return s }),
		"text_name":   fn1(func(s []byte) []byte { return codec.ClipName(s) }),
		"bpchar_name": fn1(func(s []byte) []byte { return codec.ClipName(trimBytes(s, []byte(" "), false, true)) }),
		"name_bpchar": fn1(func(s string) string { return s }),
		"char_text":   fn1(charText),
		"text_char":   fn1(textChar),
		"char_bpchar": fn1(charText),
		"chartoi4":    fn1(charToInt),
		"i4tochar":    fn1e(intToChar),
		"booltext":    fn1(boolText),
		"int4_bool":   fn1(func(a int32) bool { return a != 0 }),
		"bool_int4":   fn1(func(a bool) int32 { return int32(b2u(a)) }),
	})
}

// bpchar pads by steps: a modifier may ask for a gigabyte of blanks.
func (c *Call) bpchar(dst, v []byte, mod int32, explicit bool) ([]byte, Err) {
	head, blanks, err := codec.FitBPChar(v, mod, explicit)
	if err != nil {
		return dst, asErr(err)
	}
	dst, e := c.Out.Grow(dst, len(head)+blanks)
	if e != nil {
		return dst, e
	}
	dst = append(dst, head...)
	for blanks > 0 {
		if e := c.breathe(); e != nil {
			return dst, e
		}
		n := min(blanks, step)
		dst, blanks = codec.AppendBlanks(dst, n), blanks-n
	}
	return dst, nil
}

func boolText(v bool) string {
	if v {
		return "true"
	}
	return "false"
}

// A value of "char" is one byte, none for the zero byte; a byte above 127 shows as \ooo.

func charText(s []byte) []byte {
	if len(s) == 0 || s[0] < utf8.RuneSelf {
		return s
	}
	return []byte{'\\', '0' + s[0]>>6, '0' + s[0]>>3&7, '0' + s[0]&7}
}

func textChar(s []byte) []byte {
	if len(s) == 4 && s[0] == '\\' && isOctal(s[1]) && isOctal(s[2]) && isOctal(s[3]) {
		return []byte{(s[1]-'0')<<6 | (s[2]-'0')<<3 | (s[3] - '0')}
	}
	return s[:min(1, len(s))]
}

func charToInt(s []byte) int32 {
	if len(s) == 0 {
		return 0
	}
	return int32(int8(s[0]))
}

func intToChar(a int32) ([]byte, Err) {
	if a < -128 || a > 127 {
		return nil, sqlerr.New(sqlerr.NumericValueOutOfRange, `"char" out of range`)
	}
	if a == 0 {
		return nil, nil
	}
	return []byte{byte(a)}, nil
}
