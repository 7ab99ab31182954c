package state

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
)

// view is one readable version: the content that was current when it was opened, less what came
// after its own version.
type view struct {
	set      *RunSet
	version  *version // pinned, unless it is of the head
	seq      CommitSeq
	rows     int64
	pinned   bool
	released atomic.Bool
	unlinked []*run // what With added
	before   View   // what After added, nil = nothing
	from     CommitSeq
	replaces bool

	mu      sync.Mutex
	made    bool // sum is
	sum     []part
	err     error
	charged int64 // for runs that only this view has
}

// fewDeltas are taken back one by one; more are merged first.
const fewDeltas = 4

// At implements Reader.
func (a *RunSet) At(v CommitSeq) (View, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cur := a.mu.version
	v = min(v, cur.seq)
	if v < cur.since || cur.within(v) {
		return nil, ErrSnapshotTooOld
	}
	return &view{set: a, version: a.pinLocked(), seq: v, rows: cur.rowsAt(v), pinned: true}, nil
}

// Head implements Arrangement.
func (a *RunSet) Head() View {
	err := a.head.seal()
	cur := a.current()
	w := &view{set: a, version: cur, seq: cur.seq, rows: cur.rows, err: err}
	w.sum = make([]part, 0, len(cur.content)+len(a.head.sealed))
	for _, r := range cur.content {
		w.sum = append(w.sum, part{r, 1})
	}
	for _, r := range a.head.sealed {
		w.sum = append(w.sum, part{r, 1})
		w.rows += r.rows
	}
	w.made = true
	return w
}

func (w *view) Version() CommitSeq { return w.seq }
func (w *view) Rows() int64        { return w.rows }

// Release ends the pin; a second call does nothing.
func (w *view) Release() {
	if !w.pinned || w.released.Swap(true) {
		return
	}
	w.set.unpin(w.version)
	w.set.giveBack(w.charged)
	if w.before != nil {
		w.before.Release()
	}
}

// parts are the runs whose sum is the view. Whoever asks first may have to make one of many deltas, and ends that
// with ctx; nil = not at all.
func (w *view) parts(stopped func() error) ([]part, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made {
		return w.sum, w.err
	}
	later := w.version.after(w.seq)
	runs := make([]*run, len(later))
	for i, d := range later {
		// Newest first: what is left after each is an older version, which is a relation.
		runs[len(runs)-1-i] = d.run
	}
	if len(runs) > fewDeltas {
		merged, err := mergeWide(w.set.order, w.set.tier(), runs, stopped)
		if err != nil {
			return nil, err // the next who asks tries again
		}
		if err := w.set.charge(merged.bytes()); err != nil {
			return nil, err
		}
		w.charged = merged.bytes()
		runs = []*run{merged}
	}
	w.sum, w.made = append(asParts(w.version.content), asParts(w.unlinked)...), true
	for _, r := range runs {
		w.sum = append(w.sum, part{r, -1})
	}
	return w.sum, nil
}

// Scan implements View.
func (w *view) Scan(ctx context.Context, rng Range) (Cursor, error) {
	parts, err := w.parts(func() error { return context.Cause(ctx) })
	if err != nil {
		return nil, err
	}
	m := merger{order: w.set.order, keep: len(rng.Equal) > 0}
	for _, p := range parts {
		s, err := p.r.seek(w.set.order, rng)
		if err != nil {
			return nil, err
		}
		if rng.After != nil {
			at, err := p.r.behind(w.set.order, rng.After)
			if err != nil {
				return nil, err
			}
			s = s.from(at)
		}
		m.add(p, s, 1)
	}
	if m.err != nil {
		return nil, m.err
	}
	if len(m.walks) == 1 && m.walks[0].sign == 1 {
		return &blockCursor{walk: m.walks[0], more: true}, nil
	}
	return &scanCursor{merger: m, out: delta.NewBatchBuilder(w.set.order.types)}, nil
}

// blockCursor yields the blocks of the one run there is: rows that need no merging.
type blockCursor struct {
	walk
	more bool
	cols []delta.Column
	sel  []int32
}

func (c *blockCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, context.Cause(ctx)
	}
	if c.err != nil {
		return nil, false, c.err
	}
	if !c.more {
		*dst = delta.Batch{}
		return nil, false, nil
	}
	c.slice(dst)
	// An error of the next block is told when that is asked for.
	c.more = c.nextBlock() || c.err != nil
	return nil, c.more, nil
}

// slice is the rows of the block that are wanted. The columns are the block's own.
func (c *blockCursor) slice(dst *delta.Batch) {
	// Slices start at a bitmap word, so that they share the block's memory.
	from, to := c.i&^63, c.stop
	c.cols = slices.Grow(c.cols[:0], len(c.blk.cols))
	for k := range c.blk.cols {
		c.cols = append(c.cols, c.blk.cols[k].Slice(int(from), int(to)))
	}
	*dst = delta.Batch{Len: int(to - from), Cols: c.cols}
	if c.blk.weights != nil {
		dst.Weights = c.blk.weights[from:to]
	}
	if from < c.i {
		c.sel = c.sel[:0]
		for i := c.i; i < to; i++ {
			c.sel = append(c.sel, i-from)
		}
		dst.Sel = c.sel
	}
}

func (c *blockCursor) Close() {}

// scanCursor merges runs and yields copies.
type scanCursor struct {
	merger merger
	out    *delta.BatchBuilder
}

func (c *scanCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, context.Cause(ctx)
	}
	c.merger.ctx = ctx
	c.out.Clear()
	more := true
	for !full(c.out) {
		b, row, weight, ok := c.merger.next()
		if !ok {
			more = false
			break
		}
		c.out.AppendRow(b.cols, row, weight)
	}
	if c.merger.err != nil {
		return nil, false, c.merger.err
	}
	*dst = c.out.Batch()
	return nil, more, nil
}

// full: enough rows, or bytes, for one batch.
func full(b *delta.BatchBuilder) bool {
	return b.Len() >= blockRows || b.Len()&15 == 0 && b.Size() >= maxBatch
}

// maxBatch is the size at which a cursor yields what it has.
const maxBatch = 4 << 20

func (c *scanCursor) Close() {}
