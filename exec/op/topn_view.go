package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// topView is LIMIT in a view: every row is kept in order, and a tick emits the difference
// between the window before and after it.
type topView struct {
	in    *sortedInput
	rows  state.Arrangement
	order *state.RowOrder
}

func (v *topView) open(env exec.Env) (err error) {
	v.order = state.NewRowOrder(v.in.types, nil, v.in.order)
	v.rows, err = openRows(env, "rows", v.in.types, nil, v.in.order...)
	return err
}

func (v *topView) end(ctx context.Context, t exec.Tick, b *bounds, out exec.Out) error {
	before, err := v.rows.At(newest)
	if err != nil {
		return err
	}
	old, err := v.window(ctx, before, b)
	before.Release()
	if err != nil {
		return err
	}
	now, err := v.window(ctx, v.rows.Head(), b)
	if err != nil {
		return err
	}
	if err := v.emit(ctx, old, now, out); err != nil {
		return err
	}
	return v.rows.Publish(t.To)
}

// window reads the rows in places [skip, end), in order.
func (v *topView) window(ctx context.Context, from state.View, b *bounds) (*delta.BatchBuilder, error) {
	made := delta.NewBatchBuilder(v.in.types)
	cursor, err := from.Scan(ctx, state.Range{})
	if err != nil {
		return nil, err
	}
	defer cursor.Close()
	at := int64(0)
	var scratch []int32
	for more := b.take > 0; more && at < b.end(); {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return nil, err
		}
		for _, row := range liveRows(&d, &scratch) {
			w := d.Weight(row)
			if w < 0 {
				return nil, state.ErrNegativeWeight
			}
			if in := min(at+w, b.end()) - max(at, b.skip); in > 0 {
				made.AppendRow(d.Cols, row, in)
			}
			if at += w; at >= b.end() {
				break
			}
		}
	}
	return made, nil
}

// emit walks two windows in order and puts out their difference.
func (v *topView) emit(ctx context.Context, old, now *delta.BatchBuilder, out exec.Out) error {
	a, b := old.Batch(), now.Batch()
	made := delta.NewBatchBuilder(v.in.types[:v.in.width])
	i, j := int32(0), int32(0)
	for i < int32(a.Len) || j < int32(b.Len) {
		side := 0
		switch {
		case i == int32(a.Len):
			side = 1
		case j == int32(b.Len):
			side = -1
		default:
			side = v.order.Compare(a.Cols, i, b.Cols, j)
		}
		switch {
		case side < 0:
			made.AppendRow(a.Cols, i, -a.Weight(i))
			i++
		case side > 0:
			made.AppendRow(b.Cols, j, b.Weight(j))
			j++
		default:
			if diff := b.Weight(j) - a.Weight(i); diff != 0 {
				made.AppendRow(b.Cols, j, diff)
			}
			i, j = i+1, j+1
		}
		if err := flushFull(ctx, made, outRows, out); err != nil {
			return err
		}
	}
	return flushFull(ctx, made, 1, out)
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
