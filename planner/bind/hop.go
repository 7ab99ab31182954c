package bind

import (
	"strings"
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// hop is a window that is more than a function of a row's time: HOP and CUMULATE repeat rows, SESSION looks at the
// rows around. Its node adds columns behind the rows.
type hop struct {
	kind   string // hop, cumulate or session
	time   plan.Expr
	step   plan.Expr // constants; a session has no step, and its gap for a size
	size   plan.Expr
	stepOf time.Duration
	sizeOf time.Duration
	// key tells windows apart; from and to are where they begin and end.
	key, from, to plan.Expr
}

// hopForms are the windows of this kind, with their arguments behind the time.
var hopForms = map[string][]string{
	"hop":      {"slide", "size"},
	"cumulate": {"step", "size"},
	"session":  {"gap"},
}

// hopName takes the name of a function apart: the window, and whether its start or end is asked for.
func hopName(name string) (kind, part string) {
	kind, part, _ = strings.Cut(name, "_")
	if _, ok := hopForms[kind]; !ok || part != "" && part != "start" && part != "end" || strings.HasSuffix(name, "_") {
		return "", ""
	}
	return kind, part
}

func isHop(name string) bool {
	kind, _ := hopName(name)
	return kind != ""
}

// bindHop looks for such a window in GROUP BY. Its columns will stand behind the width columns of the level's
// rows, so that the select list can name them.
func (b *binder) bindHop(group []*pg.Node, width int) error {
	var found *pg.FuncCall
	for _, g := range group {
		f := g.GetFuncCall()
		if f == nil {
			continue
		}
		if name, err := functionName(f); err != nil || !isHop(name) || strings.HasSuffix(name, "_end") {
			continue
		}
		if found != nil {
			return unsupported("more than one HOP, CUMULATE or SESSION in GROUP BY").At(f.Location)
		}
		found = f
	}
	if found == nil {
		return nil
	}
	name, _ := functionName(found)
	kind, _ := hopName(name)
	h, err := b.hopArgs(kind, found)
	if err != nil {
		return err
	}
	b.lv.hop = h
	return b.placeHop(h, width, found.Location)
}

// placeHop says where the columns of a window are.
func (b *binder) placeHop(h *hop, at int, pos int32) (err error) {
	key := &plan.Column{Index: at, T: h.time.Type(), Name: h.kind}
	h.key, h.from = key, key
	switch h.kind {
	case "session":
		h.to = &plan.Column{Index: at + 1, T: h.time.Type(), Name: "session_end"}
	case "cumulate":
		if h.from, err = b.callByName("tumble", []plan.Expr{key, h.size}, pos); err != nil {
			return err
		}
		h.to, err = b.binary("+", key, h.step, pos)
	default:
		h.to, err = b.binary("+", key, h.size, pos)
	}
	return err
}

// node puts the window over the rows; a nil hop is none. Sessions are those of rows with equal keys.
func (h *hop) node(b *binder, in plan.Node, keys []plan.Expr) (plan.Node, error) {
	switch {
	case h == nil:
		return in, nil
	case h.kind == "session":
		return h.session(b, in, keys)
	}
	n := &plan.Hop{Input: in, Time: h.time, Slide: h.stepOf, Size: h.sizeOf, Cumulate: h.kind == "cumulate"}
	n.P.Fields = append(append([]plan.Field(nil), in.Props().Fields...), plan.Field{Name: h.kind, Type: h.time.Type()})
	plan.Derive(n)
	return n, nil
}

// session makes the sessions of rows with equal keys; what is no column is computed below them.
func (h *hop) session(b *binder, in plan.Node, keys []plan.Expr) (plan.Node, error) {
	width := len(in.Props().Fields)
	var computed []plan.Expr
	column := func(e plan.Expr) int {
		if c, ok := e.(*plan.Column); ok {
			return c.Index
		}
		computed = append(computed, e)
		return width + len(computed) - 1
	}
	at := column(h.time)
	var partition []int
	for _, k := range keys {
		partition = append(partition, column(k))
	}
	below := in
	if len(computed) > 0 {
		below = withComputed(in, computed)
	}
	n := plan.NewSessionWindow(below, partition, at, h.sizeOf)
	if b.emit == parse.EmitOnWindowClose {
		before, err := b.closable(below, at, b.where(h.time))
		if err != nil {
			return nil, err
		}
		if unites(below) {
			return nil, unsupported("SESSION with EMIT ON WINDOW CLOSE over UNION").At(b.where(h.time)).
				WithHint("Which session a record is in depends on the order of records, which those of two streams do not have. Use EMIT CHANGES.")
		}
		n.OnClose = &plan.WindowClose{Time: at, Before: before, Lateness: b.opts.AllowedLateness}
		plan.Derive(n)
	}
	if len(computed) == 0 {
		return n, nil
	}
	p := &plan.Project{Input: n}
	for i, f := range n.P.Fields {
		if i < width || i >= n.Start() {
			p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
			p.P.Fields = append(p.P.Fields, f)
		}
	}
	plan.Derive(p)
	return p, nil
}

// hopArgs binds the arguments of a window behind its relation.
func (b *binder) hopArgs(kind string, n *pg.FuncCall) (*hop, error) {
	lengths := hopForms[kind]
	if len(n.Args) != 1+len(lengths) {
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "%s takes a timestamp, a %s", kind, strings.Join(lengths, " and a ")).At(n.Location)
	}
	old := b.lv.place
	b.lv.place = inGroupBy
	args, err := b.exprs(n.Args)
	b.lv.place = old
	if err != nil {
		return nil, err
	}
	switch t := args[0].Type().OID; t {
	case sqltype.Timestamp, sqltype.Timestamptz:
	default:
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", signature(kind, typesOf(args))).At(n.Location).
			WithHint("The first argument of %s is a timestamp.", strings.ToUpper(kind))
	}
	h := &hop{kind: kind, time: args[0]}
	for i, what := range lengths {
		k, d, err := b.windowLength(args[i+1], what)
		if err != nil {
			return nil, err
		}
		if what == "size" || what == "gap" {
			h.size, h.sizeOf = k, d
		} else {
			h.step, h.stepOf = k, d
		}
	}
	if h.step != nil && h.sizeOf%h.stepOf != 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "window size must be a multiple of the %s", lengths[0]).At(n.Location)
	}
	return h, nil
}

