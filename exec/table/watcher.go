package table

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
)

// Watcher is told of the rows that a Tx writes, those of TRUNCATE aside. Rows are full, and borrowed.
type Watcher interface {
	// Changing is called before rows are locked that are to be changed or deleted: after has the new ones of the first. What
	// it locks stays locked when others turn out to have changed them.
	Changing(ctx context.Context, t *Table, before, after *delta.Batch) error
	// Changed is called behind a write, with the same; of rows that came before has none.
	Changed(ctx context.Context, t *Table, before, after *delta.Batch) error
}

// Watch has w told of what the Tx writes from here on.
func (tx *Tx) Watch(w Watcher) { tx.watcher = w }

func (tx *Tx) changed(ctx context.Context, t *Table, before, after *delta.Batch) error {
	t.counts.add(before, after)
	if tx.watcher == nil || before.Len+after.Len == 0 {
		return nil
	}
	return tx.watcher.Changed(ctx, t, before, after)
}
