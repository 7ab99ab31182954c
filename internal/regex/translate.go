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
	out outputs

	depth                  int
	lazy, greedy, branches bool
	anchors                bool
	atom                   bool // something stands before pos that can be repeated
	// opened are the groups whose brackets are open, 0 = they are none; groups is how many there are, closed which are closed.
	opened []int
	groups int
	closed []bool
	// looking: inside of what is looked for ahead or behind.
	looking  bool
	specials []special
	names    int // of groups of the tree, so that each has its own
}

// outputs are the translation for Go's engine, and the one that a tree is made of, which has all brackets and branches as groups.
type outputs struct{ engine, tree strings.Builder }

// WriteString writes the same to both.
func (o *outputs) WriteString(s string) {
	o.engine.WriteString(s)
	o.tree.WriteString(s)
}

// branch begins a branch of the tree, endBranch ends it.
func (t *translator) branch() {
	t.names++
	t.out.tree.WriteString("(?P<b" + strconv.Itoa(t.names) + ">")
}

func (t *translator) endBranch() { t.out.tree.WriteString(")") }

func (t *translator) run() *sqlerr.Error {
	t.branch()
	for t.pos < len(t.src) {
		if err := t.element(); err != nil {
			return err
		}
	}
	if t.depth > 0 {
		return errInvalid("parentheses () not balanced")
	}
	t.endBranch()
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
		if n := t.opened[len(t.opened)-1]; n > 0 {
			t.closed[n-1] = true
		}
		t.opened = t.opened[:len(t.opened)-1]
		t.endBranch()
		t.copy(1)
		t.atom = true
	case '|':
		t.branches, t.atom = true, false
		t.endBranch()
		t.copy(1)
		t.branch()
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
	group := 0
	switch {
	case strings.HasPrefix(rest, "(?:"):
		t.group(0, 3)
	case strings.HasPrefix(rest, "(?="):
		return t.look(3, ahead)
	case strings.HasPrefix(rest, "(?!"):
		return t.look(3, notAhead)
	case strings.HasPrefix(rest, "(?<="):
		return t.look(4, behind)
	case strings.HasPrefix(rest, "(?<!"):
		return t.look(4, notBehind)
	case strings.HasPrefix(rest, "(?"):
		return errInvalid("quantifier operand invalid")
	case t.looking:
		t.group(0, 1)
	default:
		t.groups++
		t.closed = append(t.closed, false)
		group = t.groups
		t.group(group, 1)
	}
	t.opened = append(t.opened, group)
	t.depth++
	return nil
}

// group opens a group, of n bytes in the source; 0 = its match is not noted.
func (t *translator) group(group, n int) {
	t.names++
	if group > 0 {
		t.out.engine.WriteByte('(')
		t.out.tree.WriteString("(?P<g" + strconv.Itoa(group) + ">")
	} else {
		t.out.engine.WriteString("(?:")
		t.out.tree.WriteString("(?P<n" + strconv.Itoa(t.names) + ">")
	}
	t.pos += n
	t.branch()
}

// special writes the rune that stands for s, which is n bytes in the source. A second one keeps Go's parser from making a class of it.
func (t *translator) special(s special, n int) {
	t.out.WriteString("(?:" + string([]rune{rune(firstSpecial + len(t.specials)), besideSpecial}) + ")")
	t.specials = append(t.specials, s)
	t.pos += n
}

// look translates what a constraint looks for, which begins after n bytes.
func (t *translator) look(n int, p place) *sqlerr.Error {
	inner := translator{options: t.options, src: t.src, pos: t.pos + n, looking: true, specials: t.specials}
	inner.branch()
	for {
		if inner.pos >= len(inner.src) {
			return errInvalid("parentheses () not balanced")
		}
		if inner.src[inner.pos] == ')' && inner.depth == 0 {
			break
		}
		if err := inner.element(); err != nil {
			return err
		}
	}
	inner.endBranch()
	t.specials = inner.specials
	t.special(special{place: p, look: inner.out.tree.String()}, inner.pos+1-t.pos)
	return nil
}

// backReference is \n, or \nn where so many groups are closed; ok is false for an octal number.
func (t *translator) backReference() (ok bool, err *sqlerr.Error) {
	end := t.pos + 1
	for end < len(t.src) && isDigit(t.src[end]) {
		end++
	}
	n, convErr := strconv.Atoi(t.src[t.pos+1 : end])
	if end > t.pos+2 && (convErr != nil || n > t.groups) {
		return false, nil
	}
	if t.looking || n > t.groups || !t.closed[n-1] {
		return false, errInvalid("invalid backreference number")
	}
	t.special(special{back: n}, end-t.pos)
	t.atom = true
	return true, nil
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
	group := t.pos > 0 && t.src[t.pos-1] == ')'
	if err := t.quantifier(t.src[t.pos:t.pos+end+1], end+1); err != nil {
		return err
	}
	if lazy := t.src[t.pos-1] == '?'; ranged && high != "" && m == n && n > 0 && (lazy || group) {
		wants := longer // unlike {m}, {m,m} wants something
		if lazy {
			wants = shorter
		}
		t.special(special{wants: wants}, 0)
	}
	return nil
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
		t.special(special{place: map[byte]place{'m': wordStart, 'M': wordEnd, 'y': wordEdge, 'Y': noWordEdge}[c]}, 2)
		t.atom = false
	default:
		if c >= '1' && c <= '9' {
			if ok, err := t.backReference(); ok || err != nil {
				return err
			}
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
	'a': 7, 'b': 8, 'B': '\\', 'e': 27, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11,
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
	case isDigit(c):
		end := 1
		for end < len(s) && end < 4 && s[end] >= '0' && s[end] <= '7' {
			end++
		}
		v, perr := strconv.ParseUint(s[1:end], 8, 32)
		if perr != nil {
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
