package state

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
)

// edge says which rows of a key a probe yields.
type edge uint8

const (
	everyRow edge = iota
	firstRow
	lastRow
)

// probeCursor finds the rows of many keys; it may stop in the middle of one.
type probeCursor struct {
	view   *view
	parts  []part
	keys   []delta.Column
	sel    []int32
	hashes []uint64
	at     int   // next key, as a place in sel
	prefix bool  // keys are the first of the key columns
	near   []int // by part: the chunk where the last key was looked for
	edge   edge
	merger merger
	out    *delta.BatchBuilder
	match  []int32
}

// Probe implements View.
func (w *view) Probe(ctx context.Context, keys []delta.Column, sel []int32) (Cursor, error) {
	return w.probe(ctx, keys, sel, everyRow)
}

// Edge implements View.
func (w *view) Edge(ctx context.Context, keys []delta.Column, sel []int32, last bool) (Cursor, error) {
	if last {
		return w.probe(ctx, keys, sel, lastRow)
	}
	return w.probe(ctx, keys, sel, firstRow)
}

func (w *view) probe(ctx context.Context, keys []delta.Column, sel []int32, e edge) (Cursor, error) {
	parts, err := w.parts(func() error { return context.Cause(ctx) })
	if err != nil {
		return nil, err
	}
	o := w.set.order
	if sel == nil {
		n := 1 // without key columns there is one key: everything
		if len(keys) > 0 {
			n = keys[0].Len
		}
		sel = make([]int32, n)
		for i := range sel {
			sel[i] = int32(i)
		}
	}
	c, reused := w.set.cursors.Get().(*probeCursor)
	if !reused {
		c = &probeCursor{merger: merger{order: o, how: &reading{keep: true}}, out: delta.NewBatchBuilder(o.types)}
	}
	c.view, c.parts, c.keys, c.sel, c.at, c.edge = w, parts, keys, sel, 0, e
	c.prefix = len(keys) < o.keys
	c.near = c.near[:0]
	for range parts {
		c.near = append(c.near, -1)
	}
	if c.prefix {
		return c, nil
	}
	if cap(c.hashes) < len(sel) {
		c.hashes = make([]uint64, len(sel))
	}
	c.hashes = c.hashes[:len(sel)]
	delta.HashKeys(keys, 0, sel, c.hashes)
	return c, nil
}

func (c *probeCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, context.Cause(ctx)
	}
	c.merger.ctx = ctx
	c.out.Clear()
	c.match = c.match[:0]
	for !full(c.out) && c.merger.err == nil {
		if c.merger.ended() && !c.nextKey() {
			break
		}
		b, row, weight, ok := c.pick()
		if !ok {
			continue
		}
		c.out.AppendRow(b.cols, row, weight)
		c.match = append(c.match, c.sel[c.at-1])
	}
	if c.merger.err != nil {
		return nil, false, c.merger.err
	}
	*dst = c.out.Batch()
	return c.match, c.at < len(c.sel) || !c.merger.ended(), nil
}

// nextKey opens the spans of the next key that has any.
func (c *probeCursor) nextKey() bool {
	o := c.view.set.order
	step := int32(1)
	if c.edge == lastRow {
		step = -1
	}
	for c.at < len(c.sel) {
		k := c.at
		c.at++
		for i, p := range c.parts {
			var s span
			var err error
			if c.prefix {
				s, err = p.r.findPrefix(o, c.keys, c.sel[k], &c.near[i])
			} else {
				s, err = p.r.find(o, c.keys, c.sel[k], c.hashes[k], &c.near[i])
			}
			if err != nil {
				c.merger.fail(err)
				return false
			}
			c.merger.add(p, s, step)
		}
		if !c.merger.ended() {
			return true
		}
	}
	return false
}

// pick takes the next row of the current key that the cursor wants.
func (c *probeCursor) pick() (b *block, row int32, weight int64, ok bool) {
	b, row, weight, ok = c.merger.next()
	if c.edge != everyRow {
		c.merger.reset()
	}
	return b, row, weight, ok
}

// Close gives the cursor's memory to the next one. A second Close does nothing.
func (c *probeCursor) Close() {
	if c.view == nil {
		return
	}
	set := c.view.set
	c.view, c.parts, c.keys, c.sel = nil, nil, nil, nil
	clear(c.merger.walks[:cap(c.merger.walks)]) // let go of runs
	c.merger.reset()
	c.merger.err, c.merger.broken, c.merger.ctx = nil, nil, nil
	if c.out.Size() <= maxPooled {
		set.cursors.Put(c)
	}
}

// maxPooled is the memory that a cursor at rest may hold.
const maxPooled = 1 << 20

// full: enough rows, or bytes, for one batch.
func full(b *delta.BatchBuilder) bool {
	return b.Len() >= blockRows || b.Len()&15 == 0 && b.Size() >= maxBatch
}

// maxBatch is the size at which a cursor yields what it has.
const maxBatch = 4 << 20
