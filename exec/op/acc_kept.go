package op

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// keptAcc is an aggregate whose result is made of its rows in an order: they are kept in an arrangement by
// group, in that order, and a result is made by reading those of a group.
//
//	rows:  arguments that are no constants | what is ordered by and is no argument | number of arrival | group
//
// The number is there in a one-shot run where the aggregate says no order. Elsewhere rows that are equal in what is
// ordered by come in the order of their values, so that a view does not depend on its history.
type keptAcc struct {
	what    collector
	ordinal int
	direct  []*scalar // over the group's key
	args    []keptArg
	stored  []int // columns of an addition that are kept
	types   []sqltype.OID
	order   []state.Order
	// distinct: of rows with equal arguments only the first counts. equal compares them.
	distinct  bool
	ofArrival bool
	equal     *state.RowOrder

	g       *grouping
	env     exec.Env
	rows    state.Arrangement
	pinned  state.View
	arrival int64 // of the next row; -1 = rows are not numbered
	once    keptOnce
	last    *delta.BatchBuilder // the row before in the same group, of another batch
	charged int64               // for what results take while they are made
}

// keptArg is where an argument is: a column of the rows, or a constant.
type keptArg struct {
	column int
	value  delta.Column
}

// collector makes one value of rows, one after the other.
type collector interface {
	open(env exec.Env) error
	// load is given the arguments of rows, n of them.
	load(args []delta.Column, n int) error
	begin()
	// row adds a row of those loaded, so many times; an error is the result's.
	row(i int32, times int64) *sqlerr.Error
	// end appends the value of the rows since begin, of none of them NULL. More rows may follow.
	end(b *delta.Builder) *sqlerr.Error
	// size is about what the value takes.
	size() int
}

func newKept(a *plan.Aggregate, ordinal int, what collector) *keptAcc {
	c := &keptAcc{what: what, ordinal: ordinal, direct: newScalars(a.Direct), distinct: a.Distinct, ofArrival: a.OfArrival()}
	keep := func(column int, e plan.Expr) int {
		c.stored = append(c.stored, column)
		c.types = append(c.types, e.Type().OID)
		return len(c.stored) - 1
	}
	for i, e := range a.Args {
		if k, ok := e.(*plan.Const); ok {
			c.args = append(c.args, keptArg{-1, k.Value})
			continue
		}
		c.args = append(c.args, keptArg{column: keep(i, e)})
	}
	ordered := map[int]bool{}
	for i, k := range a.Order {
		if _, constant := k.Expr.(*plan.Const); constant {
			continue
		}
		at := -1
		for j, e := range a.Args {
			if plan.Equal(e, k.Expr) {
				at = c.args[j].column
			}
		}
		if at < 0 {
			at = keep(len(a.Args)+i, k.Expr)
		}
		if !ordered[at] {
			ordered[at] = true
			c.order = append(c.order, state.Order{Column: at, Desc: k.Desc, NullsFirst: k.NullsFirst})
		}
	}
	if !c.distinct {
		return c
	}
	var all []int
	for _, arg := range c.args {
		if arg.column < 0 {
			continue
		}
		all = append(all, arg.column)
		if !ordered[arg.column] {
			c.order = append(c.order, state.Order{Column: arg.column})
		}
	}
	c.equal = state.NewRowOrder(c.types, all, nil)
	return c
}

func (c *keptAcc) cells() []state.CellType { return nil }

func (c *keptAcc) open(env exec.Env, g *grouping, _ int) (err error) {
	c.unpin()
	if c.env != env {
		c.charged = 0 // what the last run charged is given back
	}
	c.g, c.env, c.arrival = g, env, -1
	types, order := c.types, c.order
	if c.ofArrival && env.Once() {
		c.arrival = 0
		order = append(order[:len(order):len(order)], state.Order{Column: len(types)})
		types = append(types[:len(types):len(types)], sqltype.Int8)
	}
	row := append(types[:len(types):len(types)], g.keyTypes...)
	key := make([]int, len(g.keyTypes))
	for i := range key {
		key[i] = len(types) + i
	}
	if c.rows, err = openRows(env, fmt.Sprintf("kept%d", c.ordinal), row, key, order...); err != nil {
		return err
	}
	if c.distinct {
		c.last = delta.NewBatchBuilder(row)
	}
	if env.Once() {
		c.once.open(env, row, key, order)
	}
	if err := openAll(c.direct, env); err != nil {
		return err
	}
	return c.what.open(env)
}

