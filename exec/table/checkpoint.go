package table

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Capture is every table at one version, pinned: it can be written out while tables change.
// Release it.
type Capture struct{ tables []tableCapture }

type tableCapture struct {
	rel       *catalog.Relation // with the rebuild that the rows are of
	nextRowID int64
	rows      state.View
	indexes   []indexCapture
}

type indexCapture struct {
	oid  catalog.OID
	rows state.View
}

// Capture pins the tables and indexes that exist at version v, a published commit.
func (s *Set) Capture(ctx context.Context, snap *catalog.Snapshot, v log.CommitSeq) (*Capture, error) {
	c := &Capture{}
	for _, rel := range snap.Relations(catalog.KindTable) {
		if rel.CreatedAt > v {
			continue
		}
		t := s.lookup(rel.OID)
		if t == nil || t.trouble.Load() != nil {
			continue // dropped meanwhile, or nothing to save
		}
		if err := t.reached(ctx, v); err != nil {
			if ctx.Err() == nil && !errors.Is(err, log.ErrClosed) {
				continue // it failed: a start makes it from its changelog
			}
			c.Release()
			return nil, err
		}
		if err := c.add(t, snap, v); err != nil {
			c.Release()
			return nil, err
		}
	}
	return c, nil
}

// add pins a table, if it is not made anew just now.
func (c *Capture) add(t *Table, snap *catalog.Snapshot, v log.CommitSeq) error {
	now, rel := t.captured(v)
	made := tableCapture{rel: rel, nextRowID: t.nextRowID.Load()}
	rows, err := now.rows.At(v)
	if err == nil {
		made.rows = rows
		for _, ix := range t.indexesOf(now) {
			known, ok := snap.ByOID(ix.rel.OID)
			if !ok || known.CreatedAt > v {
				continue
			}
			var view state.View
			if view, err = ix.rows.At(v); err != nil {
				break
			}
			made.indexes = append(made.indexes, indexCapture{ix.rel.OID, view})
		}
	}
	if err != nil {
		made.release()
		if t.now().of(v) != now {
			return nil // it was given back meanwhile
		}
		return err
	}
	c.tables = append(c.tables, made)
	return nil
}

// captured is what has a version of the table, and the relation that it has it of.
func (t *Table) captured(v log.CommitSeq) (*content, *catalog.Relation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.now().of(v)
	rel := *c.form.rel
	rel.Rebuilt = t.mu.built
	return c, &rel
}

// since is the oldest version that a table and its indexes can be read at.
func (t *tableCapture) since() log.CommitSeq {
	v := state.Since(t.rows)
	for _, ix := range t.indexes {
		v = max(v, state.Since(ix.rows))
	}
	return v
}

