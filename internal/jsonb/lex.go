package jsonb

import (
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
