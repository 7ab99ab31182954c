package jsonb

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	lanes01 = 0x0101010101010101
	lanes80 = 0x8080808080808080
)

// plainEnd is the first quote, backslash or control character of s from i on, len(s) without one.
func plainEnd(s []byte, i int) int {
	for i+8 <= len(s) {
		w := binary.LittleEndian.Uint64(s[i:])
		quote := w ^ lanes01*'"'
		slash := w ^ lanes01*'\\'
		// The lowest set high bit is the first such byte; higher ones may be false through
		// borrows, the lowest is not.
		hit := ((quote-lanes01)&^quote | (slash-lanes01)&^slash | (w-lanes01*0x20)&^w) & lanes80
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
		i += 8
	}
	for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= ' ' {
		i++
	}
	return i
}

// StringEnd finds the closing quote of a string whose content starts at i. ok is false for a
// control character, a bad escape or the end of the text. What a \u stands for is not looked at:
// json, unlike jsonb, lets \u0000 and unpaired surrogates pass.
func StringEnd(s []byte, i int) (end int, escaped, ok bool) {
	for {
		i = plainEnd(s, i)
		switch {
		case i >= len(s) || s[i] < ' ':
			return i, escaped, false
		case s[i] == '"':
			return i, escaped, true
		}
		escaped = true
		if i+1 >= len(s) {
			return i, true, false
		}
		switch s[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i += 2
		case 'u':
			if _, ok := hex4(s, i+2); !ok {
				return i, true, false
			}
			i += 6
		default:
			return i, true, false
		}
	}
}

// str reads a string at its opening quote and appends what it stands for.
func (l *lexer) str(dst []byte) ([]byte, error) {
	s, i, from := l.src, l.pos+1, l.pos
	for {
		run := i
		i = plainEnd(s, i)
		dst = append(dst, s[run:i]...)
		switch {
		case i == len(s):
			return dst, errJSON().WithDetail(`Token "%s" is invalid.`, s[from:])
		case s[i] == '"':
			l.pos = i + 1
			return dst, nil
		case s[i] < ' ':
			return dst, errJSON().WithDetail("Character with value 0x%02x must be escaped.", s[i])
		}
		var err error
		if dst, i, err = unescape(dst, s, i); err != nil {
			return dst, err
		}
	}
}

// Unescape appends what the content of a string stands for.
func Unescape(dst, raw []byte) ([]byte, error) {
	for i := 0; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '\\')
		if n < 0 {
			return append(dst, raw[i:]...), nil
		}
		dst = append(dst, raw[i:i+n]...)
		var err error
		if dst, i, err = unescape(dst, raw, i+n); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// unescape reads the escape at s[i].
func unescape(dst, s []byte, i int) ([]byte, int, error) {
	if i+1 >= len(s) {
		return dst, i, errJSON().WithDetail(`Token "%s" is invalid.`, s[i:])
	}
	c := s[i+1]
	switch c {
	case '"', '\\', '/':
		return append(dst, c), i + 2, nil
	case 'b':
		return append(dst, '\b'), i + 2, nil
	case 'f':
		return append(dst, '\f'), i + 2, nil
	case 'n':
		return append(dst, '\n'), i + 2, nil
	case 'r':
		return append(dst, '\r'), i + 2, nil
	case 't':
		return append(dst, '\t'), i + 2, nil
	case 'u':
		return unescapeUnicode(dst, s, i)
	}
	_, n := utf8.DecodeRune(s[i+1:])
	return dst, i, errJSON().WithDetail(`Escape sequence "\%s" is invalid.`, s[i+1:i+1+n])
}

func unescapeUnicode(dst, s []byte, i int) ([]byte, int, error) {
	hi, ok := hex4(s, i+2)
	if !ok {
		return dst, i, errJSON().WithDetail(`"\u" must be followed by four hexadecimal digits.`)
	}
	i += 6
	switch {
	case hi == 0:
		return dst, i, errZero()
	case hi >= 0xdc00 && hi < 0xe000:
		return dst, i, errJSON().WithDetail("Unicode low surrogate must follow a high surrogate.")
	case hi >= 0xd800 && hi < 0xdc00:
		if i+1 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
			lo, ok := hex4(s, i+2)
			if !ok {
				return dst, i, errJSON().WithDetail(`"\u" must be followed by four hexadecimal digits.`)
			}
			if lo >= 0xd800 && lo < 0xdc00 {
				return dst, i, errJSON().WithDetail("Unicode high surrogate must not follow a high surrogate.")
			}
			if lo >= 0xdc00 && lo < 0xe000 {
				r := 0x10000 + (hi-0xd800)<<10 + (lo - 0xdc00)
				return utf8.AppendRune(dst, r), i + 6, nil
			}
		}
		return dst, i, errJSON().WithDetail("Unicode low surrogate must follow a high surrogate.")
	}
	return utf8.AppendRune(dst, hi), i, nil
}

func hex4(s []byte, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	var r rune
	for _, c := range s[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// AppendString appends s as a JSON string with PostgreSQL's escapes.
func AppendString(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
