package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// topView is LIMIT in a view: every row is kept in order, and a tick emits the difference
// between the window before and after it, of each group that it touched; of all groups, read one after the other, when it
// touched many.
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
	now := v.rows.Head()
	if len(v.groups) == 0 || int64(v.touched.count())*manyGroups > now.Rows() {
		err = v.change(ctx, before, now, nil, b, &diff)
	} else {
		err = v.touched.each(func(key []delta.Column) error { return v.change(ctx, before, now, key, b, &diff) })
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

// manyGroups is how many rows in their order are read in the time of finding the window of one group. Tests have it 0.
var manyGroups int64 = 8

// change puts out the difference of the windows over the group with a key; nil: over all.
func (v *topView) change(ctx context.Context, before, now state.View, key []delta.Column, b *bounds, diff *differences) error {
	if err := v.env.Meter().Breathe(); err != nil {
		return err
	}
	old := window{types: v.in.types, meter: v.env.Meter()}
	if before.Rows() > 0 {
		if err := old.open(ctx, before, key, b); err != nil {
			return err
		}
		defer old.cursor.Close()
	}
	is := window{types: v.in.types, meter: v.env.Meter()}
	if err := is.open(ctx, now, key, b); err != nil {
		return err
	}
	defer is.cursor.Close()
	return diff.emit(ctx, &old, &is)
}

// window reads the rows of groups in places [skip, end), in order. Without being opened it has none.
type window struct {
	types  []sqltype.OID
	meter  *meter.Meter
	cursor state.Cursor
	places places
	one    bool // group
	more   bool
	made   *delta.BatchBuilder
	rows   delta.Batch // of made
	at     int32       // the next of rows
	all    []int32
}

func (w *window) open(ctx context.Context, from state.View, key []delta.Column, b *bounds) (err error) {
	w.cursor, err = from.Scan(ctx, state.Range{Equal: key})
	w.places, w.made = newPlaces(b, w.types), delta.NewBatchBuilder(w.types)
	w.more, w.one = b.take > 0, key != nil || b.groups == nil
	return err
}

// next reports whether there is a next row, rows[at].
func (w *window) next(ctx context.Context) (bool, error) {
	for w.at == int32(w.rows.Len) {
		if !w.more {
			return false, nil
		}
		if err := w.meter.Breathe(); err != nil {
			return false, err
		}
		w.made.Clear()
		if err := w.read(ctx); err != nil {
			return false, err
		}
		w.rows, w.at = w.made.Batch(), 0
	}
	return true, nil
}

// read takes those rows of the cursor's next ones that are in a window.
func (w *window) read(ctx context.Context) (err error) {
	var d delta.Batch
	if _, w.more, err = w.cursor.Next(ctx, &d); err != nil {
		return err
	}
	for _, row := range liveRows(&d, &w.all) {
		weight := d.Weight(row)
		if weight < 0 {
			return state.ErrNegativeWeight
		}
		if in := w.places.of(d.Cols, row, weight); in > 0 {
			w.made.AppendRow(d.Cols, row, in)
		}
		if w.one && w.places.full {
			w.more = false
			break
		}
	}
	w.places.leave()
	return nil
}

// differences puts out how ordered rows have changed.
type differences struct {
	order *state.RowOrder
	made  *delta.BatchBuilder
	out   exec.Out
}

// emit walks two windows in order and puts out their difference.
func (f *differences) emit(ctx context.Context, old, now *window) error {
	for {
		was, err := old.next(ctx)
		if err != nil {
			return err
		}
		is, err := now.next(ctx)
		if err != nil || !was && !is {
			return err
		}
		side := 0
		switch {
		case !was:
			side = 1
		case !is:
			side = -1
		default:
			side = f.order.Compare(old.rows.Cols, old.at, now.rows.Cols, now.at)
		}
		switch {
		case side < 0:
			f.made.AppendRow(old.rows.Cols, old.at, -old.rows.Weight(old.at))
			old.at++
		case side > 0:
			f.made.AppendRow(now.rows.Cols, now.at, now.rows.Weight(now.at))
			now.at++
		default:
			if diff := now.rows.Weight(now.at) - old.rows.Weight(old.at); diff != 0 {
				f.made.AppendRow(now.rows.Cols, now.at, diff)
			}
			old.at, now.at = old.at+1, now.at+1
		}
		if err := flushFull(ctx, f.made, outRows, f.out); err != nil {
			return err
		}
	}
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
