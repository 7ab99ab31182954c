package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// foreignKeys holds what a transaction writes to the foreign keys of its tables (docs/decisions/0052).
//
//	rows written ─► Changed ─┬─ keys that rows refer to, and that are not there yet ─┐
//	                         ├─ keys that went ──────────────────────────────────────┼─► check, at the statement's end or at COMMIT
//	                         └─ keys that went, ON … CASCADE, SET … ─► act ─► rows written
//
// There is one check for all: a key that has no row in the table referred to, and has rows that refer to it, is an error.
// It looks at the newest version with what the transaction wrote, under locks on keys that others who would change the answer need too.
type foreignKeys struct {
	s         *Session
	tx        *table.Tx
	statement keysToCheck
	deferred  keysToCheck
	actions   []*foreignAction
	casts     map[castPair]*keyCast
	meter     *meter.Meter // of what casts and defaults take
}

// keysToCheck are keys by constraint, in the order in which constraints came up.
type keysToCheck struct{ of []*keyWork }

// keyWork are the keys of one constraint.
type keyWork struct {
	child, constraint catalog.OID
	// came are keys that rows refer to, in their own types; went keys that are no more, in those of the table that had them, with
	// whether it is an error that rows refer to one even if there is such a key again (RESTRICT).
	came, went *gathered
}

// foreignAction is what is to be done about rows that refer to keys which went.
type foreignAction struct {
	child, constraint catalog.OID
	update            bool
	// rows are the keys that went, and for an update the new ones behind them.
	rows *gathered
}

var _ table.Watcher = (*foreignKeys)(nil)

// boundKey is a constraint with its tables as the transaction sees them.
type boundKey struct {
	child, parent *catalog.Relation
	k             *catalog.ForeignKey
	// columns of the child and key of the parent are in the order of the index; written says where there the columns are
	// in the order of the constraint.
	columns, key, written []int
}

// beginWrites begins the writes of a transaction.
func (s *Session) beginWrites() {
	s.tx.writes = s.db.Tables.Begin(s.set.limits.lockTimeout).For(s.pid).Over(s.temp)
	s.tx.keys = &foreignKeys{s: s, tx: s.tx.writes}
	s.tx.writes.Watch(s.tx.keys)
}

// bound finds a constraint as it is now; nil: it, or its table, is not there any more.
func (f *foreignKeys) bound(child, constraint catalog.OID) *boundKey {
	at := f.s.catalog()
	rel, ok := at.ByOID(child)
	if !ok {
		return nil
	}
	k := rel.ForeignKey(constraint)
	if k == nil {
		return nil
	}
	parent, ok := at.ByOID(k.References)
	if !ok {
		return nil
	}
	return bindKey(rel, parent, k, at)
}

func bindKey(child, parent *catalog.Relation, k *catalog.ForeignKey, at catalog.Reader) *boundKey {
	b := &boundKey{child: child, parent: parent, k: k, key: parent.PrimaryKey}
	if k.Index != parent.OID {
		ix, ok := at.ByOID(k.Index)
		if !ok {
			return nil
		}
		b.key = ix.KeyColumns
	}
	b.written = make([]int, len(b.key))
	for i, c := range b.key {
		j := slices.Index(k.Key, c)
		b.columns = append(b.columns, k.Columns[j])
		b.written[j] = i
	}
	return b
}

// keyTypes are those of the key's columns, childTypes of the columns that refer to them.
func (b *boundKey) keyTypes() []sqltype.OID   { return columnsTypes(b.parent, b.key) }
func (b *boundKey) childTypes() []sqltype.OID { return columnsTypes(b.child, b.columns) }

func columnsTypes(rel *catalog.Relation, at []int) []sqltype.OID {
	out := make([]sqltype.OID, len(at))
	for i, c := range at {
		out[i] = rel.Columns[c].Type.OID
	}
	return out
}

