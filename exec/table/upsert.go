package table

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Upsert is one INSERT … ON CONFLICT: what it does with rows whose keys are taken. It belongs to one
// statement; Drop it.
//
// What it finds by a key that it has locked cannot change under it, as whoever changes a row locks all
// the row's unique keys before looking at it once more (modify).
type Upsert struct {
	// Arbiters are the unique indexes that are asked, the table's own OID for its primary key; nil = all
	// there are. Another one that has a key is 23505.
	Arbiters []catalog.OID
	// Update gives the new rows of those that are to change, in any order: of[i] is the row of old and of
	// excluded that new row i is for; at[j] is where row j of excluded stands among the live rows of the
	// Upsert. nil = DO NOTHING. Rows are without the hidden row id.
	Update func(ctx context.Context, old, excluded *delta.Batch, at []int32) (rows delta.Batch, of []int32, err error)
	// At is the snapshot of a REPEATABLE READ transaction, 0 = every version counts.
	At log.CommitSeq

	done  state.Flat // table keys that the statement has written
	owner *memory.Owner
}

// Drop gives back what the statement held.
func (u *Upsert) Drop() {
	if u.owner != nil {
		u.owner.Drop()
	}
}

// Written says what became of one row of an Upsert.
type Written uint8

const (
	Nothing Written = iota
	Inserted
	Updated
)

