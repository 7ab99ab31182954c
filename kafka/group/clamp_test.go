package group

import (
	"context"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
)

// TestClamp: offsets behind the end go back to it, those of topics that are gone go, others stay.
func TestClamp(t *testing.T) {
	ctx := context.Background()
	store := metatest.OpenMemory(t)
	at := func(index int32) TopicPartition { return TopicPartition{Topic: log.TopicID{1}, Index: index} }
	var writes []meta.Write
	for index, offset := range []int64{7, 10, 11, 500} {
		writes = append(writes, meta.Write{Key: offsetKey("g", at(int32(index))), Value: appendOffset(nil, Offset{Offset: offset, Metadata: "m"})})
	}
	gone := TopicPartition{Topic: log.TopicID{2}}
	writes = append(writes, meta.Write{Key: offsetKey("g", gone), Value: appendOffset(nil, Offset{Offset: 1})})
	if err := store.Commit(ctx, meta.Txn{Writes: writes}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it may be repeated
		if err := Clamp(ctx, store, func(tp TopicPartition) (int64, bool) { return 10, tp.Topic != gone.Topic }); err != nil {
			t.Fatal(err)
		}
	}
	want := map[int32]int64{0: 7, 1: 10, 2: 10, 3: 10}
	err := store.Read(ctx, func(s meta.Snapshot) error {
		return scan(s, offsetPrefix, func(key, value []byte) error {
			_, tp, err := parseOffsetKey(key)
			if err != nil {
				return err
			}
			o, err := decodeOffset(value)
			if wanted, ok := want[tp.Index]; !ok || tp.Topic == gone.Topic || o.Offset != wanted || o.Metadata != "m" {
				t.Errorf("%v: %+v", tp, o)
			}
			delete(want, tp.Index)
			return err
		})
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%v is missing, %v", want, err)
	}
}
