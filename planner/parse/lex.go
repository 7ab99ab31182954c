package parse

import "strings"

// tokenKind is what the guard and the streaming forms need to know of a token.
type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokWord             // identifier or keyword, not quoted
	tokQuoted           // "identifier", also U&"…"
	tokString           // any string or bit constant
	tokNumber
	tokParam // $1
	tokOp    // operators and punctuation
)

// token is a span of the statement text.
type token struct {
	kind       tokenKind
	start, end int32
}

// lexer walks PostgreSQL's lexical structure (scan.l, standard_conforming_strings on) without
// allocating. It never fails: what is unterminated ends with the text, and the real parser
// says so.
//
// INVARIANT: it never sees fewer tokens than PostgreSQL does, or the guard would be blind
// (checked against pg_query's scanner in lex_test.go).
type lexer struct {
	src string
	pos int
	// plainEnd is the end of the last run of operator characters without special ones;
	// plainOther is its last character that is no sign, -1 = none. A run of signs is as many
	// tokens: it must not be read as often.
	plainEnd, plainOther int
	// commentSteps counts what PostgreSQL's scanner reads at the openings of comments: at each,
	// and also inside another comment, it reads all operator characters that follow and gives
	// them back. opEnd is the end of the last such run.
	commentSteps, opEnd int
}

func (l *lexer) text(t token) string { return l.src[t.start:t.end] }

// next returns the next token, tokEOF at the end.
func (l *lexer) next() token {
	l.skipSpace()
	start := l.pos
	if start >= len(l.src) {
		return token{kind: tokEOF, start: int32(start), end: int32(start)}
	}
	kind := l.scan()
	return token{kind: kind, start: int32(start), end: int32(l.pos)}
}

func (l *lexer) scan() tokenKind {
	c := l.src[l.pos]
	switch {
	case isIdentStart(c):
		return l.word()
	case c >= '0' && c <= '9', c == '.' && isDigit(l.peek(1)):
		l.number()
		return tokNumber
	case c == '\'':
		l.quoted('\'', false)
		return tokString
	case c == '"':
		l.quoted('"', false)
		return tokQuoted
	case c == '$':
		return l.dollar()
	case isOpChar(c):
		l.operator()
		return tokOp
	case c == ':' && (l.peek(1) == ':' || l.peek(1) == '='), c == '.' && l.peek(1) == '.':
		l.pos += 2
		return tokOp
	}
	l.pos++
	return tokOp
}

func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

// skipSpace passes blanks and comments; /* */ nests.
func (l *lexer) skipSpace() {
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == ' ' || (c >= '\t' && c <= '\r'):
			l.pos++
		case c == '-' && l.peek(1) == '-':
			if n := strings.IndexAny(l.src[l.pos:], "\r\n"); n >= 0 {
				l.pos += n
			} else {
				l.pos = len(l.src)
			}
		case c == '/' && l.peek(1) == '*':
			l.blockComment()
		default:
			return
		}
	}
}

func (l *lexer) blockComment() {
	depth := 0
	for l.pos < len(l.src) {
		switch {
		case l.src[l.pos] == '/' && l.peek(1) == '*':
			depth++
			l.countOpening()
			l.pos += 2
		case l.src[l.pos] == '*' && l.peek(1) == '/':
			depth--
			l.pos += 2
			if depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
}

func (l *lexer) countOpening() {
	if l.opEnd <= l.pos {
		l.opEnd = l.pos
		for l.opEnd < len(l.src) && isOpChar(l.src[l.opEnd]) {
			l.opEnd++
		}
	}
	l.commentSteps += l.opEnd - l.pos
}

// word scans an identifier, or a string or identifier with a letter before its quote.
func (l *lexer) word() tokenKind {
	next := l.peek(1)
	switch c := l.src[l.pos] | 0x20; {
	case next == '\'' && (c == 'e' || c == 'b' || c == 'x'):
		l.pos++
		if c == 'e' {
			l.quoted('\'', true)
		} else {
			l.bits()
		}
		return tokString
	case c == 'u' && next == '&' && (l.peek(2) == '\'' || l.peek(2) == '"'):
		quote := l.peek(2)
		l.pos += 2
		l.quoted(quote, false)
		if quote == '"' {
			return tokQuoted
		}
		return tokString
	}
	for l.pos < len(l.src) && isIdentPart(l.src[l.pos]) {
		l.pos++
	}
	return tokWord
}

// quoted scans from an opening quote to behind the closing one; a doubled quote is a quote.
func (l *lexer) quoted(quote byte, backslash bool) {
	l.pos++
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == quote && l.peek(1) == quote:
			l.pos += 2
		case c == quote:
			l.pos++
			return
		case c == '\\' && backslash:
			l.pos += 2
		default:
			l.pos++
		}
	}
	l.pos = len(l.src)
}

