package bind

import (
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
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

// windowFunction brings the tumble functions to one form, so that GROUP BY tumble(t, i) and
// tumble_start(t, i) or tumble_end(t, i) in the select list are the same expression.
func (b *binder) windowFunction(c *plan.Call, pos int32) (plan.Expr, error) {
	end := false
	switch uint32(c.Func) {
	case builtin.TumbleTimestamp, builtin.TumbleTimestamptz:
	case builtin.TumbleStartTimestamp:
		c.Func = plan.FuncID(builtin.TumbleTimestamp)
	case builtin.TumbleStartTimestamptz:
		c.Func = plan.FuncID(builtin.TumbleTimestamptz)
	case builtin.TumbleEndTimestamp:
		c.Func, end = plan.FuncID(builtin.TumbleTimestamp), true
	case builtin.TumbleEndTimestamptz:
		c.Func, end = plan.FuncID(builtin.TumbleTimestamptz), true
	default:
		return b.at(c, pos), nil
	}
	if k, ok := c.Args[1].(*plan.Const); ok {
		if _, err := duration(k, "window size", b.where(k)); err != nil {
			return nil, err
		}
	}
	b.at(c, pos)
	if !end {
		return c, nil
	}
	return b.binary("+", c, c.Args[1], pos)
}

// duration reads a constant interval as a length of time above zero.
func duration(k *plan.Const, what string, pos int32) (time.Duration, error) {
	d, err := fixedLength(k, what, pos)
	if err == nil && d <= 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s must be greater than zero", what).At(pos)
	}
	return d, err
}

// delay reads how far a watermark lags.
func delay(k *plan.Const, pos int32) (time.Duration, error) {
	d, err := fixedLength(k, "watermark delay", pos)
	if err == nil && d < 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "watermark delay must not be negative").At(pos)
	}
	return d, err
}

// fixedLength reads an interval without months, at most 100 years long.
func fixedLength(k *plan.Const, what string, pos int32) (time.Duration, error) {
	if k.Value.Null(0) {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s must not be null", what).At(pos)
	}
	iv := delta.Values[delta.Interval](&k.Value)[0]
	if iv.Months != 0 {
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "%s with months or years is not supported", what).At(pos)
	}
	const day = 24 * 60 * 60 * 1_000_000
	const limit = 100 * 365 * int64(day)
	if int64(iv.Days) > limit/day || int64(iv.Days) < -limit/day || iv.Micros > limit || iv.Micros < -limit {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s is too long", what).At(pos)
	}
	micros := int64(iv.Days)*day + iv.Micros
	return time.Duration(micros) * time.Microsecond, nil
}

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
