package bind

import (
	"slices"
	"strings"
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Names of the columns that windows in FROM add.
const (
	windowStart = "window_start"
	windowEnd   = "window_end"
)

// windowFunction binds a window over a relation in FROM. There are four:
//
//	TUMBLE(relation, time, size)            each row with the window it is in
//	HOP(relation, time, slide, size)        each row once for every window it is in
//	CUMULATE(relation, time, step, size)    likewise, for windows of one start that end step by step
//	SESSION(relation, key, …, time, gap)    each row with the session it is in, among rows with equal keys
//
// Their rows are the relation's, with window_start and window_end behind its columns; what groups by
// these is what groups by TUMBLE(time, size), HOP(time, slide, size), … (see windowAt).
func (b *binder) windowFunction(n *pg.RangeFunction) (*source, error) {
	call := n.Functions[0].GetList().GetItems()[0].GetFuncCall()
	if call == nil || n.IsRowsfrom || n.Ordinality || len(n.Coldeflist) > 0 {
		return nil, unsupported("this form of a window in FROM")
	}
	name, err := functionName(call)
	if err != nil {
		return nil, err
	}
	form := windowForms[name]
	args, err := form.arguments(name, call)
	if err != nil {
		return nil, err
	}
	src, err := b.windowed(args[0], n.Alias, form.text)
	if err != nil {
		return nil, err
	}
	keys := len(args) - len(form.args)
	over := &pg.FuncCall{Funcname: call.Funcname, Args: args[1+keys:], Location: call.Location}
	return b.withWindow(src, name, over, args[1:1+keys], n.Alias)
}

// windowForm is how a window function is written in FROM: its arguments' names, and the whole.
type windowForm struct {
	args []string
	keys bool // any number of expressions may stand behind the first argument
	text string
}

var windowForms = map[string]windowForm{
	"tumble":   {[]string{"data", "timecol", "size"}, false, "TUMBLE(relation, time_column, INTERVAL 'size')"},
	"hop":      {[]string{"data", "timecol", "slide", "size"}, false, "HOP(relation, time_column, INTERVAL 'slide', INTERVAL 'size')"},
	"cumulate": {[]string{"data", "timecol", "step", "size"}, false, "CUMULATE(relation, time_column, INTERVAL 'step', INTERVAL 'size')"},
	"session":  {[]string{"data", "timecol", "gap"}, true, "SESSION(relation, key, …, time_column, INTERVAL 'gap')"},
}

// arguments are the arguments of a call in their order; they may be named.
func (f *windowForm) arguments(name string, call *pg.FuncCall) ([]*pg.Node, error) {
	if len(call.Args) < len(f.args) || len(call.Args) > len(f.args) && !f.keys {
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "%s in FROM takes %d arguments", name, len(f.args)).At(call.Location).
			WithHint("Write %s.", f.text)
	}
	if !hasNamedArgs(call) {
		return call.Args, nil
	}
	var unnamed []*pg.Node
	named := make([]*pg.Node, len(f.args))
	for _, a := range call.Args {
		n := a.GetNamedArgExpr()
		if n == nil {
			unnamed = append(unnamed, a)
			continue
		}
		at := slices.Index(f.args, n.Name)
		if at < 0 || named[at] != nil {
			return nil, sqlerr.New(sqlerr.UndefinedFunction, "%s in FROM has the arguments %s, each once", name, strings.Join(f.args, ", ")).At(n.Location).
				WithHint("Write %s.", f.text)
		}
		named[at] = n.Arg
	}
	if named[0] == nil {
		named[0], unnamed = unnamed[0], unnamed[1:]
	}
	// What has no name is keys, then the arguments that none names.
	for at := len(named) - 1; at > 0; at-- {
		if named[at] == nil {
			named[at], unnamed = unnamed[len(unnamed)-1], unnamed[:len(unnamed)-1]
		}
	}
	return slices.Concat(named[:1], unnamed, named[1:]), nil
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
func (b *binder) withWindow(src *source, name string, over *pg.FuncCall, keys []*pg.Node, alias *pg.Alias) (*source, error) {
	node, start, end, err := b.windowColumns(src, name, over, keys)
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

// windowColumns are the window's start and end over node: the source's rows, or what a HOP, CUMULATE or SESSION
// makes of them.
func (b *binder) windowColumns(src *source, name string, over *pg.FuncCall, keys []*pg.Node) (node plan.Node, start, end plan.Expr, err error) {
	lv := b.push()
	defer b.pop()
	lv.scope = scope{items: src.items, node: src.node}
	if isHop(name) {
		h, err := b.hopArgs(name, over)
		if err != nil {
			return nil, nil, nil, err
		}
		if err := b.placeHop(h, len(src.node.Props().Fields), over.Location); err != nil {
			return nil, nil, nil, err
		}
		lv.place = inGroupBy
		of, err := b.exprs(keys)
		if err != nil {
			return nil, nil, nil, err
		}
		for _, k := range of {
			if err := groupable(k.Type().OID, b.where(k)); err != nil {
				return nil, nil, nil, err
			}
		}
		node, err = h.node(b, src.node, of)
		return node, h.from, h.to, err
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

// windowAt reports whether column i of n's rows tells when a window ends, and which other column it is the window
// of, -1 where that is none.
func windowAt(n plan.Node, i int) (at int, w plan.WindowClose, ok bool) {
	switch n := n.(type) {
	case *plan.Filter:
		return windowAt(n.Input, i)
	case *plan.Hop:
		if i < len(n.Input.Props().Fields) {
			return windowAt(n.Input, i)
		}
		w = plan.WindowClose{Size: n.Size, Slide: n.Slide, Whole: n.Size}
		if n.Cumulate {
			w.Size, w.Cumulate = n.Slide, true
		}
		return columnAt(n.Time), w, true
	case *plan.SessionWindow:
		if i < len(n.Input.Props().Fields) {
			return windowAt(n.Input, i)
		}
		return n.Time, plan.WindowClose{Final: true}, n.OnClose != nil && i == n.End()
	case *plan.Join:
		if n.Kind != plan.JoinInner {
			break
		}
		width := len(n.Left.Props().Fields)
		if i < width {
			return windowAt(n.Left, i)
		}
		if at, w, ok = windowAt(n.Right, i-width); at >= 0 {
			at += width
		}
		return at, w, ok
	case *plan.Project:
		below, w, ok := windowOf(n.Input, n.Exprs[i])
		if !ok || below < 0 {
			return -1, w, ok
		}
		at := slices.IndexFunc(n.Exprs, func(e plan.Expr) bool { return columnAt(e) == below })
		return at, w, at >= 0
	}
	return 0, w, false
}

// windowOf is windowAt of an expression over n's rows.
func windowOf(n plan.Node, e plan.Expr) (at int, w plan.WindowClose, ok bool) {
	switch e := e.(type) {
	case *plan.Column:
		return windowAt(n, e.Index)
	case *plan.Call:
		if of, w, ok := tumbleOf(e); ok {
			at := columnAt(of)
			if at >= 0 {
				if _, _, window := windowAt(n, at); window {
					return 0, w, false // the start of windows that end step by step
				}
			}
			return at, w, true
		}
		if start, by, ok := laterBy(e); ok {
			at, w, ok := windowOf(n, start)
			w.Size -= by
			return at, w, ok && !w.Final && w.Size >= 0
		}
	}
	return 0, w, false
}

// columnAt is the column that an expression is, -1 for every other.
func columnAt(e plan.Expr) int {
	if c, ok := e.(*plan.Column); ok {
		return c.Index
	}
	return -1
}

// laterBy takes apart a timestamp plus a constant interval.
func laterBy(call *plan.Call) (of plan.Expr, by time.Duration, ok bool) {
	if f := uint32(call.Func); f != timestampPlInterval && f != timestamptzPlInterval {
		return nil, 0, false
	}
	k, ok := call.Args[1].(*plan.Const)
	if !ok {
		return nil, 0, false
	}
	d, err := fixedLength(k, "window size", -1)
	return call.Args[0], d, err == nil
}

// Functions of pg_proc.
const (
	timestampPlInterval   = 2032
	timestamptzPlInterval = 1189
)

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
	return call.Args[0], plan.WindowClose{Size: d, Slide: d, Whole: d}, err == nil
}
