package table

import "github.com/tributary-db/tributary/storage/state"

// Savepoint is a place in a Tx to which it can go back. While a Tx has one, its overlays note what each
// write changes, and nothing is staged: what it holds is bounded by the memory of statements alone.
type Savepoint struct {
	marks   map[*overlay]mark
	appends int
	bytes   int
	ddl     int
}

// mark is where an overlay is.
type mark struct{ news, olds, undo int }

// undo is one change of a cell: of the slots, or of an index's taken.
type undo struct {
	of   state.Flat
	slot state.Slot
	cell int
	was  int64
}

// Savepoint makes one.
func (tx *Tx) Savepoint() *Savepoint {
	tx.savepoints++
	s := &Savepoint{marks: map[*overlay]mark{}, appends: len(tx.appends), bytes: tx.bytes}
	if tx.ddl != nil {
		s.ddl = tx.ddl.Mark()
	}
	for _, o := range tx.touched {
		s.marks[o] = mark{o.news.Len(), o.olds.Len(), len(o.undo)}
	}
	return s
}

// Release forgets the newest n savepoints.
func (tx *Tx) Release(n int) {
	if tx.savepoints -= n; tx.savepoints == 0 {
		for _, o := range tx.touched {
			o.undo = nil
		}
	}
}

// RollbackTo takes back what was written since s, which stays. Locks stay too.
func (tx *Tx) RollbackTo(s *Savepoint) {
	for _, o := range tx.touched {
		o.rollbackTo(s.marks[o]) // one of a table that was not touched then: to its beginning
	}
	tx.appends, tx.bytes = tx.appends[:s.appends], s.bytes
	if tx.ddl != nil {
		tx.ddl.RollbackTo(s.ddl)
	}
	tx.unform(s)
}

func (o *overlay) rollbackTo(m mark) {
	for i := len(o.undo) - 1; i >= m.undo; i-- {
		u := o.undo[i]
		u.of.Write([]state.Slot{u.slot}).Int64(u.cell)[u.slot] = u.was
	}
	o.undo = o.undo[:m.undo]
	o.news.Truncate(m.news)
	o.olds.Truncate(m.olds)
	for _, n := range o.computed {
		n.values.Truncate(m.news)
		n.has = n.has[:m.news]
	}
	o.at, o.oldAt = o.at[:m.news], o.oldAt[:m.olds]
}

// note remembers a cell before it is written, where somebody may go back.
func (o *overlay) note(of state.Flat, slot state.Slot, cell int) {
	if o.tx.savepoints > 0 {
		o.undo = append(o.undo, undo{of, slot, cell, of.Int64(cell).At(slot)})
	}
}
