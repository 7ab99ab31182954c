package lane_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/log"
)

// TestSubscriptionHoldsWhatItReads: while a subscription reads the changes between two versions it holds both.
// Without the older one whoever writes may put these changes together under it, which ended subscriptions on
// a busy server with "snapshot too old".
func TestSubscriptionHoldsWhatItReads(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v bigint)`)
	d.exec(`CREATE MATERIALIZED VIEW n AS SELECT sum(v) AS v FROM t`)
	d.exec(`INSERT INTO t VALUES (1, 0)`)
	w := &tickWriter{d: d}
	if err := d.session.Simple(t.Context(), `SUBSCRIBE TO n`, w); !errors.Is(err, errWatched) {
		t.Fatal(err)
	}
	if w.err != nil {
		t.Fatal(w.err)
	}
	if w.ticks != ticksWatched {
		t.Fatalf("%d ticks", w.ticks)
	}
}

const ticksWatched = 10

var errWatched = errors.New("watched for long enough")

// tickWriter writes to the table at each tick of a subscription, and looks at what is held during the next.
type tickWriter struct {
	rowsWriter
	d     *database
	last  log.CommitSeq // version of the tick before
	ticks int
	err   error
}

func (w *tickWriter) Rows(b *delta.Batch) error {
	version := log.CommitSeq(delta.Values[int64](&b.Cols[0])[0])
	var held []log.CommitSeq
	for _, p := range w.d.runtime.Pins() {
		held = append(held, p.Version)
	}
	if w.last > 0 && version > w.last && !slices.Contains(held, w.last) {
		w.err = errors.Join(w.err, errors.New("a subscription reads changes that nobody holds"))
	}
	if w.last = version; w.ticks < ticksWatched {
		return nil
	}
	return errWatched
}

func (w *tickWriter) Flush() error {
	w.ticks++
	return w.d.elsewhere(`UPDATE t SET v = v + 1`)
}

// TestSubscriptionGathers: with EMIT EVERY the next tick begins that long after the one before, and has what was
// committed meanwhile in one.
func TestSubscriptionGathers(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE TABLE t (k int PRIMARY KEY, v bigint)`)
	d.exec(`INSERT INTO t VALUES (1, 0)`)
	w := &gatherWriter{}
	d.clock.after = func(every time.Duration) {
		if w.waits++; every != 2*time.Hour {
			w.err = fmt.Errorf("waits %v", every)
		}
		for range 3 {
			w.err = errors.Join(w.err, d.elsewhere(`UPDATE t SET v = v + 1`))
		}
	}
	if err := d.session.Simple(t.Context(), `SELECT v FROM t EMIT EVERY INTERVAL '2' HOUR`, w); !errors.Is(err, errWatched) || w.err != nil {
		t.Fatal(err, w.err)
	}
	want := []string{"1|0", "-1|0", "1|3", "-1|3", "1|6"}
	if !slices.Equal(w.seen, want) || w.waits != 2 {
		t.Fatalf("%v after %d waits, want %v", w.seen, w.waits, want)
	}
	for _, sql := range []string{`CREATE MATERIALIZED VIEW e AS SELECT v FROM t EMIT EVERY '1 s'`, `SELECT v FROM t EMIT EVERY '-1 s'`} {
		if err := d.elsewhere(sql); err == nil {
			t.Errorf("%s is accepted", sql)
		}
	}
}

type gatherWriter struct {
	rowsWriter
	seen  []string // difference and value
	waits int
	err   error
}

func (w *gatherWriter) Rows(b *delta.Batch) error {
	for i := range int32(b.Len) {
		w.seen = append(w.seen, fmt.Sprintf("%d|%d", delta.Values[int64](&b.Cols[1])[b.Cols[1].At(i)], delta.Values[int64](&b.Cols[2])[b.Cols[2].At(i)]))
	}
	if len(w.seen) >= 5 {
		return errWatched
	}
	return nil
}
