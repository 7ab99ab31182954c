package state

import (
	"context"
	"sort"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
)

// cursorRows is how many rows a cursor yields at a time.
const cursorRows = 1024

// view is one readable version: runs, and the sequence up to which their changes count.
type view struct {
	set      *RunSet
	runs     []*run
	seq      CommitSeq
	upTo     CommitSeq // seq, or unpublished for the head
	since    CommitSeq
	rows     int64
	pinned   bool
	released atomic.Bool
}

// At implements Reader.
func (a *RunSet) At(v CommitSeq) (View, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cur := a.mu.version
	v = min(v, cur.seq)
	if v < a.mu.since {
		return nil, ErrSnapshotTooOld
	}
	for _, r := range cur.runs {
		r.refs.Add(1)
	}
	a.mu.pins = append(a.mu.pins, v)
	return &view{
		set: a, runs: cur.runs, seq: v, upTo: v, since: a.mu.since, rows: a.rowsLocked(v), pinned: true,
	}, nil
}

// rowsLocked is the number of rows at v. REQUIRES: a.mu held.
func (a *RunSet) rowsLocked(v CommitSeq) int64 {
	t := a.mu.totals
	k := sort.Search(len(t), func(i int) bool { return t[i].seq > v })
	if k == 0 {
		return 0
	}
	return t[k-1].rows
}

// Head implements Arrangement.
func (a *RunSet) Head() View {
	a.head.seal()
	cur := a.current()
	rows := cur.rows
	runs := append(make([]*run, 0, len(cur.runs)+len(a.head.sealed)), cur.runs...)
	for _, r := range a.head.sealed {
		for i := range int32(r.n) {
			rows += r.weight(i)
		}
		runs = append(runs, r)
	}
	return &view{set: a, runs: runs, seq: cur.seq, upTo: unpublished, rows: rows}
}

func (w *view) Version() CommitSeq { return w.seq }
func (w *view) Rows() int64        { return w.rows }

// Release ends the pin; a second call does nothing.
func (w *view) Release() {
	if !w.pinned || w.released.Swap(true) {
		return
	}
	a := w.set
	a.mu.Lock()
	for i, p := range a.mu.pins {
		if p == w.seq {
			last := len(a.mu.pins) - 1
			a.mu.pins[i] = a.mu.pins[last]
			a.mu.pins = a.mu.pins[:last]
			break
		}
	}
	a.mu.Unlock()
	a.unref(w.runs)
}

func (w *view) visible(r *run) bool { return r.minSeq <= w.upTo }

// Scan implements View.
func (w *view) Scan(ctx context.Context, rng Range) (Cursor, error) {
	m := merger{order: w.set.order}
	for _, r := range w.runs {
		if w.visible(r) {
			lo, hi := r.seek(w.set.order, rng.Equal)
			m.add(r, lo, hi)
		}
	}
	if len(m.spans) == 1 {
		if r := m.spans[0].r; r.distinct && r.maxSeq <= w.upTo && r.weights == nil {
			return &sliceCursor{span: m.spans[0]}, nil
		}
	}
	return &scanCursor{merger: m, upTo: w.upTo, out: delta.NewBatchBuilder(w.set.order.types)}, nil
}

// sliceCursor yields slices of the one run there is: rows that need no merging.
type sliceCursor struct {
	span
	cols []delta.Column
	sel  []int32
}

func (c *sliceCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, context.Cause(ctx)
	}
	// Slices start at a bitmap word, so that they share the run's memory.
	from := c.i &^ 63
	to := min(c.hi, from+cursorRows)
	c.cols = c.cols[:0]
	for k := range c.r.cols {
		c.cols = append(c.cols, c.r.cols[k].Slice(int(from), int(to)))
	}
	*dst = delta.Batch{Len: int(to - from), Cols: c.cols}
	if from < c.i {
		c.sel = c.sel[:0]
		for i := c.i; i < to; i++ {
			c.sel = append(c.sel, i-from)
		}
		dst.Sel = c.sel
	}
	c.i = to
	return nil, c.i < c.hi, nil
}

func (c *sliceCursor) Close() {}

// scanCursor merges runs and yields copies.
type scanCursor struct {
	merger merger
	upTo   CommitSeq
	out    *delta.BatchBuilder
}

func (c *scanCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, context.Cause(ctx)
	}
	c.out.Clear()
	more := true
	for c.out.Len() < cursorRows {
		r, row, weight, ok := c.merger.nextAt(c.upTo)
		if !ok {
			more = false
			break
		}
		c.out.AppendRow(r.cols, row, weight)
	}
	*dst = c.out.Batch()
	return nil, more, nil
}

func (c *scanCursor) Close() {}
