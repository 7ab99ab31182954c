package tsearch

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// tokens reads a query's text, one operand or operator after the other.
type tokens struct {
	all, rest string
	web       bool // as a search engine's: words, "phrases", or, -
	depth     int
	open      int  // brackets
	operand   bool // an operator has come, or a bracket: an operand must
	behind    bool // an operand has come: an operator, a bracket or the end must
	// value makes a tree of an operand, nil if of it nothing is left.
	value func(word string, weights uint8, prefix bool) (*Node, error)
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenValue
	tokenOperator
	tokenOpen
	tokenClose
)

type queryToken struct {
	kind     tokenKind
	node     *Node
	op       Op
	distance int
}

func (t *tokens) wrong() error {
	return sqlerr.New(sqlerr.SyntaxError, `syntax error in tsquery: "%s"`, t.all)
}

func (t *tokens) skip() {
	for spaceAt(t.rest) {
		t.rest = t.rest[width(t.rest):]
	}
}

// parse makes a tree of what stands until the end, or until the bracket that was open closes. nil: nothing stands there.
func (t *tokens) parse() (*Node, error) {
	if t.depth++; t.depth > maxDepth {
		return nil, errDeep()
	}
	defer func() { t.depth-- }()
	var b treeBuilder
	for {
		tok, err := t.next()
		if err != nil {
			return nil, err
		}
		switch tok.kind {
		case tokenValue:
			b.operands = append(b.operands, tok.node)
		case tokenOperator:
			if err := b.operator(tok.op, tok.distance); err != nil {
				return nil, err
			}
		case tokenOpen:
			n, err := t.parse()
			if err != nil {
				return nil, err
			}
			b.operands = append(b.operands, n)
		case tokenClose, tokenEnd:
			b.reduce(Or)
			if len(b.operands) == 0 {
				return nil, nil
			}
			n := b.operands[0]
			if n != nil && t.depth == 1 && n.depth() > maxDepth {
				return nil, errDeep()
			}
			return n, nil
		}
	}
}

// treeBuilder puts operands and operators together by their priority.
type treeBuilder struct {
	operands []*Node
	waiting  []Node // operators
}

func (b *treeBuilder) operator(op Op, distance int) error {
	b.reduce(op)
	if len(b.waiting) >= maxNots {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "tsquery stack too small")
	}
	b.waiting = append(b.waiting, Node{Op: op, Distance: distance})
	return nil
}

// reduce applies the operators that bind at least as tightly as the next. NOT binds to the right.
func (b *treeBuilder) reduce(next Op) {
	for len(b.waiting) > 0 {
		last := b.waiting[len(b.waiting)-1]
		if p := next.priority() - last.Op.priority(); p > 0 || next == Not && p == 0 {
			return
		}
		b.waiting = b.waiting[:len(b.waiting)-1]
		top := len(b.operands) - 1
		n := last
		n.Right = b.operands[top]
		if n.Op != Not {
			top--
			n.Left = b.operands[top]
		}
		b.operands = append(b.operands[:top], &n)
	}
}

func (t *tokens) next() (queryToken, error) {
	if t.web {
		return t.nextWeb()
	}
	t.skip()
	if t.behind {
		return t.nextOperator()
	}
	switch {
	case strings.HasPrefix(t.rest, "!"):
		t.rest, t.operand = t.rest[1:], true
		return queryToken{kind: tokenOperator, op: Not}, nil
	case strings.HasPrefix(t.rest, "("):
		t.rest, t.operand = t.rest[1:], true
		t.open++
		return queryToken{kind: tokenOpen}, nil
	case strings.HasPrefix(t.rest, ":"):
		return queryToken{}, t.wrong()
	}
	r := &words{all: t.all, rest: t.rest, query: true}
	word, _, ok, err := r.next()
	switch {
	case err != nil:
		return queryToken{}, err
	case ok:
		t.rest = r.rest
		weights, prefix := t.modifiers()
		return t.valueToken(string(word), weights, prefix)
	case t.operand:
		return queryToken{}, sqlerr.New(sqlerr.SyntaxError, `no operand in tsquery: "%s"`, t.all)
	}
	return queryToken{}, nil
}

func (t *tokens) valueToken(word string, weights uint8, prefix bool) (queryToken, error) {
	t.behind = true
	n, err := t.value(word, weights, prefix)
	return queryToken{kind: tokenValue, node: n}, err
}

func (t *tokens) operatorToken(op Op, distance, size int) (queryToken, error) {
	t.rest, t.behind, t.operand = t.rest[size:], false, true
	return queryToken{kind: tokenOperator, op: op, distance: distance}, nil
}

func (t *tokens) nextOperator() (queryToken, error) {
	switch {
	case t.rest == "":
		if t.open > 0 {
			return queryToken{}, t.wrong()
		}
		return queryToken{}, nil
	case t.rest[0] == '&':
		return t.operatorToken(And, 0, 1)
	case t.rest[0] == '|':
		return t.operatorToken(Or, 0, 1)
	case t.rest[0] == ')':
		if t.open--; t.open < 0 {
			return queryToken{}, t.wrong()
		}
		t.rest = t.rest[1:]
		return queryToken{kind: tokenClose}, nil
	}
	distance, size, err := t.phrase()
	if err != nil {
		return queryToken{}, err
	}
	if size == 0 {
		return queryToken{}, t.wrong()
	}
	return t.operatorToken(Phrase, distance, size)
}

// phrase reads <-> or <3>, whose size is 0 if it is neither.
func (t *tokens) phrase() (distance, size int, err error) {
	body, _, ok := strings.Cut(t.rest, ">")
	if !ok || body[:min(1, len(body))] != "<" {
		return 0, 0, nil
	}
	if body == "<-" {
		return 1, 3, nil
	}
	for _, c := range []byte(body[1:]) {
		if c < '0' || c > '9' {
			return 0, 0, nil
		}
	}
	if len(body) == 1 {
		return 0, 0, nil
	}
	distance, err = strconv.Atoi(body[1:])
	if err != nil || distance > maxDistance {
		return 0, 0, errDistance()
	}
	return distance, len(body) + 1, nil
}

func errDistance() error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "distance in phrase operator must be an integer value between zero and %d inclusive", maxDistance)
}

// modifiers are weights and a star behind a colon.
func (t *tokens) modifiers() (weights uint8, prefix bool) {
	if !strings.HasPrefix(t.rest, ":") {
		return 0, false
	}
	for t.rest = t.rest[1:]; t.rest != ""; t.rest = t.rest[1:] {
		w := weightOf(t.rest[0])
		switch {
		case t.rest[0] == '*':
			prefix = true
		case w >= 0:
			weights |= 1 << w
		default:
			return weights, prefix
		}
	}
	return weights, prefix
}

func errOperand(word string, format string) error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, format, word)
}

// AppendQueryParsed is tsqueryin.
func AppendQueryParsed(dst, src []byte) ([]byte, error) {
	text := string(src)
	total := 0
	t := &tokens{all: text, rest: text}
	t.value = func(word string, weights uint8, prefix bool) (*Node, error) {
		switch {
		case len(word) > maxLexeme:
			return nil, errOperand(text, `operand is too long in tsquery: "%s"`)
		case total >= maxLexemes:
			return nil, errOperand(text, `value is too big in tsquery: "%s"`)
		}
		total += len(word) + 1
		return &Node{Word: []byte(word), Weights: weights, Prefix: prefix}, nil
	}
	root, err := t.parse()
	if err != nil {
		return dst, err
	}
	return AppendQuery(dst, root), nil
}
