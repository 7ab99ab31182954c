package state

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
)

// Across is the view v, which was just opened, of an arrangement that took the place of another one at version from: its
// changes go back over from into those of before, a view of that other one at the version below, which v releases. The rows
// may have other types than before: a reader reads columns that both have alike. If replaces is false these are the same in
// both, else all rows of the one go at from, and those of the other come.
func Across(v, before View, from CommitSeq, replaces bool) View {
	w := v.(*view)
	w.before, w.from, w.replaces = before, from, replaces
	return w
}

// changesAcross are those of before behind after, what changed at from, then those behind it.
func (w *view) changesAcross(ctx context.Context, after CommitSeq) (_ ChangeCursor, err error) {
	out := &acrossCursor{}
	add := func(c ChangeCursor, failed error) {
		if failed == nil {
			out.parts = append(out.parts, c)
		} else if err == nil {
			err = failed
		}
	}
	add(w.before.Changes(ctx, after))
	if w.replaces {
		add(w.allRows(ctx, w.before, -1))
		first, failed := w.set.At(w.from)
		if failed == nil {
			out.opened = first
			add(w.allRows(ctx, first, 1))
		} else {
			err = failed
		}
	}
	add(w.Changes(ctx, w.from))
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// allRows are the rows of a view as changes of version from, with a sign.
func (w *view) allRows(ctx context.Context, of View, sign int64) (ChangeCursor, error) {
	cur, err := of.Scan(ctx, Range{})
	if err != nil {
		return nil, err
	}
	return &signedCursor{Cursor: cur, at: w.from, sign: sign}, nil
}

// acrossCursor yields cursors one behind another.
type acrossCursor struct {
	parts  []ChangeCursor
	opened View
}

func (c *acrossCursor) Next(ctx context.Context, dst *delta.Batch) (CommitSeq, bool, error) {
	v, more, err := c.parts[0].Next(ctx, dst)
	if err != nil || more || len(c.parts) == 1 {
		return v, more, err
	}
	c.parts[0].Close()
	c.parts = c.parts[1:]
	return v, true, nil
}

func (c *acrossCursor) Close() {
	for _, p := range c.parts {
		p.Close()
	}
	if c.parts = nil; c.opened != nil {
		c.opened.Release()
	}
}

// signedCursor gives rows as changes.
type signedCursor struct {
	Cursor
	at      CommitSeq
	sign    int64
	weights []int64
}

func (c *signedCursor) Next(ctx context.Context, dst *delta.Batch) (CommitSeq, bool, error) {
	_, more, err := c.Cursor.Next(ctx, dst)
	if err != nil {
		return 0, false, err
	}
	c.weights = c.weights[:0]
	for i := range int32(dst.Len) {
		c.weights = append(c.weights, c.sign*dst.Weight(i))
	}
	dst.Weights = c.weights
	return c.at, more, nil
}

// Size is the bytes of what the newest version and those that are kept have.
func (a *RunSet) Size() (bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.mu.version.content {
		bytes += r.bytes()
	}
	for _, d := range a.mu.version.deltas {
		bytes += d.run.bytes()
	}
	return bytes
}
