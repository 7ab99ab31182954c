package tsearch

import (
	"bytes"
	"cmp"
	"slices"
)

// CompareQueries is the order of tsqueries.
func CompareQueries(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	x, y := Tree(a), Tree(b)
	return cmp.Or(cmp.Compare(Nodes(a), Nodes(b)), cmp.Compare(x.size(), y.size()), x.compare(y))
}

func (n *Node) compare(m *Node) int {
	switch {
	case n == nil || m == nil:
		return 0
	case (n.Op == 0) != (m.Op == 0):
		if n.Op == 0 {
			return 1
		}
		return -1
	case n.Op == 0:
		return compareValues(n, m)
	case n.Op != m.Op:
		return cmp.Compare(m.Op, n.Op)
	}
	c := n.Right.compare(m.Right)
	if c == 0 {
		c = n.Left.compare(m.Left)
	}
	return cmp.Or(c, cmp.Compare(m.Distance, n.Distance))
}

func compareValues(n, m *Node) int {
	return cmp.Or(cmp.Compare(legacyCRC(m.Word), legacyCRC(n.Word)), bytes.Compare(n.Word, m.Word))
}

// HashedQuery is bytes that are the same for equal queries; of NULL, which has none, they are empty.
func HashedQuery(q []byte) []byte {
	if len(q) == 0 {
		return nil
	}
	var plain func(n *Node) *Node
	plain = func(n *Node) *Node {
		if n == nil {
			return nil
		}
		return &Node{Op: n.Op, Distance: n.Distance, Word: n.Word, Left: plain(n.Left), Right: plain(n.Right)}
	}
	return AppendQuery(nil, plain(Tree(q)))
}

// Join is two queries under an operator; of an empty one the other is left.
func Join(a, b []byte, op Op, distance int) ([]byte, error) {
	switch {
	case Nodes(a) == 0:
		return b, nil
	case Nodes(b) == 0:
		return a, nil
	}
	n := &Node{Op: op, Distance: distance, Left: Tree(a), Right: Tree(b)}
	if n.depth() > maxDepth {
		return nil, errDeep()
	}
	return AppendQuery(nil, n), nil
}

// JoinPhrase is Join by a phrase operator.
func JoinPhrase(a, b []byte, distance int) ([]byte, error) {
	if distance < 0 || distance > maxDistance {
		return nil, errDistance()
	}
	return Join(a, b, Phrase, distance)
}

// Negate is a query under NOT.
func Negate(q []byte) ([]byte, error) {
	if Nodes(q) == 0 {
		return q, nil
	}
	n := &Node{Op: Not, Right: Tree(q)}
	if n.depth() > maxDepth {
		return nil, errDeep()
	}
	return AppendQuery(nil, n), nil
}

// Contains reports whether a has all lexemes of b.
func Contains(a, b []byte) bool {
	have := map[string]bool{}
	Tree(a).values(func(n *Node) { have[string(n.Word)] = true })
	all := true
	Tree(b).values(func(n *Node) { all = all && have[string(n.Word)] })
	return all
}

// withoutStops is a tree without the places of stop words, nil where nothing is left. What it took out of phrases makes their distances
// longer: left and right are what the operators around must add. It changes the tree.
func (n *Node) withoutStops() (out *Node, left, right int) {
	switch n.Op {
	case 0:
		return n, 0, 0
	case stop:
		return nil, 0, 0
	case Not:
		if n.Right, left, right = n.Right.withoutStops(); n.Right == nil {
			return nil, left, right
		}
		return n, left, right
	}
	phrase := n.Op == Phrase
	var ll, lr, rl, rr int
	n.Left, ll, lr = n.Left.withoutStops()
	n.Right, rl, rr = n.Right.withoutStops()
	switch {
	case n.Left == nil && n.Right == nil:
		both := max(ll, rl)
		if phrase {
			both = ll + n.Distance + rl
		}
		return nil, both, both
	case n.Left == nil:
		if phrase {
			return n.Right, ll + n.Distance + rl, rr
		}
		return n.Right, rl, rr
	case n.Right == nil:
		if phrase {
			return n.Left, ll, lr + n.Distance + rr
		}
		return n.Left, ll, lr
	case phrase:
		n.Distance += lr + rl
		return n, ll, rr
	}
	return n, 0, 0
}

// group is a node of a tree in which AND and OR have as many sides as there are, in order.
type group struct {
	*Node          // what it is; its sides are not looked at
	sides []*group // as PostgreSQL has them: the right one first
	done  bool     // put in by a rewrite, which does not look at it again
}

func groupOf(n *Node) *group {
	g := &group{Node: n}
	switch n.Op {
	case 0:
	case Not:
		g.sides = []*group{groupOf(n.Right)}
	default:
		g.sides = []*group{groupOf(n.Right), groupOf(n.Left)}
	}
	return g
}

// flatten is unite and sort.
func (g *group) flatten() {
	g.unite()
	g.sort()
}

// unite takes sides that are of the same AND or OR into it.
func (g *group) unite() {
	var out []*group
	for _, s := range g.sides {
		s.unite()
		if s.Op == g.Op && (g.Op == And || g.Op == Or) {
			out = append(out, s.sides...)
			continue
		}
		out = append(out, s)
	}
	g.sides = out
}

// sort orders sides all the way down.
func (g *group) sort() {
	for _, s := range g.sides {
		s.sort()
	}
	if g.Op == And || g.Op == Or {
		slices.SortStableFunc(g.sides, (*group).compare)
	}
}

func (g *group) compare(h *group) int {
	switch {
	case g.Op == 0 || h.Op == 0:
		return g.Node.compare(h.Node)
	case g.Op != h.Op:
		return cmp.Compare(h.Op, g.Op)
	case len(g.sides) != len(h.sides):
		return cmp.Compare(len(h.sides), len(g.sides))
	}
	for i, s := range g.sides {
		if c := s.compare(h.sides[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(h.Distance, g.Distance)
}

// node is the tree of g, with two sides everywhere.
func (g *group) node() *Node {
	switch g.Op {
	case 0:
		return g.Node
	case Not:
		return &Node{Op: Not, Right: g.sides[0].node()}
	}
	sides := make([]*Node, len(g.sides))
	for i, s := range g.sides {
		sides[i] = s.node()
	}
	for len(sides) > 2 {
		sides[0] = &Node{Op: g.Op, Right: sides[0], Left: sides[1]}
		sides[1] = sides[len(sides)-1]
		sides = sides[:len(sides)-1]
	}
	return &Node{Op: g.Op, Distance: g.Distance, Right: sides[0], Left: sides[1]}
}
