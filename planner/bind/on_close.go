package bind

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// onClose makes an aggregation wait for its windows' ends when the statement says EMIT ON
// WINDOW CLOSE. Its key must be a window over the column of a declared watermark.
func (c *core) onClose(n *plan.GroupBy, keys []plan.Expr) error {
	if c.b.emit != parse.EmitOnWindowClose {
		return nil
	}
	for i, k := range n.Keys {
		at, w, ok := windowAt(n.Input, k)
		if !ok {
			continue
		}
		if joins(n.Input) { // of what is left out nothing is late
			in, err := c.b.onTime(n.Input, c.b.where(keys[i]))
			if err != nil {
				return err
			}
			if at < 0 {
				return unsupported("EMIT ON WINDOW CLOSE over this window of a join").At(c.b.where(keys[i]))
			}
			n.Input = in
			w.Key, w.Time, w.Before, w.Final = i, at, at, true
			n.OnClose = &w
			return nil
		}
		before, err := c.b.closable(n.Input, at, c.b.where(keys[i]))
		if err != nil {
			return err
		}
		w.Key, w.Time, w.Before, w.Lateness = i, at, before, c.b.opts.AllowedLateness
		n.OnClose = &w
		return nil
	}
	return nil
}

// closable holds what a window over column at of n's rows needs to be closed: the column of a watermark, and with
// each row the watermark before its commit, whose column it gives.
func (b *binder) closable(n plan.Node, at int, pos int32) (before int, err error) {
	wm, before := n.Props().Watermark, carried(n.Props().Fields)
	switch {
	case wm < 0 && joins(n):
		return 0, unsupported("SESSION with EMIT ON WINDOW CLOSE over a join").At(pos).
			WithHint("Join queries whose sessions are closed, each over one stream, or use EMIT CHANGES.")
	case (wm < 0 || before < 0) && timed(n):
		return 0, unsupported("EMIT ON WINDOW CLOSE over a condition on now()").At(pos).
			WithHint("A window is given once, and rows would leave it later: use EMIT CHANGES.")
	case wm < 0 || before < 0:
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "EMIT ON WINDOW CLOSE needs a stream with a watermark").At(pos).
			WithHint("Declare it in CREATE STREAM: WATERMARK FOR column AS column - INTERVAL '5 seconds'.")
	case at != wm:
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "EMIT ON WINDOW CLOSE needs a window over the watermark's column").At(pos)
	}
	return before, nil
}

// onTime leaves late records out below the inner joins of n.
func (b *binder) onTime(n plan.Node, pos int32) (plan.Node, error) {
	var refused error
	out := plan.Transform(n, func(n plan.Node) plan.Node {
		if refused != nil {
			return n
		}
		switch n := n.(type) {
		case *plan.Apply:
			refused = unsupported("EMIT ON WINDOW CLOSE over a LATERAL join or a subquery").At(pos).WithHint("Use EMIT CHANGES.")
		case *plan.Join:
			if n.Kind != plan.JoinInner {
				refused = unsupported("EMIT ON WINDOW CLOSE over an outer join").At(pos).WithHint("Use an inner join, or EMIT CHANGES.")
				return n
			}
			ins := n.Inputs()
			for i, in := range ins {
				if joins(in) {
					continue
				}
				at, before := in.Props().Watermark, carried(in.Props().Fields)
				if at < 0 || before < 0 || !in.Props().AppendOnly {
					refused = unsupported("EMIT ON WINDOW CLOSE over a join with what has no watermark").At(pos).
						WithHint("Each side is a stream with a watermark: WATERMARK FOR column AS column - INTERVAL '5 seconds'. Else use EMIT CHANGES.")
					return n
				}
				ins[i] = plan.NewOnTime(in, at, before, b.opts.AllowedLateness)
			}
			return plan.WithInputs(n, ins)
		}
		return n
	})
	return out, refused
}

// joins reports whether rows of n are made of those of several relations.
func joins(n plan.Node) (found bool) {
	plan.WalkNodes(n, func(n plan.Node) {
		switch n.(type) {
		case *plan.Join, *plan.Apply:
			found = true
		}
	})
	return found
}

// timed reports whether rows of n come and go with time.
func timed(n plan.Node) (found bool) {
	plan.WalkNodes(n, func(n plan.Node) {
		f, is := n.(*plan.Filter)
		found = found || is && plan.ReadsClock(f.Cond)
	})
	return found
}

// unites reports whether rows of n come from several nodes.
func unites(n plan.Node) (found bool) {
	plan.WalkNodes(n, func(n plan.Node) {
		_, is := n.(*plan.UnionAll)
		found = found || is
	})
	return found
}

// closesWindows reports whether something in a plan waits for its windows.
func closesWindows(root plan.Node) bool {
	found := false
	plan.WalkNodes(root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.GroupBy:
			found = found || n.OnClose != nil
		case *plan.SessionWindow:
			found = found || n.OnClose != nil
		}
	})
	return found
}
