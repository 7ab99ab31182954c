package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
)

// topOnce is LIMIT in a one-shot run: with an order it holds at most twice what can still be
// in the result, without one it passes rows on until it has enough.
type topOnce struct {
	rows    *rowBuffer
	ordered bool
	seen    int64 // rows before those that are pushed next (no order)
	// worst is the last row of a full window among those held, -1 while it is not full: what
	// sorts behind it is out.
	worst int32
	left  int // rows that the last cut left
	// Of rows that come in order: the row, among those held, at which the window was full, -1 while it is not, and how many came before.
	filled  int32
	places  int64
	sel     []int32
	weights []int64
}

// spareRows is how many rows beyond the window are held before the rest is thrown away.
const spareRows = 4096

func (o *topOnce) open(env exec.Env) error {
	o.seen, o.worst, o.left = 0, -1, 0
	o.filled, o.places = -1, 0
	return o.rows.clear(env)
}

// push takes the rows of an ordered run.
func (o *topOnce) push(b *bounds, rows *delta.Batch) error {
	if b.sorted == nil || len(rows.Sel) == 0 {
		return o.pushAny(b, rows)
	}
	// Rows come in the order of the first keys: none is wanted behind the one that has filled the window, and those that are equal to
	// it in these.
	last, from := rows.Sel[len(rows.Sel)-1], int32(o.rows.held.Len())
	if err := o.pushAny(b, rows); err != nil || o.rows.spilled.some() {
		return err
	}
	held := o.rows.held.Batch()
	for row := from; o.worst < 0 && o.filled < 0 && row < int32(held.Len); row++ {
		if o.places += held.Weight(row); o.places >= b.end() {
			o.filled = row
		}
	}
	at := o.filled
	if o.worst >= 0 {
		at = o.worst
	}
	if at >= 0 && !b.sorted.SameKey(held.Cols, at, rows.Cols, last) {
		return exec.ErrStop
	}
	return nil
}

// pushAny takes rows that come in any order.
func (o *topOnce) pushAny(b *bounds, rows *delta.Batch) error {
	if o.worst >= 0 {
		held := o.rows.held.Batch()
		o.sel = none(o.sel)
		for _, row := range rows.Sel {
			if o.rows.order.Compare(rows.Cols, row, held.Cols, o.worst) < 0 {
				o.sel = append(o.sel, row)
			}
		}
		rows.Sel = o.sel
	}
	if err := o.rows.append(rows); err != nil {
		return err
	}
	if o.rows.spilled.some() {
		return o.spillFull(b)
	}
	if b.ties != nil || b.groups != nil {
		if err := o.cut(b); err != nil {
			return err
		}
		return o.spillFull(b)
	}
	if held := int64(o.rows.held.Len()); held > spareRows && held-spareRows > b.end() && held/2 > b.end() {
		if err := o.rows.sort(); err != nil {
			return err
		}
		o.window(b.whole())
		if err := o.rows.truncate(); err != nil {
			return err
		}
		o.worst = int32(o.rows.held.Len()) - 1 // held is over end, so the window is full
	}
	return o.spillFull(b)
}

// cut throws away what cannot be in the result, each time that twice as many rows are held as were left.
func (o *topOnce) cut(b *bounds) error {
	if held := o.rows.held.Len(); held < 2*o.left+spareRows {
		return nil
	}
	if err := o.rows.sort(); err != nil {
		return err
	}
	o.window(b.whole())
	err := o.rows.truncate()
	o.left = o.rows.held.Len()
	return err
}

// spillFull puts the rows that can be in the result into a temporary run if they have no more room.
// From then on no row is known to be the last that counts.
func (o *topOnce) spillFull(b *bounds) error {
	if !o.rows.full() {
		return nil
	}
	o.worst, o.left = -1, 0
	if err := o.rows.sort(); err != nil {
		return err
	}
	o.window(b.whole())
	rows := o.rows.held.Batch()
	weights := make([]int64, rows.Len)
	for k, row := range o.rows.perm {
		weights[row] = o.weights[k]
	}
	rows.Weights = weights
	return o.rows.spillSorted(&rows)
}

// window cuts perm down to the rows in the window and sets weights to how many of its places each
// holds.
func (o *topOnce) window(b *bounds) {
	held := o.rows.held.Batch()
	kept := o.rows.perm[:0]
	o.weights = o.weights[:0]
	places := newPlaces(b, nil)
	for _, row := range o.rows.perm {
		if in := places.of(held.Cols, row, held.Weight(row)); in > 0 {
			kept = append(kept, row)
			o.weights = append(o.weights, in)
		}
		if places.full && b.groups == nil {
			break
		}
	}
	o.rows.perm = kept
}

// pass emits the rows of the window as they come, and the first error if it comes before the
// window is full: what is behind it is of no more use. ErrStop says that the window is full.
func (o *topOnce) pass(b *bounds, rows *delta.Batch, errs delta.RowErrors, out exec.Out) error {
	if o.seen >= b.end() {
		return exec.ErrStop
	}
	o.sel = none(o.sel)
	d := delta.Batch{Len: rows.Len, Cols: rows.Cols[:o.rows.in.width]}
	o.weights = append(o.weights[:0], make([]int64, rows.Len)...)
	for _, row := range rows.Sel {
		if o.seen >= b.end() || (len(errs) > 0 && row > errs[0].Row) {
			break
		}
		w := rows.Weight(row)
		if in := min(o.seen+w, b.end()) - max(o.seen, b.skip); in > 0 {
			o.sel = append(o.sel, row)
			o.weights[row] = in
		}
		o.seen += w
	}
	full := o.seen >= b.end()
	if len(errs) > 0 && !full {
		d.Errs = errs[:1]
		o.weights[errs[0].Row] = rows.Weight(errs[0].Row)
	}
	if len(o.sel) > 0 || len(d.Errs) > 0 {
		d.Sel, d.Weights = o.sel, o.weights
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	if full {
		return exec.ErrStop
	}
	return nil
}

// endSpilled emits the window over the rows in temporary runs.
func (o *topOnce) endSpilled(b *bounds, out exec.Out) error {
	made, width := delta.NewBatchBuilder(o.rows.in.types), o.rows.in.width
	places := newPlaces(b, o.rows.in.types)
	for more := b.take > 0; more && (!places.full || b.groups != nil); {
		made.Clear()
		var err error
		if more, err = o.rows.spilled.next(made, outRows); err != nil {
			return err
		}
		d := made.Batch()
		o.sel, o.weights = none(o.sel), o.weights[:0]
		for row := range int32(d.Len) {
			in := places.of(d.Cols, row, d.Weight(row))
			if o.weights = append(o.weights, in); in > 0 {
				o.sel = append(o.sel, row)
			}
		}
		places.leave()
		d.Cols, d.Sel, d.Weights = d.Cols[:width], o.sel, o.weights
		if err := o.rows.env.Meter().Breathe(); err != nil {
			return err
		}
		if len(d.Sel) > 0 {
			if err := out.Emit(&d); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *topOnce) end(ctx context.Context, b *bounds, out exec.Out) error {
	if !o.ordered {
		return nil
	}
	if err := o.rows.settleOrder(); err != nil {
		return err
	}
	if o.rows.spilled.some() {
		return o.endSpilled(b, out)
	}
	o.window(b)
	for from := 0; from < len(o.rows.perm); from += outRows {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		to := min(from+outRows, len(o.rows.perm))
		if err := o.rows.emit(o.rows.perm[from:to], o.weights[from:to], out); err != nil {
			return err
		}
	}
	return nil
}
