package log_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// heldReads holds the first read of an object, once it is armed.
type heldReads struct{ *heldStore }

func (s heldReads) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	if strings.HasPrefix(key, "log/") && s.armed.Swap(false) {
		close(s.reached)
		<-s.release
	}
	return s.Store.GetRange(ctx, key, off, dst)
}

// TestDeletedWhilePutTogether: objects that retention deletes after they were chosen to be put together, or compacted,
// are no damage: nobody is told of any, and what is left is put together all the same.
func TestDeletedWhilePutTogether(t *testing.T) {
	for _, work := range []string{"level", "clean"} {
		t.Run(work, func(t *testing.T) {
			c := newCompacting(t, map[string]string{"cleanup.policy": map[string]string{"level": "delete", "clean": "compact"}[work]})
			held := heldReads{&heldStore{Store: c.objects, reached: make(chan struct{}), release: make(chan struct{})}}
			var told bytes.Buffer
			change := c.change
			c.change = func(cfg *log.Config) {
				change(cfg)
				cfg.Objects, cfg.Logger = held, slog.New(slog.NewTextHandler(&told, nil))
			}
			c.restart()
			for i := range 7 {
				c.write(fmt.Sprint("k", i%2), fmt.Sprint(i))
			}
			held.armed.Store(true)
			run := c.db.Level
			if work == "clean" {
				run = c.db.Clean
			}
			done := make(chan error, 1)
			go func() { done <- run(ctx) }()
			<-held.reached
			logtest.Append(t, c.db, &log.Entry{Changes: []log.Change{log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: part(c.id, 0), Offset: 3}})}})
			c.retain()
			if n := len(objects(t, c.objects, "log/")); n != 4 {
				t.Fatalf("%d objects are left, want 4", n)
			}
			close(held.release)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if strings.Contains(told.String(), "level=WARN") {
				t.Errorf("damage where there is none: %s", told.String())
			}
			for range 3 {
				c.write("k0", "more")
			}
			if err := run(ctx); err != nil {
				t.Fatal(err)
			}
			c.retain()
			if n := len(objects(t, c.objects, "log/")); n > 4 {
				t.Errorf("%d objects are left as they were", n)
			}
		})
	}
}
