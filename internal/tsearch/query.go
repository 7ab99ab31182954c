package tsearch

import (
	"bytes"
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Op is an operator of a query, 0 = a lexeme.
type Op uint8

const (
	Not Op = iota + 1
	And
	Or
	Phrase
	stop Op = 255 // where a stop word was, inside parsers
)

// Node is a part of a query. Queries are trees; Nodes that are shared are not changed.
type Node struct {
	Op          Op
	Left, Right *Node // of NOT only Right
	Distance    int   // of Phrase

	Word    []byte
	Weights uint8 // a bit for each weight that will do, 0 = any
	Prefix  bool
}

// Bounds of queries.
const (
	maxDistance = 1 << 14
	maxDepth    = 10000
	maxNots     = 32 // NOTs one inside the other, which PostgreSQL's parser has room for
)

func errDeep() error {
	return sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded")
}

// A Query's stored form is PostgreSQL's binary one: how many nodes, then the tree, each operator before its right and then its left side.
// A node is a 1, its weights, whether it is a prefix, its word and a NUL; or a 2, its operator and, of Phrase, its distance in two bytes.

const (
	valueNode    = 1
	operatorNode = 2
)

// AppendQuery appends the form of a tree; nil is the empty query.
func AppendQuery(dst []byte, root *Node) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst, n := appendNode(dst, root)
	binary.BigEndian.PutUint32(dst[at:], uint32(n))
	return dst
}

func appendNode(dst []byte, n *Node) ([]byte, int) {
	switch {
	case n == nil:
		return dst, 0
	case n.Op == 0:
		prefix := byte(0)
		if n.Prefix {
			prefix = 1
		}
		return append(append(append(dst, valueNode, n.Weights, prefix), n.Word...), 0), 1
	}
	dst = append(dst, operatorNode, byte(n.Op))
	if n.Op == Phrase {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n.Distance))
	}
	dst, right := appendNode(dst, n.Right)
	dst, left := appendNode(dst, n.Left)
	return dst, 1 + left + right
}

// Tree is the tree of a stored query, nil for the empty one. Its words are those of q.
func Tree(q []byte) *Node {
	rest := q[4:]
	if len(rest) == 0 {
		return nil
	}
	return readNode(&rest)
}

func readNode(rest *[]byte) *Node {
	r := *rest
	if r[0] == valueNode {
		end := 3 + bytes.IndexByte(r[3:], 0)
		*rest = r[end+1:]
		return &Node{Weights: r[1], Prefix: r[2] != 0, Word: r[3:end:end]}
	}
	n := &Node{Op: Op(r[1])}
	r = r[2:]
	if n.Op == Phrase {
		n.Distance = int(binary.BigEndian.Uint16(r))
		r = r[2:]
	}
	*rest = r
	n.Right = readNode(rest)
	if n.Op != Not {
		n.Left = readNode(rest)
	}
	return n
}

// Nodes is how many nodes a query has.
func Nodes(q []byte) int { return int(binary.BigEndian.Uint32(q)) }

// values calls f for the lexemes of a tree in the order of the stored form.
func (n *Node) values(f func(*Node)) {
	if n == nil {
		return
	}
	if n.Op == 0 {
		f(n)
		return
	}
	n.Right.values(f)
	n.Left.values(f)
}

// size is how many bytes PostgreSQL needs for a tree.
func (n *Node) size() int {
	switch {
	case n == nil:
		return 0
	case n.Op == 0:
		return 13 + len(n.Word)
	}
	return 12 + n.Left.size() + n.Right.size()
}

// depth is how many nodes stand one below the other.
func (n *Node) depth() int {
	if n == nil {
		return 0
	}
	return 1 + max(n.Left.depth(), n.Right.depth())
}

// DecodeQuery is tsqueryrecv.
func DecodeQuery(src []byte) ([]byte, error) {
	d := decoder{rest: src}
	if len(src) < 4 {
		return nil, errShort()
	}
	d.left = int(int32(binary.BigEndian.Uint32(src)))
	if d.left < 0 || d.left > 1<<26 {
		return nil, errQuery("invalid size of tsquery")
	}
	d.rest = src[4:]
	var root *Node
	if d.left > 0 {
		var err error
		if root, err = d.node(0); err != nil {
			return nil, err
		}
	}
	switch {
	case d.left > 0:
		return nil, errQuery("malformed tsquery: extra nodes")
	case len(d.rest) > 0:
		return nil, errExtra()
	}
	return AppendQuery(nil, root), nil
}

func errQuery(format string, args ...any) error {
	return sqlerr.New(sqlerr.InvalidBinaryRepresentation, format, args...)
}

type decoder struct {
	rest  []byte
	left  int // nodes
	total int
}

func (d *decoder) take(n int) ([]byte, error) {
	if len(d.rest) < n {
		return nil, errShort()
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b, nil
}

func (d *decoder) node(depth int) (*Node, error) {
	switch {
	case d.left == 0:
		return nil, errQuery("malformed tsquery: operand not found")
	case depth > maxDepth:
		return nil, errDeep()
	}
	d.left--
	kind, err := d.take(2)
	if err != nil {
		return nil, err
	}
	switch kind[0] {
	case valueNode:
		return d.value(kind[1])
	case operatorNode:
	default:
		return nil, errQuery("unrecognized tsquery node type: %d", kind[0])
	}
	n := &Node{Op: Op(kind[1])}
	if n.Op < Not || n.Op > Phrase {
		return nil, errQuery("invalid tsquery: unrecognized operator type %d", kind[1])
	}
	if n.Op == Phrase {
		b, err := d.take(2)
		if err != nil {
			return nil, err
		}
		n.Distance = int(binary.BigEndian.Uint16(b))
	}
	if n.Right, err = d.node(depth + 1); err == nil && n.Op != Not {
		n.Left, err = d.node(depth + 1)
	}
	return n, err
}

func (d *decoder) value(weights byte) (*Node, error) {
	prefix, err := d.take(1)
	if err != nil {
		return nil, err
	}
	end := bytes.IndexByte(d.rest, 0)
	if end < 0 {
		return nil, errShort()
	}
	word := d.rest[:end:end]
	d.rest = d.rest[end+1:]
	if d.total += end + 1; d.total > maxLexemes {
		return nil, errQuery("invalid tsquery: total operand length exceeded")
	}
	switch {
	case weights > 15:
		return nil, errQuery("invalid tsquery: invalid weight bitmap")
	case end > maxLexeme+1:
		return nil, errQuery("invalid tsquery: operand too long")
	}
	if err := checkText(word); err != nil {
		return nil, err
	}
	return &Node{Word: word, Weights: weights, Prefix: prefix[0] != 0}, nil
}
