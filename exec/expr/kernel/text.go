package kernel

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxText is the size past which PostgreSQL refuses to build a value.
const maxText = 0x3fffffff

func errLengthTooLarge() Err {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "requested length too large")
}

func init() {
	kernels(map[string]Kernel{
		"textlen":        fn1(func(s string) int32 { return int32(utf8.RuneCountInString(s)) }),
		"bpcharlen":      fn1(func(s string) int32 { return int32(utf8.RuneCountInString(strings.TrimRight(s, " "))) }),
		"textoctetlen":   fn1(func(s string) int32 { return int32(len(s)) }),
		"bpcharoctetlen": fn1(func(s string) int32 { return int32(len(s)) }),
		"upper":          app1(func(_ *Call, dst []byte, s string) ([]byte, Err) { return mapRunes(dst, s, unicode.ToUpper), nil }),
		"lower":          app1(func(_ *Call, dst []byte, s string) ([]byte, Err) { return mapRunes(dst, s, unicode.ToLower), nil }),
		"initcap":        app1(appendInitcap),
		"textcat":        app2(func(_ *Call, dst []byte, a, b string) ([]byte, Err) { return append(append(dst, a...), b...), nil }),
		"text_substr": fn3e(func(s string, from, n int32) (string, Err) {
			if n < 0 && int64(from)+int64(n) < int64(from) {
				return "", sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
			}
			return substring(s, int64(from), int64(from)+int64(n)), nil
		}),
		"text_substr_no_len": fn2(func(s string, from int32) string { return substring(s, int64(from), math.MaxInt64) }),
		"textpos":            fn2(position),
		"text_left":          fn2(left),
		"text_right":         fn2(right),
		"text_reverse":       fn1(reverse),
		"repeat":             app2(appendRepeat),
		"replace_text":       fn3e(replaceText),
		"split_part":         fn3e(splitPart),
		"translate":          fn3(translate),
		"text_starts_with":   fn2(strings.HasPrefix),
		"ascii":              fn1(ascii),
		"chr":                fn1e(chr),
		"textoverlay":        fn4e(overlay),
		"textoverlay_no_len": fn3e(func(s, by string, from int32) (string, Err) {
			return overlay(s, by, from, int32(utf8.RuneCountInString(by)))
		}),
	})
	kernelsOf(map[uint32]Kernel{
		1810: fn1(func(s []byte) int32 { return int32(len(s)) * 8 }), // bit_length(bytea)
		1811: fn1(func(s string) int32 { return int32(len(s)) * 8 }), // bit_length(text)
	})
}

// mapRunes appends s with f, which keeps ASCII ASCII, applied to each character.
func mapRunes(dst []byte, s string, f func(rune) rune) []byte {
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			dst = append(dst, byte(f(rune(s[i]))))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		dst = utf8.AppendRune(dst, f(r))
		i += size
	}
	return dst
}

func appendInitcap(_ *Call, dst []byte, s string) ([]byte, Err) {
	inWord := false
	for _, r := range s {
		if inWord {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		} else {
			dst = utf8.AppendRune(dst, unicode.ToUpper(r))
		}
		inWord = unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return dst, nil
}

// substring is the characters from, inclusive, to to, exclusive, counted from 1; both may lie
// outside.
func substring(s string, from, to int64) string {
	from = max(from, 1)
	if to <= from {
		return ""
	}
	start := byteOffset(s, from-1)
	return s[start : start+byteOffset(s[start:], to-from)]
}

// byteOffset is where character n begins; the end of s when it is shorter.
func byteOffset(s string, n int64) int {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i
}

func position(s, part string) int32 {
	i := strings.Index(s, part)
	if i < 0 {
		return 0
	}
	return int32(utf8.RuneCountInString(s[:i])) + 1
}

func left(s string, n int32) string {
	if n < 0 {
		return s[:byteOffset(s, int64(utf8.RuneCountInString(s))+int64(n))]
	}
	return s[:byteOffset(s, int64(n))]
}

func right(s string, n int32) string {
	if n == math.MinInt32 { // PostgreSQL's -n is then negative still.
		return s
	}
	if n < 0 {
		return s[byteOffset(s, -int64(n)):]
	}
	return s[byteOffset(s, int64(utf8.RuneCountInString(s))-int64(n)):]
}

func reverse(s string) string {
	out := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, size := utf8.DecodeRuneInString(s[i:])
		at -= size
		copy(out[at:], s[i:i+size])
		i += size
	}
	return string(out)
}

func appendRepeat(_ *Call, dst []byte, s string, n int32) ([]byte, Err) {
	if n <= 0 || s == "" {
		return dst, nil
	}
	if int64(len(s))*int64(n) > maxText-4 {
		return dst, errLengthTooLarge()
	}
	for ; n > 0; n-- {
		dst = append(dst, s...)
	}
	return dst, nil
}

func replaceText(s, from, to string) (string, Err) {
	if from == "" {
		return s, nil
	}
	if grow := len(to) - len(from); grow > 0 && strings.Count(s, from)*grow+len(s) > maxText {
		return "", errLengthTooLarge()
	}
	return strings.ReplaceAll(s, from, to), nil
}

func splitPart(s, by string, n int32) (string, Err) {
	if n == 0 {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "field position must not be zero")
	}
	if s == "" {
		return "", nil
	}
	parts := []string{s}
	if by != "" {
		parts = strings.Split(s, by)
	}
	i := int64(n) - 1
	if n < 0 {
		i = int64(len(parts)) + int64(n)
	}
	if i < 0 || i >= int64(len(parts)) {
		return "", nil
	}
	return parts[i], nil
}

func translate(s, from, to string) string {
	var b strings.Builder
	fromRunes, toRunes := []rune(from), []rune(to)
	for _, r := range s {
		at := -1
		for i, f := range fromRunes {
			if f == r {
				at = i
				break
			}
		}
		switch {
		case at < 0:
			b.WriteRune(r)
		case at < len(toRunes):
			b.WriteRune(toRunes[at])
		}
	}
	return b.String()
}

func ascii(s string) int32 {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	return int32(r)
}

func chr(n int32) (string, Err) {
	switch {
	case n < 0:
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "character number must be positive")
	case n == 0:
		return "", sqlerr.New(sqlerr.ProgramLimitExceeded, "null character not permitted")
	case n > unicode.MaxRune:
		return "", sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character too large for encoding: %d", n)
	case !utf8.ValidRune(n):
		return "", sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character not valid for encoding: %d", n)
	}
	return string(n), nil
}

func overlay(s, by string, from, n int32) (string, Err) {
	if from <= 0 {
		return "", sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
	}
	after, ok := add(from, n)
	if !ok {
		return "", errIntegerRange()
	}
	return substring(s, 1, int64(from)) + by + substring(s, int64(after), math.MaxInt64), nil
}
