package op

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// newest pins whatever was published last.
const newest = ^state.CommitSeq(0)

// distinctAcc feeds another accumulator with each value of a group once. Values are kept in an
// arrangement by (group, value); at the end of a tick those that came or went, or whose least
// image changed, are passed on.
type distinctAcc struct {
	inner   accumulator
	ordinal int
	types   []sqltype.OID // of the arguments
	g       *grouping
	values  state.Arrangement
	touched *state.FlatSet // nil in a one-shot run: all are
	once    distinctOnce
}

func (c *distinctAcc) cells() []state.CellType { return c.inner.cells() }

func (c *distinctAcc) open(env exec.Env, g *grouping, first int) (err error) {
	c.g = g
	row := append(c.types[:len(c.types):len(c.types)], g.keyTypes...)
	key := make([]int, 0, len(row))
	for i := range row {
		key = append(key, (i+len(c.types))%len(row)) // the group first
	}
	if c.values, err = openRows(env, fmt.Sprintf("distinct%d", c.ordinal), row, key); err != nil {
		return err
	}
	if c.touched != nil {
		c.touched.Clear() // a run that failed left it
	}
	c.touched = nil
	if env.Once() {
		c.once.open(env, row, key)
	} else {
		c.touched = state.NewFlat(append(append([]sqltype.OID{}, g.keyTypes...), c.types...), nil, state.Options{Account: env.Account})
	}
	return c.inner.open(env, g, first)
}

func (c *distinctAcc) add(a addition) error {
	args := append([]delta.Column{*a.arg}, a.more[:len(c.types)-1]...)
	d := delta.Batch{Len: a.size, Cols: append(args[:len(args):len(args)], a.keys...), Sel: a.rows, Weights: a.weights}
	if err := c.values.Append(&d); err != nil {
		return err
	}
	if c.touched == nil {
		c.once.held += d.Size()
		return nil
	}
	key := append(append([]delta.Column{}, a.keys...), args...)
	return c.touched.Probe(key, a.rows, true, make([]state.Slot, len(a.rows)))
}

// settle passes on what changed among all values touched in this tick, the first time.
func (c *distinctAcc) settle(ctx context.Context, slots []state.Slot) error {
	if c.touched == nil {
		if err := c.settleOnce(ctx); err != nil {
			return err
		}
		return c.inner.settle(ctx, slots)
	}
	if c.touched.Len() == 0 {
		return c.inner.settle(ctx, slots)
	}
	before, err := c.values.At(newest)
	if err != nil {
		return err
	}
	defer before.Release()
	now := c.values.Head()
	c.touched.Scan(func(values []state.Slot) bool {
		keys := c.touched.Keys(values)
		if before.Rows() > 0 {
			err = c.pass(ctx, before, keys, len(values), -1)
		}
		if err == nil {
			err = c.pass(ctx, now, keys, len(values), 1)
		}
		return err == nil
	})
	c.touched.Clear()
	if err != nil {
		return err
	}
	return c.inner.settle(ctx, slots)
}

// pass adds the least image of each key that exists in from, with a weight.
func (c *distinctAcc) pass(ctx context.Context, from state.View, keys []delta.Column, n int, weight int64) error {
	cursor, err := from.Edge(ctx, keys, rowNumbers(n), false)
	if err != nil {
		return err
	}
	defer cursor.Close()
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		if d.Len == 0 {
			continue
		}
		for i := range int32(d.Len) {
			if d.Weight(i) < 0 {
				return state.ErrNegativeWeight
			}
		}
		if err := c.passRows(ctx, &d, rowNumbers(d.Len), weight); err != nil {
			return err
		}
	}
	return nil
}

// passRows adds rows of the arrangement, each a value of its own, with a weight.
func (c *distinctAcc) passRows(ctx context.Context, d *delta.Batch, rows []int32, weight int64) error {
	a := addition{
		arg: &d.Cols[0], more: d.Cols[1:len(c.types)], keys: d.Cols[len(c.types):], rows: rows, size: d.Len,
		slots: make([]state.Slot, len(rows)), weights: make([]int64, d.Len),
	}
	for i := range a.weights {
		a.weights[i] = weight
	}
	if err := c.g.flat.Probe(ctx, a.keys, a.rows, false, a.slots); err != nil {
		return err
	}
	a.cells = c.g.flat.Write(a.slots)
	return c.inner.add(a)
}

func (c *distinctAcc) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	return c.inner.result(slots, b, fail)
}

func (c *distinctAcc) drop(ctx context.Context, slots []state.Slot) error {
	if err := dropGroups(ctx, c.values, c.g.flat.Keys(slots), len(slots)); err != nil {
		return err
	}
	return c.inner.drop(ctx, slots)
}

func (c *distinctAcc) publish(v state.CommitSeq) error {
	if err := c.values.Publish(v); err != nil {
		return err
	}
	return c.inner.publish(v)
}
