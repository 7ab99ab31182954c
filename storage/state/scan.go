package state

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
)

// scanCursor reads the sum of several runs. Where rows of one stand together, before those of all others, it yields
// its block; else it puts rows together, a column at a time.
//
//	run 1   ████████████████░░░░ ░ ░░████████     █ yielded as they lie
//	run 2                   ░ ░░░░░               ░ picked, with the sum of their weights, and copied
type scanCursor struct {
	merger merger
	picked picked
	most   int              // rows of the next batch that are copied, 0 = as many as are well read at once
	wanted []int            // columns
	out    []*delta.Builder // of those that were copied before
	cols   []delta.Column
	sel    []int32
}

func newScanCursor(m merger, wanted []int, first int) *scanCursor {
	types := m.order.types
	if wanted == nil {
		wanted = make([]int, len(types))
		for k := range wanted {
			wanted[k] = k
		}
	}
	c := &scanCursor{merger: m, most: first, wanted: wanted, out: make([]*delta.Builder, len(types))}
	for _, k := range wanted {
		c.picked.reads(types, k)
	}
	return c
}

// together is from how many rows on a piece of a block is yielded by itself; a variable so that tests reach it with
// little data.
var together = int32(128)

func (c *scanCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, context.Cause(ctx)
	}
	m := &c.merger
	m.ctx = ctx
	c.picked.clear()
	*dst = delta.Batch{}
	for !m.ended() && m.goesOn() {
		n := m.ahead()
		if w := m.first(); n >= together && w.step == 1 && w.sign == 1 && (w.blk.weights == nil || len(m.how.bounds) == 0) {
			if c.picked.len() > 0 {
				break
			}
			c.slice(dst, w.blk, w.i, w.i+n)
			m.pass(n, n)
			// An error of the next block is told when that is asked for.
			return nil, !m.ended() || m.err != nil, nil
		}
		c.pick(n)
		if c.enough() {
			break
		}
	}
	c.most *= 2
	if m.err != nil {
		return nil, false, m.err
	}
	c.copied(dst)
	return nil, !m.ended(), nil
}

// pick takes the next rows of the first walk, as many as are ahead, or with 0 the least row of several; but no more
// than one batch holds.
func (c *scanCursor) pick(ahead int32) {
	m, p := &c.merger, &c.picked
	if ahead == 0 {
		if b, row, weight := m.take(); c.wants(weight) {
			p.add(b, row, weight, p.bytesOf(b, row))
		}
		return
	}
	w, n := m.first(), int32(0)
	for row := w.i; n < ahead && !c.enough(); row += w.step {
		if weight := w.sign * w.blk.weight(row); c.wants(weight) {
			p.add(w.blk, row, weight, p.bytesOf(w.blk, row))
		}
		n++
	}
	m.pass(n, ahead)
}

// enough rows are picked for one batch.
func (c *scanCursor) enough() bool {
	return c.picked.full() || c.most > 0 && c.picked.len() >= c.most
}

// wants: where blocks are passed by, rows that others take back may come alone. None of them is wanted.
func (c *scanCursor) wants(weight int64) bool {
	return weight > 0 || weight != 0 && len(c.merger.how.bounds) == 0
}

// Blocks implements BlockCounter.
func (c *scanCursor) Blocks() (read, skipped int64) { return c.merger.how.read, c.merger.how.skipped }

// slice is rows of a block as they lie there. The columns are the block's own.
func (c *scanCursor) slice(dst *delta.Batch, b *block, from, to int32) {
	at := from
	c.cols = slices.Grow(c.cols[:0], len(b.cols))[:len(b.cols)]
	clear(c.cols)
	for _, k := range c.wanted {
		if b.cols[k].Valid != nil {
			at = from &^ 63 // a slice begins at a word of the bitmap, and shares it
		}
	}
	for _, k := range c.wanted {
		c.cols[k] = b.cols[k].Slice(int(at), int(to))
	}
	*dst = delta.Batch{Len: int(to - at), Cols: c.cols}
	if b.weights != nil {
		dst.Weights = b.weights[at:to]
	}
	if at < from {
		c.sel = c.sel[:0]
		for i := from; i < to; i++ {
			c.sel = append(c.sel, i-at)
		}
		dst.Sel = c.sel
	}
}

// copied is the rows that were picked, if any.
func (c *scanCursor) copied(dst *delta.Batch) {
	c.cols = slices.Grow(c.cols[:0], len(c.out))[:len(c.out)]
	clear(c.cols)
	for _, k := range c.wanted {
		if c.out[k] == nil {
			c.out[k] = delta.NewBuilder(c.merger.order.types[k])
		}
		c.out[k].Clear()
		if c.picked.len() > 0 {
			c.picked.copy(c.out[k], k)
		}
		c.cols[k] = c.out[k].Column()
	}
	*dst = delta.Batch{Len: c.picked.len(), Cols: c.cols}
	if !allOne(c.picked.weights) {
		dst.Weights = c.picked.weights
	}
}

func (c *scanCursor) Close() {}
