package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// keptOnce is where a keptAcc has its rows in a one-shot run when memory is short: in temporary runs, that are
// merged while the results are made, group by group in the order of their keys.
type keptOnce struct {
	env     exec.Env
	key     []int
	held    int64 // about what the arrangement has
	spilled sortedRuns
	made    *delta.BatchBuilder // of the merge, nil until it begins
	at      int32
	more    bool
}

func (o *keptOnce) open(env exec.Env, types []sqltype.OID, key []int, order []state.Order) {
	o.end()
	o.env, o.key, o.held = env, key, 0
	o.spilled.order, o.spilled.types = state.NewRowOrder(types, key, order), types
	o.spilled.open(env)
}

// end gives back what a merge has.
func (o *keptOnce) end() {
	o.spilled.end()
	o.made = nil
}

func (o *keptOnce) merging() bool { return o.made != nil }

// makeRoom puts the rows into a temporary run when they are a good part of share.
func (c *keptAcc) makeRoom(ctx context.Context, share int64) error {
	if c.once.held <= share/8 {
		return nil
	}
	return c.spill(ctx)
}

// spill puts the rows into a temporary run, in order.
func (c *keptAcc) spill(ctx context.Context) error {
	cursor, err := c.rows.Head().Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	w := c.once.spilled.writer()
	if err := eachOf(ctx, c.env, cursor, func(d *delta.Batch) error { return w.Append(d, d.Sel) }); err != nil {
		return err
	}
	c.rows.Discard()
	c.once.held = 0
	return c.once.spilled.finish(w)
}

// merge begins to read the rows in order.
func (c *keptAcc) merge(ctx context.Context) error {
	if c.once.held > 0 {
		if err := c.spill(ctx); err != nil {
			return err
		}
	}
	o := &c.once
	o.made, o.at, o.more = delta.NewBatchBuilder(o.spilled.types), 0, true
	return o.spilled.start()
}

// readMerged makes the results of groups, which come in the order of their keys.
func (c *keptAcc) readMerged(keys []delta.Column, m *making) error {
	o := &c.once
	for k := range m.n {
		for {
			d := o.made.Batch()
			if int(o.at) == d.Len {
				m.keep(&d, o.at-1)
				if !o.more {
					return nil
				}
				if err := o.next(); err != nil {
					return err
				}
				continue
			}
			if o.at == 0 || m.at < 0 {
				if err := m.load(&d); err != nil {
					return err
				}
			}
			if !o.of(&d, keys, int32(k)) {
				break
			}
			if err := m.row(k, &d, o.at); err != nil {
				return err
			}
			o.at++
		}
	}
	return nil
}

func (o *keptOnce) next() (err error) {
	if err := o.env.Meter().Breathe(); err != nil {
		return err
	}
	o.made.Clear()
	o.at = 0
	o.more, err = o.spilled.next(o.made, outRows)
	return err
}

// of: the row at hand is of the group with row k of keys.
func (o *keptOnce) of(d *delta.Batch, keys []delta.Column, k int32) bool {
	for i, c := range o.key {
		if !delta.EqualKey(&d.Cols[c], o.at, &keys[i], k) {
			return false
		}
	}
	return true
}
