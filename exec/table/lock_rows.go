package table

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// RowLock is how SELECT … FOR UPDATE and its like lock rows of a table.
type RowLock struct {
	Mode RowMode
	Wait RowWait
	// At is the version that the rows were found in.
	At log.CommitSeq
}

// LockSelected locks rows of a table, given whole: the first of them that another Tx holds is waited for, refused (55P03), or, and
// so on with the others, left out. got says which it has now. changed: one of those is not in the newest version what it was in
// lock.At. Nobody changes one from now on.
func (tx *Tx) LockSelected(ctx context.Context, t *Table, rows *delta.Batch, lock RowLock) (got []bool, changed bool, err error) {
	if err := tx.charge(lockBytes * int64(rows.Len)); err != nil {
		return nil, false, err
	}
	keys := pick(rows.Cols, t.Key())
	got = make([]bool, rows.Len)
	if lock.Wait == Await || t.temp != nil {
		for i := range got {
			got[i] = true
		}
		err = tx.lockRowsAs(ctx, t.oid, keys, rows.Len, lock.Mode)
	} else {
		tx.wanted = lockKeys(tx.wanted[:0], t.oid, keys, rows.Len)
		for i, k := range tx.wanted {
			if got[i], err = tx.set.locks.try(tx, k, lock.Mode); err != nil {
				break
			}
			if !got[i] && lock.Wait == NoWait {
				err = sqlerr.New(sqlerr.LockNotAvailable, "could not obtain lock on row in relation \"%s\"", tx.relation(t).Name)
				break
			}
		}
	}
	if err != nil {
		return nil, false, err
	}
	same, err := tx.asFound(ctx, t, rows, got, lock.At)
	return got, !same, err
}

// asFound reports whether those rows that the Tx has locked are in the newest version what they were at a version, or
// were written by the Tx itself.
func (tx *Tx) asFound(ctx context.Context, t *Table, rows *delta.Batch, locked []bool, at log.CommitSeq) (bool, error) {
	o := tx.byTable[t.oid]
	view, err := tx.newestRows(t, o)
	if err != nil {
		return false, err
	}
	defer view.Release()
	if t.temp != nil || view.Version() <= at {
		return true, nil
	}
	same := make([]bool, rows.Len)
	err = eachMatch(ctx, view, pick(rows.Cols, t.Key()), rows.Len, func(b *delta.Batch, row, key int32) error {
		same[key] = delta.CompareRows(b.Cols, row, rows.Cols, key) == 0
		return nil
	})
	if err != nil {
		return false, err
	}
	var slots []state.Slot
	if o != nil {
		if slots, err = o.probe(rows.Cols, rows.Len, false); err != nil {
			return false, err
		}
	}
	for i := range same {
		own := o != nil && slots[i] != state.NoSlot && o.slots.Int64(cellNew).At(slots[i]) > 0
		if locked[i] && !same[i] && !own {
			return false, nil
		}
	}
	return true, nil
}

// newestRows opens the newest version of a table's rows, with what the Tx has staged of it.
func (tx *Tx) newestRows(t *Table, o *overlay) (state.View, error) {
	if o != nil {
		return o.newest(0)
	}
	return t.at(0, latest)
}