// Write makes the tables durable, with the versions from horizon on: what it makes of a table and the
// oldest version that there is of it. A table that cannot be read on the local disk is left out.
func (c *Capture) Write(w *checkpoint.Writer, horizon func(oid catalog.OID, since log.CommitSeq) log.CommitSeq) ([]checkpoint.Table, error) {
	var out []checkpoint.Table
	for i := range c.tables {
		made, err := c.tables[i].write(w, horizon(c.tables[i].rel.OID, c.tables[i].since()))
		if isDamage(err) {
			w.Drop() // it is made from its changelog
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

func (t *tableCapture) write(w *checkpoint.Writer, horizon log.CommitSeq) (made checkpoint.Table, err error) {
	made = checkpoint.Table{OID: t.rel.OID, Fingerprint: fingerprint(t.rel.Form(-1)), NextRowID: t.nextRowID, Horizon: horizon}
	lists := map[string][]byte{}
	if lists[checkpoint.PartRows], err = state.SaveView(w, t.rows, horizon); err != nil {
		return made, err
	}
	for _, ix := range t.indexes {
		if lists[checkpoint.PartIndex(ix.oid)], err = state.SaveView(w, ix.rows, horizon); err != nil {
			return made, err
		}
	}
	made.Parts, err = w.Parts(t.rel.OID, lists)
	return made, err
}

// Release lets the versions go.
func (c *Capture) Release() {
	for i := range c.tables {
		c.tables[i].release()
	}
}

func (t *tableCapture) release() {
	if t.rows != nil {
		t.rows.Release()
	}
	for _, ix := range t.indexes {
		ix.rows.Release()
	}
}

// Applied is the newest version that changed a table.
func (s *Set) Applied() (v log.CommitSeq) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.mu.tables {
		v = max(v, log.CommitSeq(t.applied.Load()))
	}
	return v
}

// fingerprint is of everything that the form of a table's rows depends on.
func fingerprint(rel *catalog.Relation) string {
	text, err := json.Marshal(rel)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// loadTable makes a table as a checkpoint has it, with the version it is of; an empty one at 0
// with all its indexes when it cannot.
func (s *Set) loadTable(ctx context.Context, rel *catalog.Relation, indexes []*catalog.Relation, from *checkpoint.Loaded) (*Table, log.CommitSeq) {
	if from != nil {
		saved, ok := from.Table(rel.OID)
		if was := savedForm(rel, saved); ok && was != nil {
			t, err := s.load(ctx, was, indexes, from, saved, was == rel)
			if err == nil && was != rel {
				err = t.widen(rel)
			}
			if err == nil {
				return t, from.Boundary
			}
			s.cfg.Logger.Warn("table is built from its whole changelog", "table", rel.QualifiedName(), "error", err)
		}
	}
	return newTable(s, rel, indexes, s.catalog.Now()), 0
}

// savedForm is the definition that the rows of a checkpoint are of: rel, or rel before columns were added; nil = another one.
func savedForm(rel *catalog.Relation, saved *checkpoint.Table) *catalog.Relation {
	if saved == nil {
		return nil
	}
	if saved.Fingerprint == fingerprint(rel.Form(-1)) || saved.Fingerprint == fingerprint(rel) {
		return rel
	}
	for n := len(rel.Columns) - 1; n > 0; n-- {
		if saved.Fingerprint == fingerprint(rel.Form(n)) {
			was := *rel
			was.Columns = rel.Columns[:n]
			return &was
		}
	}
	return nil
}

// widen gives a table that nobody else has the form of a later definition.
func (t *Table) widen(rel *catalog.Relation) error {
	old := t.now()
	made, ok, err := t.widened(old, rel)
	if err == nil && !ok {
		err = errors.New("its rows are of another form")
	}
	if err != nil {
		return err
	}
	t.def.Store(rel)
	t.content.Store(made)
	t.free(old)
	return nil
}

func (s *Set) load(ctx context.Context, rel *catalog.Relation, indexes []*catalog.Relation, from *checkpoint.Loaded, saved *checkpoint.Table, whole bool) (*Table, error) {
	lists, err := from.Lists(ctx, &saved.Parts)
	if err != nil {
		return nil, err
	}
	t := newTable(s, rel, nil, s.catalog.Now())
	c := t.now()
	if err := c.rows.Load(from.Pieces(), lists[checkpoint.PartRows]); err != nil {
		return nil, err
	}
	t.nextRowID.Store(max(1, saved.NextRowID))
	for _, ix := range indexes {
		list, ok := lists[checkpoint.PartIndex(ix.OID)]
		if !ok || ix.Computed() && !whole || len(ix.KeyColumns) > 0 && slices.Max(ix.KeyColumns) >= len(rel.Columns) {
			continue
		}
		made := t.indexOf(c, ix, computing(rel, ix, s.catalog.Now()))
		if err := made.rows.Load(from.Pieces(), list); err != nil {
			return nil, err
		}
		c.indexes = append(c.indexes, made)
	}
	return t, nil
}

func (t *Table) hasIndex(oid catalog.OID) bool {
	for _, ix := range t.indexList() {
		if ix.rel.OID == oid {
			return true
		}
	}
	return false
}
