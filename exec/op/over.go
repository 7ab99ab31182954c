package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// over computes window functions, a partition at a time: its rows in order, then a column for each
// function. A one-shot run sorts all rows, in temporary runs if need be, and goes through them once. In a
// view the rows are kept in order; a tick computes the partitions that it touched as they were and as
// they are, and emits the rows that differ.
type over struct {
	ports
	env   exec.Env
	in    *sortedInput
	part  []int
	funcs []*overFunc
	types []sqltype.OID

	sorted   *rowBuffer        // of a one-shot run
	rows     state.Arrangement // of a view
	touched  touchedKeys
	order    *state.RowOrder
	old, now *partition
	out      *delta.BatchBuilder
}

func newOver(n *plan.Over) (exec.Operator, error) {
	o, err := newOverOf(n)
	if err != nil {
		return nil, err
	}
	return o, nil
}

func newOverOf(n *plan.Over) (*over, error) {
	in := newSortedInput(n.Input.Props(), n.Order)
	o := &over{ports: newPorts(1), in: in, part: n.Partition, types: fieldTypes(&n.P)}
	o.order = state.NewRowOrder(in.types, n.Partition, in.order)
	o.sorted = newRowBuffer(in, n.Partition...)
	for i := range n.Funcs {
		f, err := newOverFunc(&n.Funcs[i], i, len(n.Order) > 0 && n.Order[0].Desc)
		if err != nil {
			return nil, err
		}
		o.funcs = append(o.funcs, f)
	}
	peers := state.NewRowOrder(in.types, columnsOf(in.order), nil)
	o.old, o.now = newPartition(in, peers, o.types), newPartition(in, peers, o.types)
	o.out = delta.NewBatchBuilder(o.types)
	return o, nil
}

// Spills implements exec.Spiller.
func (o *over) Spills() bool { return true }

func (o *over) Open(env exec.Env) (err error) {
	o.env = env
	if err := o.in.open(env); err != nil {
		return err
	}
	for _, f := range o.funcs {
		if err := f.open(env); err != nil {
			return err
		}
	}
	o.out.Clear()
	o.old.open(env)
	o.now.open(env)
	if err := o.sorted.clear(env); err != nil || env.Once() {
		return err
	}
	o.touched.open(env, o.in.types, o.part)
	o.rows, err = openRows(env, "rows", o.in.types, o.part, o.in.order...)
	return err
}

func (o *over) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	rows, errs, err := o.in.extend(in)
	if err != nil {
		return err
	}
	if len(errs) > 0 {
		d, _ := errorsOnly(in, errs, nullColumns(o.types, in.Len))
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	if !o.env.Once() {
		if err := o.touched.add(&rows); err != nil {
			return err
		}
		return o.rows.Append(&rows)
	}
	if err := o.sorted.append(&rows); err != nil {
		return err
	}
	if o.sorted.full() {
		return o.sorted.spill()
	}
	return nil
}

func (o *over) EndTick(ctx context.Context, t exec.Tick, out exec.Out) (exec.Next, error) {
	next := exec.Next{Out: o.least()}
	var err error
	if o.env.Once() {
		err = o.passOnce(ctx, out)
	} else {
		err = o.passTouched(ctx, t, out)
	}
	if err == nil {
		err = flushFull(ctx, o.out, 1, out)
	}
	return next, err
}

// passOnce computes all partitions of a one-shot run.
func (o *over) passOnce(ctx context.Context, out exec.Out) error {
	if err := o.sorted.settleOrder(); err != nil {
		return err
	}
	if !o.sorted.spilled.some() {
		held := o.sorted.held.Batch()
		for _, row := range o.sorted.perm {
			if err := o.takeOnce(ctx, &held, row, out); err != nil {
				return err
			}
		}
		return o.endOnce(ctx, out)
	}
	made := delta.NewBatchBuilder(o.in.types)
	for more := true; more; {
		made.Clear()
		var err error
		if more, err = o.sorted.spilled.next(made, outRows); err != nil {
			return err
		}
		d := made.Batch()
		for row := range int32(d.Len) {
			if err := o.takeOnce(ctx, &d, row, out); err != nil {
				return err
			}
		}
	}
	return o.endOnce(ctx, out)
}

// takeOnce adds a row, which may be the first of the next partition.
func (o *over) takeOnce(ctx context.Context, d *delta.Batch, row int32, out exec.Out) error {
	p := o.now
	if p.rows.Len() > 0 && !o.order.SameKey(p.first, 0, d.Cols, row) {
		if err := o.endOnce(ctx, out); err != nil {
			return err
		}
	}
	return p.add(d, row, d.Weight(row))
}

func (o *over) endOnce(ctx context.Context, out exec.Out) error {
	if err := o.compute(ctx, o.now); err != nil {
		return err
	}
	for row := range int32(o.now.n) {
		if err := o.put(ctx, o.now, row, 1, out); err != nil {
			return err
		}
	}
	return o.now.clear()
}

// passTouched puts out how the partitions that a tick touched have changed.
func (o *over) passTouched(ctx context.Context, t exec.Tick, out exec.Out) error {
	before, err := o.rows.At(newest)
	if err != nil {
		return err
	}
	defer before.Release()
	if err := o.touched.each(func(key []delta.Column) error { return o.change(ctx, before, key, out) }); err != nil {
		return err
	}
	o.touched.clear()
	return o.rows.Publish(t.To)
}

func (o *over) change(ctx context.Context, before state.View, key []delta.Column, out exec.Out) error {
	for _, p := range []struct {
		*partition
		from state.View
	}{{o.old, before}, {o.now, o.rows.Head()}} {
		if err := p.read(ctx, p.from, key); err != nil {
			return err
		}
		if err := o.compute(ctx, p.partition); err != nil {
			return err
		}
	}
	a, b := o.old, o.now
	i, j := int32(0), int32(0)
	for int(i) < a.n || int(j) < b.n {
		side := 0
		switch {
		case int(i) == a.n:
			side = 1
		case int(j) == b.n:
			side = -1
		default:
			side = o.order.Compare(a.cols, i, b.cols, j)
		}
		if side == 0 && a.sameResult(i, b, j) {
			i, j = i+1, j+1
			continue
		}
		if side <= 0 {
			if err := o.put(ctx, a, i, -1, out); err != nil {
				return err
			}
			i++
		}
		if side >= 0 {
			if err := o.put(ctx, b, j, 1, out); err != nil {
				return err
			}
			j++
		}
	}
	if err := a.clear(); err != nil {
		return err
	}
	return b.clear()
}

// compute fills in the results of a partition's rows.
func (o *over) compute(ctx context.Context, p *partition) error {
	if err := o.env.Meter().Breathe(); err != nil {
		return err
	}
	if err := p.settle(); err != nil || p.n == 0 {
		return err
	}
	for i, f := range o.funcs {
		if err := f.compute(p, p.results[i]); err != nil {
			return err
		}
		p.out[o.in.width+i] = p.results[i].Column()
	}
	return p.charge()
}

// put emits a row of a partition.
func (o *over) put(ctx context.Context, p *partition, row int32, weight int64, out exec.Out) error {
	if err := p.errs[row]; err != nil {
		o.out.AppendError(delta.RowError{Err: err}, weight)
	} else {
		o.out.AppendRow(p.out, row, weight)
	}
	if o.out.Len() < outRows {
		return nil
	}
	if err := o.env.Meter().Breathe(); err != nil {
		return err
	}
	return flushFull(ctx, o.out, outRows, out)
}

func (o *over) Close() error {
	return errsFirst(o.sorted.clear(o.env), errsFirst(o.old.clear(), o.now.clear()))
}
