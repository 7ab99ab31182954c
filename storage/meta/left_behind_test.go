package meta

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/vfs"
)

// TestWriteLeftBehind: while a write is inside Pebble an engine that the full disk ended is not closed, since that frees
// the memory it writes to; the store does not wait for it.
func TestWriteLeftBehind(t *testing.T) {
	store, err := openSmall(t, vfs.NewMem(), nil)
	if err != nil {
		t.Fatal(err)
	}
	failed := store.mu.engine
	failed.placing.Add(1) // as of a write that waits for a flush which has ended
	failed.disk.full.Store(true)
	store.ended(failed)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range 50 {
		_, err := store.AppendLog(ctx, 1, func(CommitSeq, []Record) ([]byte, []Write, error) {
			return make([]byte, 4<<10), nil, nil
		})
		for ; errors.Is(err, ErrFull); _, err = store.AppendLog(ctx, 1, func(CommitSeq, []Record) ([]byte, []Write, error) {
			return []byte("x"), nil, nil
		}) {
			<-time.After(time.Millisecond)
		}
		if err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if !failed.left.Load() {
		t.Error("the engine is closed while a write is inside it")
	}
	if snap := failed.db.NewSnapshot(); snap.Close() != nil { // panics once it is closed
		t.Error("the engine cannot be read")
	}
	failed.placing.Done()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
