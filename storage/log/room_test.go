package log_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// TestDiskReserve: below the reserve records are refused, retriably; reads and dropping a topic go
// on, and records come again within a second of there being room.
func TestDiskReserve(t *testing.T) {
	var free atomic.Int64
	free.Store(10_000)
	now := newManualClock()
	looks := 0
	db := logtest.Open(t, func(c *log.Config) {
		c.Clock = now
		c.Limits.DiskReserve = 5_000
		c.Free = func() (int64, error) { looks++; return free.Load(), nil }
	})
	id, other := logtest.CreateTopic(t, db, "t", 1), logtest.CreateTopic(t, db, "other", 1)
	p := part(id, 0)
	write := func(value string) error {
		pending := db.Append(&log.Entry{Appends: []log.Append{{Partition: p, RecordBatches: batchOf(t, value)}}})
		<-pending.Done()
		_, err := pending.Result()
		return err
	}
	if err := write("a"); err != nil {
		t.Fatal(err)
	}
	// What was taken since the last look counts as written.
	for i := 0; write("bytes") == nil; i++ {
		if i > 100 {
			t.Fatal("the reserve was never reached")
		}
	}
	if looks != 1 {
		t.Errorf("the disk was looked at %d times in a moment", looks)
	}
	free.Store(4_000)
	now.advance(2 * time.Second)
	if err := write("refused"); !errors.Is(err, log.ErrFull) || !errors.Is(err, log.ErrUnavailable) {
		t.Errorf("below the reserve: %v", err)
	}
	if got := fetchAll(t, db, p, 1000); len(got) == 0 {
		t.Error("reads do not go on")
	}
	pending := db.Append(&log.Entry{Changes: []log.Change{log.DeleteTopicChange(other)}})
	<-pending.Done()
	if _, err := pending.Result(); err != nil {
		t.Errorf("dropping a topic: %v", err)
	}
	if s := db.Stats(); !s.Full || s.RefusedFull < 2 || s.Poisoned {
		t.Errorf("%+v", s)
	}
	free.Store(50_000)
	now.advance(time.Second)
	if err := write("back"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if db.Stats().Full {
		t.Error("still full")
	}
}

// TestUnknownRoom: who cannot tell the free space is not stopped.
func TestUnknownRoom(t *testing.T) {
	db := logtest.Open(t, func(c *log.Config) {
		c.Limits.DiskReserve = 5_000
		c.Free = func() (int64, error) { return 0, context.DeadlineExceeded }
	})
	logtest.Values(t, db, part(logtest.CreateTopic(t, db, "t", 1), 0), "a")
}
