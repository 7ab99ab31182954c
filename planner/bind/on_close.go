package bind

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// onClose makes an aggregation wait for its windows' ends when the statement says EMIT ON
// WINDOW CLOSE. Its key must be a window over the column of a declared watermark.
func (c *core) onClose(n *plan.GroupBy, keys []plan.Expr, width int) error {
	if c.b.emit != parse.EmitOnWindowClose {
		return nil
	}
	for i, k := range keys {
		timeExpr, w, ok := c.windowOf(n.Input, k)
		if !ok {
			continue
		}
		pos := c.b.where(k)
		col, isColumn := timeExpr.(*plan.Column)
		wm := n.Input.Props().Watermark
		before := carried(n.Input.Props().Fields)
		switch {
		case wm < 0 || before < 0:
			return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "EMIT ON WINDOW CLOSE needs a stream with a watermark").At(pos).
				WithHint("Declare it in CREATE STREAM: WATERMARK FOR column AS column - INTERVAL '5 seconds'.")
		case !isColumn || col.Index != wm:
			return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "EMIT ON WINDOW CLOSE needs a window over the watermark's column").At(pos)
		}
		w.Key, w.Time, w.Before, w.Lateness = i, wm, before, c.b.opts.AllowedLateness
		n.OnClose = &w
		return nil
	}
	return nil
}

// windowOf reports whether a group key over n's rows is the start of a window, over which time and of
// which size and slide.
func (c *core) windowOf(n plan.Node, k plan.Expr) (at plan.Expr, w plan.WindowClose, ok bool) {
	if h := c.lv.hop; h != nil && plan.Equal(k, h.start) {
		return h.time, plan.WindowClose{Size: h.sizeLen, Slide: h.slideLen}, true
	}
	switch k := k.(type) {
	case *plan.Call:
		return tumbleOf(k)
	case *plan.Column:
		time, w, ok := windowStartAt(n, k.Index)
		return &plan.Column{Index: time}, w, ok
	}
	return nil, w, false
}

// closesWindows reports whether some aggregation of a plan waits for its windows.
func closesWindows(root plan.Node) bool {
	found := false
	plan.WalkNodes(root, func(n plan.Node) {
		g, ok := n.(*plan.GroupBy)
		found = found || ok && g.OnClose != nil
	})
	return found
}
