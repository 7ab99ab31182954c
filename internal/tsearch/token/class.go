package token

import (
	"unicode"
	"unicode/utf8"
)

// The tests of the character that is looked at. All but the first two are false at the end.

func any(*Parser) bool     { return true }
func atEnd(p *Parser) bool { return p.now.at == len(p.text) }
func ignored(p *Parser) bool {
	return p.ignore
}

// is tests for a character of ASCII.
func is(c byte) func(*Parser) bool {
	return func(p *Parser) bool { return p.now.width == 1 && p.text[p.now.at] == c }
}

func (p *Parser) rune() rune {
	if p.now.width == 0 {
		return -1
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.now.at:])
	return r
}

func (p *Parser) byte() byte {
	if p.now.width != 1 {
		return 0
	}
	return p.text[p.now.at]
}

func isASCIILetter(p *Parser) bool {
	c := p.byte() | 0x20
	return c >= 'a' && c <= 'z'
}

func isDigit(p *Parser) bool {
	c := p.byte()
	return c >= '0' && c <= '9'
}

func isHexDigit(p *Parser) bool {
	c := p.byte() | 0x20
	return isDigit(p) || c >= 'a' && c <= 'f'
}

func isLetter(p *Parser) bool {
	if p.now.width <= 1 {
		return isASCIILetter(p)
	}
	r := p.rune()
	return unicode.IsLetter(r) || unicode.In(r, unicode.Nl, unicode.Nd, unicode.Other_Alphabetic)
}

func isLetterOrDigit(p *Parser) bool { return isLetter(p) || isDigit(p) }
func isOther(p *Parser) bool         { return p.now.width > 0 && !isLetterOrDigit(p) }

func isSpace(p *Parser) bool {
	r := p.rune()
	if r < 0x80 {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return unicode.In(r, unicode.Z) && r != 0xa0 && r != 0x2007 && r != 0x202f
}

// isMark: it has no width of its own, or combines with the character before it.
func isMark(p *Parser) bool {
	return p.now.width > 1 && unicode.In(p.rune(), unicode.Mn, unicode.Me, unicode.Mc)
}

func isURLChar(p *Parser) bool {
	switch c := p.byte(); c {
	case '"', '<', '>', '\\', '^', '`', '{', '|', '}':
		return false
	default:
		return c > 0x20 && c < 0x7f
	}
}
