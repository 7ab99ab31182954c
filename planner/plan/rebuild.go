package plan

// WithInputs is a copy of n over other inputs, as many as Inputs gives, with its properties
// derived anew. The new inputs must have the columns that n's expressions refer to.
func WithInputs(n Node, ins []Node) Node {
	if len(ins) == 0 {
		return n
	}
	out := n.withInputs(ins)
	Derive(out)
	return out
}

// Transform rebuilds a plan from the bottom up.
func Transform(n Node, f func(Node) Node) Node {
	ins := n.Inputs()
	changed := false
	out := make([]Node, len(ins))
	for i, in := range ins {
		out[i] = Transform(in, f)
		changed = changed || out[i] != in
	}
	if changed {
		n = WithInputs(n, out)
	}
	return f(n)
}

// WalkNodes visits n and everything below it, parents first.
func WalkNodes(n Node, visit func(Node)) {
	if in := lookedUp(n); in != nil {
		WalkNodes(in, visit)
	}
	visit(n)
	for _, in := range n.Inputs() {
		WalkNodes(in, visit)
	}
}

// MapNodeExprs is a copy of n with every expression replaced; its inputs stay.
func MapNodeExprs(n Node, f func(Expr) Expr) Node { return n.mapExprs(f) }

// mapList is exprs with every one replaced.
func mapList(exprs []Expr, f func(Expr) Expr) []Expr {
	out := make([]Expr, len(exprs))
	for i, e := range exprs {
		out[i] = f(e)
	}
	return out
}

// mapOptional replaces e, which may be nil.
func mapOptional(e Expr, f func(Expr) Expr) Expr {
	if e == nil {
		return nil
	}
	return f(e)
}

// ColumnOf refers to field i of a node's output.
func ColumnOf(fields []Field, i int) *Column {
	return &Column{Index: i, T: fields[i].Type, Name: fields[i].Name}
}

// Conjuncts splits a condition at its ANDs.
func Conjuncts(e Expr) []Expr {
	if e == nil {
		return nil
	}
	a, ok := e.(*And)
	if !ok {
		return []Expr{e}
	}
	var out []Expr
	for _, arg := range a.Args {
		out = append(out, Conjuncts(arg)...)
	}
	return out
}

// ColumnsOf adds the positions that e refers to, to set.
func ColumnsOf(e Expr, set map[int]bool) {
	Walk(e, func(e Expr) bool {
		if c, ok := e.(*Column); ok {
			set[c.Index] = true
		}
		return true
	})
}
