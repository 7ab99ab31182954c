package table

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// overlay is what a Tx wrote to one table, by table key. A slot's cells say where the key's
// rows are: the new one in news and the one that the snapshot had in olds, as position + 1;
// 0 = none.
type overlay struct {
	t     *Table
	slots state.Flat
	news  *delta.BatchBuilder
	olds  *delta.BatchBuilder
	at    []state.Slot // slot of each row of news
	oldAt []state.Slot // slot of each row of olds
	// indexes are the table's at the first write, which others do not change while the Tx is open, and those that the
	// Tx makes itself. One that is not there any more is kept up to date as well: a savepoint may bring it back.
	indexes []*index
	// taken counts the live new rows by the key of each unique index, and says which is the last one.
	taken []state.Flat
	buf   []state.Slot
	// staged is what was in the overlay before: of the rows, then of each index.
	staged []stagedRuns
	// computed is what indexes compute of each row of news, by the index; nil where none does.
	computed map[catalog.OID]*newsComputed
	tx       *Tx
	undo     []undo // what the cells were, since the first savepoint
	// other: it has more than what Rewrite put in.
	other bool
}

const (
	cellNew = 0
	cellOld = 1
)

// Cells of taken: how many rows, and the position + 1 in news of the one that came last; 0 = it went.
const (
	takenCount = 0
	takenRow   = 1
)

func newOverlay(tx *Tx, t *Table, indexes []*index) *overlay {
	o := &overlay{tx: tx, t: t, indexes: indexes, news: delta.NewBatchBuilder(t.Types()), olds: delta.NewBatchBuilder(t.Types())}
	o.staged = make([]stagedRuns, 1+len(indexes))
	for _, ix := range indexes {
		o.computes(ix)
	}
	o.reset()
	return o
}

// reset makes the overlay one of nothing.
func (o *overlay) reset() {
	t := o.t
	o.news.Clear()
	o.olds.Clear()
	o.at, o.oldAt, o.taken = o.at[:0], o.oldAt[:0], o.taken[:0]
	o.slots = state.NewFlat(t.keyTypes(t.Key()), []state.CellType{state.CellInt64, state.CellInt64}, state.Options{})
	for _, ix := range o.indexes {
		if !ix.rel.Unique {
			o.taken = append(o.taken, nil)
			continue
		}
		o.taken = append(o.taken, newTaken(ix))
	}
	for _, n := range o.computed {
		n.clear()
	}
}

func newTaken(ix *index) state.Flat {
	return state.NewFlat(typesAt(ix.types, ix.key), []state.CellType{state.CellInt64, state.CellInt64}, state.Options{})
}

// enforces reports whether index i is unique, and there for the Tx.
func (o *overlay) enforces(i int) bool {
	return o.indexes[i].rel.Unique && o.tx.sees(o.indexes[i].rel.OID)
}

// arrangements are those that the Tx writes: the rows, then each index.
func (o *overlay) arrangements() []*state.RunSet {
	now := o.t.now()
	out := []*state.RunSet{now.rows}
	for _, ix := range o.indexes {
		rows := ix.rows
		if !ix.own {
			if newer, ok := o.t.index(now, ix.rel.OID); ok { // the table was made anew meanwhile
				rows = newer.rows
			}
		}
		out = append(out, rows)
	}
	return out
}

// probe finds the slots of rows by the table's key.
func (o *overlay) probe(rows []delta.Column, n int, insert bool) ([]state.Slot, error) {
	if cap(o.buf) < n {
		o.buf = make([]state.Slot, n)
	}
	o.buf = o.buf[:n]
	err := o.slots.Probe(pick(rows, o.t.Key()), nil, insert, o.buf)
	return o.buf, err
}

// remove takes rows out that the Tx sees: its own, or the snapshot's. A row that is gone
// already is passed over. It returns how many went.
func (o *overlay) remove(rows *delta.Batch) (int64, error) {
	o.other = o.other || !o.tx.alone
	slots, err := o.probe(rows.Cols, rows.Len, true)
	if err != nil {
		return 0, err
	}
	cells := o.slots.Write(slots)
	news, olds := cells.Int64(cellNew), cells.Int64(cellOld)
	removed := int64(0)
	for i, s := range slots {
		o.note(o.slots, s, cellNew)
		o.note(o.slots, s, cellOld)
		switch {
		case news[s] > 0:
			if err := o.count(int32(news[s]-1), -1); err != nil {
				return 0, err
			}
			news[s] = 0
		case olds[s] == 0:
			o.olds.AppendRow(rows.Cols, int32(i), 1)
			o.oldAt = append(o.oldAt, s)
			olds[s] = int64(o.olds.Len())
		default:
			continue
		}
		removed++
	}
	return removed, nil
}

// tookOut reports whether the Tx took a row of the snapshot out.
func (o *overlay) tookOut(rows *delta.Batch, row int32) (bool, error) {
	var s [1]state.Slot
	err := o.slots.Probe(pick(rows.Cols, o.t.Key()), []int32{row}, false, s[:])
	return err == nil && s[0] != state.NoSlot && o.slots.Int64(cellOld).At(s[0]) != 0, err
}

