package table

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/storage/state"
)

// form is what the rows of a content look like. Columns are only ever added: those that are dropped keep their places.
type form struct {
	rel   *catalog.Relation // that the columns are of
	types []sqltype.OID     // the columns, then the row id if there is no primary key
	key   []int             // positions in the row
}

func newForm(rel *catalog.Relation) *form {
	f := &form{rel: rel, key: rel.PrimaryKey}
	for i := range rel.Columns {
		f.types = append(f.types, rel.Columns[i].Type.OID)
	}
	if len(f.key) == 0 {
		f.key = []int{len(f.types)}
		f.types = append(f.types, sqltype.Int8)
	}
	return f
}

// is reports whether rows of the form are rows of a definition.
func (f *form) is(rel *catalog.Relation) bool { return slices.Equal(f.types, newForm(rel).types) }

// to is how rows of the form become rows of a definition that has columns behind those of this one; false if it is
// no such definition.
func (f *form) to(rel *catalog.Relation) (*form, *widening, bool) {
	next := newForm(rel)
	n := len(f.rel.Columns)
	if len(rel.Columns) < n || !slices.Equal(f.types[:n], next.types[:n]) {
		return nil, nil, false
	}
	from, value := make([]int, len(next.types)), make([]delta.Column, len(next.types))
	for i := range from {
		switch {
		case i < n:
			from[i] = i
		case i == len(rel.Columns):
			from[i] = n // the row id
		default:
			from[i] = -1
			b := delta.NewBuilder(next.types[i])
			appendMissing(b, &rel.Columns[i])
			value[i] = b.Column()
		}
	}
	return next, &widening{from, value, state.NewWidening(next.types, from, value)}, true
}

// widening is how rows become wider ones: of the table, and where each of their columns comes from.
type widening struct {
	from  []int
	value []delta.Column
	rows  *state.Widening
}

// appendMissing appends what rows that are older than a column have there.
func appendMissing(b *delta.Builder, c *catalog.Column) {
	if c.Missing == nil || c.Dropped || codec.AppendText(b, c.Type, []byte(*c.Missing), codec.UTC) != nil {
		b.AppendNull()
	}
}

// widened is a content in the form of a definition, which shares its rows; false if they cannot be widened to it.
func (t *Table) widened(c *content, rel *catalog.Relation) (*content, bool, error) {
	next, w, ok := c.form.to(rel)
	if !ok {
		return nil, false, nil
	}
	out := &content{form: next}
	out.before.Store(c.before.Load())
	var err error
	if out.rows, err = c.rows.Widen(w.rows, next.key, t.optionsOf(out)); err != nil {
		return nil, true, err
	}
	for _, ix := range t.indexesOf(c) {
		wide, own := t.widenedIndex(ix, out, w)
		if wide.rows, err = ix.rows.Widen(own, wide.key, t.optionsOf(out)); err != nil {
			t.free(out)
			return nil, true, err
		}
		out.indexes = append(out.indexes, wide)
	}
	return out, true, nil
}

// fit gives the table the form that its definition has. REQUIRES: t.work held.
func (t *Table) fit(ctx context.Context, rel *catalog.Relation, indexes []*catalog.Relation) {
	if rel == nil || rel.Kind != catalog.KindTable {
		return
	}
	was := t.def.Swap(rel)
	old := t.now()
	if t.trouble.Load() != nil || old.form.is(rel) && t.hasIndexes(old, indexes) {
		return // it is made anew in the newest form
	}
	made, ok, err := old, true, error(nil)
	if !old.form.is(rel) {
		made, ok, err = t.widened(old, rel)
	}
	switch {
	case !ok:
		if made = t.come(rel); made == nil {
			t.again()
			return
		}
		t.over(made, rel, was)
	case err != nil:
		t.hurt(err)
		return
	}
	for _, ix := range indexes {
		if t.hasIndexes(made, []*catalog.Relation{ix}) {
			continue
		}
		filled, err := t.filled(ctx, made, ix, computing(rel, ix, t.set.catalog.Now()))
		if err != nil {
			t.hurt(err)
			return
		}
		t.mu.Lock()
		made.indexes = append(made.indexes, filled)
		t.mu.Unlock()
	}
	if made == old {
		return
	}
	t.mu.Lock()
	t.content.Store(made)
	t.deltas.Store(true)
	t.mu.Unlock()
	if o := made.before.Load(); o == nil || o.content != old {
		t.free(old)
	}
}

func (t *Table) hasIndexes(c *content, indexes []*catalog.Relation) bool {
	have := t.indexesOf(c)
	for _, ix := range indexes {
		if !slices.ContainsFunc(have, func(h *index) bool { return h.rel.OID == ix.OID }) {
			return false
		}
	}
	return true
}

// keyTypes are the types of the key's columns.
func (f *form) keyTypes() []sqltype.OID {
	out := make([]sqltype.OID, len(f.key))
	for i, c := range f.key {
		out[i] = f.types[c]
	}
	return out
}
