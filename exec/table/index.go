package table

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// CreateIndex builds an index over a table and commits it: no write of the table commits
// meanwhile. ix needs its columns; commit makes it durable and gives it its OID.
func (s *Set) CreateIndex(ctx context.Context, t *Table, ix *catalog.Relation, commit func() error) error {
	t.ddl.Lock()
	defer t.ddl.Unlock()
	made := &index{rel: ix, key: ix.KeyColumns, rows: t.arrange(ix.KeyColumns)}
	view, err := t.rows.At(latest)
	if err != nil {
		return err
	}
	defer view.Release()
	if err := fill(ctx, made.rows, view); err != nil {
		return err
	}
	if ix.Unique {
		if err := t.checkFilled(ctx, made); err != nil {
			return err
		}
	}
	if err := commit(); err != nil {
		return err
	}
	t.mu.Lock()
	t.mu.indexes = append(t.mu.indexes, made)
	t.mu.Unlock()
	t.deltas.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.tableOf[ix.OID] = t.rel.OID
	return nil
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
// order.
func (t *Table) checkFilled(ctx context.Context, ix *index) error {
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
			WithDetail("Key (%s)=(%s) is duplicated.", t.columnNames(ix.key), rowText(pick(rows.Cols, ix.key), row, ""))
	}
	last.Clear()
	last.AppendRow(rows.Cols, row, 1)
	return nil
}

func (t *Table) dropIndex(oid catalog.OID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.indexes = slices.DeleteFunc(slices.Clone(t.mu.indexes), func(ix *index) bool { return ix.rel.OID == oid })
}
