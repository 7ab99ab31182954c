package kernel

import (
	"strings"
	"unicode/utf8"
)

func init() {
	kernels(map[string]Kernel{
		"btrim":      fn2(func(s, set string) string { return strings.Trim(s, set) }),
		"ltrim":      fn2(func(s, set string) string { return strings.TrimLeft(s, set) }),
		"rtrim":      fn2(func(s, set string) string { return strings.TrimRight(s, set) }),
		"btrim1":     fn1(func(s string) string { return strings.Trim(s, " ") }),
		"ltrim1":     fn1(func(s string) string { return strings.TrimLeft(s, " ") }),
		"rtrim1":     fn1(func(s string) string { return strings.TrimRight(s, " ") }),
		"byteatrim":  fn2(func(s, set []byte) []byte { return trimBytes(s, set, true, true) }),
		"bytealtrim": fn2(func(s, set []byte) []byte { return trimBytes(s, set, true, false) }),
		"byteartrim": fn2(func(s, set []byte) []byte { return trimBytes(s, set, false, true) }),
		"lpad": app3(func(_ *Call, dst []byte, s string, n int32, fill string) ([]byte, Err) {
			return pad(dst, s, n, fill, true)
		}),
		"rpad": app3(func(_ *Call, dst []byte, s string, n int32, fill string) ([]byte, Err) {
			return pad(dst, s, n, fill, false)
		}),
	})
	kernelsOf(map[uint32]Kernel{
		879: app2(func(_ *Call, dst []byte, s string, n int32) ([]byte, Err) { return pad(dst, s, n, " ", true) }),
		880: app2(func(_ *Call, dst []byte, s string, n int32) ([]byte, Err) { return pad(dst, s, n, " ", false) }),
	})
}

func trimBytes(s, set []byte, front, back bool) []byte {
	in := func(c byte) bool { return strings.IndexByte(view(set), c) >= 0 }
	for front && len(s) > 0 && in(s[0]) {
		s = s[1:]
	}
	for back && len(s) > 0 && in(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// pad brings s to n characters: cut at the end, or filled before or after with fill repeated.
func pad(dst []byte, s string, n int32, fill string, before bool) ([]byte, Err) {
	n = max(n, 0)
	missing := int(n) - utf8.RuneCountInString(s)
	if missing <= 0 || fill == "" {
		return append(dst, s[:byteOffset(s, int64(n))]...), nil
	}
	if int64(n)*utf8.UTFMax > maxText {
		return dst, errLengthTooLarge()
	}
	if !before {
		dst = append(dst, s...)
	}
	for missing > 0 {
		part := fill[:byteOffset(fill, int64(missing))]
		dst = append(dst, part...)
		missing -= utf8.RuneCountInString(part)
	}
	if before {
		dst = append(dst, s...)
	}
	return dst, nil
}
