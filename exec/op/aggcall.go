package op

import (
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// aggCall is one aggregate call of a GroupBy: which rows it takes, of what, into what.
type aggCall struct {
	filter *scalar   // nil = all rows
	args   []*scalar // none = count(*); then what rows are ordered by
	strict int       // of so many arguments none may be NULL
	acc    accumulator

	// Of the batch at hand.
	rows     []int32
	cols     []delta.Column
	filtered []int32
	picked   []int32
	slots    []state.Slot
}

func newAggCall(a *plan.Aggregate, ordinal int) (*aggCall, error) {
	acc, err := newAccumulator(a, ordinal)
	if err != nil {
		return nil, err
	}
	c := &aggCall{acc: acc, args: newScalars(a.Args)}
	for _, k := range a.Order {
		c.args = append(c.args, newScalar(k.Expr))
	}
	if a.Filter != nil {
		c.filter = newScalar(a.Filter)
	}
	c.cols = make([]delta.Column, len(c.args))
	c.strict = aggregates[a.Func].nulls.strict(len(a.Args))
	return c, nil
}

func (c *aggCall) open(env exec.Env, g *grouping, first int) error {
	if c.filter != nil {
		if err := c.filter.open(env); err != nil {
			return err
		}
	}
	if err := openAll(c.args, env); err != nil {
		return err
	}
	return c.acc.open(env, g, first)
}

// prepare finds the call's rows among sel and computes its arguments for them.
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
	for i, arg := range c.args {
		col, failed, err := arg.eval(in, c.rows)
		if err != nil {
			return nil, err
		}
		c.cols[i] = col
		errs = joinErrors(errs, failed)
	}
	return errs, nil
}

// apply adds the prepared rows, less those that failed anywhere and those without a slot. slotOf is by
// physical row, slots by place in sel, cells are those of all of them.
func (c *aggCall) apply(in *delta.Batch, keys []delta.Column, sel []int32, slots, slotOf []state.Slot, cells state.Cells, failed delta.RowErrors) error {
	a := addition{keys: keys, rows: sel, slots: slots, weights: in.Weights, size: in.Len, cells: cells}
	if len(c.cols) > 0 {
		a.arg, a.more = &c.cols[0], c.cols[1:]
	}
	nullable := slices.ContainsFunc(c.cols[:c.strict], func(c delta.Column) bool { return c.Valid != nil })
	if c.filter != nil || nullable {
		rows := c.rows
		if len(failed) > 0 {
			rows = without(nil, rows, failed)
		}
		c.picked, c.slots = none(c.picked), c.slots[:0]
		for _, row := range rows {
			if slotOf[row] == state.NoSlot || nullable && anyNull(c.cols[:c.strict], row) {
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

func anyNull(cols []delta.Column, row int32) bool {
	for i := range cols {
		if cols[i].Null(row) {
			return true
		}
	}
	return false
}

// overKeys is an aggregate whose direct arguments are over a group's keys in place of the input's columns.
func overKeys(a *plan.Aggregate, keys []int) *plan.Aggregate {
	if len(a.Direct) == 0 {
		return a
	}
	out := *a
	out.Direct = make([]plan.Expr, len(a.Direct))
	for i, e := range a.Direct {
		out.Direct[i] = plan.MapColumns(e, func(c int) int { return slices.Index(keys, c) })
	}
	return &out
}
