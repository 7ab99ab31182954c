package jsonpath

import (
	"strconv"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxDepth bounds how deep the nodes of a path lie, chains included; PostgreSQL's own bound is its stack.
const maxDepth = 6000

// Path is a jsonpath value.
type Path struct {
	strict bool
	root   *node
}

// Parse reads a path as the input function of jsonpath does.
func Parse(src []byte) (*Path, error) {
	p := parser{lexer: lexer{src: string(src)}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type jsonpath: \"%s\"", src)
	}
	path := &Path{}
	if p.tok.kind == tokStrict || p.tok.kind == tokLax {
		path.strict = p.tok.kind == tokStrict
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	var err error
	if path.root, err = p.or(false); err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected()
	}
	return path, check(path.root, place{})
}

// parser reads by recursive descent; whether an expression may be a predicate is told from above.
type parser struct {
	lexer
	tok   token
	depth int
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) unexpected() error { return errSyntax("syntax error", p.tok.near) }

func errDepth() error {
	return sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded")
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return errDepth()
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// expect passes over a token that has to stand here.
func (p *parser) expect(k tokenKind) error {
	if p.tok.kind != k {
		return p.unexpected()
	}
	return p.advance()
}

// or reads predicates with || between them, or one expression. exprOnly: a predicate may stand here only in
// brackets and with an accessor behind it.
func (p *parser) or(exprOnly bool) (*node, error) {
	return p.logical(kindOr, tokOr, exprOnly, func() (*node, error) {
		return p.logical(kindAnd, tokAnd, exprOnly, func() (*node, error) { return p.comparison(exprOnly) })
	})
}

func (p *parser) logical(k kind, op tokenKind, exprOnly bool, operand func() (*node, error)) (*node, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for count := 0; p.tok.kind == op && !exprOnly; count++ {
		if count > maxDepth {
			return nil, errDepth()
		}
		if !p.bare(left) {
			return nil, p.unexpected()
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := operand()
		if err != nil {
			return nil, err
		}
		if !p.bare(right) {
			return nil, p.unexpected()
		}
		left = &node{kind: k, left: left, right: right}
	}
	return left, nil
}

// bare reports a predicate without accessors; with them it is an expression.
func (p *parser) bare(n *node) bool { return n.kind.predicate() && n.next == nil }

var comparisons = map[tokenKind]kind{
	tokEqual: kindEqual, tokNotEqual: kindNotEqual, '<': kindLess, '>': kindGreater,
	tokLessEqual: kindLessOrEqual, tokGreaterEqual: kindGreaterOrEqual,
}

// comparison reads an expression, or a predicate of one or two.
func (p *parser) comparison(exprOnly bool) (*node, error) {
	left, err := p.arithmetic(0, exprOnly)
	if err != nil || exprOnly || p.bare(left) {
		return left, err
	}
	op, ok := comparisons[p.tok.kind]
	switch {
	case ok:
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.arithmetic(0, true)
		return &node{kind: op, left: left, right: right}, err
	case p.tok.kind == tokStarts:
		return p.startsWith(left)
	case p.tok.kind == tokLikeRegex:
		return p.likeRegex(left)
	}
	return left, nil
}

func (p *parser) startsWith(left *node) (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(tokWith); err != nil {
		return nil, err
	}
	right := &node{kind: kindString, text: p.tok.text}
	switch p.tok.kind {
	case tokString:
	case tokVariable:
		right.kind = kindVariable
	default:
		return nil, p.unexpected()
	}
	return &node{kind: kindStartsWith, left: left, right: right}, p.advance()
}

// levels of binding of the operators of arithmetic.
var levels = map[tokenKind]struct {
	level int
	kind  kind
}{'+': {1, kindAdd}, '-': {1, kindSub}, '*': {2, kindMul}, '/': {2, kindDiv}, '%': {2, kindMod}}

// arithmetic reads operators that bind tighter than level.
func (p *parser) arithmetic(level int, exprOnly bool) (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	left, err := p.unary(exprOnly)
	if err != nil || p.bare(left) {
		return left, err
	}
	for count := 0; ; count++ {
		op, ok := levels[p.tok.kind]
		if !ok || op.level <= level {
			return left, nil
		}
		if count > maxDepth {
			return nil, errDepth()
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.arithmetic(op.level, true)
		if err != nil {
			return nil, err
		}
		left = &node{kind: op.kind, left: left, right: right}
	}
}

func (p *parser) unary(exprOnly bool) (*node, error) {
	k := kindPlus
	switch p.tok.kind {
	case '+':
	case '-':
		k = kindMinus
	default:
		return p.accessors(exprOnly)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.advance(); err != nil {
		return nil, err
	}
	arg, err := p.unary(true)
	if err != nil {
		return nil, err
	}
	if arg.kind == kindNumber && arg.next == nil {
		if k == kindMinus {
			arg = &node{kind: kindNumber, num: decimal.Neg(arg.num)}
		}
		return arg, nil
	}
	return &node{kind: k, left: arg}, nil
}

// accessors reads what an expression begins with, and the chain after it.
func (p *parser) accessors(exprOnly bool) (*node, error) {
	head, done, err := p.primary(exprOnly)
	if err != nil || done {
		return head, err
	}
	inBrackets := p.bare(head)
	end, count := head, 0
	for ; end.next != nil; end = end.next {
		count++
	}
	for more := true; more; {
		var next *node
		switch p.tok.kind {
		case '.':
			next, err = p.member()
		case '[':
			next, err = p.subscripts()
		case '?':
			next, err = p.filter()
		default:
			more = false
			continue
		}
		if count++; err == nil && count > maxDepth {
			err = errDepth()
		}
		if err != nil {
			return nil, err
		}
		end.next, end = next, next
	}
	if inBrackets && head.next == nil {
		return p.afterBrackets(head, exprOnly)
	}
	return head, nil
}

// afterBrackets goes on after a predicate in brackets.
func (p *parser) afterBrackets(pred *node, exprOnly bool) (*node, error) {
	if exprOnly {
		return nil, p.unexpected()
	}
	if p.tok.kind != tokIs {
		return pred, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(tokUnknown); err != nil {
		return nil, err
	}
	return &node{kind: kindIsUnknown, left: pred}, nil
}

// primary reads what an expression begins with; done says that it takes no accessors.
//
//lint:dispatch
func (p *parser) primary(exprOnly bool) (n *node, done bool, err error) {
	n = &node{text: p.tok.text}
	switch p.tok.kind {
	case tokString:
		n.kind = kindString
	case tokVariable:
		n.kind = kindVariable
	case tokNull:
		n.kind = kindNull
	case tokTrue, tokFalse:
		n.kind, n.truth = kindBool, p.tok.kind == tokTrue
	case tokNumber, tokInteger:
		n.kind = kindNumber
		if n.num, err = decimal.Parse([]byte(p.tok.text)); err != nil {
			return nil, false, err
		}
	case '$':
		n.kind = kindRoot
	case '@':
		n.kind = kindCurrent
	case tokLast:
		n.kind = kindLast
	case '(':
		n, err = p.brackets(false)
		return n, false, err
	case tokExists, '!':
		if exprOnly {
			return nil, false, p.unexpected()
		}
		n, err = p.delimited()
		return n, true, err
	default:
		return nil, false, p.unexpected()
	}
	return n, false, p.advance()
}

// brackets reads ( … ).
func (p *parser) brackets(exprOnly bool) (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.expect('('); err != nil {
		return nil, err
	}
	n, err := p.or(exprOnly)
	if err != nil {
		return nil, err
	}
	return n, p.expect(')')
}

// predicate reads ( … ) with a predicate in it.
func (p *parser) predicate() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.expect('('); err != nil {
		return nil, err
	}
	n, err := p.or(false)
	if err == nil && !p.bare(n) {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return n, p.expect(')')
}

// delimited reads exists (…), !(…) and !exists (…).
func (p *parser) delimited() (*node, error) {
	k := p.tok.kind
	if err := p.advance(); err != nil {
		return nil, err
	}
	var arg *node
	var err error
	switch {
	case k == tokExists:
		arg, err = p.brackets(true)
		return &node{kind: kindExists, left: arg}, err
	case p.tok.kind == tokExists:
		arg, err = p.delimited()
	default:
		arg, err = p.predicate()
	}
	return &node{kind: kindNot, left: arg}, err
}

// level reads a bound of .**{…}.
func (p *parser) level() (uint32, error) {
	var v uint32
	switch p.tok.kind {
	case tokInteger:
		n, err := strconv.ParseInt(p.tok.text, 10, 32)
		if err != nil {
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value \"%s\" is out of range for type integer", p.tok.text)
		}
		v = uint32(n)
	case tokLast:
		v = toLast
	default:
		return 0, p.unexpected()
	}
	return v, p.advance()
}
