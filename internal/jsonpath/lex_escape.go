package jsonpath

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

var simpleEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape reads what a backslash begins.
func (l *lexer) escape(dst []byte) ([]byte, error) {
	s := l.src[l.pos:]
	if len(s) < 2 || s[1] == '\n' {
		return dst, errSyntax("unexpected end after backslash", `\`)
	}
	switch c := s[1]; c {
	case 'u':
		return l.unicode(dst)
	case 'x':
		n := 2
		for n < len(s) && n < 4 && isHex(s[n]) {
			n++
		}
		if n < 4 {
			return dst, errSyntax("invalid hex character sequence", s[:n])
		}
		l.pos += n
		v, _ := strconv.ParseUint(s[2:4], 16, 8) // two digits
		return appendRune(dst, rune(v))
	default:
		if plain, ok := simpleEscapes[c]; ok {
			c = plain
		}
		l.pos += 2
		return append(dst, c), nil
	}
}

// unicode reads \u escapes that follow each other, of which two may be a pair of surrogates.
func (l *lexer) unicode(dst []byte) ([]byte, error) {
	from := l.pos
	var runes []rune
	for strings.HasPrefix(l.src[l.pos:], `\u`) {
		r, size, ok := codePoint(l.src[l.pos:])
		if !ok {
			return dst, errSyntax("invalid unicode sequence", l.src[from:l.pos+size])
		}
		l.pos += size
		runes = append(runes, r)
	}
	high := rune(-1)
	for _, r := range runes {
		switch {
		case r >= 0xd800 && r < 0xdc00:
			if high >= 0 {
				return dst, errSurrogate("Unicode high surrogate must not follow a high surrogate.")
			}
			high = r
			continue
		case r >= 0xdc00 && r < 0xe000 && high >= 0:
			r, high = 0x10000+(high-0xd800)<<10+(r-0xdc00), -1
		case r >= 0xdc00 && r < 0xe000, high >= 0:
			return dst, errSurrogate("Unicode low surrogate must follow a high surrogate.")
		}
		var err error
		if dst, err = appendRune(dst, r); err != nil {
			return dst, err
		}
	}
	if high >= 0 {
		return dst, errSurrogate("Unicode low surrogate must follow a high surrogate.")
	}
	return dst, nil
}

func errSurrogate(detail string) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type jsonpath").WithDetail("%s", detail)
}

// codePoint reads \uXXXX or \u{X…} at the start of s; of what is neither, size is how far it looked like one.
func codePoint(s string) (r rune, size int, ok bool) {
	n, most := 2, 4
	braces := n < len(s) && s[n] == '{'
	if braces {
		n, most = 3, 6
	}
	from := n
	for n < len(s) && n < from+most && isHex(s[n]) {
		n++
	}
	count := n - from
	v, _ := strconv.ParseUint("0"+s[from:n], 16, 32) // hexadecimal digits
	if !braces {
		return rune(v), n, count == 4
	}
	if count == 0 || n == len(s) || s[n] != '}' {
		return 0, n, false
	}
	return rune(v), n + 1, true
}

func appendRune(dst []byte, r rune) ([]byte, error) {
	if r == 0 {
		return dst, sqlerr.New(sqlerr.UntranslatableCharacter, "unsupported Unicode escape sequence").
			WithDetail(`\u0000 cannot be converted to text.`)
	}
	if !utf8.ValidRune(r) {
		return dst, sqlerr.New(sqlerr.SyntaxError, "invalid Unicode code point")
	}
	return utf8.AppendRune(dst, r), nil
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
