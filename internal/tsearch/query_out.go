package tsearch

// AppendQueryText is tsqueryout.
func AppendQueryText(dst, q []byte) []byte { return Tree(q).appendText(dst, 0, false) }

func (o Op) priority() int { return [...]int{Not: 4, Phrase: 3, And: 2, Or: 1}[o] }

func (n *Node) appendText(dst []byte, outer int, rightOfPhrase bool) []byte {
	if n == nil {
		return dst
	}
	if n.Op == 0 {
		return n.appendValue(dst)
	}
	p := n.Op.priority()
	brackets := p < outer || n.Op == Phrase && rightOfPhrase
	if brackets {
		dst = append(dst, "( "...)
	}
	if n.Op == Not {
		dst = append(dst, '!')
	} else {
		dst = n.Left.appendText(dst, p, false)
	}
	switch {
	case n.Op == And:
		dst = append(dst, " & "...)
	case n.Op == Or:
		dst = append(dst, " | "...)
	case n.Op == Phrase && n.Distance == 1:
		dst = append(dst, " <-> "...)
	case n.Op == Phrase:
		dst = append(appendInt(append(dst, " <"...), n.Distance), "> "...)
	}
	dst = n.Right.appendText(dst, p, n.Op == Phrase)
	if brackets {
		dst = append(dst, " )"...)
	}
	return dst
}

func (n *Node) appendValue(dst []byte) []byte {
	dst = appendQuoted(dst, n.Word)
	if n.Weights == 0 && !n.Prefix {
		return dst
	}
	dst = append(dst, ':')
	if n.Prefix {
		dst = append(dst, '*')
	}
	for i, c := range []byte("ABCD") {
		if n.Weights&(8>>i) != 0 {
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendIndexed is querytree: what of a query an index can look for, T if nothing.
func AppendIndexed(dst, q []byte) []byte {
	root := Tree(q)
	if root == nil {
		return dst
	}
	if root = root.withoutNot(); root == nil {
		return append(dst, 'T')
	}
	return root.appendText(dst, 0, false)
}

// withoutNot is n without what NOT says, nil where nothing is left. It changes n.
func (n *Node) withoutNot() *Node {
	switch n.Op {
	case 0:
		return n
	case Not:
		return nil
	}
	n.Left, n.Right = n.Left.withoutNot(), n.Right.withoutNot()
	switch {
	case n.Left != nil && n.Right != nil:
		return n
	case n.Op == Or:
		return nil
	case n.Left != nil:
		return n.Left
	}
	return n.Right
}
