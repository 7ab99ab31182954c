package regex

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxRepeat is the largest bound of {m,n}.
const maxRepeat = 255

// translator writes an ARE in RE2's syntax.
type translator struct {
	options
	src string
	pos int
	out strings.Builder

	depth                  int
	lazy, greedy, branches bool
	anchors                bool
	atom                   bool // something stands before pos that can be repeated
}

func (t *translator) run() *sqlerr.Error {
	for t.pos < len(t.src) {
		if err := t.element(); err != nil {
			return err
		}
	}
	if t.depth > 0 {
		return errInvalid("parentheses () not balanced")
	}
	return nil
}

//lint:dispatch
func (t *translator) element() *sqlerr.Error {
	c := t.src[t.pos]
	switch c {
	case '(':
		return t.open()
	case ')':
		if t.depth == 0 {
			return errInvalid("parentheses () not balanced")
		}
		t.depth--
		t.copy(1)
		t.atom = true
	case '|':
		t.branches, t.atom = true, false
		t.copy(1)
	case '*', '+', '?':
		return t.quantifier(string(c), 1)
	case '{':
		if t.pos+1 < len(t.src) && isDigit(t.src[t.pos+1]) {
			return t.bound()
		}
		t.emit(`\{`, 1)
	case '.':
		if t.dotNewline {
			t.emit(".", 1)
		} else {
			t.emit(`[^\n]`, 1)
		}
	case '^':
		t.anchor(`\A`, `(?m:^)`)
	case '$':
		t.anchor(`\z`, `(?m:$)`)
	case '[':
		return t.bracket()
	case '\\':
		return t.escape()
	default:
		_, size := utf8.DecodeRuneInString(t.src[t.pos:])
		t.emit(regexp.QuoteMeta(t.src[t.pos:t.pos+size]), size)
	}
	return nil
}

// copy takes n bytes of the source as they are, emit writes s for them, which can be repeated.
func (t *translator) copy(n int) {
	t.out.WriteString(t.src[t.pos : t.pos+n])
	t.pos += n
}

func (t *translator) emit(s string, n int) {
	t.out.WriteString(s)
	t.pos += n
	t.atom = true
}

func (t *translator) anchor(whole, line string) {
	s := whole
	if t.lineEnds {
		s = line
	}
	t.emit(s, 1)
	t.atom, t.anchors = false, true
}

func (t *translator) open() *sqlerr.Error {
	rest := t.src[t.pos:]
	t.atom = false
	switch {
	case strings.HasPrefix(rest, "(?:"):
		t.copy(3)
	case strings.HasPrefix(rest, "(?=") || strings.HasPrefix(rest, "(?!"):
		return errUnsupported("look-ahead in regular expressions")
	case strings.HasPrefix(rest, "(?<"):
		return errUnsupported("look-behind in regular expressions")
	case strings.HasPrefix(rest, "(?"):
		return errInvalid("quantifier operand invalid")
	default:
		t.copy(1)
	}
	t.depth++
	return nil
}

// quantifier writes q, of n bytes in the source, and the ? after it.
func (t *translator) quantifier(q string, n int) *sqlerr.Error {
	if !t.atom {
		return errInvalid("quantifier operand invalid")
	}
	t.out.WriteString(q)
	t.pos += n
	t.atom = false
	if t.pos < len(t.src) && t.src[t.pos] == '?' {
		t.lazy = true
		t.copy(1)
	} else {
		t.greedy = true
	}
	return nil
}

// bound is {m}, {m,} or {m,n}.
func (t *translator) bound() *sqlerr.Error {
	end := strings.IndexByte(t.src[t.pos:], '}')
	if end < 0 {
		return errInvalid("braces {} not balanced")
	}
	text := t.src[t.pos+1 : t.pos+end]
	low, high, ranged := strings.Cut(text, ",")
	m, err := strconv.Atoi(low)
	n := m
	if err == nil && ranged && high != "" {
		n, err = strconv.Atoi(high)
	}
	if err != nil || m > maxRepeat || n > maxRepeat || m > n {
		return errInvalid("invalid repetition count(s)")
	}
	return t.quantifier(t.src[t.pos:t.pos+end+1], end+1)
}

// classes are the bracket forms of escapes and of [:name:].
var classes = map[string]string{
	"alpha": `\p{L}`, "digit": `0-9`, "alnum": `\p{L}\p{N}`, "upper": `\p{Lu}`, "lower": `\p{Ll}`,
	"space": `\s\v\x{85}\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`, "blank": ` \t`,
	"punct": `\p{P}\p{S}`, "cntrl": `\p{Cc}`, "xdigit": `0-9A-Fa-f`, "word": `\p{L}\p{N}_`,
	"graph": `\p{L}\p{M}\p{N}\p{P}\p{S}`, "print": ` \p{L}\p{M}\p{N}\p{P}\p{S}`,
}

// escape translates a backslash outside brackets.
func (t *translator) escape() *sqlerr.Error {
	if t.pos+1 >= len(t.src) {
		return errInvalid(`invalid escape \ sequence`)
	}
	switch c := t.src[t.pos+1]; c {
	case 'd', 's', 'w', 'D', 'S', 'W':
		class := classes[map[byte]string{'d': "digit", 's': "space", 'w': "word"}[c|0x20]]
		if c < 'a' {
			class = "^" + class
		}
		t.emit("["+class+"]", 2)
	case 'A':
		t.emit(`\A`, 2)
		t.atom, t.anchors = false, true
	case 'Z':
		t.emit(`\z`, 2)
		t.atom, t.anchors = false, true
	case 'm', 'M', 'y', 'Y':
		return errUnsupported(`regular expression escape \` + string(c))
	default:
		if c >= '1' && c <= '9' {
			return errUnsupported("back reference in regular expressions")
		}
		r, size, err := charEscape(t.src[t.pos:])
		if err != nil {
			return err
		}
		t.emit(regexp.QuoteMeta(string(r)), size)
	}
	return nil
}

// simpleEscapes are the escapes of single characters.
var simpleEscapes = map[byte]rune{
	'a': 7, 'b': 8, 'B': '\\', 'e': 27, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11, '0': 0,
}

// charEscape reads the backslash escape of one character at the start of s.
func charEscape(s string) (r rune, size int, err *sqlerr.Error) {
	if len(s) < 2 {
		return 0, 0, errInvalid(`invalid escape \ sequence`)
	}
	c := s[1]
	if r, ok := simpleEscapes[c]; ok {
		return r, 2, nil
	}
	digits := map[byte]int{'u': 4, 'U': 8, 'x': 0}
	switch n, numbered := digits[c]; {
	case numbered:
		end := 2
		for end < len(s) && (n == 0 || end < 2+n) && isHex(s[end]) {
			end++
		}
		v, perr := strconv.ParseUint(s[2:end], 16, 32)
		if perr != nil || n > 0 && end != 2+n || v > utf8.MaxRune {
			return 0, 0, errInvalid(`invalid escape \ sequence`)
		}
		return rune(v), end, nil
	case c == 'c' && len(s) > 2:
		return rune(s[2] & 31), 3, nil
	case isLetter(c) || isDigit(c):
		return 0, 0, errInvalid(`invalid escape \ sequence`)
	}
	r, n := utf8.DecodeRuneInString(s[1:])
	return r, 1 + n, nil
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
