package state

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
)

var _ Divider = (*view)(nil)

// Cuts implements Divider. The largest run tells where keys lie: parts of the others are as they come.
func (w *view) Cuts(ctx context.Context, rows int64) ([][]delta.Column, error) {
	parts, err := w.parts(func() error { return context.Cause(ctx) })
	if err != nil || w.set.order.keys == 0 {
		return nil, err
	}
	var most *run
	for _, p := range parts {
		if most == nil || p.r.n > most.n {
			most = p.r
		}
	}
	if most == nil {
		return nil, nil
	}
	return most.cuts(w.set.order, max(1, rows))
}

// cuts are the keys of every so many rows, at the beginnings of blocks where these are shorter.
func (r *run) cuts(o *RowOrder, every int64) (cuts [][]delta.Column, err error) {
	at := int64(0) // rows before the chunk
	for _, c := range r.chunks {
		for next := max((at+every-1)/every, 1)*every - at; next < int64(c.n()); next += every {
			k, i := c.locate(int32(next))
			var cols []delta.Column
			if every < int64(blockRows) {
				b, err := c.block(k, true, nil)
				if err != nil {
					return nil, err
				}
				cols = b.cols
			} else if cols, i, err = c.edge(k); err != nil {
				return nil, err
			}
			if n := len(cuts); n > 0 && o.comparePrefix(cols, i, cuts[n-1], 0) == 0 {
				continue // one key for all of these rows
			}
			key := o.keyColumns(cols)
			for j := range key {
				key[j] = delta.Copy(&key[j], []int32{i})
			}
			cuts = append(cuts, key)
		}
		at += int64(c.n())
	}
	return cuts, nil
}
