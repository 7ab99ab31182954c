package jsonb

import (
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// MaxDepth bounds nesting; PostgreSQL's own bound is its stack.
const MaxDepth = 6000

// lexer reads JSON text by PostgreSQL's rules (RFC 8259, surrounding blanks allowed).
type lexer struct {
	src []byte
	pos int
}

func (l *lexer) skipBlanks() {
	for l.pos < len(l.src) {
		switch l.src[l.pos] {
		case ' ', '\t', '\n', '\r':
			l.pos++
		default:
			return
		}
	}
}

// peek is the next byte after blanks, 0 at the end.
func (l *lexer) peek() byte {
	l.skipBlanks()
	if l.pos == len(l.src) {
		return 0
	}
	return l.src[l.pos]
}

func errJSON() *sqlerr.Error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type json")
}

func errDepth() error {
	return sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded")
}

func errZero() error {
	return sqlerr.New(sqlerr.UntranslatableCharacter, "unsupported Unicode escape sequence").
		WithDetail(`\u0000 cannot be converted to text.`)
}

// expected reports what is found where something else should be.
func (l *lexer) expected(what string) error {
	l.skipBlanks()
	if l.pos == len(l.src) {
		return errJSON().WithDetail("The input string ended unexpectedly.")
	}
	tok, valid := l.token()
	if !valid {
		return errJSON().WithDetail(`Token "%s" is invalid.`, tok)
	}
	return errJSON().WithDetail(`Expected %s, but found "%s".`, what, tok)
}

// token is the text at pos for an error message, and whether it is a JSON token.
func (l *lexer) token() ([]byte, bool) {
	switch c := l.src[l.pos]; {
	case c == '"':
		probe := lexer{src: l.src, pos: l.pos}
		if _, err := probe.str(nil); err == nil {
			return l.src[l.pos:probe.pos], true
		}
		return l.src[l.pos:], false
	case c == '-' || c >= '0' && c <= '9':
		probe := lexer{src: l.src, pos: l.pos}
		num, err := probe.number()
		if err == nil {
			return num, true
		}
		return l.word(), false
	case isWord(c):
		w := l.word()
		return w, string(w) == "true" || string(w) == "false" || string(w) == "null"
	case c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':':
		return l.src[l.pos : l.pos+1], true
	}
	return l.src[l.pos : l.pos+1], false
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
}

func (l *lexer) word() []byte {
	end := l.pos
	for end < len(l.src) && isWord(l.src[end]) {
		end++
	}
	if end == l.pos {
		end++
	}
	return l.src[l.pos:end]
}

// number reads a JSON number and returns its text.
func (l *lexer) number() ([]byte, error) {
	s, i := l.src, l.pos
	bad := false
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := func() {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		bad = bad || i == from
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else {
		digits()
	}
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		digits()
	}
	// What runs on is part of a bad token.
	for i < len(s) && isWord(s[i]) {
		bad = true
		i++
	}
	tok := s[l.pos:i]
	if bad {
		return nil, errJSON().WithDetail(`Token "%s" is invalid.`, tok)
	}
	l.pos = i
	return tok, nil
}

// str reads a string at its opening quote and appends what it stands for.
func (l *lexer) str(dst []byte) ([]byte, error) {
	s, i, from := l.src, l.pos+1, l.pos
	for {
		run := i
		for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= ' ' {
			i++
		}
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
