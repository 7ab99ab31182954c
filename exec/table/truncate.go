package table

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// Truncate takes every row out that the Tx sees or that has been committed, in pieces; what others insert
// meanwhile may stay. It returns how many rows went.
func (tx *Tx) Truncate(ctx context.Context, t *Table) (int64, error) {
	o, err := tx.touch(ctx, t)
	if err != nil {
		return 0, err
	}
	own := o.liveRows()
	n, err := o.remove(&own)
	if err != nil {
		return n, err
	}
	view, err := o.newest(0)
	if err != nil {
		return n, err
	}
	defer view.Release()
	cur, err := view.Scan(ctx, state.Range{})
	if err != nil {
		return n, err
	}
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return n, err
		}
		went, err := tx.takeOut(ctx, t, o, &rows)
		if err != nil {
			return n, err
		}
		n += went
	}
	return n, nil
}

// takeOut locks rows and takes out those of their keys that there are in the newest version.
func (tx *Tx) takeOut(ctx context.Context, t *Table, o *overlay, rows *delta.Batch) (int64, error) {
	live := delta.NewBatchBuilder(t.Types())
	err := rows.EachRow(func(row int32) error {
		gone, err := o.tookOut(rows, row)
		if err == nil && !gone {
			live.AppendRow(rows.Cols, row, 1)
		}
		return err
	})
	if err != nil || live.Len() == 0 {
		return 0, err
	}
	for range maxAttempts {
		found := live.Batch()
		if err := tx.charge(found.Size() + (lockBytes+slotBytes)*int64(found.Len)); err != nil {
			return 0, err
		}
		if err := tx.lockRows(ctx, t.oid, pick(found.Cols, t.Key()), found.Len); err != nil {
			return 0, err
		}
		if err := tx.lockUnique(ctx, o, &found); err != nil {
			return 0, err
		}
		now := delta.NewBatchBuilder(t.Types())
		if err := o.newestOf(ctx, &found, now); err != nil {
			return 0, err
		}
		if sameRows(live, now) {
			n, err := o.remove(&found)
			if err != nil {
				return n, err
			}
			return n, tx.settle(ctx)
		}
		if live = now; live.Len() == 0 {
			return 0, nil
		}
	}
	return 0, errors.New("the rows changed again and again")
}

// newestOf appends the rows of the newest version that have the table keys of rows, in their order.
func (o *overlay) newestOf(ctx context.Context, rows *delta.Batch, to *delta.BatchBuilder) error {
	view, err := o.newest(0)
	if err != nil {
		return err
	}
	defer view.Release()
	found, at := delta.NewBatchBuilder(o.t.Types()), make([]int, rows.Len)
	err = eachMatch(ctx, view, pick(rows.Cols, o.t.Key()), rows.Len, func(b *delta.Batch, row, key int32) error {
		found.AppendRow(b.Cols, row, 1)
		at[key] = found.Len()
		return nil
	})
	all := found.Batch()
	for _, i := range at {
		if i > 0 {
			to.AppendRow(all.Cols, int32(i-1), 1)
		}
	}
	return err
}

// liveRows are copies of the rows that the Tx has written and that are there.
func (o *overlay) liveRows() delta.Batch {
	all, out := o.news.Batch(), delta.NewBatchBuilder(o.t.Types())
	for i := range int32(all.Len) {
		if o.live(int(i)) {
			out.AppendRow(all.Cols, i, 1)
		}
	}
	return out.Batch()
}