func (c *keptAcc) add(a addition) error {
	d := delta.Batch{Len: a.size, Sel: a.rows, Weights: a.weights}
	for _, i := range c.stored {
		if i == 0 {
			d.Cols = append(d.Cols, *a.arg)
		} else {
			d.Cols = append(d.Cols, a.more[i-1])
		}
	}
	if c.arrival >= 0 {
		number := delta.NewBuilder(sqltype.Int8)
		number.Extend(a.size)
		n := delta.Filled[int64](number)
		for _, row := range a.rows {
			n[row] = c.arrival
			c.arrival++
		}
		d.Cols = append(d.Cols, number.Column())
	}
	d.Cols = append(d.Cols, a.keys...)
	if c.env.Once() {
		c.once.held += d.Size()
	}
	return c.rows.Append(&d)
}

func (c *keptAcc) settle(context.Context, []state.Slot) error { return nil }

// result is never asked for: who has a keeper reads it.
func (c *keptAcc) result([]state.Slot, *delta.Builder, func(int, *sqlerr.Error)) error {
	return errors.New("op: an aggregate of kept rows has its results in no cells")
}

func (c *keptAcc) drop(ctx context.Context, slots []state.Slot) error {
	return dropGroups(ctx, c.rows, c.g.flat.Keys(slots), len(slots))
}

func (c *keptAcc) publish(v state.CommitSeq) error { return c.rows.Publish(v) }

// pin implements keeper.
func (c *keptAcc) pin() (err error) {
	if c.pinned == nil {
		c.pinned, err = c.rows.At(newest)
	}
	return err
}

func (c *keptAcc) unpin() {
	if c.pinned != nil {
		c.pinned.Release()
		c.pinned = nil
	}
}

// read implements keeper.
func (c *keptAcc) read(ctx context.Context, pinned bool, slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	m := &making{c: c, b: b, fail: fail, at: -1, n: len(slots)}
	if len(slots) == 0 {
		return nil
	}
	keys := c.g.flat.Keys(slots)
	err := m.evalDirect(keys)
	switch {
	case err != nil:
	case c.once.merging():
		err = c.readMerged(keys, m)
	case pinned:
		err = c.readFrom(ctx, c.pinned, keys, m)
	default:
		err = c.readFrom(ctx, c.rows.Head(), keys, m)
	}
	if err == nil {
		err = m.reach(m.n)
	}
	return errsFirst(err, c.charge(0))
}

// readFrom makes the results of groups of what is in an arrangement.
func (c *keptAcc) readFrom(ctx context.Context, from state.View, keys []delta.Column, m *making) error {
	cursor, err := from.Probe(ctx, keys, rowNumbers(m.n))
	if err != nil {
		return err
	}
	defer cursor.Close()
	for more := true; more; {
		if err := c.env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		var match []int32
		if match, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		if d.Len == 0 {
			continue
		}
		if err := m.load(&d); err != nil {
			return err
		}
		for i, k := range match {
			if err := m.row(int(k), &d, int32(i)); err != nil {
				return err
			}
		}
		m.keep(&d, int32(len(match)-1))
	}
	return nil
}

// charge settles what is charged for results in the making.
func (c *keptAcc) charge(now int64) error {
	if now == c.charged || now > c.charged && now-c.charged < chargeStep && now != 0 {
		return nil
	}
	err := c.env.Account(now - c.charged)
	if err == nil {
		c.charged = now
	}
	return err
}

// chargeStep is by how much a result grows between two charges.
const chargeStep = 64 << 10
