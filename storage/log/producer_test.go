package log_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// producerSend appends one record of an idempotent producer.
func producerSend(t *testing.T, db *log.DB, p log.Partition, producer int64, sequence int32) (log.Appended, error) {
	t.Helper()
	raw := batchOf(t, fmt.Sprintf("%d.%d", producer, sequence))
	logtest.SetProducer(raw, producer, 0, sequence)
	pending := db.Append(&log.Entry{Appends: []log.Append{{Partition: p, RecordBatches: raw}}})
	<-pending.Done()
	return pending.Result()
}

// TestInventedProducerIDs: an id that was never handed out is refused and leaves nothing behind.
func TestInventedProducerIDs(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	p := part(logtest.CreateTopic(t, db, "t", 1), 0)
	given, err := db.NewProducerID(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for life := range 2 {
		ids := []int64{1_000_000, math.MaxInt64}
		if life == 0 { // which of the block a restart lost is not known
			ids = append(ids, given+1, given+999)
		}
		for _, invented := range ids {
			if _, err := producerSend(t, db, p, invented, 7); !errors.Is(err, log.ErrUnknownProducer) {
				t.Errorf("producer %d: %v", invented, err)
			}
		}
		db = m.restart()
	}
	if r, err := producerSend(t, db, p, given, 0); err != nil || r.BaseOffsets[0] != 0 {
		t.Errorf("the id that was handed out: %+v, %v", r, err)
	}
	if n := db.Stats().Producers; n != 1 {
		t.Errorf("%d producers are remembered", n)
	}
}

// TestProducersAreBounded: past the limit those that wrote longest ago are forgotten, never those
// that write; the forgotten ones may go on.
func TestProducersAreBounded(t *testing.T) {
	const most = 64
	m := newMachine(t, log.Limits{MaxProducers: most})
	now := newManualClock()
	m.clock = now
	db := m.start()
	p := part(logtest.CreateTopic(t, db, "t", 1), 0)
	first, err := db.NewProducerID(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(300) {
		now.advance(time.Millisecond)
		if i == 200 {
			if err := errors.Join(db.Roll(ctx), db.Snapshot(ctx)); err != nil {
				t.Fatal(err)
			}
			db = m.restart()
		}
		other, err := db.NewProducerID(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := producerSend(t, db, p, other, 0); err != nil {
			t.Fatal(err)
		}
		r, err := producerSend(t, db, p, first, int32(i)) // writes all the time
		if err != nil || r.Duplicate[0] {
			t.Fatalf("step %d: %+v, %v", i, r, err)
		}
		if r, err = producerSend(t, db, p, first, int32(i)); err != nil || !r.Duplicate[0] {
			t.Fatalf("step %d, again: %+v, %v", i, r, err)
		}
		if n := db.Stats().Producers; n > most {
			t.Fatalf("%d producers are remembered", n)
		}
	}
	if db.Stats().ProducersEvicted == 0 {
		t.Error("none was counted as forgotten")
	}
	if _, err := producerSend(t, db, p, first+1, 1); err != nil {
		t.Errorf("a forgotten producer goes on: %v", err)
	}
}