// Upsert writes rows: all columns of the table in order. It says what became of each of the live ones.
func (tx *Tx) Upsert(ctx context.Context, t *Table, rows *delta.Batch, u *Upsert) ([]Written, error) {
	if err := tx.charge(2 * (rows.Size() + (lockBytes+slotBytes)*int64(rows.Rows()))); err != nil {
		return nil, err
	}
	full, err := t.complete(rows)
	if err != nil {
		return nil, err
	}
	o, err := tx.touch(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := tx.CheckNotNull(t, &full); err != nil {
		return nil, err
	}
	if u.done == nil {
		u.open(tx, t)
	}
	up := &upserting{tx: tx, t: t, o: o, u: u, full: &full, out: make([]Written, full.Len)}
	if err := up.run(ctx); err != nil {
		return nil, err
	}
	return up.out, tx.settle(ctx)
}

func (u *Upsert) open(tx *Tx, t *Table) {
	var options state.Options
	if tx.set.cfg.Memory != nil {
		u.owner = tx.set.cfg.Memory.Owner()
		options.Account = u.owner.Charge
	}
	u.done = state.NewFlat(t.keyTypes(t.Key()), []state.CellType{state.CellInt64}, options)
}

// upserting is one batch of an Upsert.
type upserting struct {
	tx   *Tx
	t    *Table
	o    *overlay
	u    *Upsert
	full *delta.Batch
	in   []placed // of full, by index
	out  []Written
	// found are the rows that have a key of row i of full: its position in olds + 1.
	found []int
	olds  *delta.BatchBuilder
	// gone and rows are what an update takes out and puts in, at[i] where that of row i of full stands.
	gone, rows *delta.BatchBuilder
	at         []int32
}

func (up *upserting) run(ctx context.Context) error {
	var err error
	if up.in, err = placeIn(up.o.indexes, up.full); err != nil {
		return err
	}
	if err := up.lock(ctx); err != nil {
		return err
	}
	if err := up.settleFound(ctx); err != nil {
		return err
	}
	if err := up.visible(ctx); err != nil {
		return err
	}
	fresh, err := up.fresh()
	if err != nil {
		return err
	}
	if up.u.Update != nil {
		up.gone, up.rows = delta.NewBatchBuilder(up.t.Types()), delta.NewBatchBuilder(up.t.Types())
		if err := up.update(ctx); err != nil {
			return err
		}
	}
	for _, i := range fresh {
		up.out[i] = Inserted
	}
	return up.apply(ctx)
}

// apply writes the rows in their order, those beside each other together: whether a key that one of them
// takes is free depends on those before it.
func (up *upserting) apply(ctx context.Context) error {
	for from := 0; from < len(up.out); {
		to, sel := from, []int32(nil)
		for ; to < len(up.out) && up.out[to] == up.out[from]; to++ {
			sel = append(sel, int32(to))
		}
		rows, before := up.full, delta.Batch{}
		switch up.out[from] {
		case Nothing:
			from = to
			continue
		case Updated:
			for i := range sel {
				sel[i] = up.at[sel[i]]
			}
			all, gone := up.rows.Batch(), up.gone.Batch()
			gone = gather(&gone, sel)
			before = gone
			if up.tx.watcher != nil {
				now := gather(&all, sel)
				if err := up.tx.watcher.Changing(ctx, up.t, &gone, &now); err != nil {
					return err
				}
			}
			if _, err := up.o.remove(&gone); err != nil {
				return err
			}
			// The keys of before too: where one moved, whoever has it now was not there when the statement began.
			if err := up.note(gone.Cols, gone.Len); err != nil {
				return err
			}
			rows = &all
		}
		part := gather(rows, sel)
		if err := up.tx.insertFull(ctx, up.t, &part); err != nil {
			return err
		}
		if err := up.note(part.Cols, part.Len); err != nil {
			return err
		}
		if err := up.tx.changed(ctx, up.t, &before, &part); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// gather copies some rows.
func gather(rows *delta.Batch, sel []int32) delta.Batch {
	out := delta.Batch{Len: len(sel)}
	for i := range rows.Cols {
		out.Cols = append(out.Cols, delta.Copy(&rows.Cols[i], sel))
	}
	return out
}

// lock takes all unique keys of the rows.
func (up *upserting) lock(ctx context.Context) error {
	if !up.t.HasRowID() {
		if err := up.tx.lockRows(ctx, up.t.oid, pick(up.full.Cols, up.t.Key()), up.full.Len); err != nil {
			return err
		}
	}
	return up.tx.lockUnique(ctx, up.o, up.full)
}

// settleFound finds the rows whose keys the new ones have, and locks their other keys, until those are
// the rows that there are.
func (up *upserting) settleFound(ctx context.Context) error {
	for range maxAttempts {
		before := up.olds
		if err := up.find(ctx); err != nil {
			return err
		}
		olds := up.olds.Batch()
		if olds.Len == 0 || up.u.Update == nil || before != nil && sameRows(before, up.olds) {
			return nil
		}
		if err := up.tx.lockUnique(ctx, up.o, &olds); err != nil {
			return err
		}
	}
	return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access: the rows changed %d times", maxAttempts)
}

func sameRows(x, y *delta.BatchBuilder) bool {
	a, b := x.Batch(), y.Batch()
	for i := range int32(a.Len) {
		if a.Len != b.Len || delta.CompareRows(a.Cols, i, b.Cols, i) != 0 {
			return false
		}
	}
	return a.Len == b.Len
}

// find looks the rows up in every arbiter.
func (up *upserting) find(ctx context.Context) error {
	up.found, up.olds = make([]int, up.full.Len), delta.NewBatchBuilder(up.t.Types())
	if !up.t.HasRowID() && up.asks(up.t.oid) {
		if err := up.findBy(ctx, 0, &index{key: up.t.Key()}, &placed{rows: *up.full}); err != nil {
			return err
		}
		slots, err := up.o.probe(up.full.Cols, up.full.Len, false)
		if err != nil {
			return err
		}
		for i, s := range slots {
			if s != state.NoSlot {
				up.own(i, up.o.slots.Int64(cellNew).At(s))
			}
		}
	}
	for at, ix := range up.o.indexes {
		if !up.o.enforces(at) || !up.asks(ix.rel.OID) {
			continue
		}
		if err := up.findBy(ctx, 1+at, ix, &up.in[at]); err != nil {
			return err
		}
		keys, sel := keysOf(ix, &up.in[at])
		if len(sel) == 0 {
			continue
		}
		slots := make([]state.Slot, len(sel))
		if err := up.o.taken[at].Probe(keys, nil, false, slots); err != nil {
			return err
		}
		for i, s := range slots {
			if s != state.NoSlot {
				up.own(int(sel[i]), up.o.taken[at].Int64(takenRow).At(s))
			}
		}
	}
	return nil
}

func (up *upserting) asks(oid catalog.OID) bool {
	return up.u.Arbiters == nil || slices.Contains(up.u.Arbiters, oid)
}

// own notes a row that the Tx itself has written: its position in news + 1, 0 = none.
func (up *upserting) own(i int, at int64) {
	if at == 0 || up.found[i] != 0 {
		return
	}
	news := up.o.news.Batch()
	up.olds.AppendRow(news.Cols, int32(at-1), 1)
	up.found[i] = up.olds.Len()
}

// findBy notes rows of the newest version that arrangement i (0 = the rows) has by the key.
func (up *upserting) findBy(ctx context.Context, i int, ix *index, in *placed) error {
	keys, sel := keysOf(ix, in)
	if len(sel) == 0 {
		return nil
	}
	view, err := up.o.newest(i)
	if err != nil {
		return err
	}
	defer view.Release()
	return eachMatch(ctx, view, keys, len(sel), func(rows *delta.Batch, row, k int32) error {
		gone, err := up.o.tookOut(rows, row)
		if err != nil || gone || up.found[sel[k]] != 0 {
			return err
		}
		up.olds.AppendRow(rows.Cols, row, 1)
		up.found[sel[k]] = up.olds.Len()
		return nil
	})
}

// visible refuses rows that a REPEATABLE READ transaction does not see as they are.
func (up *upserting) visible(ctx context.Context) error {
	olds := up.olds.Batch()
	if up.u.At == 0 || olds.Len == 0 {
		return nil
	}
	view, err := up.t.at(0, up.u.At)
	if err != nil {
		return err
	}
	view = state.With(view, up.o.staged[0].runs...)
	defer view.Release()
	seen := make([]bool, olds.Len)
	err = eachMatch(ctx, view, pick(olds.Cols, up.t.Key()), olds.Len, func(rows *delta.Batch, row, k int32) error {
		seen[k] = delta.CompareRows(rows.Cols, row, olds.Cols, k) == 0
		return nil
	})
	if err != nil {
		return err
	}
	slots, err := up.o.probe(olds.Cols, olds.Len, false)
	if err != nil {
		return err
	}
	for i := range seen {
		if !seen[i] && (slots[i] == state.NoSlot || up.o.slots.Int64(cellNew).At(slots[i]) == 0) {
			return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
		}
	}
	return nil
}

// fresh are the rows whose keys are free, the first of several that share one.
func (up *upserting) fresh() ([]int32, error) {
	var arbiters []arbiter
	ask := func(ix *index, in *placed) {
		arbiters = append(arbiters, arbiter{ix, in, state.NewFlat(typesAt(ix.types, ix.key), nil, state.Options{})})
	}
	if !up.t.HasRowID() && up.asks(up.t.oid) {
		ask(&index{key: up.t.Key(), types: up.t.Types()}, &placed{rows: *up.full})
	}
	for at, ix := range up.o.indexes {
		if up.o.enforces(at) && up.asks(ix.rel.OID) {
			ask(ix, &up.in[at])
		}
	}
	var out []int32
	for row := range int32(up.full.Len) {
		if up.found[row] != 0 {
			continue
		}
		free, err := firstOf(arbiters, row)
		if err != nil {
			return nil, err
		}
		if free {
			out = append(out, row)
		} else if up.u.Update != nil {
			return nil, errTwice
		}
	}
	return out, nil
}

// arbiter is an index that is asked, with the rows of a batch in it and the keys of those before one of them.
type arbiter struct {
	ix   *index
	in   *placed
	keys state.Flat
}

// firstOf reports whether no row before has a key of this one, and notes its keys then.
func firstOf(arbiters []arbiter, row int32) (bool, error) {
	var s [1]state.Slot
	for _, insert := range []bool{false, true} {
		for _, a := range arbiters {
			at := a.in.find(row)
			if at < 0 {
				continue
			}
			cols := pick(a.in.rows.Cols, a.ix.key)
			if a.ix.free(cols, at) {
				continue
			}
			if err := a.keys.Probe(cols, []int32{at}, insert, s[:]); err != nil {
				return false, err
			}
			if !insert && s[0] != state.NoSlot {
				return false, nil
			}
		}
	}
	return true, nil
}

var errTwice = sqlerr.New(sqlerr.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
	WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")

// update changes the rows that were found. Of several new rows for one of them each is asked in turn, until
// one changes it; a further one is an error then.
func (up *upserting) update(ctx context.Context) error {
	olds := up.olds.Batch()
	var pending []int32
	for i := range up.found {
		if up.found[i] != 0 {
			pending = append(pending, int32(i))
		}
	}
	for len(pending) > 0 {
		asked := state.NewFlat(up.t.keyTypes(up.t.Key()), nil, state.Options{})
		var now, later []int32
		for _, i := range pending {
			at := []int32{int32(up.found[i] - 1)}
			var s [1]state.Slot
			if err := up.u.done.Probe(pick(olds.Cols, up.t.Key()), at, false, s[:]); err != nil {
				return err
			}
			if s[0] != state.NoSlot {
				return errTwice
			}
			had := asked.Len()
			if err := asked.Probe(pick(olds.Cols, up.t.Key()), at, true, s[:]); err != nil {
				return err
			}
			if asked.Len() == had {
				later = append(later, i)
			} else {
				now = append(now, i)
			}
		}
		if err := up.updateSome(ctx, &olds, now); err != nil {
			return err
		}
		pending = later
	}
	return nil
}

// updateSome asks for the new rows of some, each of another row that was found.
func (up *upserting) updateSome(ctx context.Context, olds *delta.Batch, some []int32) error {
	at := make([]int32, len(some))
	for i, row := range some {
		at[i] = int32(up.found[row] - 1)
	}
	old, excluded := gather(olds, at), gather(up.full, some)
	width := len(up.t.rel().Columns)
	rows, of, err := up.u.Update(ctx, &delta.Batch{Len: old.Len, Cols: old.Cols[:width]}, &delta.Batch{Len: excluded.Len, Cols: excluded.Cols[:width]}, some)
	if err != nil || rows.Len == 0 {
		return err
	}
	gone := gather(&old, of)
	if up.t.HasRowID() {
		rows.Cols = append(slices.Clip(rows.Cols), gone.Cols[width])
	}
	if moved := movedKeys(up.t, &gone, &rows); len(moved) > 0 {
		keys := gather(&gone, moved)
		if err := up.tx.lockRows(ctx, up.t.oid, pick(keys.Cols, up.t.Key()), keys.Len); err != nil {
			return err
		}
	}
	if up.at == nil {
		up.at = make([]int32, up.full.Len)
	}
	for i, o := range of {
		row := some[o]
		up.out[row], up.at[row] = Updated, int32(up.rows.Len())
		up.rows.AppendRow(rows.Cols, int32(i), 1)
		up.gone.AppendRow(gone.Cols, int32(i), 1)
		if err := up.u.mark(pick(gone.Cols, up.t.Key()), int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// mark notes one key that the statement is about to write.
func (u *Upsert) mark(key []delta.Column, row int32) error {
	var s [1]state.Slot
	return u.done.Probe(key, []int32{row}, true, s[:])
}

// movedKeys are the rows whose table key an update changes.
func movedKeys(t *Table, old, now *delta.Batch) []int32 {
	var out []int32
	for i := range int32(old.Len) {
		for _, c := range t.Key() {
			if !delta.EqualKey(&old.Cols[c], i, &now.Cols[c], i) {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// note remembers rows that the statement has written.
func (up *upserting) note(cols []delta.Column, n int) error {
	return up.u.done.Probe(pick(cols, up.t.Key()), nil, true, make([]state.Slot, n))
}
