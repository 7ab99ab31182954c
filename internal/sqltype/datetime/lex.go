package datetime

// kind of a piece of date/time text.
type kind uint8

const (
	kindNumber  kind = iota // digits, with at most one fraction
	kindDate                // digits and names joined by '-', '/' or '.'
	kindTime                // digits with ':'
	kindString              // a word
	kindSpecial             // a signed word
	kindZone                // a signed number
)

// maxText and maxPieces bound input as PostgreSQL does.
const (
	maxText   = 128
	maxPieces = 25
)

type piece struct {
	kind kind
	text string
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isAlnum(c) }

// cutter cuts text into pieces, lower-casing as it goes.
type cutter struct {
	src []byte
	pos int
	out []byte
}

func (c *cutter) cur() byte {
	if c.pos < len(c.src) {
		return c.src[c.pos]
	}
	return 0
}

func (c *cutter) take() {
	b := c.src[c.pos]
	if b >= 'A' && b <= 'Z' {
		b |= 0x20
	}
	c.out = append(c.out, b)
	c.pos++
}

func (c *cutter) while(ok func(byte) bool) {
	for c.pos < len(c.src) && ok(c.src[c.pos]) {
		c.take()
	}
}

// cut splits date/time text; ok is false for text that cannot be any.
func cut(src []byte) (pieces []piece, ok bool) {
	if len(src) > maxText {
		return nil, false
	}
	c := cutter{src: src}
	for c.pos < len(src) {
		if isSpace(c.cur()) {
			c.pos++
			continue
		}
		c.out = c.out[:0]
		k, skipped, good := c.piece()
		if !good {
			return nil, false
		}
		if skipped {
			continue
		}
		if len(pieces) == maxPieces {
			return nil, false
		}
		pieces = append(pieces, piece{k, string(c.out)})
	}
	return pieces, true
}

func (c *cutter) piece() (k kind, skipped, ok bool) {
	switch b := c.cur(); {
	case isDigit(b):
		return c.numeric(), false, true
	case b == '.':
		c.take()
		c.while(isDigit)
		return kindNumber, false, true
	case isAlpha(b):
		return c.word(), false, true
	case b == '+' || b == '-':
		c.take()
		for isSpace(c.cur()) {
			c.pos++
		}
		if isDigit(c.cur()) {
			c.while(func(b byte) bool { return isDigit(b) || b == ':' || b == '.' || b == '-' })
			return kindZone, false, true
		}
		if isAlpha(c.cur()) {
			c.while(isAlpha)
			return kindSpecial, false, true
		}
		return 0, false, false
	case isPunct(b):
		c.pos++
		return 0, true, true
	}
	return 0, false, false
}

func (c *cutter) numeric() kind {
	c.while(isDigit)
	delim := c.cur()
	switch delim {
	case ':':
		c.while(func(b byte) bool { return isDigit(b) || b == ':' || b == '.' })
		return kindTime
	case '-', '/', '.':
	default:
		return kindNumber
	}
	c.take()
	if !isDigit(c.cur()) {
		c.while(func(b byte) bool { return isAlnum(b) || b == delim })
		return kindDate
	}
	k := kindDate
	if delim == '.' {
		k = kindNumber
	}
	c.while(isDigit)
	if c.cur() == delim {
		k = kindDate
		c.while(func(b byte) bool { return isDigit(b) || b == delim })
	}
	return k
}

func (c *cutter) word() kind {
	c.while(isAlpha)
	b := c.cur()
	joined := b == '-' || b == '/' || b == '.'
	if b == '+' || isDigit(b) {
		_, known := words[clip(string(c.out))]
		joined = !known
	}
	if !joined {
		return kindString
	}
	c.while(func(b byte) bool {
		return isAlnum(b) || b == '+' || b == '-' || b == '/' || b == '_' || b == '.' || b == ':'
	})
	return kindDate
}

// clip cuts a word to the ten letters that keywords are told by.
func clip(s string) string {
	if len(s) > 10 {
		return s[:10]
	}
	return s
}