// referring visits the constraints that refer to a table.
func (f *foreignKeys) referring(t *table.Table, visit func(b *boundKey) error) error {
	at, oid := f.s.catalog(), t.Relation().OID
	for _, child := range at.Referring(oid) {
		for i := range child.ForeignKeys {
			k := &child.ForeignKeys[i]
			if k.References != oid {
				continue
			}
			parent, _ := at.ByOID(oid)
			if b := bindKey(child, parent, k, at); b != nil {
				if err := visit(b); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Changing locks the keys that go.
func (f *foreignKeys) Changing(ctx context.Context, t *table.Table, before, after *delta.Batch) error {
	var locked []catalog.OID
	return f.referring(t, func(b *boundKey) error {
		if slices.Contains(locked, b.k.Index) {
			return nil
		}
		locked = append(locked, b.k.Index)
		gone := goneKeys(before, after, b.key)
		keys := copied(before.Cols, b.key, gone)
		return f.tx.LockKeys(ctx, b.k.Index, keys, len(gone), table.Exclusive)
	})
}

// Changed notes what is to be checked and done about rows that were written.
func (f *foreignKeys) Changed(ctx context.Context, t *table.Table, before, after *delta.Batch) error {
	at := f.s.catalog()
	if rel, ok := at.ByOID(t.Relation().OID); ok && after.Len > 0 {
		for i := range rel.ForeignKeys {
			k := &rel.ForeignKeys[i]
			parent, ok := at.ByOID(k.References)
			if !ok {
				continue
			}
			if b := bindKey(rel, parent, k, at); b != nil {
				if err := f.came(ctx, b, before, after); err != nil {
					return err
				}
			}
		}
	}
	if before.Len == 0 {
		return nil
	}
	return f.referring(t, func(b *boundKey) error {
		for _, part := range changedAndGone(before, after) {
			if err := f.went(b, part[0], part[1]); err != nil {
				return err
			}
		}
		return nil
	})
}

// changedAndGone tells the rows of a MERGE that were changed, which come first, from those that were deleted.
func changedAndGone(before, after *delta.Batch) [][2]*delta.Batch {
	if after.Len == 0 || after.Len == before.Len {
		return [][2]*delta.Batch{{before, after}}
	}
	part := func(from, to int) *delta.Batch {
		out := &delta.Batch{Len: to - from, Cols: make([]delta.Column, len(before.Cols))}
		for i := range before.Cols {
			out.Cols[i] = before.Cols[i].Slice(from, to)
		}
		return out
	}
	return [][2]*delta.Batch{{part(0, after.Len), after}, {part(after.Len, before.Len), {}}}
}

// came notes the keys of rows that did not refer to them before.
func (f *foreignKeys) came(ctx context.Context, b *boundKey, before, after *delta.Batch) error {
	sel := freshKeys(before, after, b.columns)
	cols := copied(after.Cols, b.columns, sel)
	deferred := f.isDeferred(b.k)
	if !deferred {
		if _, mixed := b.whole(cols, len(sel)); mixed {
			return b.mixed()
		}
		missing, err := f.missing(ctx, b, cols, len(sel))
		if err != nil || len(missing) == 0 {
			return err
		}
		for i := range cols {
			cols[i] = delta.Copy(&cols[i], missing)
		}
		sel = missing
	}
	return f.cameOf(f.work(b, deferred), b).add(&delta.Batch{Len: len(sel), Cols: cols})
}

// went notes the keys that are no more.
func (f *foreignKeys) went(b *boundKey, before, after *delta.Batch) error {
	sel := goneKeys(before, after, b.key)
	if len(sel) == 0 {
		return nil
	}
	gone, update := copied(before.Cols, b.key, sel), after.Len > 0
	action := b.k.OnDelete
	if update {
		action = b.k.OnUpdate
	}
	if action.Changes() {
		rows := &delta.Batch{Len: len(sel), Cols: gone}
		if update {
			rows.Cols = append(slices.Clone(gone), copied(after.Cols, b.key, sel)...)
		}
		if err := f.action(b, update).rows.add(rows); err != nil || action != catalog.FKSetDefault {
			return err
		}
	}
	deferred := action == catalog.FKNoAction && f.isDeferred(b.k)
	restrict := uint8(0)
	if action == catalog.FKRestrict {
		restrict = 1
	}
	flags := delta.NewBuilder(sqltype.Bool)
	for range sel {
		delta.Append(flags, restrict)
	}
	w := f.work(b, deferred)
	if w.went == nil {
		w.went = f.s.newGathered(append(b.keyTypes(), sqltype.Bool))
	}
	return w.went.add(&delta.Batch{Len: len(sel), Cols: append(slices.Clip(gone), flags.Take())})
}

// work are the keys of a constraint that are checked at the statement's end, or at the commit.
func (f *foreignKeys) work(b *boundKey, deferred bool) *keyWork {
	of := &f.statement
	if deferred {
		of = &f.deferred
	}
	for _, w := range of.of {
		if w.constraint == b.k.OID {
			return w
		}
	}
	w := &keyWork{child: b.child.OID, constraint: b.k.OID}
	of.of = append(of.of, w)
	return w
}

func (f *foreignKeys) cameOf(w *keyWork, b *boundKey) *gathered {
	if w.came == nil {
		w.came = f.s.newGathered(b.childTypes())
	}
	return w.came
}

// action is what is to be done of a constraint for a delete or an update.
func (f *foreignKeys) action(b *boundKey, update bool) *foreignAction {
	for _, a := range f.actions {
		if a.constraint == b.k.OID && a.update == update {
			return a
		}
	}
	types := b.keyTypes()
	if update {
		types = append(types, types...)
	}
	a := &foreignAction{child: b.child.OID, constraint: b.k.OID, update: update, rows: f.s.newGathered(types)}
	f.actions = append(f.actions, a)
	return a
}

// forget drops what the statement has noted.
func (f *foreignKeys) forget() {
	if f == nil {
		return
	}
	f.statement.drop()
	for _, a := range f.actions {
		a.rows.drop()
	}
	f.actions, f.casts = nil, nil
	if f.meter != nil {
		f.meter.Close()
		f.meter = nil
	}
}

// drop ends it.
func (f *foreignKeys) drop() {
	if f != nil {
		f.forget()
		f.deferred.drop()
	}
}

func (c *keysToCheck) drop() {
	for _, w := range c.of {
		for _, g := range []*gathered{w.came, w.went} {
			if g != nil {
				g.drop()
			}
		}
	}
	c.of = nil
}

// freshKeys are the rows of after whose columns, which may not all be NULL, are not equal to those of before: all, if that has none.
func freshKeys(before, after *delta.Batch, cols []int) []int32 {
	return rowsWhere(after, func(i int32) bool {
		same, null := before.Len > 0, true
		for _, c := range cols {
			null = null && after.Cols[c].Null(i)
			same = same && delta.EqualKey(&before.Cols[c], i, &after.Cols[c], i)
		}
		return !same && !null
	})
}

// goneKeys are the rows of before whose columns, none of them NULL, are not the same in after, which may have fewer rows.
func goneKeys(before, after *delta.Batch, cols []int) []int32 {
	return rowsWhere(before, func(i int32) bool {
		same := int(i) < after.Len
		for _, c := range cols {
			if before.Cols[c].Null(i) {
				return false
			}
			same = same && !after.Cols[c].Null(i) && delta.EqualImage(&before.Cols[c], i, &after.Cols[c], i)
		}
		return !same
	})
}

func rowsWhere(rows *delta.Batch, takes func(row int32) bool) []int32 {
	var out []int32
	for i := range int32(rows.Len) {
		if takes(i) {
			out = append(out, i)
		}
	}
	return out
}

// copied are some columns of some rows.
func copied(cols []delta.Column, at []int, sel []int32) []delta.Column {
	out := make([]delta.Column, len(at))
	for i, c := range at {
		out[i] = delta.Copy(&cols[c], sel)
	}
	return out
}
