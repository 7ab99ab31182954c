package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
)

// gathered are rows that wait for more, so that groups that are past memory are fetched for many rows at once.
type gathered struct {
	rows    *delta.BatchBuilder
	charged int64
}

// gatherRows and gatherBytes are how many rows wait at most.
const (
	gatherRows  = 256 << 10
	gatherBytes = 32 << 20
)

// takeRows is how many of them are taken at once.
const takeRows = 4096

// gather puts rows aside, and takes all when they are many. Errors go on.
func (g *groupBy) gather(ctx context.Context, in *delta.Batch, sel []int32, out exec.Out) error {
	if len(in.Errs) > 0 {
		if err := g.take(ctx, in, none(nil), in.Errs, out); err != nil {
			return err
		}
	}
	w := &g.waiting
	if w.rows == nil {
		w.rows = delta.NewBatchBuilder(g.spill.types)
	}
	rows := delta.Batch{Len: in.Len, Cols: in.Cols[:len(g.spill.types)], Sel: sel, Weights: in.Weights}
	w.rows.AppendBatch(&rows)
	if err := w.charge(g.env); err != nil {
		return err
	}
	if w.rows.Len() < g.groups.flat.AtOnce(gatherRows) && w.rows.Size() < gatherBytes {
		return nil
	}
	return g.takeGathered(ctx, out)
}

// charge charges what the rows have grown by.
func (w *gathered) charge(env exec.Env) error {
	size := int64(0)
	if w.rows != nil {
		size = int64(w.rows.Size())
	}
	if size <= w.charged && w.rows != nil { // memory is kept for the next rows
		return nil
	}
	err := env.Account(size - w.charged)
	if err == nil {
		w.charged = size
	}
	return err
}

// takeGathered takes the rows that wait.
func (g *groupBy) takeGathered(ctx context.Context, out exec.Out) error {
	w := &g.waiting
	if w.rows == nil {
		return nil
	}
	all := w.rows.Batch()
	cols := make([]delta.Column, len(all.Cols))
	slice := func(from, to int) []delta.Column {
		for i := range cols {
			cols[i] = all.Cols[i].Slice(from, to)
		}
		return cols
	}
	fetched := false
	for from := 0; from < all.Len; from += takeRows {
		if err := g.env.Meter().Breathe(); err != nil {
			return err
		}
		if !fetched {
			if err := g.groups.flat.Fetch(ctx, pickColumns(slice(from, all.Len), g.keys), nil); err != nil {
				return err
			}
		}
		to := min(from+takeRows, all.Len)
		part := delta.Batch{Len: to - from, Cols: slice(from, to)}
		if all.Weights != nil {
			part.Weights = all.Weights[from:to]
		}
		if err := g.take(ctx, &part, liveRows(&part, &g.all), nil, out); err != nil {
			return err
		}
		ended, err := g.endPart(ctx, out)
		if err != nil {
			return err
		}
		fetched = !ended // else what was fetched is gone
	}
	w.rows.Clear()
	return nil
}

// EndInput implements exec.Operator.
func (g *groupBy) EndInput(ctx context.Context, port int, p exec.Progress, out exec.Out) error {
	if err := g.takeGathered(ctx, out); err != nil {
		return err
	}
	g.waiting.rows = nil
	if err := g.waiting.charge(g.env); err != nil {
		return err
	}
	return g.ports.EndInput(ctx, port, p, out)
}
