package server_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestRebuildFromWhatIsLeftBesideDeleteRecords: records that go while a view is being rebuilt from what is left are
// agreed to as those before; the view counts what was there at some moment of the statement.
func TestRebuildFromWhatIsLeftBesideDeleteRecords(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	x := &topicTable{t: t, ctx: ctx, cfg: settings(t.TempDir())}
	x.cfg.CheckpointInterval = 20 * time.Millisecond
	x.open()
	defer func() { x.stop() }()
	exec(t, ctx, x.db, "CREATE TOPIC t WITH (partitions = 1)")
	exec(t, ctx, x.db, "CREATE STREAM s (line text) WITH (topic = 't', format = 'raw')")
	exec(t, ctx, x.db, "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s")
	admin := kadm.NewClient(x.cl)
	for end := int64(1); end <= 40; end++ {
		must(t, x.cl.ProduceSync(ctx, kgo.StringRecord("x")).FirstErr())
		var wg sync.WaitGroup
		var gone error
		wg.Go(func() {
			var to kadm.Offsets
			to.Add(kadm.Offset{Topic: "t", Partition: 0, At: end})
			_, gone = admin.DeleteRecords(ctx, to)
		})
		_, err := x.db.Exec(ctx, "ALTER MATERIALIZED VIEW v REBUILD FROM WHAT IS LEFT")
		wg.Wait()
		must(t, gone)
		if err != nil {
			t.Fatalf("round %d: %v", end, err)
		}
		var n int
		if must(t, x.db.QueryRow(ctx, "SELECT n FROM v").Scan(&n)); n > 1 {
			t.Fatalf("round %d: the view counts %d of 1", end, n)
		}
	}
}