// windowLength reads a constant interval.
func (b *binder) windowLength(e plan.Expr, what string) (*plan.Const, time.Duration, error) {
	if what == "gap" {
		what = "session gap"
	} else {
		what = "window " + what
	}
	return b.constantInterval(e, what)
}

// constantInterval reads a constant interval as a length of time above zero.
func (b *binder) constantInterval(e plan.Expr, what string) (*plan.Const, time.Duration, error) {
	pos := b.where(e)
	e, err := b.coerceTo(e, sqltype.Of(sqltype.Interval), implicit, -1)
	if err != nil {
		return nil, 0, err
	}
	k, ok := e.(*plan.Const)
	if !ok {
		return nil, 0, unsupported("a " + what + " that is no constant interval").At(pos)
	}
	d, err := duration(k, what, pos)
	return k, d, err
}

// hopCall binds HOP, HOP_START, HOP_END and their like outside of GROUP BY: they mean the window that the
// rows are grouped by.
func (b *binder) hopCall(name string, n *pg.FuncCall) (plan.Expr, error) {
	kind, part := hopName(name)
	h, upper := b.lv.hop, strings.ToUpper(kind)
	if h == nil || h.kind != kind {
		e := unsupported(upper + " outside of GROUP BY").At(n.Location)
		if kind == "session" {
			return nil, e.WithHint("GROUP BY SESSION(time, gap) puts rows that follow each other within the gap into one window.")
		}
		return nil, e.WithHint("GROUP BY %s(time, %s) puts each row into every window that contains it.", upper, strings.Join(hopForms[kind], ", "))
	}
	given, err := b.hopArgs(kind, n)
	if err != nil {
		return nil, err
	}
	if !plan.Equal(given.time, h.time) || given.stepOf != h.stepOf || given.sizeOf != h.sizeOf {
		return nil, sqlerr.New(sqlerr.GroupingError, "%s must have the arguments of the %s in GROUP BY", name, upper).At(n.Location)
	}
	e := h.from
	switch {
	case part == "end":
		e = h.to
	case b.lv.place == inGroupBy:
		e = h.key
	}
	return b.at(fresh(e), n.Location), nil
}

// fresh is a copy of an expression, which may have a place of its own.
func fresh(e plan.Expr) plan.Expr {
	if c, ok := e.(*plan.Column); ok {
		c := *c
		return &c
	}
	return plan.WithChildren(e, plan.Children(e))
}

// sessionKeys are what the rows of a level are grouped by besides their session. Its end becomes a key, too: it
// belongs to the start.
func (c *core) sessionKeys() ([]plan.Expr, error) {
	h := c.lv.hop
	if h == nil || h.kind != "session" {
		return nil, nil
	}
	if c.sets != nil {
		return nil, unsupported("SESSION with GROUPING SETS").At(c.b.where(h.time))
	}
	var keys []plan.Expr
	for _, k := range c.groups {
		if !plan.Equal(k, h.from) && !plan.Equal(k, h.to) {
			keys = append(keys, k)
		}
	}
	if keyOf(c.groups, h.to) < 0 {
		c.groups = append(c.groups, h.to)
	}
	return keys, nil
}
