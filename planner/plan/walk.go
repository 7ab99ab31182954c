package plan

// Children are the direct arguments of e, in evaluation order.
func Children(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Relabel:
		return []Expr{e.Arg}
	case *CoerceIO:
		return []Expr{e.Arg}
	case *ArrayCoerce:
		return []Expr{e.Arg}
	case *CoerceDomain:
		return []Expr{e.Arg}
	case *AnyAll:
		return []Expr{e.Left, e.Array}
	case *And:
		return e.Args
	case *Or:
		return e.Args
	case *Not:
		return []Expr{e.Arg}
	case *IsNull:
		return []Expr{e.Arg}
	case *IsBool:
		return []Expr{e.Arg}
	case *DistinctFrom:
		return []Expr{e.Left, e.Right}
	case *Case:
		out := make([]Expr, 0, 2*len(e.Whens)+1)
		for _, w := range e.Whens {
			out = append(out, w.Cond, w.Then)
		}
		if e.Else != nil {
			out = append(out, e.Else)
		}
		return out
	case *Coalesce:
		return e.Args
	case *NullIf:
		return []Expr{e.Left, e.EqLeft, e.Right}
	case *InList:
		return append([]Expr{e.Arg}, e.List...)
	case *MinMax:
		return e.Args
	case *Subquery:
		return e.Args
	}
	return nil
}

// WithChildren is a copy of e with other arguments, as many as Children gives; e itself when it
// has none.
func WithChildren(e Expr, args []Expr) Expr {
	switch e := e.(type) {
	case *Call:
		c := *e
		c.Args = args
		return &c
	case *Relabel:
		return &Relabel{Arg: args[0], T: e.T}
	case *CoerceIO:
		return &CoerceIO{Arg: args[0], T: e.T, Pos: e.Pos}
	case *ArrayCoerce:
		return &ArrayCoerce{Arg: args[0], Elem: e.Elem, T: e.T}
	case *CoerceDomain:
		return &CoerceDomain{Arg: args[0], T: e.T, Schema: e.Schema, NotNull: e.NotNull, Checks: e.Checks}
	case *AnyAll:
		return &AnyAll{Left: args[0], Array: args[1], Func: e.Func, Op: e.Op, All: e.All}
	case *And:
		return &And{Args: args}
	case *Or:
		return &Or{Args: args}
	case *Not:
		return &Not{Arg: args[0]}
	case *IsNull:
		return &IsNull{Arg: args[0], Not: e.Not}
	case *IsBool:
		return &IsBool{Arg: args[0], Want: e.Want, Not: e.Not}
	case *DistinctFrom:
		return &DistinctFrom{Left: args[0], Right: args[1], Eq: e.Eq, Not: e.Not}
	case *Case:
		c := &Case{T: e.T, Whens: make([]When, len(e.Whens))}
		for i := range c.Whens {
			c.Whens[i] = When{Cond: args[2*i], Then: args[2*i+1]}
		}
		if e.Else != nil {
			c.Else = args[len(args)-1]
		}
		return c
	case *Coalesce:
		return &Coalesce{Args: args, T: e.T}
	case *NullIf:
		return &NullIf{Left: args[0], EqLeft: args[1], Right: args[2], Eq: e.Eq}
	case *InList:
		return &InList{Arg: args[0], List: args[1:], Eq: e.Eq, Not: e.Not}
	case *MinMax:
		return &MinMax{Greatest: e.Greatest, Args: args, T: e.T}
	case *Subquery:
		c := *e
		c.Args = args
		return &c
	}
	return e
}

// Map rebuilds e from the top down: where f answers true its expression stands, elsewhere the
// arguments are mapped. What does not change is shared with e.
func Map(e Expr, f func(Expr) (Expr, bool)) Expr {
	if e == nil {
		return nil
	}
	if out, done := f(e); done {
		return out
	}
	args := Children(e)
	var mapped []Expr
	for i, a := range args {
		m := Map(a, f)
		if m != a && mapped == nil {
			mapped = append(make([]Expr, 0, len(args)), args[:i]...)
		}
		if mapped != nil {
			mapped = append(mapped, m)
		}
	}
	if mapped == nil {
		return e
	}
	return WithChildren(e, mapped)
}

// Walk visits e and everything below it, parents first; a false answer skips the arguments.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	for _, a := range Children(e) {
		Walk(a, visit)
	}
}

// MapColumns is e with every column reference at another position.
func MapColumns(e Expr, at func(int) int) Expr {
	return Map(e, func(e Expr) (Expr, bool) {
		c, ok := e.(*Column)
		if !ok {
			return nil, false
		}
		if to := at(c.Index); to != c.Index {
			return &Column{Index: to, T: c.T, Name: c.Name}, true
		}
		return c, true
	})
}

// Mentions reports whether e reads column index.
func Mentions(e Expr, index int) bool {
	found := false
	Walk(e, func(e Expr) bool {
		c, is := e.(*Column)
		found = found || is && c.Index == index
		return !found
	})
	return found
}

// HasColumns reports whether e depends on a row.
func HasColumns(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		_, is := e.(*Column)
		found = found || is
		return !found
	})
	return found
}
