package bind

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/planner/plan"
)

// tumbleFunction brings the tumble functions to one form, so that GROUP BY tumble(t, i) and
// tumble_start(t, i) or tumble_end(t, i) in the select list are the same expression.
func (b *binder) tumbleFunction(c *plan.Call, pos int32) (plan.Expr, error) {
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
