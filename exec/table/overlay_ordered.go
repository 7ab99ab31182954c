package table

import (
	"context"
	"slices"
	"sort"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// ownRows are the Tx's own rows that a view shows, in the order of the view's key.
type ownRows struct {
	cols []delta.Column // as the index has them
	rows []int32        // of cols
	key  []int
	cmp  []sqltype.Comparer
}

// sorted gives the own rows; they are put in order once, as nobody writes to the table while a statement reads it.
func (v *overlayView) sorted() *ownRows {
	if v.own != nil {
		return v.own
	}
	news := v.o.news.Batch()
	own := &ownRows{cols: news.Cols, key: v.key}
	if v.ix != nil {
		own.cols = v.o.newsOf(v.ix).Cols
	}
	for _, at := range v.key {
		own.cmp = append(own.cmp, sqltype.OpsOf(own.cols[at].Type).Compare)
	}
	for i := range int32(news.Len) {
		if v.o.live(int(i)) && (v.ix == nil || v.o.hasNew(v.ix, i)) {
			own.rows = append(own.rows, i)
		}
	}
	slices.SortFunc(own.rows, func(a, b int32) int { return own.compare(a, own.cols, b) })
	v.own = own
	return own
}

// compare orders an own row by its key against a row of cols, which has the same columns.
func (o *ownRows) compare(row int32, cols []delta.Column, other int32) int {
	for k, at := range o.key {
		if c := o.cmp[k](&o.cols[at].Vec, row, &cols[at].Vec, other); c != 0 {
			return c
		}
	}
	return 0
}

// against orders an own row against row j of the first key columns.
func (o *ownRows) against(row int32, first []delta.Column, j int32) int {
	for k := range first {
		if c := o.cmp[k](&o.cols[o.key[k]].Vec, row, &first[k].Vec, j); c != 0 {
			return c
		}
	}
	return 0
}

// equal are the rows whose first key columns are row j of first.
func (o *ownRows) equal(first []delta.Column, j int32) []int32 {
	lo := sort.Search(len(o.rows), func(i int) bool { return o.against(o.rows[i], first, j) >= 0 })
	n := sort.Search(len(o.rows)-lo, func(i int) bool { return o.against(o.rows[lo+i], first, j) > 0 })
	return o.rows[lo : lo+n]
}

// within are the rows of a range, in its order.
func (o *ownRows) within(r state.Range) []int32 {
	rows := o.rows
	if len(r.Equal) > 0 {
		rows = o.equal(r.Equal, 0)
	} else {
		if r.Before != nil {
			rows = rows[:sort.Search(len(rows), func(i int) bool {
				c := o.against(rows[i], r.Before, 0)
				return c > 0 || c == 0 && !r.Through
			})]
		}
		if r.From != nil {
			rows = rows[sort.Search(len(rows), func(i int) bool {
				c := o.against(rows[i], r.From, 0)
				return c > 0 || c == 0 && !r.Behind
			}):]
		}
	}
	if r.Backward {
		rows = slices.Clone(rows)
		slices.Reverse(rows)
	}
	return rows
}

// scanOrdered merges the own rows of a range with the others.
func (v *overlayView) scanOrdered(ctx context.Context, r state.Range) (state.Cursor, error) {
	base, width := v.View, len(v.o.t.Types())
	if cut, ok := base.(*tableRows); ok {
		base = cut.View // its rows are compared by what the index computes
	}
	r.Columns = nil // rows are copied whole
	cur, err := base.Scan(ctx, r)
	if err != nil {
		return nil, err
	}
	own := v.sorted()
	c := &mergedCursor{own: own, rows: own.within(r), backward: r.Backward, width: width, most: r.First, out: delta.NewBatchBuilder(v.o.t.Types())}
	c.base = overlayCursor{base: cur, v: v, sel: []int32{}}
	return c, nil
}

// mergedCursor gives the rows of base whose keys the Tx did not touch and its own, in the order of a key.
type mergedCursor struct {
	base     overlayCursor
	own      *ownRows
	rows     []int32 // of own that are left
	backward bool
	width    int // columns that are shown
	most     int // rows of the next batch; 0 = as many as base gives
	out      *delta.BatchBuilder

	raw   delta.Batch
	at    int  // place in raw.Sel
	ended bool // base has
}

func (c *mergedCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	c.out.Clear()
	room := c.most
	if room == 0 {
		room = mergedRows
	}
	c.most *= 2
	for c.out.Len() < room {
		if c.at == len(c.raw.Sel) && !c.ended {
			_, more, err := c.base.base.Next(ctx, &c.raw)
			if err != nil {
				return nil, false, err
			}
			c.raw.Sel, c.at, c.ended = orNone(c.raw.Sel, c.raw.Len), 0, !more
			if err := c.base.hide(&c.raw); err != nil {
				return nil, false, err
			}
			continue
		}
		switch {
		case c.at < len(c.raw.Sel) && (len(c.rows) == 0 || c.baseFirst()):
			row := c.raw.Sel[c.at]
			c.out.AppendRow(c.raw.Cols[:c.width], row, c.raw.Weight(row))
			c.at++
		case len(c.rows) > 0:
			c.out.AppendRow(c.own.cols[:c.width], c.rows[0], 1)
			c.rows = c.rows[1:]
		default:
			*dst = c.out.Batch()
			return nil, false, nil
		}
	}
	*dst = c.out.Batch()
	return nil, true, nil
}

// mergedRows is how many rows are well given at once.
const mergedRows = 1024

// orNone is a selection that is never nil where there are no rows.
func orNone(sel []int32, n int) []int32 {
	if sel == nil && n == 0 {
		return []int32{}
	}
	return sel
}

// baseFirst: the next row of base comes before the next own one.
func (c *mergedCursor) baseFirst() bool {
	order := c.own.compare(c.rows[0], c.raw.Cols, c.raw.Sel[c.at])
	if c.backward {
		return order <= 0
	}
	return order >= 0
}

func (c *mergedCursor) Close() { c.base.Close() }

// Probe implements state.View.
func (v *overlayView) Probe(ctx context.Context, keys []delta.Column, sel []int32) (state.Cursor, error) {
	if v.o.slots.Len() == 0 {
		return v.View.Probe(ctx, keys, sel)
	}
	base, err := v.View.Probe(ctx, keys, sel)
	if err != nil {
		return nil, err
	}
	if sel == nil {
		sel = make([]int32, keys[0].Len)
		for i := range sel {
			sel[i] = int32(i)
		}
	}
	return &probedCursor{overlayCursor: overlayCursor{base: base, v: v, sel: []int32{}}, keys: keys, left: sel, out: delta.NewBatchBuilder(v.o.t.Types())}, nil
}

// Edge implements state.View for who asks whether there is a row: it is any one.
func (v *overlayView) Edge(ctx context.Context, keys []delta.Column, sel []int32, last bool) (state.Cursor, error) {
	if v.o.slots.Len() == 0 {
		return v.View.Edge(ctx, keys, sel, last)
	}
	c, err := v.Probe(ctx, keys, sel)
	if err == nil {
		c.(*probedCursor).one = map[int32]bool{}
	}
	return c, err
}

// probedCursor gives the rows of base that have some keys and that the Tx did not touch, then those of its own.
type probedCursor struct {
	overlayCursor
	keys  []delta.Column
	left  []int32 // keys whose own rows are still to be given
	one   map[int32]bool
	out   *delta.BatchBuilder
	match []int32
}

func (c *probedCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	c.out.Clear()
	c.match = c.match[:0]
	if !c.own {
		match, more, err := c.base.Next(ctx, dst)
		if err != nil {
			return nil, false, err
		}
		c.own = !more
		if err := c.hide(dst); err != nil {
			return nil, false, err
		}
		if dst.Len > 0 {
			for _, row := range dst.Sel {
				c.give(dst.Cols, row, dst.Weight(row), match[row])
			}
		}
		*dst = c.out.Batch()
		return c.match, true, nil
	}
	own := c.v.sorted()
	for len(c.left) > 0 && c.out.Len() < mergedRows {
		for _, row := range own.equal(c.keys, c.left[0]) {
			c.give(own.cols, row, 1, c.left[0])
		}
		c.left = c.left[1:]
	}
	*dst = c.out.Batch()
	return c.match, len(c.left) > 0, nil
}

func (c *probedCursor) give(cols []delta.Column, row int32, weight int64, key int32) {
	if c.one != nil {
		if c.one[key] {
			return
		}
		c.one[key] = true
	}
	c.out.AppendRow(cols[:len(c.out.Cols)], row, weight)
	c.match = append(c.match, key)
}
