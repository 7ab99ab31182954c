package regex

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// bracket translates [...].
func (t *translator) bracket() *sqlerr.Error {
	s := t.src[t.pos+1:]
	if strings.HasPrefix(s, "[:<:]]") || strings.HasPrefix(s, "[:>:]]") {
		t.special(special{place: map[byte]place{'<': wordStart, '>': wordEnd}[s[2]]}, len("[[:<:]]"))
		t.atom = false
		return nil
	}
	var b strings.Builder
	b.WriteByte('[')
	negated := strings.HasPrefix(s, "^")
	if negated {
		b.WriteByte('^')
		s = s[1:]
		if !t.dotNewline {
			b.WriteString(`\n`)
		}
	}
	for first := true; ; first = false {
		if s == "" {
			return errInvalid("brackets [] not balanced")
		}
		if s[0] == ']' && !first {
			break
		}
		n, err := bracketItem(&b, s)
		if err != nil {
			return err
		}
		s = s[n:]
	}
	b.WriteByte(']')
	t.emit(b.String(), len(t.src)-t.pos-len(s)+1)
	return nil
}

// bracketItem writes the class, range or character that s begins with and returns its size.
func bracketItem(b *strings.Builder, s string) (int, *sqlerr.Error) {
	if strings.HasPrefix(s, "[:") {
		end := strings.Index(s, ":]")
		if end < 0 {
			return 0, errInvalid("brackets [] not balanced")
		}
		class, ok := classes[s[2:end]]
		if !ok {
			return 0, errInvalid("invalid character class")
		}
		b.WriteString(class)
		return end + 2, nil
	}
	if len(s) > 1 && s[0] == '\\' && strings.IndexByte("dswDSW", s[1]) >= 0 {
		if s[1] < 'a' {
			return 0, errInvalid(`invalid escape \ sequence`)
		}
		b.WriteString(classes[map[byte]string{'d': "digit", 's': "space", 'w': "word"}[s[1]]])
		return 2, nil
	}
	low, n, err := bracketChar(s)
	if err != nil {
		return 0, err
	}
	high := low
	if rest := s[n:]; len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
		size := 0
		if high, size, err = bracketChar(rest[1:]); err != nil {
			return 0, err
		}
		n += 1 + size
		if high < low {
			return 0, errInvalid("invalid character range")
		}
	}
	fmt.Fprintf(b, `\x{%x}`, low)
	if high != low {
		fmt.Fprintf(b, `-\x{%x}`, high)
	}
	return n, nil
}

// bracketChar reads one character inside brackets: plain, escaped, [.x.] or [=x=].
func bracketChar(s string) (rune, int, *sqlerr.Error) {
	switch {
	case s == "":
		return 0, 0, errInvalid("brackets [] not balanced")
	case s[0] == '\\':
		return charEscape(s)
	case strings.HasPrefix(s, "[.") || strings.HasPrefix(s, "[="):
		r, size := utf8.DecodeRuneInString(s[2:])
		if !strings.HasPrefix(s[2+size:], s[1:2]+"]") {
			return 0, 0, errUnsupported("collating element in regular expressions")
		}
		return r, 2 + size + 2, nil
	}
	r, size := utf8.DecodeRuneInString(s)
	return r, size, nil
}
