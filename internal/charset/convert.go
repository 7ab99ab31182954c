package charset

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// ToUTF8 appends src, which is in the encoding, to dst.
func (c *Charset) ToUTF8(dst, src []byte) ([]byte, error) {
	if c.scheme == same {
		return append(dst, src...), nil
	}
	for i := 0; i < len(src); {
		if b := src[i]; b < 0x80 && b != 0 {
			dst = append(dst, b)
			i++
			continue
		}
		n, ok := c.character(src[i:])
		if !ok {
			return dst, sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"%s\": %s", c.Name, shown(src[i:min(i+n, len(src))]))
		}
		r := c.decoded(src[i : i+n])
		if r == 0 {
			return dst, c.noEquivalent(src[i:i+n], c.Name, "UTF8")
		}
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst, nil
}

// FromUTF8 appends src to dst in the encoding.
func (c *Charset) FromUTF8(dst, src []byte) ([]byte, error) {
	if c.scheme == same {
		return append(dst, src...), nil
	}
	for i := 0; i < len(src); {
		if b := src[i]; b < 0x80 {
			dst = append(dst, b)
			i++
			continue
		}
		r, n := utf8.DecodeRune(src[i:])
		var ok bool
		if dst, ok = c.appendCode(dst, r); !ok {
			return dst, c.noEquivalent(src[i:i+n], "UTF8", c.Name)
		}
		i += n
	}
	return dst, nil
}

// Lossy is a text in the encoding with ? for what it does not have: for messages, which must come through.
func (c *Charset) Lossy(s string) string {
	if c.scheme == same || ascii(s) {
		return s
	}
	var out []byte
	for _, r := range s {
		if next, err := c.FromUTF8(out, []byte(string(r))); err == nil {
			out = next
		} else {
			out = append(out, '?')
		}
	}
	return string(out)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Whole is how much of a piece of text is whole characters.
func (c *Charset) Whole(src []byte) int {
	for i := 0; i < len(src); {
		n := 1
		if src[i] >= 0x80 {
			n = c.length(src[i:])
		}
		if i+n > len(src) {
			return i
		}
		i += n
	}
	return len(src)
}

// length of the character that begins with a byte above 0x7f.
func (c *Charset) length(b []byte) int {
	switch c.scheme {
	case single, iso, windows:
		return 1
	case eucJP:
		if b[0] == 0x8f {
			return 3
		}
	case sjis:
		if b[0] >= 0xa1 && b[0] <= 0xdf {
			return 1
		}
	case gb18030:
		if len(b) > 1 && b[1] >= 0x30 && b[1] <= 0x39 {
			return 4
		}
	}
	return 2
}

// character is the length of the first character, and whether its bytes are as the encoding demands.
func (c *Charset) character(b []byte) (n int, ok bool) {
	if len(b) == 0 || b[0] == 0 {
		return 1, false
	}
	if b[0] < 0x80 {
		return 1, true
	}
	if n = c.length(b); n > len(b) {
		return n, false
	}
	within := func(i int, low, high byte) bool { return b[i] >= low && b[i] <= high }
	switch c.scheme {
	case euc:
		return n, within(0, 0xa1, 0xfe) && within(1, 0xa1, 0xfe)
	case eucJP:
		switch b[0] {
		case 0x8e:
			return n, within(1, 0xa1, 0xdf)
		case 0x8f:
			return n, within(1, 0xa1, 0xfe) && within(2, 0xa1, 0xfe)
		}
		return n, within(0, 0xa1, 0xfe) && within(1, 0xa1, 0xfe)
	case sjis:
		return n, n == 1 || (within(0, 0x81, 0x9f) || within(0, 0xe0, 0xfc)) && (within(1, 0x40, 0x7e) || within(1, 0x80, 0xfc))
	case double:
		return n, b[1] != 0 && (b[0] != 0x8d || b[1] != ' ') // which PostgreSQL keeps for what is invalid
	case gb18030:
		if n == 4 {
			return n, within(0, 0x81, 0xfe) && within(2, 0x81, 0xfe) && within(3, 0x30, 0x39)
		}
		return n, within(0, 0x81, 0xfe) && (within(1, 0x40, 0x7e) || within(1, 0x80, 0xfe))
	}
	return n, true
}

func (c *Charset) noEquivalent(b []byte, from, to string) error {
	return sqlerr.New(sqlerr.UntranslatableCharacter, "character with byte sequence %s in encoding \"%s\" has no equivalent in encoding \"%s\"", shown(b), from, to)
}

func shown(b []byte) string {
	out := make([]string, len(b))
	for i, v := range b {
		out[i] = fmt.Sprintf("0x%02x", v)
	}
	return strings.Join(out, " ")
}
