package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// windowRef stands for the result of a window function until the Over that computes it is built.
type windowRef struct {
	*plan.Column
	fn    plan.WindowFunc
	over  *window
	pos   int32
	moved bool // see mapWindow
}

func hasWindow(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		_, is := e.(*windowRef)
		found = found || is
		return !found
	})
	return found
}

// windowCall binds a call with OVER.
func (b *binder) windowCall(name string, n *pg.FuncCall) (plan.Expr, error) {
	lv := b.lv
	switch {
	case lv.inAgg:
		return nil, sqlerr.New(sqlerr.GroupingError, "aggregate function calls cannot contain window function calls").At(n.Location)
	case lv.inWindow:
		return nil, sqlerr.New(sqlerr.WindowingError, "window function calls cannot be nested").At(n.Location)
	}
	lv.inWindow = true
	args, err := b.exprs(n.Args)
	lv.inWindow = false
	if err != nil {
		return nil, err
	}
	r, err := b.resolveWindowFunction(name, args, n)
	if err != nil {
		return nil, err
	}
	switch lv.place {
	case inSelect, inOrderBy, inDistinct:
	case inPartition, inWindowOrder, inRows, inRange, inGroups:
		return nil, sqlerr.New(sqlerr.WindowingError, "window functions are not allowed in window definitions").At(n.Location)
	default:
		return nil, sqlerr.New(sqlerr.WindowingError, "window functions are not allowed in %s", string(lv.place)).At(n.Location)
	}
	ref := &windowRef{fn: plan.WindowFunc{Func: plan.FuncID(r.fn.OID)}, pos: n.Location}
	if ref.fn.Args, err = b.toArgs(args, r); err != nil {
		return nil, err
	}
	for _, a := range ref.fn.Args {
		if err := b.noSetIn(a, "window function calls cannot contain set-returning function calls"); err != nil {
			return nil, err
		}
	}
	ref.fn.T = sqltype.Of(resultType(r, ref.fn.Args))
	if n.AggFilter != nil {
		if ref.fn.Filter, err = b.condition(n.AggFilter, inFilter, "FILTER"); err != nil {
			return nil, err
		}
	}
	if ref.over, err = b.overWindow(n.Over); err != nil {
		return nil, err
	}
	for _, e := range ref.over.parts() {
		if firstSet(*e) != nil {
			return nil, unsupported("a set-returning function in a window").At(b.where(*e)).WithHint("%s", setHint)
		}
	}
	ref.fn.Frame = ref.over.frame
	ref.Column = &plan.Column{Index: -1, T: ref.fn.T, Name: name}
	lv.windows.refs = append(lv.windows.refs, ref)
	return b.at(ref, n.Location), nil
}

// resolveWindowFunction finds what the call of a window function or an aggregate means.
func (b *binder) resolveWindowFunction(name string, args []plan.Expr, n *pg.FuncCall) (resolved, error) {
	var r resolved
	var err error
	if mayAggregate(name) {
		r, err = b.resolveAggregate(name, args, n)
	} else {
		r, err = b.resolveFunction(name, args, n.Location)
	}
	switch {
	case err != nil:
		return r, withSchema(err, n, name)
	case r.fn == nil || r.fn.Kind != builtin.KindAggregate && r.fn.Kind != builtin.KindWindow:
		return r, sqlerr.New(sqlerr.WrongObjectType, "OVER specified, but %s is not a window function nor an aggregate function", name).At(n.Location)
	case n.AggDistinct:
		return r, sqlerr.New(sqlerr.FeatureNotSupported, "DISTINCT is not implemented for window functions").At(n.Location)
	case r.fn.Kind == builtin.KindAggregate && r.fn.AggKind != 'n':
		return r, sqlerr.New(sqlerr.FeatureNotSupported, "OVER is not supported for ordered-set aggregate %s", name).At(n.Location)
	case len(n.AggOrder) > 0:
		return r, sqlerr.New(sqlerr.FeatureNotSupported, "aggregate ORDER BY is not implemented for window functions").At(n.Location)
	case n.AggFilter != nil && r.fn.Kind == builtin.KindWindow:
		return r, sqlerr.New(sqlerr.FeatureNotSupported, "FILTER is not implemented for non-aggregate window functions").At(n.Location)
	}
	return r, nil
}

// parts are the expressions of a window function over the rows that it sees.
func (r *windowRef) parts() []*plan.Expr {
	var out []*plan.Expr
	for i := range r.fn.Args {
		out = append(out, &r.fn.Args[i])
	}
	if r.fn.Filter != nil {
		out = append(out, &r.fn.Filter)
	}
	for _, b := range []*plan.FrameBound{&r.fn.Frame.Start, &r.fn.Frame.End} {
		if b.Limit != nil {
			out = append(out, &b.Limit, &b.Key)
		}
	}
	return out
}

