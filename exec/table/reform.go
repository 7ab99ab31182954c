package table

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// reformed is what a Tx had of a table before it gave it another form, for who goes back to a savepoint.
type reformed struct {
	oid     catalog.OID
	layouts int      // of the definition that it got
	own     *Table   // nil: the set's
	overlay *overlay // nil: nothing was written
}

// free gives back what only the Tx had.
func (r *reformed) free() {
	if r.own != nil {
		r.own.free(r.own.now())
	}
	if r.overlay == nil {
		return
	}
	for _, ix := range r.overlay.indexes {
		if ix.own {
			ix.rows.Free()
		}
	}
	for i := range r.overlay.staged {
		r.overlay.staged[i].discard()
	}
}

// Reform gives a table, which the Tx has locked exclusively and whose definition it has changed, the form of the new
// definition for the statements of the Tx: one of its own, that shares the rows of the newest version. What the Tx wrote to
// it comes along. Others get the form with the commit.
func (tx *Tx) Reform(ctx context.Context, oid catalog.OID) error {
	rel, ok := tx.ddl.At().ByOID(oid)
	if !ok {
		return nil
	}
	t, err := tx.Table(ctx, oid)
	if err != nil {
		return err
	}
	from := t.now()
	if from.form.is(rel) {
		if tx.own[oid] != nil {
			tx.own[oid].def.Store(rel)
		}
		return nil
	}
	made, widens, err := t.widened(from, rel)
	if err != nil {
		return err
	}
	if !widens {
		return fmt.Errorf("table %q cannot be given the form of its definition", rel.Name)
	}
	next := t.another(rel)
	next.base = t.base
	next.content.Store(made)
	was := reformed{oid: oid, layouts: len(rel.Layouts), own: tx.own[oid], overlay: tx.byTable[oid]}
	if was.overlay != nil {
		_, w, _ := from.form.to(rel)
		o, err := was.overlay.widened(next, w)
		if err != nil {
			next.free(made)
			return err
		}
		o.other = was.overlay.other
		tx.exchange(was.overlay, o)
	}
	tx.adopt(next, was)
	return nil
}

// another is a table of a Tx's own in the place of t, without a content.
func (t *Table) another(rel *catalog.Relation) *Table {
	next := &Table{set: t.set, temp: t.temp, oid: t.oid, options: t.options}
	next.def.Store(rel)
	next.nextRowID.Store(t.nextRowID.Load())
	next.kept.Store(t.kept.Load())
	return next
}

// adopt has the Tx use a table of its own in the place of what it was.
func (tx *Tx) adopt(next *Table, was reformed) {
	if tx.own == nil {
		tx.own = map[catalog.OID]*Table{}
	}
	tx.own[next.oid] = next
	tx.reformed = append(tx.reformed, was)
}

// exchange puts an overlay in the place of another, nil = none.
func (tx *Tx) exchange(old, o *overlay) {
	for i := range tx.touched {
		if tx.touched[i] == old {
			tx.touched[i] = o
		}
	}
	tx.byTable[o.t.oid] = o
}

// unform takes forms back that the catalog of the Tx does not have any more.
func (tx *Tx) unform(s *Savepoint) {
	for i := len(tx.reformed) - 1; i >= 0; i-- {
		was := tx.reformed[i]
		own := tx.own[was.oid]
		if own == nil {
			continue
		}
		rel, ok := tx.ddl.At().ByOID(was.oid)
		if !ok {
			continue
		}
		if len(rel.Layouts) >= was.layouts {
			own.def.Store(rel)
			continue
		}
		if was.overlay != nil {
			was.overlay.rollbackTo(s.marks[was.overlay])
		}
		if o := tx.byTable[was.oid]; o != nil && o.t == own {
			o.drop()
			if was.overlay != nil {
				tx.exchange(o, was.overlay)
			} else {
				tx.forget(o)
			}
		}
		own.free(own.now())
		if was.own != nil {
			tx.own[was.oid] = was.own
		} else {
			delete(tx.own, was.oid)
		}
		tx.reformed = append(tx.reformed[:i], tx.reformed[i+1:]...)
	}
}

// forget is for an overlay of a table that the Tx has not written any more.
func (tx *Tx) forget(o *overlay) {
	delete(tx.byTable, o.t.oid)
	for i := range tx.touched {
		if tx.touched[i] == o {
			tx.touched = append(tx.touched[:i], tx.touched[i+1:]...)
			return
		}
	}
}

// drop gives back what the overlay alone has.
func (o *overlay) drop() {
	for _, ix := range o.indexes {
		if ix.own {
			ix.rows.Free()
		}
	}
	for i := range o.staged {
		o.staged[i].discard()
	}
}

// widened is an overlay with what o has, of a table in a later form. o stays as it is.
func (o *overlay) widened(t *Table, w *widening) (*overlay, error) {
	indexes := t.indexList()
	for _, ix := range o.indexes {
		if !ix.own {
			continue
		}
		wide, own := t.widenedIndex(ix, t.now(), w)
		var err error
		if wide.rows, err = ix.rows.Widen(own, wide.key, t.optionsOf(t.now())); err != nil {
			return nil, err
		}
		indexes = append(indexes, wide)
	}
	out := newOverlay(o.tx, t, indexes)
	sets := out.arrangements()
	for i, staged := range o.staged[:min(len(o.staged), len(sets))] {
		own := w.rows
		if i > 0 {
			_, own = t.widenedIndex(o.indexes[i-1], t.now(), w)
		}
		for j, p := range staged.runs {
			wide, err := p.Widen(own, sets[i])
			if err != nil {
				return nil, err
			}
			out.staged[i].runs = append(out.staged[i].runs, wide)
			out.staged[i].joined = append(out.staged[i].joined, staged.joined[j])
		}
	}
	olds, news := o.olds.Batch(), o.news.Batch()
	if gone := chosen(&olds, func(i int) bool { return o.slots.Int64(cellOld).At(o.oldAt[i]) == int64(i+1) }); gone.Len > 0 {
		wide := w.rows.Rows(&gone)
		if _, err := out.remove(&wide); err != nil {
			return nil, err
		}
	}
	live := chosen(&news, o.live)
	if live.Len == 0 {
		return out, nil
	}
	wide := w.rows.Rows(&live)
	slots, err := out.probe(wide.Cols, wide.Len, true)
	if err != nil {
		return nil, err
	}
	slots = append([]state.Slot(nil), slots...)
	in, err := placeIn(out.indexes, &wide)
	if err != nil {
		return nil, err
	}
	for i, s := range slots {
		if err := out.add(wide.Cols, int32(i), s, in); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// chosen are some rows of a batch, copied.
func chosen(d *delta.Batch, keep func(i int) bool) delta.Batch {
	sel := make([]int32, 0, d.Len)
	for i := range d.Len {
		if keep(i) {
			sel = append(sel, int32(i))
		}
	}
	return gather(d, sel)
}
