package jsonpath

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// tokenKind is a byte of the text for a token that is one, or one of these.
type tokenKind int

const (
	tokEnd tokenKind = 256 + iota
	tokIdent
	tokString
	tokVariable
	tokInteger
	tokNumber
	tokAnd
	tokOr
	tokEqual
	tokNotEqual
	tokLessEqual
	tokGreaterEqual
	tokAny // **

	// Key words, which are keys as well.
	tokTo
	tokNull
	tokTrue
	tokFalse
	tokIs
	tokUnknown
	tokExists
	tokStrict
	tokLax
	tokAbs
	tokSize
	tokType
	tokFloor
	tokDouble
	tokCeiling
	tokDatetime
	tokKeyValue
	tokLast
	tokStarts
	tokWith
	tokLikeRegex
	tokFlag
)

// keywords in lower case; null, true and false are none in any other.
var keywords = map[string]tokenKind{
	"to": tokTo, "null": tokNull, "true": tokTrue, "false": tokFalse, "is": tokIs, "unknown": tokUnknown,
	"exists": tokExists, "strict": tokStrict, "lax": tokLax, "abs": tokAbs, "size": tokSize, "type": tokType,
	"floor": tokFloor, "double": tokDouble, "ceiling": tokCeiling, "datetime": tokDatetime,
	"keyvalue": tokKeyValue, "last": tokLast, "starts": tokStarts, "with": tokWith,
	"like_regex": tokLikeRegex, "flag": tokFlag,
}

// operators of several characters, the longest first.
var operators = []struct {
	text string
	kind tokenKind
}{
	{"&&", tokAnd}, {"||", tokOr}, {"**", tokAny}, {"<=", tokLessEqual}, {"==", tokEqual},
	{"<>", tokNotEqual}, {"!=", tokNotEqual}, {">=", tokGreaterEqual},
}

// token is what stands at a place of the text.
type token struct {
	kind tokenKind
	text string // of a name, string, variable or number: what it stands for
	near string // as PostgreSQL's errors show it, "" = the end of the input
}

// lexer cuts a path into tokens, by PostgreSQL's rules.
type lexer struct {
	src string
	pos int
}

func errSyntax(message, near string) error {
	if near == "" {
		return sqlerr.New(sqlerr.SyntaxError, "%s at end of jsonpath input", message)
	}
	return sqlerr.New(sqlerr.SyntaxError, "%s at or near \"%s\" of jsonpath input", message, near)
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' && c != '\v' }

// isOther: a character of names.
func isOther(c byte) bool {
	return !isBlank(c) && c != '\\' && c != '"' && strings.IndexByte("?%$.[]{}()|&!=<>@#,*:-+/", c) < 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// next reads a token.
func (l *lexer) next() (token, error) {
	for {
		for l.pos < len(l.src) && isBlank(l.src[l.pos]) {
			l.pos++
		}
		rest := l.src[l.pos:]
		if rest == "" {
			return token{kind: tokEnd}, nil
		}
		if strings.HasPrefix(rest, "/*") {
			if err := l.comment(); err != nil {
				return token{}, err
			}
			continue
		}
		switch c := rest[0]; {
		case c == '"':
			text, err := l.quoted(1)
			return token{kind: tokString, text: text, near: `"`}, err
		case c == '$':
			return l.dollar()
		case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
			if t, ok, err := l.number(); ok || err != nil {
				return t, err
			}
		case !isOther(c) && c != '\\':
			return l.operator(), nil
		}
		if t, ok, err := l.name(); ok || err != nil {
			return t, err
		}
	}
}

// comment passes over one.
func (l *lexer) comment() error {
	end := strings.Index(l.src[l.pos+2:], "*/")
	if end < 0 {
		return errSyntax("unexpected end of comment", "")
	}
	l.pos += 2 + end + 2
	return nil
}

func (l *lexer) operator() token {
	rest := l.src[l.pos:]
	for _, op := range operators {
		if strings.HasPrefix(rest, op.text) {
			l.pos += len(op.text)
			return token{kind: op.kind, near: op.text}
		}
	}
	l.pos++
	return token{kind: tokenKind(rest[0]), near: rest[:1]}
}

// dollar reads the root or a variable.
func (l *lexer) dollar() (token, error) {
	from := l.pos
	if strings.HasPrefix(l.src[from:], `$"`) {
		text, err := l.quoted(2)
		return token{kind: tokVariable, text: text, near: `"`}, err
	}
	for l.pos++; l.pos < len(l.src) && isOther(l.src[l.pos]); {
		l.pos++
	}
	near := l.src[from:l.pos]
	if near == "$" {
		return token{kind: '$', near: near}, nil
	}
	return token{kind: tokVariable, text: near[1:], near: near}, nil
}

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// number reads one. ok is false where a longer name stands: 12ab is one, 1a is neither.
func (l *lexer) number() (t token, ok bool, err error) {
	s := l.src[l.pos:]
	n := digits(s)
	if n > 1 && s[0] == '0' {
		n = 1
	}
	kind := tokInteger
	if n < len(s) && s[n] == '.' {
		n += 1 + digits(s[n+1:])
		kind = tokNumber
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		exp := n + 1
		if exp < len(s) && (s[exp] == '+' || s[exp] == '-') {
			exp++
		}
		switch d := digits(s[exp:]); {
		case d > 0:
			n, kind = exp+d, tokNumber
		case exp > n+1:
			return t, false, errSyntax("invalid numeric literal", s[:exp])
		}
	}
	name := 0
	for name < len(s) && isOther(s[name]) {
		name++
	}
	junk := n < len(s) && isOther(s[n])
	switch {
	case junk && name > n+1:
		return t, false, nil
	case junk:
		return t, false, errSyntax("trailing junk after numeric literal", s[:n+1])
	}
	l.pos += n
	return token{kind: kind, text: s[:n], near: s[:n]}, true, nil
}

// name reads a name or a key word. ok is false for one that a comment follows at once: PostgreSQL drops it.
func (l *lexer) name() (t token, ok bool, err error) {
	var b []byte
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\\':
			if b, err = l.escape(b); err != nil {
				return t, false, err
			}
			continue
		case isBlank(c):
			from := l.pos
			for l.pos < len(l.src) && isBlank(l.src[l.pos]) {
				l.pos++
			}
			t.near = l.src[from:l.pos]
		case strings.HasPrefix(l.src[l.pos:], "/*"):
			return t, false, l.comment()
		case isOther(c):
			b = append(b, c)
			l.pos++
			continue
		}
		break
	}
	t.text, t.kind = string(b), tokIdent
	if k, is := keywords[strings.ToLower(t.text)]; is && (k != tokNull && k != tokTrue && k != tokFalse || strings.ToLower(t.text) == t.text) {
		t.kind = k
	}
	return t, true, nil
}

// quoted reads a text in quotes, after the skip bytes that open it.
func (l *lexer) quoted(skip int) (string, error) {
	l.pos += skip
	var b []byte
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; c {
		case '"':
			l.pos++
			return string(b), nil
		case '\\':
			var err error
			if b, err = l.escape(b); err != nil {
				return "", err
			}
		default:
			b = append(b, c)
			l.pos++
		}
	}
	return "", errSyntax("unexpected end of quoted string", "")
}
