package state

import (
	"cmp"
	"context"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
)

// entry is one change of a run, in the order of versions.
type entry struct {
	seq CommitSeq
	run int32
	row int32
}

// changeCursor replays versions. A publish makes one run, merges keep it together, and a version
// published in parts may lie in several: the order within a version is by run, then the run's.
type changeCursor struct {
	runs    []*run
	entries []entry
	out     *delta.BatchBuilder
}

// Changes implements View. ErrSnapshotTooOld when versions after `after` were merged away.
func (w *view) Changes(ctx context.Context, after CommitSeq) (ChangeCursor, error) {
	if after < w.since {
		return nil, ErrSnapshotTooOld
	}
	c := &changeCursor{runs: w.runs, out: delta.NewBatchBuilder(w.set.order.types)}
	for k, r := range w.runs {
		if r.maxSeq <= after || !w.visible(r) {
			continue
		}
		for i := range int32(r.n) {
			if s := r.seq(i); s > after && s <= w.upTo {
				c.entries = append(c.entries, entry{s, int32(k), i})
			}
		}
	}
	slices.SortFunc(c.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.run, b.run), cmp.Compare(a.row, b.row))
	})
	return c, nil
}

func (c *changeCursor) Next(ctx context.Context, dst *delta.Batch) (CommitSeq, bool, error) {
	if err := ctx.Err(); err != nil {
		return 0, false, context.Cause(ctx)
	}
	c.out.Clear()
	if len(c.entries) == 0 {
		*dst = c.out.Batch()
		return 0, false, nil
	}
	v := c.entries[0].seq
	for len(c.entries) > 0 && c.entries[0].seq == v && c.out.Len() < cursorRows {
		e := c.entries[0]
		c.entries = c.entries[1:]
		r := c.runs[e.run]
		c.out.AppendRow(r.cols, e.row, r.weight(e.row))
	}
	*dst = c.out.Batch()
	return v, len(c.entries) > 0, nil
}

func (c *changeCursor) Close() {}
