package jsonpath

import (
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/regex"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// likeRegex reads like_regex "…" flag "…".
func (p *parser) likeRegex(left *node) (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	n := &node{kind: kindLikeRegex, left: left, text: p.tok.text}
	if err := p.expect(tokString); err != nil {
		return nil, err
	}
	if p.tok.kind == tokFlag {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokString {
			return nil, p.unexpected()
		}
		if err := n.setFlags(p.tok.text); err != nil {
			return nil, err
		}
		if err := n.compile(); err != nil {
			return nil, err
		}
		return n, p.advance()
	}
	return n, n.compile()
}

func (n *node) setFlags(flags string) error {
	for i, r := range flags {
		at := strings.IndexRune(flagLetters, r)
		if at < 0 {
			_, size := utf8.DecodeRuneInString(flags[i:])
			return sqlerr.New(sqlerr.SyntaxError, "invalid input syntax for type jsonpath").
				WithDetail("Unrecognized flag character \"%s\" in LIKE_REGEX predicate.", flags[i:i+size])
		}
		n.flags |= 1 << at
	}
	return nil
}

// compile makes the regular expression of like_regex, by the flags of XQuery.
func (n *node) compile() error {
	if n.flags&flagSpaces != 0 && n.flags&flagLiteral == 0 {
		return sqlerr.New(sqlerr.FeatureNotSupported, `XQuery "x" flag (expanded regular expressions) is not implemented`)
	}
	re, err := regex.CompileModes(n.text, regex.Modes{
		IgnoreCase: n.flags&flagIgnoreCase != 0, Literal: n.flags&flagLiteral != 0,
		DotNewline: n.flags&flagDotAll != 0, LineEnds: n.flags&flagLines != 0,
	})
	if err != nil {
		return err
	}
	n.re = re
	return nil
}
