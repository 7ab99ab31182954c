package plan

// Lookup says how a Join finds rows of its left side, which is a Scan of a table by an index, and perhaps a Filter and a Project over it:
//
//	rows of Right ─► Keys ─► the first keys of Scan.Index ─► Filter ─► Project ─► pairs
type Lookup struct {
	// Keys are the values, over the row of Right, that the first keys of the index equal. They cannot fail; NULL equals nothing.
	Keys []Expr
}

// Looked is the scan that a join looks rows up in, with what is over it; either may be nil.
func (n *Join) Looked() (s *Scan, f *Filter, p *Project) {
	in := n.Left
	if project, ok := in.(*Project); ok {
		p, in = project, project.Input
	}
	if filter, ok := in.(*Filter); ok {
		f, in = filter, filter.Input
	}
	s, _ = in.(*Scan)
	return s, f, p
}

// lookupTitle is PostgreSQL's, which names the kind by the side that comes first.
func (n *Join) lookupTitle() string {
	switch n.Kind {
	case JoinInner:
		return "Nested Loop"
	case JoinRight:
		return "Nested Loop Left Join"
	}
	return "Nested Loop " + joinNames[n.Kind] + "Join"
}

// lookedUp is what a node looks up that is none of its inputs; nil if there is nothing.
func lookedUp(n Node) Node {
	if j, ok := n.(*Join); ok && j.Lookup != nil {
		return j.Left
	}
	return nil
}
