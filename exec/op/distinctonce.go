package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// distinctOnce is what a distinctAcc does in a one-shot run: the values are read in order in the end,
// where equal ones stand side by side, from memory or from the temporary runs they were put into.
type distinctOnce struct {
	env     exec.Env
	key     int   // columns of the order that make a value of a group
	held    int64 // about what the arrangement has
	spilled sortedRuns
	last    *delta.BatchBuilder // the row before, to compare with
}

// open resets it; values are rows of types in the order of their columns key.
func (o *distinctOnce) open(env exec.Env, types []sqltype.OID, key []int) {
	o.spilled.end()
	o.env, o.held, o.key = env, 0, len(key)
	o.spilled.order, o.spilled.types = state.NewRowOrder(types, key, nil), types
	o.spilled.open(env)
	o.last = delta.NewBatchBuilder(types)
}

// makeRoom puts the values of groups into a temporary run when they are a good part of share.
func (c *distinctAcc) makeRoom(ctx context.Context, share int64) error {
	if c.once.held <= share/8 {
		return nil
	}
	return c.spill(ctx)
}

// spill puts the values into a temporary run, in order.
func (c *distinctAcc) spill(ctx context.Context) error {
	cursor, err := c.values.Head().Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	w := c.once.spilled.writer()
	err = eachOf(ctx, c.once.env, cursor, func(d *delta.Batch) error { return w.Append(d, d.Sel) })
	if err != nil {
		return err
	}
	c.values.Discard()
	c.once.held = 0
	return c.once.spilled.finish(w)
}

// eachOf visits the batches of a cursor and closes it.
func eachOf(ctx context.Context, env exec.Env, cursor state.Cursor, visit func(d *delta.Batch) error) error {
	defer cursor.Close()
	for more := true; more; {
		if err := env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		var err error
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		if d.Rows() == 0 {
			continue
		}
		if err := visit(&d); err != nil {
			return err
		}
	}
	return nil
}

// settleOnce passes each value of a group on, as the least of its images, and forgets all.
func (c *distinctAcc) settleOnce(ctx context.Context) error {
	o := &c.once
	o.last.Clear()
	if !o.spilled.some() {
		cursor, err := c.values.Head().Scan(ctx, state.Range{})
		if err != nil {
			return err
		}
		if err := eachOf(ctx, o.env, cursor, func(d *delta.Batch) error { return c.passFirst(ctx, d) }); err != nil {
			return err
		}
		c.values.Discard()
		return nil
	}
	if err := c.spill(ctx); err != nil {
		return err
	}
	if err := o.spilled.start(); err != nil {
		return err
	}
	made := delta.NewBatchBuilder(o.spilled.types)
	for more := true; more; {
		if err := o.env.Meter().Breathe(); err != nil {
			return err
		}
		made.Clear()
		var err error
		if more, err = o.spilled.next(made, outRows); err != nil {
			return err
		}
		if d := made.Batch(); d.Len > 0 {
			if err := c.passFirst(ctx, &d); err != nil {
				return err
			}
		}
	}
	o.spilled.end()
	return nil
}

// passFirst passes the rows of d on that are not equal to the one before, which may be of the batch
// before.
func (c *distinctAcc) passFirst(ctx context.Context, d *delta.Batch) error {
	o := &c.once
	var scratch []int32
	live, fresh := liveRows(d, &scratch), []int32{}
	before, at := o.last.Batch(), int32(0)
	for _, row := range live {
		if before.Len == 0 || !o.spilled.order.SameKey(before.Cols, at, d.Cols, row) {
			fresh = append(fresh, row)
		}
		before, at = *d, row
	}
	o.last.Clear()
	o.last.AppendRow(d.Cols, at, 1)
	if len(fresh) == 0 {
		return nil
	}
	return c.passRows(ctx, d, fresh, 1)
}
