package op

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/storage/state"
)

// eachMatch visits what a cursor of keys gives, a batch at a time, and closes it: row i of d has the key at
// match[i]. It breathes between batches; err is why there is no cursor.
func eachMatch(ctx context.Context, m *meter.Meter, cursor state.Cursor, err error, visit func(d *delta.Batch, match []int32) error) error {
	if err != nil {
		return err
	}
	defer cursor.Close()
	for more := true; more; {
		if err := m.Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		var match []int32
		if match, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		if d.Len == 0 {
			continue
		}
		if err := visit(&d, match); err != nil {
			return err
		}
	}
	return nil
}
