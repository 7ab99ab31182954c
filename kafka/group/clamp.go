package group

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/storage/meta"
)

// Clamp takes committed offsets that lie behind the end of their partition back to it: after a
// loss was accepted, a consumer at such an offset would skip what comes there anew, without a
// word. end gives the offset after a partition's last record; false = it does not exist.
// REQUIRES: no coordinator runs on the store.
func Clamp(ctx context.Context, store meta.Store, end func(TopicPartition) (int64, bool)) error {
	var writes []meta.Write
	err := store.Read(ctx, func(s meta.Snapshot) error {
		return scan(s, offsetPrefix, func(key, value []byte) error {
			id, tp, err := parseOffsetKey(key)
			if err != nil {
				return err
			}
			o, err := decodeOffset(value)
			if err != nil {
				return err
			}
			last, ok := end(tp)
			if !ok {
				writes = append(writes, meta.Write{Key: offsetKey(id, tp)})
			} else if o.Offset > last {
				o.Offset, o.LeaderEpoch, o.place = last, -1, 0 // a change, which the journal tells
				writes = append(writes, meta.Write{Key: offsetKey(id, tp), Value: appendOffset(nil, o)})
			}
			return nil
		})
	})
	if err == nil && len(writes) > 0 {
		err = store.Commit(ctx, meta.Txn{Writes: writes})
	}
	if err != nil {
		return fmt.Errorf("take committed offsets back: %w", err)
	}
	return nil
}
