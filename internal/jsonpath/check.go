package jsonpath

import "github.com/tributary-db/tributary/internal/sqlerr"

// place is where a node stands, as far as it matters to what may stand there.
type place struct {
	inFilter, inSubscript bool
	depth                 int
}

// check refuses @ and last where they mean nothing.
func check(n *node, at place) error {
	for ; n != nil; n = n.next {
		if at.depth++; at.depth > maxDepth {
			return errDepth()
		}
		switch {
		case n.kind == kindCurrent && !at.inFilter:
			return sqlerr.New(sqlerr.SyntaxError, "@ is not allowed in root expressions")
		case n.kind == kindLast && !at.inSubscript:
			return sqlerr.New(sqlerr.SyntaxError, "LAST is allowed only in array subscripts")
		}
		inside := at
		inside.inFilter = at.inFilter || n.kind == kindFilter
		if err := check(n.left, inside); err != nil {
			return err
		}
		if err := check(n.right, inside); err != nil {
			return err
		}
		inside.inSubscript = true
		for _, i := range n.indexes {
			if err := check(i.from, inside); err != nil {
				return err
			}
			if err := check(i.to, inside); err != nil {
				return err
			}
		}
	}
	return nil
}