// parts are the expressions of a window.
func (w *window) parts() []*plan.Expr {
	var out []*plan.Expr
	for i := range w.partition {
		out = append(out, &w.partition[i])
	}
	for i := range w.order {
		out = append(out, &w.order[i].Expr)
	}
	return out
}

// mapWindow replaces the parts of a window function and of its window, each once.
func mapWindow(r *windowRef, f func(plan.Expr) plan.Expr) {
	if !r.moved {
		r.moved = true
		for _, e := range r.parts() {
			*e = f(*e)
		}
	}
	if !r.over.moved {
		r.over.moved = true
		for _, e := range r.over.parts() {
			*e = f(*e)
		}
	}
}

// overNodes computes the window functions of the targets over in and makes the targets columns of the
// result. Functions of one partition and order are one node.
func (c *core) overNodes(in plan.Node) plan.Node {
	var refs []*windowRef
	for _, t := range c.targets {
		plan.Walk(t.expr, func(e plan.Expr) bool {
			r, ok := e.(*windowRef)
			if ok {
				refs = append(refs, r)
			}
			return !ok
		})
	}
	if len(refs) == 0 {
		return in
	}
	below := newWindowInput(c, in, refs)
	for _, r := range refs {
		r.moved, r.over.moved = false, false
	}
	for _, r := range refs {
		mapWindow(r, below.column)
	}
	node, at := below.node(), map[*windowRef]int{}
	for i, r := range refs {
		if _, done := at[r]; done {
			continue
		}
		var funcs []plan.WindowFunc
		var names []string
		width := len(node.Props().Fields)
		for _, s := range refs[i:] {
			if _, done := at[s]; !done && r.over.same(s.over) {
				at[s] = width + len(funcs)
				funcs, names = append(funcs, s.fn), append(names, s.Name)
			}
		}
		var partition []int
		for _, e := range r.over.partition {
			if c, ok := e.(*plan.Column); ok { // a constant divides nothing
				partition = append(partition, c.Index)
			}
		}
		node = plan.NewOver(node, partition, r.over.order, funcs, names)
	}
	for i := range c.targets {
		c.targets[i].expr = plan.Map(c.targets[i].expr, func(e plan.Expr) (plan.Expr, bool) {
			switch e := e.(type) {
			case *windowRef:
				return c.b.at(&plan.Column{Index: at[e], T: e.fn.T, Name: e.Name}, e.pos), true
			case *plan.Column:
				return below.column(e), true
			}
			return nil, false
		})
	}
	return node
}

// windowInput are the rows that window functions see. Where the order of a window leaves rows equal the
// whole row decides, so its columns are the same in a view and in a SELECT: those of FROM in front, then
// those that are not of *, where they are read, then what is computed.
type windowInput struct {
	in    plan.Node
	exprs []plan.Expr
	names []string
}

func newWindowInput(c *core, in plan.Node, refs []*windowRef) *windowInput {
	fields := in.Props().Fields
	w := &windowInput{in: in}
	hidden := map[int]bool{}
	for i := range fields {
		hidden[i] = !c.grouped
	}
	for _, it := range c.lv.scope.items {
		for _, col := range it.columns {
			hidden[col.index] = hidden[col.index] && col.hidden
		}
	}
	for i := range fields {
		if !hidden[i] {
			w.column(plan.ColumnOf(fields, i))
		}
	}
	read := map[int]bool{}
	for _, t := range c.targets {
		plan.ColumnsOf(t.expr, read)
	}
	for _, r := range refs {
		for _, e := range append(r.parts(), r.over.parts()...) {
			plan.ColumnsOf(*e, read)
		}
	}
	for i := range fields {
		if hidden[i] && read[i] {
			w.column(plan.ColumnOf(fields, i))
		}
	}
	return w
}

// column is an expression over in as a column of what node gives; constants stay.
func (w *windowInput) column(e plan.Expr) plan.Expr {
	switch e.(type) {
	case *plan.Const, *plan.Param:
		return e
	}
	i := keyOf(w.exprs, e)
	if i < 0 {
		i = len(w.exprs)
		w.exprs = append(w.exprs, e)
		w.names = append(w.names, keyName(e))
	}
	return &plan.Column{Index: i, T: e.Type(), Name: w.names[i]}
}

func (w *windowInput) node() plan.Node {
	var fields []plan.Field
	for i, e := range w.exprs {
		f := plan.Field{Name: w.names[i], Type: e.Type()}
		if c, ok := e.(*plan.Column); ok {
			f = w.in.Props().Fields[c.Index]
		}
		fields = append(fields, f)
	}
	return plan.NewProject(w.in, w.exprs, fields)
}
