package plan

// WithInputs is a copy of n over other inputs, as many as Inputs gives, with its properties
// derived anew. The new inputs must have the columns that n's expressions refer to.
func WithInputs(n Node, ins []Node) Node {
	var out Node
	switch n := n.(type) {
	case *Filter:
		c := *n
		c.Input, out = ins[0], &c
		c.P.Fields = ins[0].Props().Fields
	case *Project:
		c := *n
		c.Input, out = ins[0], &c
	case *Hop:
		c := *n
		c.Input, out = ins[0], &c
	case *Join:
		c := *n
		c.Left, c.Right, out = ins[0], ins[1], &c
	case *GroupBy:
		c := *n
		c.Input, out = ins[0], &c
	case *Distinct:
		c := *n
		c.Input, out = ins[0], &c
	case *Sort:
		c := *n
		c.Input, out = ins[0], &c
	case *TopN:
		c := *n
		c.Input, out = ins[0], &c
	case *UnionAll:
		c := *n
		c.Ins, out = ins, &c
	case *Exchange:
		c := *n
		c.Input, out = ins[0], &c
	default:
		return n
	}
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

// NewFilter keeps the rows of in for which all conditions hold; in itself without any.
func NewFilter(in Node, conds []Expr) Node {
	if len(conds) == 0 {
		return in
	}
	cond := conds[0]
	if len(conds) > 1 {
		cond = &And{Args: conds}
	}
	f := &Filter{Input: in, Cond: cond}
	f.P.Fields = in.Props().Fields
	Derive(f)
	return f
}

// NewProject computes exprs over in.
func NewProject(in Node, exprs []Expr, fields []Field) Node {
	p := &Project{Input: in, Exprs: exprs}
	p.P.Fields = fields
	Derive(p)
	return p
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

// MapNodeExprs is a copy of n with every expression replaced; its inputs stay.
func MapNodeExprs(n Node, f func(Expr) Expr) Node {
	list := func(exprs []Expr) []Expr {
		out := make([]Expr, len(exprs))
		for i, e := range exprs {
			out[i] = f(e)
		}
		return out
	}
	opt := func(e Expr) Expr {
		if e == nil {
			return nil
		}
		return f(e)
	}
	keys := func(in []SortKey) []SortKey {
		out := make([]SortKey, len(in))
		for i, k := range in {
			out[i] = SortKey{Expr: f(k.Expr), Desc: k.Desc, NullsFirst: k.NullsFirst}
		}
		return out
	}
	switch n := n.(type) {
	case *Scan:
		c := *n
		c.Lookup = list(n.Lookup)
		return &c
	case *Values:
		c := *n
		c.Rows = make([][]Expr, len(n.Rows))
		for i, r := range n.Rows {
			c.Rows[i] = list(r)
		}
		return &c
	case *Filter:
		c := *n
		c.Cond = f(n.Cond)
		return &c
	case *Project:
		c := *n
		c.Exprs = list(n.Exprs)
		return &c
	case *Hop:
		c := *n
		c.Time = f(n.Time)
		return &c
	case *Join:
		c := *n
		c.Residual = opt(n.Residual)
		return &c
	case *GroupBy:
		c := *n
		c.Aggs = make([]Aggregate, len(n.Aggs))
		for i, a := range n.Aggs {
			a.Args, a.Filter = list(a.Args), opt(a.Filter)
			c.Aggs[i] = a
		}
		return &c
	case *Sort:
		c := *n
		c.Keys = keys(n.Keys)
		return &c
	case *TopN:
		c := *n
		c.Keys, c.Count, c.Offset = keys(n.Keys), opt(n.Count), opt(n.Offset)
		return &c
	}
	return n
}
