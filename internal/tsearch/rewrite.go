package tsearch

// Rewrite puts by in the place of each target in q; an empty by takes it out.
func Rewrite(q, target, by []byte) ([]byte, error) {
	if Nodes(q) == 0 || Nodes(target) == 0 {
		return q, nil
	}
	r := rewriter{target: groupOf(Tree(target)), by: Tree(by)}
	r.target.flatten()
	root := groupOf(Tree(q))
	root.flatten()
	if root = r.rewrite(root); root == nil {
		return AppendQuery(nil, nil), nil
	}
	n := root.node()
	if n.depth() > maxDepth {
		return nil, errDeep()
	}
	return AppendQuery(nil, n), nil
}

type rewriter struct {
	target *group
	by     *Node
}

// put is what stands in the place of a target.
func (r *rewriter) put() *group {
	if r.by == nil {
		return nil
	}
	g := groupOf(r.by)
	g.done = true
	return g
}

func (r *rewriter) rewrite(g *group) *group {
	if g = r.at(g); g == nil || g.done || g.Op == 0 {
		return g
	}
	kept := g.sides[:0]
	for _, s := range g.sides {
		if s = r.rewrite(s); s != nil {
			kept = append(kept, s)
		}
	}
	g.sides = kept
	switch {
	case len(kept) == 0:
		return nil
	case len(kept) == 1 && g.Op != Not:
		return kept[0]
	}
	return g
}

// at is g after it was looked for the target itself, and, where it has more sides, for all of the target's among them.
func (r *rewriter) at(g *group) *group {
	switch {
	case g.done || g.Op != r.target.Op:
		return g
	case len(g.sides) == len(r.target.sides):
		if g.compare(r.target) == 0 {
			return r.put()
		}
		return g
	case len(g.sides) < len(r.target.sides):
		return g
	}
	var left []*group
	want := r.target.sides
	for _, s := range g.sides {
		if len(want) > 0 {
			switch c := s.compare(want[0]); {
			case c == 0:
				want = want[1:]
				continue
			case c > 0:
				return g
			}
		}
		left = append(left, s)
	}
	if len(want) > 0 {
		return g
	}
	if p := r.put(); p != nil {
		left = append(left, p)
	}
	g.sides = left
	g.sort()
	return g
}
