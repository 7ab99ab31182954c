package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Names of the columns that TUMBLE and HOP in FROM add.
const (
	windowStart = "window_start"
	windowEnd   = "window_end"
)

// windowFunction binds a window over a relation in FROM. There are two:
//
//	TUMBLE(relation, time, size)      each row with the window it is in
//	HOP(relation, time, slide, size)  each row once for every window it is in
//
// Their rows are the relation's, with window_start and window_end behind its columns; what groups by
// window_start is what groups by TUMBLE(time, size) or HOP(time, slide, size) (see windowStartAt).
func (b *binder) windowFunction(n *pg.RangeFunction) (*source, error) {
	call := n.Functions[0].GetList().GetItems()[0].GetFuncCall()
	if call == nil || n.IsRowsfrom || n.Ordinality || len(n.Coldeflist) > 0 {
		return nil, unsupported("this form of a window in FROM")
	}
	name, err := functionName(call)
	if err != nil {
		return nil, err
	}
	if form := windowForms[name]; len(call.Args) != form.args {
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "%s in FROM takes %d arguments", name, form.args).At(call.Location).
			WithHint("Write %s.", form.text)
	}
	src, err := b.windowed(call.Args[0], n.Alias, windowForms[name].text)
	if err != nil {
		return nil, err
	}
	return b.withWindow(src, name, call, n.Alias)
}

// windowForms are how the window functions are written in FROM.
var windowForms = map[string]struct {
	args int
	text string
}{
	"tumble": {3, "TUMBLE(relation, time_column, INTERVAL 'size')"},
	"hop":    {4, "HOP(relation, time_column, INTERVAL 'slide', INTERVAL 'size')"},
}

// windowed binds the relation that a window function is over.
func (b *binder) windowed(arg *pg.Node, alias *pg.Alias, form string) (*source, error) {
	ref := arg.GetColumnRef()
	var parts []string
	star := true
	if ref != nil {
		parts, star = refParts(ref)
	}
	if star || len(parts) > 2 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "the first argument of a window function in FROM is the name of a relation").WithHint("Write %s.", form)
	}
	v := &pg.RangeVar{Relname: parts[len(parts)-1], Location: ref.Location}
	if len(parts) == 2 {
		v.Schemaname = parts[0]
	}
	if alias != nil {
		v.Alias = &pg.Alias{Aliasname: alias.Aliasname} // its columns are named when the window's are there
	}
	return b.rangeVar(v)
}

// withWindow adds the two columns of a window to a relation's rows.
func (b *binder) withWindow(src *source, name string, call *pg.FuncCall, alias *pg.Alias) (*source, error) {
	over := &pg.FuncCall{Funcname: call.Funcname, Args: call.Args[1:], Location: call.Location}
	node, start, end, err := b.windowColumns(src, name, over)
	if err != nil {
		return nil, err
	}
	p := &plan.Project{Input: node}
	p.P.Fields = slices.Clone(src.node.Props().Fields)
	for i, f := range p.P.Fields {
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
	}
	it := src.items[0]
	it.rel = nil // a key of the relation does not name a row of its windows
	for _, c := range []struct {
		name string
		expr plan.Expr
	}{{windowStart, start}, {windowEnd, end}} {
		it.columns = append(it.columns, column{name: c.name, typ: c.expr.Type(), index: len(p.Exprs)})
		p.Exprs = append(p.Exprs, c.expr)
		p.P.Fields = append(p.P.Fields, plan.Field{Name: c.name, Type: c.expr.Type()})
	}
	plan.Derive(p)
	if alias != nil {
		if err := renameShown(it, alias); err != nil {
			return nil, err
		}
	}
	return &source{node: p, items: src.items}, nil
}

// windowColumns are the window's start and end over node: the source's rows, or those of its HOP.
func (b *binder) windowColumns(src *source, name string, over *pg.FuncCall) (node plan.Node, start, end plan.Expr, err error) {
	lv := b.push()
	defer b.pop()
	lv.scope = scope{items: src.items, node: src.node}
	if name == "hop" {
		h, err := b.hopArgs(over)
		if err != nil {
			return nil, nil, nil, err
		}
		h.start = &plan.Column{Index: len(src.node.Props().Fields), T: h.time.Type(), Name: "hop"}
		end, err = b.binary("+", h.start, h.size, over.Location)
		return h.node(src.node), h.start, end, err
	}
	lv.place = inGroupBy
	args, err := b.exprs(over.Args)
	if err != nil {
		return nil, nil, nil, err
	}
	if start, err = b.callByName(name, args, over.Location); err != nil {
		return nil, nil, nil, err
	}
	call, ok := start.(*plan.Call)
	if ok {
		_, ok = call.Args[1].(*plan.Const)
	}
	if !ok {
		return nil, nil, nil, unsupported("a window size that is no constant interval").At(over.Location)
	}
	end, err = b.binary("+", start, call.Args[1], over.Location)
	return src.node, start, end, err
}

// renameShown applies AS t (a, b) to the columns that * shows.
func renameShown(it *item, a *pg.Alias) error {
	names := a.Colnames
	for i := range it.columns {
		if it.columns[i].hidden || len(names) == 0 {
			continue
		}
		it.columns[i].name = names[0].GetString_().GetSval()
		names = names[1:]
	}
	if len(names) > 0 {
		return sqlerr.New(sqlerr.InvalidColumnReference, "table \"%s\" has %d columns available but %d columns specified",
			it.name, len(a.Colnames)-len(names), len(a.Colnames))
	}
	return nil
}

// windowStartAt reports whether column i of n's rows is the start of a window, of which size and
// slide, and which other column it is the window of.
func windowStartAt(n plan.Node, i int) (time int, w plan.WindowClose, ok bool) {
	switch n := n.(type) {
	case *plan.Filter:
		return windowStartAt(n.Input, i)
	case *plan.Hop:
		if i < len(n.Input.Props().Fields) {
			return windowStartAt(n.Input, i)
		}
		at, ok := n.Time.(*plan.Column)
		if !ok {
			return 0, w, false
		}
		return at.Index, plan.WindowClose{Size: n.Size, Slide: n.Slide}, true
	case *plan.Project:
		below, w, ok := windowStartOf(n.Input, n.Exprs[i])
		at := slices.IndexFunc(n.Exprs, func(e plan.Expr) bool {
			c, isColumn := e.(*plan.Column)
			return isColumn && c.Index == below
		})
		return at, w, ok && at >= 0
	}
	return 0, w, false
}

// windowStartOf is windowStartAt of an expression over n's rows.
func windowStartOf(n plan.Node, e plan.Expr) (time int, w plan.WindowClose, ok bool) {
	switch e := e.(type) {
	case *plan.Column:
		return windowStartAt(n, e.Index)
	case *plan.Call:
		at, w, ok := tumbleOf(e)
		if col, isColumn := at.(*plan.Column); ok && isColumn {
			return col.Index, w, true
		}
	}
	return 0, w, false
}

// tumbleOf reports whether a call is TUMBLE with a constant size, and over which time.
func tumbleOf(call *plan.Call) (at plan.Expr, w plan.WindowClose, ok bool) {
	if uint32(call.Func) != builtin.TumbleTimestamp && uint32(call.Func) != builtin.TumbleTimestamptz {
		return nil, w, false
	}
	size, ok := call.Args[1].(*plan.Const)
	if !ok {
		return nil, w, false
	}
	d, err := duration(size, "window size", -1)
	return call.Args[0], plan.WindowClose{Size: d, Slide: d}, err == nil
}
