package state

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
)

// changeCursor replays deltas, block by block as they were published.
type changeCursor struct {
	deltas []published
	chunk  int
	block  int
}

// Changes implements View. ErrSnapshotTooOld when deltas behind `after` are gone.
func (w *view) Changes(ctx context.Context, after CommitSeq) (ChangeCursor, error) {
	after = min(after, w.seq)
	if w.before != nil && after < w.from {
		return w.changesAcross(ctx, after)
	}
	if after < w.version.since || w.version.within(after) {
		return nil, ErrSnapshotTooOld
	}
	deltas := w.version.after(after)
	return &changeCursor{deltas: deltas[:len(deltas)-len(w.version.after(w.seq))]}, nil
}

func (c *changeCursor) Next(ctx context.Context, dst *delta.Batch) (CommitSeq, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, context.Cause(ctx)
	}
	*dst = delta.Batch{}
	for len(c.deltas) > 0 && c.deltas[0].run.n == 0 {
		c.deltas = c.deltas[1:]
	}
	if len(c.deltas) == 0 {
		return 0, false, nil
	}
	d := &c.deltas[0]
	at := d.run.chunks[c.chunk]
	b, err := at.block(c.block, false, nil)
	if err != nil {
		return 0, false, err
	}
	*dst = delta.Batch{Len: int(b.n), Cols: b.cols, Weights: b.weights}
	if c.block++; c.block == at.blockCount() {
		c.chunk, c.block = c.chunk+1, 0
	}
	if c.chunk == len(d.run.chunks) {
		c.deltas, c.chunk = c.deltas[1:], 0
	}
	return d.seq, len(c.deltas) > 0, nil
}

func (c *changeCursor) Close() {}
