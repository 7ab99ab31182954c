package lane_test

import (
	"errors"
	"slices"
	"testing"

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
