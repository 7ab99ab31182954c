package table

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// HasKeys reports which keys a unique index of a table has for the Tx (the table's own OID = its primary key), in the newest version
// with what the Tx wrote. Keys are in the order of the index, of its types and without NULL. A version at other than 0 is looked at instead
// of the newest one.
func (tx *Tx) HasKeys(ctx context.Context, t *Table, index catalog.OID, keys []delta.Column, n int, at log.CommitSeq) ([]bool, error) {
	has := make([]bool, n)
	if n == 0 {
		return has, nil
	}
	o := tx.byTable[t.oid]
	view, i, err := tx.viewBy(t, o, index, at)
	if err != nil {
		return nil, err
	}
	defer view.Release()
	err = eachMatch(ctx, view, keys, n, func(rows *delta.Batch, row, key int32) error {
		if o != nil {
			if gone, err := o.tookOut(rows, row); err != nil || gone {
				return err
			}
		}
		has[key] = true
		return nil
	})
	if err != nil || o == nil {
		return has, err
	}
	own, cell := o.slots, cellNew
	if i > 0 {
		own, cell = o.taken[i-1], takenCount
	}
	slots := make([]state.Slot, n)
	if err := own.Probe(keys, nil, false, slots); err != nil {
		return nil, err
	}
	for k, s := range slots {
		has[k] = has[k] || s != state.NoSlot && own.Int64(cell).At(s) > 0
	}
	return has, nil
}

// viewBy opens a table by an index, with what the Tx has staged: the newest version, or the one at at. i is where the overlay has the
// index, 0 = the rows.
func (tx *Tx) viewBy(t *Table, o *overlay, by catalog.OID, at log.CommitSeq) (view state.View, i int, err error) {
	v := latest
	if at != 0 {
		v = at
	}
	if by == t.oid {
		by = 0
	}
	if o == nil {
		view, ix, err := t.open(by, v)
		return ix.shown(view), 0, err
	}
	if by != 0 {
		i = 1 + slices.IndexFunc(o.indexes, func(ix *index) bool { return ix.rel.OID == by })
	}
	if at == 0 || tx.own[t.oid] != nil || i > 0 && o.indexes[i-1].own {
		view, err = o.newest(i)
		return view, i, err
	}
	view, ix, err := t.open(by, v)
	if err != nil {
		return nil, 0, err
	}
	return ix.shown(state.With(view, o.staged[i].runs...)), i, nil
}

// Search is rows of a table by some of its columns.
type Search struct {
	Columns []int
	// Keys that the columns are to be equal to, of N rows, without NULL.
	Keys []delta.Column
	N    int
	// Cast gives the columns of rows in the types of Keys, with NULL where no such key is equal; nil = they are of those types.
	Cast func(rows *delta.Batch) ([]delta.Column, error)
}

// Find visits the rows that the Tx sees of a table in its newest version and that a search is for, with the key that each of them has:
// by an index that begins with the columns, else all rows are read. Rows are borrowed. It returns the version.
func (tx *Tx) Find(ctx context.Context, t *Table, s *Search, visit func(rows *delta.Batch, row, key int32) error) (log.CommitSeq, error) {
	f := &finding{s: s, o: tx.byTable[t.oid], visit: visit}
	if err := f.open(t); err != nil {
		return 0, err
	}
	index, order := catalog.OID(0), []int(nil)
	if s.Cast == nil {
		index, order = tx.indexOver(t, f.o, s.Columns)
	}
	view, _, err := tx.viewBy(t, f.o, index, 0)
	if err != nil {
		return 0, err
	}
	defer view.Release()
	if order != nil {
		err = f.probe(ctx, view, order)
	} else {
		err = f.scan(ctx, view)
	}
	if err != nil || f.o == nil {
		return view.Version(), err
	}
	own := f.o.liveRows()
	return view.Version(), f.rows(&own, false)
}

// finding is a search that runs.
type finding struct {
	s     *Search
	o     *overlay // nil: the Tx wrote nothing to the table
	keys  state.Flat
	at    []int32 // by slot: the key
	slots []state.Slot
	visit func(rows *delta.Batch, row, key int32) error
}

// open makes a hash of the keys; equal ones are one.
func (f *finding) open(t *Table) error {
	types := make([]sqltype.OID, len(f.s.Keys))
	for i := range f.s.Keys {
		types[i] = f.s.Keys[i].Type
	}
	f.keys = state.NewFlat(types, nil, state.Options{})
	slots := make([]state.Slot, f.s.N)
	if err := f.keys.Probe(f.s.Keys, nil, true, slots); err != nil {
		return err
	}
	f.at = make([]int32, f.keys.Len())
	for i := f.s.N - 1; i >= 0; i-- {
		f.at[slots[i]] = int32(i)
	}
	return nil
}

