package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// maxActions bounds how often the actions of one statement cause others.
const maxActions = 10_000

// settle ends a statement: what it did to keys is done to the rows that refer to them, then all is checked.
func (f *foreignKeys) settle(ctx context.Context) error {
	if f == nil {
		return nil
	}
	defer f.forget()
	for n := 0; len(f.actions) > 0; n++ {
		if n == maxActions {
			return sqlerr.New(sqlerr.StatementTooComplex, "foreign keys cause each other's actions more than %d times", maxActions)
		}
		a := f.actions[0]
		f.actions = f.actions[1:]
		err := f.act(ctx, a)
		a.rows.drop()
		if err != nil {
			return err
		}
	}
	return f.check(ctx, &f.statement, nil)
}

// commit checks what was deferred.
func (f *foreignKeys) commit(ctx context.Context) error {
	if f == nil {
		return nil
	}
	defer f.forget()
	return f.check(ctx, &f.deferred, nil)
}

// check refuses keys that rows refer to and that are not there, of the constraints that of chooses (nil = all).
func (f *foreignKeys) check(ctx context.Context, keys *keysToCheck, of func(k *catalog.ForeignKey) bool) error {
	for _, w := range keys.of {
		b := f.bound(w.child, w.constraint)
		if b == nil || of != nil && !of(b.k) {
			continue
		}
		if w.went != nil {
			if err := w.went.each(func(rows *delta.Batch) error { return f.checkWent(ctx, b, rows) }); err != nil {
				return err
			}
		}
		if w.came != nil {
			if err := w.came.each(func(rows *delta.Batch) error { return f.checkCame(ctx, b, rows) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkWent refuses keys that went and that rows still refer to.
func (f *foreignKeys) checkWent(ctx context.Context, b *boundKey, rows *delta.Batch) error {
	width := len(b.key)
	keys, restrict := rows.Cols[:width], delta.Values[uint8](&rows.Cols[width])
	parent, err := f.tx.Table(ctx, b.parent.OID)
	if err != nil {
		return err
	}
	has, err := f.tx.HasKeys(ctx, parent, b.k.Index, keys, rows.Len, 0)
	if err != nil {
		return err
	}
	var sel []int32
	for i := range int32(rows.Len) {
		if !has[i] || restrict[rows.Cols[width].At(i)] != 0 {
			sel = append(sel, i)
		}
	}
	gone := copied(keys, upTo(width), sel)
	at, err := f.referredTo(ctx, b, &table.Search{Columns: b.columns, Keys: gone, N: len(sel), Cast: f.childCast(b)})
	if err != nil || at < 0 {
		return err
	}
	detail := fmt.Sprintf("Key is still referenced from table %q.", b.child.Name)
	if f.s.seesValues(b.parent, b.k.Key) {
		detail = fmt.Sprintf("Key (%s)=(%s) is still referenced from table %q.", namesOf(b.parent, b.k.Key), table.RowText(reordered(gone, b.written), at), b.child.Name)
	}
	return sqlerr.New(sqlerr.ForeignKeyViolation, "update or delete on table %q violates foreign key constraint %q on table %q", b.parent.Name, b.k.Name, b.child.Name).
		WithDetail("%s", detail).
		About(sqlerr.Object{Schema: b.child.Schema, Table: b.child.Name, Constraint: b.k.Name})
}

// referredTo finds the first of some keys that a row refers to, -1 = none. A row that another transaction is about to change is
// waited for.
func (f *foreignKeys) referredTo(ctx context.Context, b *boundKey, s *table.Search) (int32, error) {
	if s.N == 0 {
		return -1, nil
	}
	child, err := f.tx.Table(ctx, b.child.OID)
	if err != nil {
		return -1, err
	}
	first, found := int32(-1), delta.NewBatchBuilder(child.Types())
	_, err = f.tx.Find(ctx, child, s, func(rows *delta.Batch, row, key int32) error {
		if first < 0 || key < first {
			first = key
			found.Clear()
			found.AppendRow(rows.Cols, row, 1)
		}
		return nil
	})
	if err != nil || first < 0 {
		return first, err
	}
	// What is locked now is as it will be, unless another row is what is in the way.
	rows := found.Batch()
	if err := f.tx.LockFound(ctx, child, &rows); err != nil {
		return -1, err
	}
	return f.firstKey(ctx, child, s)
}

// firstKey is the first of the keys of a search that a row has, -1 = none.
func (f *foreignKeys) firstKey(ctx context.Context, child *table.Table, s *table.Search) (int32, error) {
	first := int32(-1)
	_, err := f.tx.Find(ctx, child, s, func(_ *delta.Batch, _, key int32) error {
		if first < 0 || key < first {
			first = key
		}
		return nil
	})
	return first, err
}

// checkCame refuses keys that rows refer to and that are not there.
func (f *foreignKeys) checkCame(ctx context.Context, b *boundKey, rows *delta.Batch) error {
	if _, mixed := b.whole(rows.Cols, rows.Len); mixed {
		if err := f.checkMixed(ctx, b); err != nil {
			return err
		}
	}
	missing, err := f.missing(ctx, b, rows.Cols, rows.Len)
	if err != nil || len(missing) == 0 {
		return err
	}
	child, err := f.tx.Table(ctx, b.child.OID)
	if err != nil {
		return err
	}
	keys := copied(rows.Cols, upTo(len(rows.Cols)), missing)
	at, err := f.firstKey(ctx, child, &table.Search{Columns: b.columns, Keys: keys, N: len(missing)})
	if err != nil || at < 0 {
		return err // the rows are not there any more
	}
	if !f.s.seesValues(b.child, b.k.Columns) {
		return b.refused().WithDetail("Key is not present in table %q.", b.parent.Name)
	}
	return b.notPresent(keys, at)
}

func (b *boundKey) notPresent(keys []delta.Column, at int32) error {
	return b.refused().WithDetail("Key (%s)=(%s) is not present in table %q.", namesOf(b.child, b.k.Columns), table.RowText(reordered(keys, b.written), at), b.parent.Name)
}

// mixed is the error of a row that refers with some of its columns, and not with others.
func (b *boundKey) mixed() *sqlerr.Error {
	return b.refused().WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
}

func (b *boundKey) refused() *sqlerr.Error {
	return sqlerr.New(sqlerr.ForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", b.child.Name, b.k.Name).
		About(sqlerr.Object{Schema: b.child.Schema, Table: b.child.Name, Constraint: b.k.Name})
}

// missing are the rows of keys, in the types of the child, that refer to nothing. What they refer to stays until the transaction ends.
func (f *foreignKeys) missing(ctx context.Context, b *boundKey, cols []delta.Column, n int) ([]int32, error) {
	whole, _ := b.whole(cols, n)
	if len(whole) == 0 {
		return nil, nil
	}
	cast, err := f.castKeys(b, copied(cols, upTo(len(cols)), whole), len(whole))
	if err != nil {
		return nil, err
	}
	known := state.NewFlat(b.keyTypes(), nil, state.Options{})
	slots := make([]state.Slot, len(whole))
	if err := known.Probe(cast, nil, true, slots); err != nil {
		return nil, err
	}
	all := make([]state.Slot, known.Len())
	for i := range all {
		all[i] = state.Slot(i)
	}
	distinct := known.Keys(all)
	there, err := f.present(ctx, b, distinct, len(all))
	if err != nil {
		return nil, err
	}
	var out []int32
	for i, s := range slots {
		if !there[s] {
			out = append(out, whole[i])
		}
	}
	return out, nil
}

// whole are the rows of keys that refer to something: those without NULL. mixed: MATCH FULL does not allow one of the others.
func (b *boundKey) whole(cols []delta.Column, n int) (sel []int32, mixed bool) {
	for i := range int32(n) {
		nulls := 0
		for c := range cols {
			if cols[c].Null(i) {
				nulls++
			}
		}
		if nulls == 0 {
			sel = append(sel, i)
		}
		mixed = mixed || b.k.MatchFull && nulls > 0 && nulls < len(cols)
	}
	return sel, mixed
}

// checkMixed refuses a row that MATCH FULL does not allow, if there still is one.
func (f *foreignKeys) checkMixed(ctx context.Context, b *boundKey) error {
	var null, not []string
	for _, c := range b.columns {
		name := quoteIdent(b.child.Columns[c].Name)
		null, not = append(null, name+" IS NULL"), append(not, name+" IS NOT NULL")
	}
	found, err := f.s.anyRow(ctx, b.child, "("+strings.Join(null, " OR ")+") AND ("+strings.Join(not, " OR ")+")")
	if err == nil && found {
		err = b.mixed()
	}
	return err
}

// present locks keys, NULL being none, and reports which there are.
func (f *foreignKeys) present(ctx context.Context, b *boundKey, keys []delta.Column, n int) ([]bool, error) {
	out := make([]bool, n)
	var sel []int32
	for i := range int32(n) {
		if !slices.ContainsFunc(keys, func(c delta.Column) bool { return c.Null(i) }) {
			sel = append(sel, i)
		}
	}
	if len(sel) == 0 {
		return out, nil
	}
	some := copied(keys, upTo(len(keys)), sel)
	if err := f.tx.LockKeys(ctx, b.k.Index, some, len(sel), table.Shared); err != nil {
		return nil, err
	}
	parent, err := f.tx.Table(ctx, b.parent.OID)
	if err != nil {
		return nil, err
	}
	has, err := f.tx.HasKeys(ctx, parent, b.k.Index, some, len(sel), 0)
	if err != nil {
		return nil, err
	}
	if err := f.asOfSnapshot(ctx, b, parent, some, has); err != nil {
		return nil, err
	}
	for i, at := range sel {
		out[at] = has[i]
	}
	return out, nil
}

// asOfSnapshot has keys that came since the snapshot of a REPEATABLE READ transaction be none, and refuses one that went since.
func (f *foreignKeys) asOfSnapshot(ctx context.Context, b *boundKey, parent *table.Table, keys []delta.Column, has []bool) error {
	pin := f.s.tx.pin
	if pin == nil || f.tx.Made(b.parent.OID) {
		return nil
	}
	done, err := pin.Use(ctx, []catalog.OID{b.parent.OID})
	if err != nil {
		return err
	}
	defer done()
	had, err := f.tx.HasKeys(ctx, parent, b.k.Index, keys, len(has), pin.Version())
	if err != nil {
		return err
	}
	for i := range has {
		if had[i] && !has[i] {
			return errConcurrentUpdate
		}
		has[i] = has[i] && had[i]
	}
	return nil
}

var errConcurrentUpdate = sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func reordered(cols []delta.Column, at []int) []delta.Column {
	out := make([]delta.Column, len(at))
	for i, c := range at {
		out[i] = cols[c]
	}
	return out
}

func namesOf(rel *catalog.Relation, at []int) string {
	names := ""
	for i, c := range at {
		if i > 0 {
			names += ", "
		}
		names += rel.Columns[c].Name
	}
	return names
}
