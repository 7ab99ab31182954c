package tsearch

import "github.com/tributary-db/tributary/internal/sqlerr"

// Syntax is how the text of a query is read.
type Syntax uint8

const (
	Plain      Syntax = iota // words, all of which are wanted
	PhraseText               // words, one behind the other
	Operators                // as a tsquery, whose operands are texts
	Web                      // as a search engine's
)

// MakeQuery is to_tsquery and its kin.
func MakeQuery(c *Config, text string, syntax Syntax, pause func() *sqlerr.Error) ([]byte, error) {
	m := &maker{config: c, pause: pause, join: Phrase, text: text}
	if syntax == Plain {
		m.join = And
	}
	var root *Node
	var err error
	if syntax == Plain || syntax == PhraseText {
		if text != "" {
			root, err = m.operand(text, 0, false)
		}
	} else {
		t := &tokens{all: text, rest: text, web: syntax == Web, value: m.operand}
		root, err = t.parse()
	}
	if err != nil {
		return nil, err
	}
	if root != nil {
		if root.depth() > maxDepth {
			return nil, errDeep()
		}
		root, _, _ = root.withoutStops()
	}
	return AppendQuery(nil, root), nil
}

type maker struct {
	config *Config
	pause  func() *sqlerr.Error
	join   Op // of the words of one operand
	text   string
	total  int
}

// operand is the tree of a text: its words joined, with a place for each stop word between them.
func (m *maker) operand(text string, weights uint8, prefix bool) (*Node, error) {
	d := NewDocument(m.config, m.pause)
	if err := d.read(text); err != nil {
		return nil, err
	}
	if len(d.words) == 0 {
		return &Node{Op: stop}, nil
	}
	var root *Node
	put := func(n *Node) {
		if root == nil {
			root = n
			return
		}
		root = &Node{Op: m.join, Left: root, Right: n}
		if m.join == Phrase {
			root.Distance = 1
		}
	}
	last := d.words[0].at
	for _, w := range d.words {
		for ; last+1 < w.at; last++ {
			put(&Node{Op: stop})
		}
		last = w.at
		if m.total += len(w.lexeme) + 1; m.total > maxLexemes {
			return nil, errOperand(m.text, `value is too big in tsquery: "%s"`)
		}
		put(&Node{Word: []byte(w.lexeme), Weights: weights, Prefix: prefix})
	}
	return root, nil
}