// indexOver is an index that begins with some columns, in any order (0 = the rows), and which of the columns each of its is; nil if
// there is none.
func (tx *Tx) indexOver(t *Table, o *overlay, columns []int) (catalog.OID, []int) {
	if order := permutation(t.Key(), columns); order != nil {
		return 0, order
	}
	indexes := t.indexList()
	if o != nil {
		indexes = o.indexes
	}
	for _, ix := range indexes {
		if order := permutation(ix.key, columns); order != nil && ix.more == nil && tx.sees(ix.rel.OID) {
			return ix.rel.OID, order
		}
	}
	return 0, nil
}

// permutation says which of some columns each of a key is; nil if the key does not begin with them.
func permutation(key, columns []int) []int {
	if len(key) < len(columns) {
		return nil
	}
	order := make([]int, len(columns))
	for i, c := range key[:len(columns)] {
		if order[i] = slices.Index(columns, c); order[i] < 0 {
			return nil
		}
	}
	return order
}

// probe looks every key up in an index, which may have more columns behind them.
func (f *finding) probe(ctx context.Context, view state.View, order []int) error {
	for _, key := range f.at {
		r := state.Range{}
		for _, c := range order {
			r.Equal = append(r.Equal, delta.Copy(&f.s.Keys[c], []int32{key}))
		}
		cur, err := view.Scan(ctx, r)
		if err != nil {
			return err
		}
		err = f.each(ctx, cur, func(rows *delta.Batch, row int32) error { return f.visit(rows, row, key) })
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits the rows of a cursor that the Tx has not taken out, and closes it.
func (f *finding) each(ctx context.Context, cur state.Cursor, visit func(rows *delta.Batch, row int32) error) error {
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		var err error
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		err = rows.EachRow(func(row int32) error {
			if f.o != nil {
				if gone, err := f.o.tookOut(&rows, row); err != nil || gone {
					return err
				}
			}
			return visit(&rows, row)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// scan reads all rows.
func (f *finding) scan(ctx context.Context, view state.View) error {
	cur, err := view.Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		if err := f.rows(&rows, true); err != nil {
			return err
		}
	}
	return nil
}

// rows visits those of some rows that have one of the keys; of a version those that the Tx has not taken out.
func (f *finding) rows(rows *delta.Batch, ofVersion bool) error {
	if rows.Len == 0 {
		return nil
	}
	cols := pick(rows.Cols, f.s.Columns)
	if f.s.Cast != nil {
		var err error
		if cols, err = f.s.Cast(rows); err != nil {
			return err
		}
	}
	if cap(f.slots) < rows.Len {
		f.slots = make([]state.Slot, rows.Len)
	}
	f.slots = f.slots[:rows.Len]
	if err := f.keys.Probe(cols, nil, false, f.slots); err != nil {
		return err
	}
	return rows.EachRow(func(row int32) error {
		if f.slots[row] == state.NoSlot || anyNull(cols, row) {
			return nil
		}
		if f.o != nil && ofVersion {
			if gone, err := f.o.tookOut(rows, row); err != nil || gone {
				return err
			}
		}
		return f.visit(rows, row, f.at[f.slots[row]])
	})
}

// LockFound locks rows that were found.
func (tx *Tx) LockFound(ctx context.Context, t *Table, rows *delta.Batch) error {
	return tx.lockRows(ctx, t.oid, pick(rows.Cols, t.Key()), rows.Len)
}

// Newer reports whether one of some rows that the Tx sees was committed after version at.
func (tx *Tx) Newer(ctx context.Context, t *Table, rows *delta.Batch, at log.CommitSeq) (bool, error) {
	now, err := t.at(0, latest)
	if err != nil {
		return false, err
	}
	defer now.Release()
	then, err := t.at(0, at)
	if err != nil {
		return false, err
	}
	defer then.Release()
	keys := pick(rows.Cols, t.Key())
	newer := make([]bool, rows.Len)
	mark := func(to bool) func(b *delta.Batch, row, key int32) error {
		return func(b *delta.Batch, row, key int32) error {
			if delta.CompareRows(b.Cols, row, rows.Cols, key) == 0 {
				newer[key] = to
			}
			return nil
		}
	}
	if err := eachMatch(ctx, now, keys, rows.Len, mark(true)); err != nil {
		return false, err
	}
	err = eachMatch(ctx, then, keys, rows.Len, mark(false))
	return slices.Contains(newer, true), err
}

// Made reports whether the Tx has made the table itself.
func (tx *Tx) Made(oid catalog.OID) bool { return tx.own[oid] != nil }
