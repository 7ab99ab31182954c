package state

import (
	"context"
	"sync"
	"sync/atomic"
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
	o, step := w.set.order, int32(1)
	if rng.Backward {
		step = -1
	}
	how := &reading{keep: rng.near(), bounds: rng.Bounds}
	spans, walks := make([]span, len(parts)), 0
	for i, p := range parts {
		s, err := p.r.seek(o, rng)
		if err != nil {
			return nil, err
		}
		if rng.After != nil {
			at, err := p.r.behind(o, rng.After)
			if err != nil {
				return nil, err
			}
			s = s.from(at)
		}
		if spans[i] = s; !s.empty() {
			walks++
		}
	}
	how.want(o, rng.Columns, walks > 1)
	m := merger{order: o, how: how}
	for i, p := range parts {
		m.add(p, spans[i], step)
	}
	if m.err != nil {
		return nil, m.err
	}
	return newScanCursor(m, rng.Columns, rng.First), nil
}

// near: rows that are read by a key are likely to be wanted again.
func (rng *Range) near() bool { return len(rng.Equal) > 0 || rng.Ordered }
