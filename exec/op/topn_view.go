package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// topView is LIMIT in a view: every row is kept in order, and a tick emits the difference
// between the window before and after it, of each group that it touched.
type topView struct {
	in      *sortedInput
	groups  []int
	env     exec.Env
	rows    state.Arrangement
	order   *state.RowOrder
	touched touchedKeys // nothing without groups
}

func (v *topView) open(env exec.Env) (err error) {
	v.env = env
	v.order = state.NewRowOrder(v.in.types, v.groups, v.in.order)
	v.touched.open(env, v.in.types, v.groups)
	v.rows, err = openRows(env, "rows", v.in.types, v.groups, v.in.order...)
	return err
}

func (v *topView) push(rows *delta.Batch) error {
	if len(v.groups) > 0 {
		if err := v.touched.add(rows); err != nil {
			return err
		}
	}
	return v.rows.Append(rows)
}

func (v *topView) end(ctx context.Context, t exec.Tick, b *bounds, out exec.Out) error {
	before, err := v.rows.At(newest)
	if err != nil {
		return err
	}
	defer before.Release()
	diff := differences{order: v.order, made: delta.NewBatchBuilder(v.in.types[:v.in.width]), out: out}
	if len(v.groups) == 0 {
		err = v.change(ctx, before, nil, b, &diff)
	} else {
		err = v.touched.each(func(key []delta.Column) error { return v.change(ctx, before, key, b, &diff) })
	}
	if err != nil {
		return err
	}
	if err := flushFull(ctx, diff.made, 1, out); err != nil {
		return err
	}
	v.touched.clear()
	return v.rows.Publish(t.To)
}

// change puts out the difference of the windows over the group with a key.
func (v *topView) change(ctx context.Context, before state.View, key []delta.Column, b *bounds, diff *differences) error {
	if err := v.env.Meter().Breathe(); err != nil {
		return err
	}
	old, err := v.window(ctx, before, key, b)
	if err != nil {
		return err
	}
	now, err := v.window(ctx, v.rows.Head(), key, b)
	if err != nil {
		return err
	}
	return diff.emit(ctx, old, now)
}

// window reads the rows of a group in places [skip, end), in order.
func (v *topView) window(ctx context.Context, from state.View, key []delta.Column, b *bounds) (*delta.BatchBuilder, error) {
	made := delta.NewBatchBuilder(v.in.types)
	cursor, err := from.Scan(ctx, state.Range{Equal: key})
	if err != nil {
		return nil, err
	}
	defer cursor.Close()
	places := newPlaces(b, v.in.types)
	var scratch []int32
	for more := b.take > 0; more && !places.full; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return nil, err
		}
		for _, row := range liveRows(&d, &scratch) {
			w := d.Weight(row)
			if w < 0 {
				return nil, state.ErrNegativeWeight
			}
			if in := places.of(d.Cols, row, w); in > 0 {
				made.AppendRow(d.Cols, row, in)
			}
			if places.full {
				break
			}
		}
		places.leave()
	}
	return made, nil
}

// differences puts out how ordered rows have changed.
type differences struct {
	order *state.RowOrder
	made  *delta.BatchBuilder
	out   exec.Out
}

// emit walks two windows in order and puts out their difference.
func (f *differences) emit(ctx context.Context, old, now *delta.BatchBuilder) error {
	a, b := old.Batch(), now.Batch()
	i, j := int32(0), int32(0)
	for i < int32(a.Len) || j < int32(b.Len) {
		side := 0
		switch {
		case i == int32(a.Len):
			side = 1
		case j == int32(b.Len):
			side = -1
		default:
			side = f.order.Compare(a.Cols, i, b.Cols, j)
		}
		switch {
		case side < 0:
			f.made.AppendRow(a.Cols, i, -a.Weight(i))
			i++
		case side > 0:
			f.made.AppendRow(b.Cols, j, b.Weight(j))
			j++
		default:
			if diff := b.Weight(j) - a.Weight(i); diff != 0 {
				f.made.AppendRow(b.Cols, j, diff)
			}
			i, j = i+1, j+1
		}
		if err := flushFull(ctx, f.made, outRows, f.out); err != nil {
			return err
		}
	}
	return nil
}

// flushFull emits what made holds once it has at least so many rows.
func flushFull(ctx context.Context, made *delta.BatchBuilder, rows int, out exec.Out) error {
	if made.Len() < rows {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	d := made.Batch()
	err := out.Emit(&d)
	made.Clear()
	return err
}
