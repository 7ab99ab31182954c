package table

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

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

func (t *Table) dropIndex(oid catalog.OID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.now()
	c.indexes = slices.DeleteFunc(slices.Clone(c.indexes), func(ix *index) bool { return ix.rel.OID == oid })
}
