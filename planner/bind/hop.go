package bind

import (
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// hop is the HOP of a level's GROUP BY: its node adds the window's start to every row.
type hop struct {
	time        plan.Expr
	slide, size plan.Expr
	start       *plan.Column
	slideLen    time.Duration
	sizeLen     time.Duration
}

func isHop(name string) bool { return name == "hop" || name == "hop_start" || name == "hop_end" }

// bindHop looks for HOP in GROUP BY. Its window's start will be column width of the level's
// rows, so that the select list can name it.
func (b *binder) bindHop(group []*pg.Node, width int) error {
	var found *pg.FuncCall
	for _, g := range group {
		f := g.GetFuncCall()
		if f == nil {
			continue
		}
		if name, err := functionName(f); err != nil || (name != "hop" && name != "hop_start") {
			continue
		}
		if found != nil {
			return unsupported("more than one HOP in GROUP BY").At(f.Location)
		}
		found = f
	}
	if found == nil {
		return nil
	}
	h, err := b.hopArgs(found)
	if err != nil {
		return err
	}
	h.start = &plan.Column{Index: width, T: h.time.Type(), Name: "hop"}
	b.lv.hop = h
	return nil
}

// node puts the window over the rows; a nil hop is none.
func (h *hop) node(in plan.Node) plan.Node {
	if h == nil {
		return in
	}
	n := &plan.Hop{Input: in, Time: h.time, Slide: h.slideLen, Size: h.sizeLen}
	n.P.Fields = append(append([]plan.Field(nil), in.Props().Fields...), plan.Field{Name: "hop", Type: h.time.Type()})
	plan.Derive(n)
	return n
}

// hopArgs binds (time, slide, size).
func (b *binder) hopArgs(n *pg.FuncCall) (*hop, error) {
	if len(n.Args) != 3 {
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "hop takes a timestamp, a slide and a size").At(n.Location)
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
		return nil, sqlerr.New(sqlerr.UndefinedFunction, "function %s does not exist", signature("hop", typesOf(args))).At(n.Location).
			WithHint("The first argument of HOP is a timestamp.")
	}
	h := &hop{time: args[0]}
	for i, what := range []string{"window slide", "window size"} {
		e, err := b.coerceTo(args[i+1], sqltype.Of(sqltype.Interval), implicit, -1)
		if err != nil {
			return nil, err
		}
		k, ok := e.(*plan.Const)
		if !ok {
			return nil, unsupported("a " + what + " that is no constant interval").At(b.where(args[i+1]))
		}
		d, err := duration(k, what, b.where(args[i+1]))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			h.slide, h.slideLen = k, d
		} else {
			h.size, h.sizeLen = k, d
		}
	}
	if h.sizeLen%h.slideLen != 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "window size must be a multiple of the slide").At(n.Location)
	}
	return h, nil
}

// hopCall binds HOP, HOP_START and HOP_END outside of GROUP BY: they mean the window that the
// rows are grouped by.
func (b *binder) hopCall(name string, n *pg.FuncCall) (plan.Expr, error) {
	h := b.lv.hop
	if h == nil {
		return nil, unsupported("HOP outside of GROUP BY").At(n.Location).
			WithHint("GROUP BY HOP(time, slide, size) puts each row into every window that contains it.")
	}
	given, err := b.hopArgs(n)
	if err != nil {
		return nil, err
	}
	if !plan.Equal(given.time, h.time) || given.slideLen != h.slideLen || given.sizeLen != h.sizeLen {
		return nil, sqlerr.New(sqlerr.GroupingError, "%s must have the arguments of the HOP in GROUP BY", name).At(n.Location)
	}
	if name != "hop_end" {
		return b.at(&plan.Column{Index: h.start.Index, T: h.start.T, Name: h.start.Name}, n.Location), nil
	}
	return b.binary("+", h.start, h.size, n.Location)
}
