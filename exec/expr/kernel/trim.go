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
		"lpad": app3(func(c *Call, dst []byte, s string, n int32, fill string) ([]byte, Err) {
			return c.pad(dst, s, n, fill, true)
		}),
		"rpad": app3(func(c *Call, dst []byte, s string, n int32, fill string) ([]byte, Err) {
			return c.pad(dst, s, n, fill, false)
		}),
	})
	kernelsOf(map[uint32]Kernel{
		879: app2(func(c *Call, dst []byte, s string, n int32) ([]byte, Err) { return c.pad(dst, s, n, " ", true) }),
		880: app2(func(c *Call, dst []byte, s string, n int32) ([]byte, Err) { return c.pad(dst, s, n, " ", false) }),
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
func (c *Call) pad(dst []byte, s string, n int32, fill string, before bool) ([]byte, Err) {
	n = max(n, 0)
	have, err := c.runes(s)
	if err != nil {
		return dst, err
	}
	missing := int(n) - have
	if missing <= 0 || fill == "" {
		return c.appendSized(dst, s[:byteOffset(s, int64(n))])
	}
	if int64(n)*utf8.UTFMax > maxText {
		return dst, errLengthTooLarge()
	}
	if !before {
		if dst, err = c.appendSized(dst, s); err != nil {
			return dst, err
		}
	}
	width, err := c.runes(fill)
	if err != nil {
		return dst, err
	}
	if dst, err = c.appendTimes(dst, fill, missing/width); err != nil {
		return dst, err
	}
	if dst, err = c.appendSized(dst, fill[:byteOffset(fill, int64(missing%width))]); err != nil || !before {
		return dst, err
	}
	return c.appendSized(dst, s)
}
