package table

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Change is what one run of an UPDATE or DELETE found: full old rows, and for an UPDATE as many
// full new rows.
type Change struct {
	At  log.CommitSeq // the snapshot it was found in
	Old delta.Batch
	New delta.Batch // Len 0 for DELETE
	// Check, if not nil, refuses new rows once their old ones are locked.
	Check func(rows *delta.Batch) error
	// Joined: Old may have a row several times. The first one counts; Kept says then which did.
	Joined bool
	Kept   []int32
	// Once: that Old has a row several times is an error.
	Once bool
	Free func() // lets the snapshot go
	// Done, if not nil, is called with the change that was made, before Free.
	Done func(c *Change) error
}

// KeepFirst has a change of which Old may have a row several times be one of the first of each.
func (c *Change) KeepFirst(t *Table) error {
	if !c.Joined {
		return nil
	}
	c.Joined = false
	return c.dedupe(t)
}

// maxAttempts bounds how often a statement is run again because others changed its rows.
const maxAttempts = 1000

// Modify runs an UPDATE or DELETE: attempt finds the rows on a new snapshot; they are locked;
// if one has changed since the snapshot the statement runs again, keeping its locks. With
// repeatable the snapshot is the transaction's and a changed row is 40001.
func (tx *Tx) Modify(ctx context.Context, t *Table, repeatable bool, attempt func() (*Change, error)) (int64, error) {
	for range maxAttempts {
		c, err := attempt()
		if err != nil {
			return 0, err
		}
		n, again, err := tx.modify(ctx, t, c)
		if err == nil && !again && c.Done != nil {
			err = c.Done(c)
		}
		c.Free()
		if err != nil || !again {
			return n, err
		}
		if repeatable {
			return 0, sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
		}
	}
	return 0, sqlerr.New(sqlerr.SerializationFailure, "could not serialize access: the rows changed %d times", maxAttempts)
}

// dedupe keeps the first of those rows that have the same table key.
func (c *Change) dedupe(t *Table) error {
	seen := state.NewFlat(t.keyTypes(t.Key()), nil, state.Options{})
	var s [1]state.Slot
	c.Kept = []int32{}
	for i := range int32(c.Old.Len) {
		had := seen.Len()
		if err := seen.Probe(pick(c.Old.Cols, t.Key()), []int32{i}, true, s[:]); err != nil {
			return err
		}
		if seen.Len() > had {
			c.Kept = append(c.Kept, i)
		}
	}
	if len(c.Kept) == c.Old.Len {
		return nil
	}
	if c.Once {
		return sqlerr.New(sqlerr.CardinalityViolation, "MERGE command cannot affect row a second time").
			WithHint("Ensure that not more than one source row matches any one target row.")
	}
	c.Old = gather(&c.Old, c.Kept)
	if c.New.Len > 0 {
		c.New = gather(&c.New, c.Kept)
	}
	return nil
}

func (tx *Tx) modify(ctx context.Context, t *Table, c *Change) (n int64, again bool, err error) {
	if c.Old.Len == 0 {
		return 0, false, nil
	}
	if err := tx.charge(c.Old.Size() + c.New.Size() + (lockBytes+slotBytes)*int64(c.Old.Len)); err != nil {
		return 0, false, err
	}
	if c.Joined || c.Once {
		if err := c.dedupe(t); err != nil {
			return 0, false, err
		}
	}
	o, err := tx.touch(ctx, t)
	if err != nil {
		return 0, false, err
	}
	if tx.watcher != nil { // its locks before those of rows, as whoever holds them may go on to these rows
		if err := tx.watcher.Changing(ctx, t, &c.Old, &c.New); err != nil {
			return 0, false, err
		}
	}
	keys := pick(c.Old.Cols, t.Key())
	if err := tx.lockRowsAs(ctx, t.oid, keys, c.Old.Len, o.strength(c)); err != nil {
		return 0, false, err
	}
	// All keys before the look: an Upsert that changes a row holds one of its unique keys alone.
	if err := tx.lockUnique(ctx, o, &c.Old); err != nil {
		return 0, false, err
	}
	if same, err := tx.unchanged(ctx, t, o, c); err != nil || !same {
		return 0, true, err
	}
	if c.Check != nil && c.New.Len > 0 {
		if err := c.Check(&c.New); err != nil {
			return 0, false, err
		}
	}
	if n, err = o.remove(&c.Old); err != nil {
		return n, false, err
	}
	if c.New.Len > 0 {
		if err := tx.insertFull(ctx, t, &c.New); err != nil {
			return 0, false, err
		}
	}
	if err := tx.changed(ctx, t, &c.Old, &c.New); err != nil {
		return 0, false, err
	}
	return n, false, tx.settle(ctx)
}

// strength is how a change locks its rows: one that leaves every key as it is lets others refer to them.
func (o *overlay) strength(c *Change) RowMode {
	if c.New.Len != c.Old.Len { // a DELETE, or a MERGE with some
		return ForUpdate
	}
	same := func(cols []int) bool {
		for _, at := range cols {
			for i := range int32(c.Old.Len) {
				if delta.CompareRows(c.Old.Cols[at:at+1], i, c.New.Cols[at:at+1], i) != 0 {
					return false
				}
			}
		}
		return true
	}
	if !same(o.t.Key()) {
		return ForUpdate
	}
	for i, ix := range o.indexes {
		if o.enforces(i) && ix.more == nil && !same(ix.key) {
			return ForUpdate
		}
	}
	return ForNoKeyUpdate
}

// unchanged reports whether the rows, now locked, are in the newest version what they were in
// the snapshot. Rows that the Tx wrote itself are not in any version, but for those it has staged.
func (tx *Tx) unchanged(ctx context.Context, t *Table, o *overlay, c *Change) (bool, error) {
	view, err := o.newest(0)
	if err != nil {
		return false, err
	}
	defer view.Release()
	if t.temp != nil || view.Version() <= c.At {
		return true, nil
	}
	found := make([]bool, c.Old.Len)
	err = eachMatch(ctx, view, pick(c.Old.Cols, t.Key()), c.Old.Len, func(rows *delta.Batch, row, key int32) error {
		found[key] = delta.CompareRows(rows.Cols, row, c.Old.Cols, key) == 0
		return nil
	})
	if err != nil {
		return false, err
	}
	slots, err := o.probe(c.Old.Cols, c.Old.Len, false)
	if err != nil {
		return false, err
	}
	for i := range found {
		if !found[i] && (slots[i] == state.NoSlot || o.slots.Int64(cellNew).At(slots[i]) == 0) {
			return false, nil
		}
	}
	return true, nil
}