// bits scans the quotes of B'…' and X'…', in which a doubled quote ends one and begins another.
func (l *lexer) bits() {
	if n := strings.IndexByte(l.src[l.pos+1:], '\''); n >= 0 {
		l.pos += n + 2
	} else {
		l.pos = len(l.src)
	}
}

// dollar scans $1 or $tag$ … $tag$.
func (l *lexer) dollar() tokenKind {
	if isDigit(l.peek(1)) {
		l.pos++
		for isDigit(l.peek(0)) {
			l.pos++
		}
		return tokParam
	}
	end := l.pos + 1
	if end < len(l.src) && isIdentStart(l.src[end]) {
		for end < len(l.src) && isIdentPart(l.src[end]) && l.src[end] != '$' {
			end++
		}
	}
	if end >= len(l.src) || l.src[end] != '$' {
		l.pos++
		return tokOp
	}
	tag := l.src[l.pos : end+1]
	if n := strings.Index(l.src[end+1:], tag); n >= 0 {
		l.pos = end + 1 + n + len(tag)
	} else {
		l.pos = len(l.src)
	}
	return tokString
}

func (l *lexer) number() {
	next := l.peek(1) | 0x20
	hex := l.src[l.pos] == '0' && (next == 'x' || next == 'o' || next == 'b')
	dot := hex       // only decimal ones have a fraction
	grouped := false // 1_000.. is 1_000. and a dot, 1.. is 1 and two dots
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; {
		case c == '.' && !dot && (grouped || l.peek(1) != '.'):
			dot = true
			l.pos++
		case (c == 'e' || c == 'E') && !hex && (l.peek(1) == '+' || l.peek(1) == '-') && isDigit(l.peek(2)):
			dot = true
			l.pos += 2
		case isDigit(c) || isIdentStart(c):
			grouped = grouped || c == '_'
			dot = dot || !(isDigit(c) || c == '_')
			l.pos++
		default:
			return
		}
	}
}

// operator scans the longest operator, then gives back a tail of + and - unless a character
// says that it is no SQL operator: "1+-1" is three tokens, "@-" is one.
func (l *lexer) operator() {
	start := l.pos
	if start >= l.plainEnd {
		if l.operatorRun() {
			return
		}
	}
	if l.pos = start + 1; l.plainOther >= start {
		l.pos = l.plainOther + 1
	}
}

// operatorRun reads all operator characters from here on. True: they are one operator; false:
// they are plain, and plainEnd and plainOther speak of them.
func (l *lexer) operatorRun() bool {
	start, special := l.pos, false
	l.plainOther = -1
	for l.pos < len(l.src) && isOpChar(l.src[l.pos]) {
		if l.pos > start && (strings.HasPrefix(l.src[l.pos:], "--") || strings.HasPrefix(l.src[l.pos:], "/*")) {
			break
		}
		switch c := l.src[l.pos]; {
		case strings.IndexByte("~!@#^&|`?%", c) >= 0:
			special = true
		case c != '+' && c != '-':
			l.plainOther = l.pos
		}
		l.pos++
	}
	l.plainEnd = l.pos
	return special
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isIdentStart(c byte) bool {
	return c == '_' || c >= 0x80 || (c|0x20 >= 'a' && c|0x20 <= 'z')
}
func isIdentPart(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }
func isOpChar(c byte) bool    { return strings.IndexByte("~!@#^&|`?+-*/%<>=", c) >= 0 }
