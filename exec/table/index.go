package table

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// CreateIndex builds an index over a table and commits it: no write of the table commits
// meanwhile. ix needs its columns; commit makes it durable and gives it its OID.
func (s *Set) CreateIndex(ctx context.Context, t *Table, ix *catalog.Relation, commit func() error) error {
	return s.createIndex(ctx, t, ix, false, commit)
}

// CreateKey is CreateIndex of a primary key: its columns have no NULL, now and from now on.
func (s *Set) CreateKey(ctx context.Context, t *Table, ix *catalog.Relation, commit func() error) error {
	return s.createIndex(ctx, t, ix, true, commit)
}

func (s *Set) createIndex(ctx context.Context, t *Table, ix *catalog.Relation, key bool, commit func() error) error {
	t.ddl.Lock()
	defer t.ddl.Unlock()
	now := t.now()
	made, err := t.filled(ctx, now, ix)
	if err != nil {
		return err
	}
	if ix.Unique {
		if err := t.checkFilled(ctx, made, key); err != nil {
			return err
		}
	}
	if err := commit(); err != nil {
		return err
	}
	if key {
		t.never.Store(&ix.KeyColumns)
	}
	if err := t.addIndex(ctx, now, made); err != nil {
		return err
	}
	t.deltas.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.tableOf[ix.OID] = t.rel.OID
	return nil
}

// addIndex takes an index in that was filled from a content. If the table was made anew meanwhile, it is filled
// again: no commit is under way, so both have the same rows.
func (t *Table) addIndex(ctx context.Context, from *content, made *index) error {
	for {
		t.mu.Lock()
		now := t.now() // not replaced while the lock is held
		if now == from {
			now.indexes = append(now.indexes, made)
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		again, err := t.filled(ctx, now, made.rel)
		if err != nil {
			return err
		}
		made.rows.Free()
		from, made = now, again
	}
}

// filled makes an index of a content.
func (t *Table) filled(ctx context.Context, c *content, rel *catalog.Relation) (*index, error) {
	made := &index{rel: rel, key: rel.KeyColumns, rows: t.arrange(c, rel.KeyColumns)}
	view, err := c.rows.At(latest)
	if errors.Is(err, state.ErrSnapshotTooOld) && t.now() != c {
		// It was made anew and given back: the new one has the same rows.
		return t.filled(ctx, t.now(), rel)
	}
	if err != nil {
		return nil, err
	}
	defer view.Release()
	if err := fill(ctx, made.rows, view); err != nil {
		return nil, fmt.Errorf("index %q: %w", rel.Name, err)
	}
	return made, nil
}

// fill copies a version of the rows into an arrangement.
func fill(ctx context.Context, to state.Arrangement, from state.View) error {
	cur, err := from.Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		if err := to.Append(&rows); err != nil {
			return err
		}
	}
	return to.Publish(from.Version())
}

// checkFilled refuses an index in which two rows share a key without NULL. Rows come in key
// order. With key no row may have a NULL either.
func (t *Table) checkFilled(ctx context.Context, ix *index, key bool) error {
	view, err := ix.rows.At(latest)
	if err != nil {
		return err
	}
	defer view.Release()
	cur, err := view.Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	last := delta.NewBatchBuilder(t.types)
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		for i := range int32(rows.Len) {
			for _, c := range ix.key {
				if key && rows.Cols[c].Null(i) {
					name := t.rel.Columns[c].Name
					return sqlerr.New(sqlerr.NotNullViolation, "column %q of relation %q contains null values", name, t.rel.Name).
						About(t.object(name, ""))
				}
			}
			if err := t.checkNeighbour(ix, last, &rows, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Table) checkNeighbour(ix *index, last *delta.BatchBuilder, rows *delta.Batch, row int32) error {
	before := last.Batch()
	same := before.Len > 0 && !anyNull(pick(rows.Cols, ix.key), row)
	for _, c := range ix.key {
		same = same && delta.EqualKey(&before.Cols[c], 0, &rows.Cols[c], row)
	}
	if same {
		return sqlerr.New(sqlerr.UniqueViolation, "could not create unique index %q", ix.rel.Name).
			WithDetail("Key (%s)=(%s) is duplicated.", t.columnNames(ix.key), rowText(pick(rows.Cols, ix.key), row, "")).
			About(t.object("", ix.rel.Name))
	}
	last.Clear()
	last.AppendRow(rows.Cols, row, 1)
	return nil
}

func (t *Table) dropIndex(oid catalog.OID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.now()
	c.indexes = slices.DeleteFunc(slices.Clone(c.indexes), func(ix *index) bool { return ix.rel.OID == oid })
}