// add puts one new row in; its key must be free.
func (o *overlay) add(cols []delta.Column, row int32, s state.Slot, in []placed) error {
	o.other = o.other || !o.tx.alone
	o.news.AppendRow(cols, row, 1)
	for i, ix := range o.indexes {
		if n := o.computed[ix.rel.OID]; n != nil {
			n.add(ix, &in[i], row)
		}
	}
	o.at = append(o.at, s)
	o.note(o.slots, s, cellNew)
	o.slots.Write([]state.Slot{s}).Int64(cellNew)[s] = int64(o.news.Len())
	return o.count(int32(o.news.Len()-1), 1)
}

// count notes that row of news came (+1) or went (-1) in the unique indexes.
func (o *overlay) count(row int32, by int64) error {
	for i := range o.indexes {
		if err := o.countIn(i, row, by); err != nil {
			return err
		}
	}
	return nil
}

func (o *overlay) countIn(i int, row int32, by int64) error {
	if o.taken[i] == nil || !o.hasNew(o.indexes[i], row) {
		return nil
	}
	cols := o.newsOf(o.indexes[i]).Cols
	var s [1]state.Slot
	if err := o.taken[i].Probe(pick(cols, o.indexes[i].key), []int32{row}, true, s[:]); err != nil {
		return err
	}
	o.note(o.taken[i], s[0], takenCount)
	o.note(o.taken[i], s[0], takenRow)
	cells := o.taken[i].Write(s[:])
	cells.Int64(takenCount)[s[0]] += by
	if last := cells.Int64(takenRow); by > 0 {
		last[s[0]] = int64(row) + 1
	} else if last[s[0]] == int64(row)+1 {
		last[s[0]] = 0
	}
	return nil
}

// live reports whether row i of news is what its key has now.
func (o *overlay) live(i int) bool { return o.slots.Int64(cellNew).At(o.at[i]) == int64(i+1) }

// gone reports whether row i of olds has no new row for its key, or one whose key only equals
// it (1.0 and 1.00): in the topic that is another key.
func (o *overlay) gone(i int) bool {
	at := o.slots.Int64(cellNew).At(o.oldAt[i])
	if at == 0 {
		return true
	}
	old, now := o.olds.Batch(), o.news.Batch()
	for _, c := range o.t.Key() {
		if !delta.EqualImage(&old.Cols[c], int32(i), &now.Cols[c], int32(at-1)) {
			return true
		}
	}
	return false
}

// size in bytes of what was written.
func (o *overlay) size() int {
	n := o.news.Size() + o.olds.Size()
	for _, c := range o.computed {
		n += c.values.Size() + len(c.has)
	}
	return n
}

// overlayView is a version of the table with the Tx's rows over it.
type overlayView struct {
	state.View
	o   *overlay
	key []int    // what the view is ordered by: the table's key or an index's
	ix  *index   // nil: the rows
	own *ownRows // once they were asked for
}

// Scan implements state.View; rows that the Tx wrote come last, unless who reads counts on the order.
func (v *overlayView) Scan(ctx context.Context, r state.Range) (state.Cursor, error) {
	if r.Ordered {
		return v.scanOrdered(ctx, r)
	}
	if r.Columns != nil { // hide looks keys up
		r.Columns = append(slices.Clone(r.Columns), v.o.t.Key()...)
	}
	base, err := v.View.Scan(ctx, r)
	if err != nil {
		return nil, err
	}
	return &overlayCursor{base: base, v: v, in: r, sel: []int32{}}, nil
}

// overlayCursor gives the rows of base whose keys the Tx did not touch, then the Tx's own.
type overlayCursor struct {
	base state.Cursor
	v    *overlayView
	in   state.Range
	own  bool
	sel  []int32 // never nil: a nil selection is all rows
}

func (c *overlayCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	if c.own {
		c.ownRows(dst)
		return nil, false, nil
	}
	_, more, err := c.base.Next(ctx, dst)
	if err != nil {
		return nil, false, err
	}
	c.own = !more
	return nil, true, c.hide(dst)
}

// hide drops the rows whose key the overlay has.
func (c *overlayCursor) hide(dst *delta.Batch) error {
	if dst.Len == 0 {
		return nil
	}
	slots, err := c.v.o.probe(dst.Cols, dst.Len, false)
	if err != nil {
		return err
	}
	c.sel = c.sel[:0]
	touched := func(i int32) bool {
		s := slots[i]
		return s != state.NoSlot && (c.v.o.slots.Int64(cellNew).At(s) != 0 || c.v.o.slots.Int64(cellOld).At(s) != 0)
	}
	if dst.Sel != nil {
		for _, i := range dst.Sel {
			if !touched(i) {
				c.sel = append(c.sel, i)
			}
		}
	} else {
		for i := range int32(dst.Len) {
			if !touched(i) {
				c.sel = append(c.sel, i)
			}
		}
	}
	dst.Sel = c.sel
	return nil
}

func (c *overlayCursor) ownRows(dst *delta.Batch) {
	*dst = c.v.o.news.Batch()
	c.sel = c.sel[:0]
	if len(c.in.Equal) > 0 || c.in.From != nil || c.in.Before != nil {
		c.sel = append(c.sel, c.v.sorted().within(c.in)...)
		slices.Sort(c.sel)
	} else {
		for i := range int32(dst.Len) {
			if c.v.o.live(int(i)) && (c.v.ix == nil || c.v.o.hasNew(c.v.ix, i)) {
				c.sel = append(c.sel, i)
			}
		}
	}
	dst.Sel = c.sel
	dst.Weights = nil
}

func (c *overlayCursor) Close() { c.base.Close() }
