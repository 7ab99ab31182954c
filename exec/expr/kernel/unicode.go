package kernel

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func init() {
	kernels(map[string]Kernel{
		"unicode_normalize_func": app2(func(c *Call, dst []byte, s, form string) ([]byte, Err) {
			f, err := normalForm(form)
			if err != nil {
				return dst, err
			}
			return c.inParts(dst, s, f)
		}),
		"unicode_is_normalized": fn2e(func(s, form string) (bool, Err) {
			f, err := normalForm(form)
			return err == nil && f.IsNormalString(s), err
		}),
		"unistr": app1(unistr),
	})
}

func normalForm(name string) (norm.Form, Err) {
	for _, f := range []struct {
		name string
		form norm.Form
	}{{"NFC", norm.NFC}, {"NFD", norm.NFD}, {"NFKC", norm.NFKC}, {"NFKD", norm.NFKD}} {
		if strings.EqualFold(name, f.name) {
			return f.form, nil
		}
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid normalization form: %s", name)
}

// inParts normalizes a part at a time, each up to where the next does not reach back.
func (c *Call) inParts(dst []byte, s string, f norm.Form) ([]byte, Err) {
	for len(s) > 0 {
		if err := c.breathe(); err != nil {
			return dst, err
		}
		n := len(s)
		if n > step {
			if n = step + f.FirstBoundaryInString(s[step:]); n < step {
				n = len(s)
			}
		}
		// One character becomes 18 at most, in NFKC and NFKD.
		if err := c.Scratch(18 * n); err != nil {
			return dst, err
		}
		var err Err
		if dst, err = c.appendSized(dst, f.String(s[:n])); err != nil {
			return dst, err
		}
		s = s[n:]
	}
	return dst, nil
}

// unistr replaces \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX, and makes one character of two surrogates.
func unistr(c *Call, dst []byte, s string) ([]byte, Err) {
	errPair := sqlerr.New(sqlerr.SyntaxError, "invalid Unicode surrogate pair")
	high := rune(0)
	for n := 0; len(s) > 0; n++ {
		if n&(step-1) == step-1 {
			if err := c.breathe(); err != nil {
				return dst, err
			}
		}
		if s[0] != '\\' || strings.HasPrefix(s, `\\`) {
			if high != 0 {
				return dst, errPair
			}
			dst = append(dst, s[0])
			if s[0] == '\\' {
				s = s[1:]
			}
			s = s[1:]
			continue
		}
		r, size, err := unicodeEscape(s)
		if err != nil {
			return dst, err
		}
		s = s[size:]
		low := r >= 0xdc00 && r < 0xe000
		switch {
		case high != 0 && low:
			r, high = utf16.DecodeRune(high, r), 0
		case high != 0 || low:
			return dst, errPair
		case r >= 0xd800 && r < 0xdc00:
			high = r
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	if high != 0 {
		return dst, errPair
	}
	return dst, nil
}

// unicodeEscape reads the escape that s begins with.
func unicodeEscape(s string) (r rune, size int, err Err) {
	for _, form := range []struct {
		prefix string
		digits int
	}{{`\`, 4}, {`\u`, 4}, {`\+`, 6}, {`\U`, 8}} {
		size = len(form.prefix) + form.digits
		if !strings.HasPrefix(s, form.prefix) || len(s) < size {
			continue
		}
		v, ok := uint32(0), true
		for _, d := range []byte(s[len(form.prefix):size]) {
			h := strings.IndexByte("0123456789abcdef", d|0x20)
			if d >= '0' && d <= '9' {
				h = int(d - '0')
			}
			ok = ok && h >= 0
			v = v<<4 | uint32(h)&15
		}
		switch {
		case !ok:
			continue
		case v == 0 || v > utf8.MaxRune:
			return 0, 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid Unicode code point: %04X", v)
		}
		return rune(v), size, nil
	}
	return 0, 0, sqlerr.New(sqlerr.SyntaxError, "invalid Unicode escape").
		WithHint(`Unicode escapes must be \XXXX, \+XXXXXX, \uXXXX, or \UXXXXXXXX.`)
}
