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
		again, err := t.filled(ctx, now, made.rel, made.more)
		if err != nil {
			return err
		}
		made.rows.Free()
		from, made = now, again
	}
}

// filled makes an index of a content; more is what it computes.
func (t *Table) filled(ctx context.Context, c *content, rel *catalog.Relation, more *computed) (*index, error) {
	made := t.indexOf(c, rel, more)
	view, err := c.rows.At(latest)
	if errors.Is(err, state.ErrSnapshotTooOld) && t.now() != c {
		// It was made anew and given back: the new one has the same rows.
		return t.filled(ctx, t.now(), rel, more)
	}
	if err != nil {
		return nil, err
	}
	defer view.Release()
	if err := fill(ctx, made, view); err != nil {
		return nil, fmt.Errorf("index %q: %w", rel.Name, err)
	}
	return made, nil
}

// fill copies a version of the rows into an index.
func fill(ctx context.Context, to *index, from state.View) error {
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
		p, err := to.place(&rows)
		if err != nil {
			return err
		}
		if err := to.rows.Append(&p.rows); err != nil {
			return err
		}
	}
	return to.rows.Publish(from.Version())
}

func (t *Table) dropIndex(oid catalog.OID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.now()
	c.indexes = slices.DeleteFunc(slices.Clone(c.indexes), func(ix *index) bool { return ix.rel.OID == oid })
}
