package token

import (
	"strings"
	"unicode/utf8"
)

// place is where the parser stands, and what it came by.
type place struct {
	state state
	// at is the next byte of the text; size and chars are of the token so far.
	at, size, chars int
	// width is of the character that is looked at, 0 at the end.
	width int
	// tried is the test of state that put this place aside, -1 = none.
	tried int
}

// Parser gives the tokens of a text.
type Parser struct {
	text  string
	now   place
	aside []place // those put aside, the last is the next to go back to
	token int     // where the token begins

	ignore, wantHost bool
	// nested is how many parsers this one is inside of.
	nested int

	kind Type
	size int
}

// maxNested bounds parsers inside parsers: what lies deeper is no host and no path.
const maxNested = 64

// New is a parser of text, which it keeps.
func New(text string) *Parser { return &Parser{text: text, now: place{state: base, tried: -1}} }

// Next is the next token, ok = false at the end.
func (p *Parser) Next() (t Type, text string, ok bool) {
	if !p.next() {
		return 0, "", false
	}
	return p.kind, p.text[p.token : p.token+p.size], true
}

func (p *Parser) next() bool {
	if p.now.at >= len(p.text) {
		return false
	}
	p.token, p.aside, p.now.tried = p.now.at, p.aside[:0], -1
	for p.now.at <= len(p.text) {
		p.now.width = 0
		if p.now.at < len(p.text) {
			_, p.now.width = utf8.DecodeRuneInString(p.text[p.now.at:])
		}
		tests := states[p.now.state]
		i := p.now.tried + 1
		for !tests[i].is(p) {
			i++
		}
		t := &tests[i]
		p.now.tried = -1
		if t.do == pop && len(p.aside) == 0 {
			return false // a parser inside another that began where nothing was put aside
		}
		if t.special != nil {
			t.special(p)
		}
		if t.found != 0 {
			p.kind, p.size = t.found, p.now.size
			p.now.size, p.now.chars = 0, 0
		}
		p.move(t, i)
		if t.to != same {
			p.now.state = t.to
		}
		if t.found != 0 {
			return true
		}
		if p.now.at >= len(p.text) && t.do != rerun {
			return false
		}
		if t.do == rerun || t.do == pop {
			continue
		}
		p.now.at += p.now.width
		p.now.size += p.now.width
		if p.now.width > 0 {
			p.now.chars++
		}
	}
	return false
}

// move does what test number i of the state says about the places put aside.
func (p *Parser) move(t *test, i int) {
	top := len(p.aside) - 1
	switch t.do {
	case pop:
		p.now, p.aside = p.aside[top], p.aside[:top]
	case push:
		kept := p.now
		kept.tried = i
		p.aside = append(p.aside, kept)
	case forget:
		p.aside = p.aside[:top]
	case forgetAll:
		p.aside = p.aside[:0]
	case merge:
		back := p.now
		p.now, p.aside = p.aside[top], p.aside[:top]
		p.now.at, p.now.size, p.now.chars, p.now.width, p.now.tried = back.at, back.size, back.chars, back.width, -1
	}
}

// inside asks a parser of the rest of the text for a token of one type, and takes it into this one's.
func (p *Parser) inside(from state, wantHost bool, want Type) bool {
	if p.nested >= maxNested {
		return false
	}
	in := New(p.text[p.now.at:])
	in.now.state, in.wantHost, in.nested = from, wantHost, p.nested+1
	if !in.next() || in.kind != want {
		return false
	}
	p.now.at += in.size
	p.now.size += in.size
	p.now.chars += utf8.RuneCountInString(in.text[:in.size])
	p.now.width = in.now.width
	return true
}

func isHost(p *Parser) bool    { return p.inside(base, true, Host) }
func isURLPath(p *Parser) bool { return p.inside(inURLPathFirst, false, URLPath) }

// stopHost: somebody wants the host alone, which ends here.
func stopHost(p *Parser) bool {
	stop := p.wantHost
	p.wantHost = false
	return stop
}

// again goes back to where the token began: its parts are tokens too.
func again(p *Parser) { p.now.at -= p.now.size }

// hostAgain is again, for the host of a URL.
func hostAgain(p *Parser) {
	p.wantHost = true
	again(p)
}

// signAlone gives up a number with a sign: it is a version, and the sign is none of it.
func signAlone(p *Parser) {
	again(p)
	p.now.size, p.now.chars = 0, 0
}

// hidden begins and ends what no words are taken from: scripts and styles.
func hidden(p *Parser) {
	is := func(tag string) bool {
		return len(tag) == p.now.chars && len(tag) <= len(p.text)-p.token && strings.EqualFold(p.text[p.token:p.token+len(tag)], tag)
	}
	switch {
	case is("</script"), is("</style"):
		p.ignore = false
	case is("<script"), is("<style"):
		p.ignore = true
	}
}
