package table

import (
	"context"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// inIndex reports of each row whether a unique index has its key in the newest version, the rows that the Tx
// removed aside. Keys with a NULL are equal only where the index says so.
func (tx *Tx) inIndex(ctx context.Context, o *overlay, at int, in *placed, n int) ([]bool, error) {
	ix := o.indexes[at]
	keys, sel := keysOf(ix, in)
	if len(sel) == 0 {
		return nil, nil
	}
	if err := tx.lockRows(ctx, ix.rel.OID, keys, len(sel)); err != nil {
		return nil, err
	}
	view, err := o.newest(1 + at)
	if err != nil {
		return nil, err
	}
	defer view.Release()
	var has []bool
	err = eachMatch(ctx, view, keys, len(sel), func(rows *delta.Batch, row, key int32) error {
		if gone, err := o.tookOut(rows, row); err != nil || gone {
			return err
		}
		if has == nil {
			has = make([]bool, n)
		}
		has[sel[key]] = true
		return nil
	})
	return has, err
}

// free: nobody else is kept from a key of the index that a row has, as it has a NULL.
func (ix *index) free(key []delta.Column, row int32) bool {
	return (ix.rel == nil || !ix.rel.EqualNulls()) && anyNull(key, row)
}

// keysOf gathers the keys that rows have in an index and others must not; sel says whose they are.
func keysOf(ix *index, in *placed) (keys []delta.Column, sel []int32) {
	all := pick(in.rows.Cols, ix.key)
	for i := range int32(in.rows.Len) {
		if !ix.free(all, i) {
			sel = append(sel, i)
		}
	}
	keys = make([]delta.Column, len(all))
	for i := range all {
		keys[i] = delta.Copy(&all[i], sel)
	}
	for i, row := range sel {
		sel[i] = in.given(row)
	}
	return keys, sel
}

// lockUnique locks the unique keys of rows that go, so that who inserts one of them waits for
// this Tx's end.
func (tx *Tx) lockUnique(ctx context.Context, o *overlay, rows *delta.Batch) error {
	for i, ix := range o.indexes {
		if !o.enforces(i) {
			continue
		}
		in, err := ix.place(rows)
		if err != nil {
			return err
		}
		keys, sel := keysOf(ix, &in)
		if err := tx.lockRows(ctx, ix.rel.OID, keys, len(sel)); err != nil {
			return err
		}
	}
	return nil
}

// checkUnique refuses a row whose key a unique index has: in the newest version, as has says by index and row
// (nil = none), or of another new row of the Tx.
func (tx *Tx) checkUnique(o *overlay, in []placed, row int32, has [][]bool) error {
	for i, ix := range o.indexes {
		at := in[i].find(row)
		if at < 0 {
			continue
		}
		if has[i] != nil && has[i][row] {
			return tx.duplicateIn(o, ix, &in[i].rows, at)
		}
		if o.taken[i] == nil || !o.enforces(i) {
			continue
		}
		keys := pick(in[i].rows.Cols, ix.key)
		if ix.free(keys, at) {
			continue
		}
		var s [1]state.Slot
		if err := o.taken[i].Probe(keys, []int32{at}, false, s[:]); err != nil {
			return err
		}
		if s[0] != state.NoSlot && o.taken[i].Int64(takenCount).At(s[0]) > 0 {
			return tx.duplicateIn(o, ix, &in[i].rows, at)
		}
	}
	return nil
}

// duplicateIn is the unique violation of an index, under the name that it has for the Tx.
func (tx *Tx) duplicateIn(o *overlay, ix *index, rows *delta.Batch, row int32) error {
	r := tx.relation(o.t)
	name := tx.indexNow(ix).Name
	return r.duplicate(name, r.keyNames(&index{rel: tx.indexNow(ix), key: ix.key}), pick(rows.Cols, ix.key), row)
}

// indexNow is what the Tx has of an index in the catalog.
func (tx *Tx) indexNow(ix *index) *catalog.Relation {
	at := catalog.Reader(tx.set.catalog.Now())
	if tx.ddl != nil {
		at = tx.ddl.At()
	}
	if rel, ok := at.ByOID(ix.rel.OID); ok {
		return rel
	}
	return ix.rel
}

func anyNull(cols []delta.Column, row int32) bool {
	for i := range cols {
		if cols[i].Null(row) {
			return true
		}
	}
	return false
}

// seen is a table as a Tx sees it, for its constraints and what they say.
type seen struct{ *catalog.Relation }

// relation is the table's definition for the Tx.
func (tx *Tx) relation(t *Table) seen {
	if tx.ddl != nil {
		if rel, ok := tx.ddl.At().ByOID(t.oid); ok {
			return seen{rel}
		}
	}
	return seen{t.rel()}
}

// shown are the columns of a row that are there.
func (r seen) shown(cols []delta.Column) []delta.Column {
	out := make([]delta.Column, 0, len(r.Columns))
	for i := range r.Columns {
		if !r.Columns[i].Dropped {
			out = append(out, cols[i])
		}
	}
	return out
}

// duplicate is PostgreSQL's unique violation.
func (r seen) duplicate(constraint, names string, key []delta.Column, row int32) error {
	return sqlerr.New(sqlerr.UniqueViolation, "duplicate key value violates unique constraint %q", constraint).
		WithDetail("Key (%s)=(%s) already exists.", names, rowText(key, row, "null")).
		About(r.object("", constraint))
}

// keyNames are the columns and expressions of an index's key.
func (r seen) keyNames(ix *index) string { return pgcatalog.IndexKeyText(r.Relation, ix.rel) }

func (r seen) columnNames(at []int) string {
	names := make([]string, len(at))
	for i, c := range at {
		names[i] = ident.Quote(r.Columns[c].Name)
	}
	return strings.Join(names, ", ")
}

// object names the table, a column or a constraint of it for an error.
func (r seen) object(column, constraint string) sqlerr.Object {
	return sqlerr.Object{Schema: r.Schema, Table: r.Name, Column: column, Constraint: constraint}
}

// failing adds the row that an error is about.
func (r seen) failing(e *sqlerr.Error, rows *delta.Batch, row int32) *sqlerr.Error {
	e.Row = make([]string, len(r.Columns))
	for i := range r.Columns {
		e.Row[i] = rowText(rows.Cols[i:i+1], row, "null")
	}
	return e.WithDetail("Failing row contains (%s).", rowText(r.shown(rows.Cols), row, "null"))
}

// CheckNotNull refuses NULLs in columns that must not have them.
func (tx *Tx) CheckNotNull(t *Table, rows *delta.Batch) error {
	r := tx.relation(t)
	for c := range r.Columns {
		if !r.Columns[c].NotNull || rows.Cols[c].Valid == nil {
			continue
		}
		for i := range int32(rows.Len) {
			if rows.Cols[c].Null(i) {
				return r.failing(sqlerr.New(sqlerr.NotNullViolation, "null value in column %q of relation %q violates not-null constraint", r.Columns[c].Name, r.Name), rows, i).
					About(r.object(r.Columns[c].Name, ""))
			}
		}
	}
	return nil
}

// CheckViewViolated is the error of a row that a view holds new rows from.
func (tx *Tx) CheckViewViolated(t *Table, view string, rows *delta.Batch, row int32) error {
	return tx.relation(t).failing(sqlerr.New(sqlerr.WithCheckOptionViolation, "new row violates check option for view %q", view), rows, row)
}

// CheckViolated is the error of a row that a CHECK refuses.
func (tx *Tx) CheckViolated(t *Table, constraint string, rows *delta.Batch, row int32) error {
	r := tx.relation(t)
	return r.failing(sqlerr.New(sqlerr.CheckViolation, "new row for relation %q violates check constraint %q", r.Name, constraint), rows, row).
		About(r.object("", constraint))
}
