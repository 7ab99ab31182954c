package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// aggCall is one aggregate call of a GroupBy: which rows it takes, of what, into what.
type aggCall struct {
	filter *scalar // nil = all rows
	arg    *scalar // nil = count(*)
	acc    accumulator

	// Of the batch at hand.
	rows     []int32
	col      delta.Column
	filtered []int32
	picked   []int32
	slots    []state.Slot
}

func newAggCall(a *plan.Aggregate, ordinal int) (*aggCall, error) {
	acc, err := newAccumulator(a, ordinal)
	if err != nil {
		return nil, err
	}
	c := &aggCall{acc: acc}
	if a.Filter != nil {
		c.filter = newScalar(a.Filter)
	}
	if len(a.Args) > 0 {
		c.arg = newScalar(a.Args[0])
	}
	return c, nil
}

func (c *aggCall) open(env exec.Env, g *grouping, first int) error {
	for _, s := range []*scalar{c.filter, c.arg} {
		if s != nil {
			if err := s.open(env); err != nil {
				return err
			}
		}
	}
	return c.acc.open(env, g, first)
}

// prepare finds the call's rows among sel and computes its argument for them.
func (c *aggCall) prepare(in *delta.Batch, sel []int32) (delta.RowErrors, error) {
	var errs delta.RowErrors
	c.rows = sel
	if c.filter != nil {
		rows, failed, err := c.filter.truth(in, sel, c.filtered)
		if err != nil {
			return nil, err
		}
		c.filtered, c.rows, errs = rows, rows, failed
	}
	if c.arg != nil {
		col, failed, err := c.arg.eval(in, c.rows)
		if err != nil {
			return nil, err
		}
		c.col = col
		errs = joinErrors(errs, failed)
	}
	return errs, nil
}

// apply adds the prepared rows, less those that failed anywhere and those without a slot. slotOf is by
// physical row, slots by place in sel, cells are those of all of them.
func (c *aggCall) apply(in *delta.Batch, keys []delta.Column, sel []int32, slots, slotOf []state.Slot, cells state.Cells, failed delta.RowErrors) error {
	a := addition{keys: keys, rows: sel, slots: slots, weights: in.Weights, size: in.Len, cells: cells}
	if c.arg != nil {
		a.arg = &c.col
	}
	nullable := c.arg != nil && c.col.Valid != nil
	if c.filter != nil || nullable {
		rows := c.rows
		if len(failed) > 0 {
			rows = without(nil, rows, failed)
		}
		c.picked, c.slots = none(c.picked), c.slots[:0]
		for _, row := range rows {
			if slotOf[row] == state.NoSlot || nullable && c.col.Null(row) {
				continue
			}
			c.picked = append(c.picked, row)
			c.slots = append(c.slots, slotOf[row])
		}
		a.rows, a.slots = c.picked, c.slots
	}
	if len(a.rows) == 0 {
		return nil
	}
	return c.acc.add(a)
}
