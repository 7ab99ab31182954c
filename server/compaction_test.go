package server_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestCompactionAndViews: of a compacted topic, written in every codec, a Kafka client reads the last record of
// each key after a compaction; a view keeps what it counted, over a restart too, and says so when it would
// have to count again what is gone.
func TestCompactionAndViews(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.RetentionInterval, cfg.CheckpointInterval, cfg.InlineBytes = 20*time.Millisecond, 30*time.Millisecond, 0
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TOPIC c WITH (cleanup_policy = 'compact', max_compaction_lag_ms = 1)")
	exec(t, ctx, db, "CREATE STREAM c (line text) WITH (topic = 'c', format = 'raw')")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM c")
	codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
	want, visible := map[string]string{}, 0
	for i, codec := range codecs {
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DefaultProduceTopic("c"), kgo.ProducerBatchCompression(codec))
		if err != nil {
			t.Fatal(err)
		}
		var records []*kgo.Record
		for k := range 20 {
			key, value := fmt.Sprint("key ", k), fmt.Sprint(i, " of ", k)
			records = append(records, kgo.KeyStringRecord(key, value))
			want[key] = value
			visible++
		}
		must(t, cl.ProduceSync(ctx, records...).FirstErr())
		cl.Close()
	}
	counted := func() {
		t.Helper()
		var n int
		if err := db.QueryRow(ctx, "SELECT n FROM v").Scan(&n); err != nil || n != visible {
			t.Fatalf("the view counts %d, %v; want %d", n, err, visible)
		}
	}
	counted()
	for n := visible; n != len(want); {
		if err := db.QueryRow(ctx, "SELECT count(*) FROM c").Scan(&n); err != nil || ctx.Err() != nil {
			t.Fatalf("%d records are left, want %d: %v, %v", n, len(want), err, ctx.Err())
		}
	}
	read := func() {
		t.Helper()
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"c": {0: kgo.NewOffset().AtStart()}}))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		got, last := map[string]string{}, int64(-1)
		for len(got) < len(want) {
			fetches := cl.PollFetches(ctx)
			must(t, fetches.Err())
			fetches.EachRecord(func(r *kgo.Record) {
				if r.Offset <= last {
					t.Errorf("offset %d behind %d", r.Offset, last)
				}
				got[string(r.Key)], last = string(r.Value), r.Offset
			})
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s is %q, want %q", key, got[key], value)
			}
		}
	}
	read()
	counted()
	if n := metric(t, s, "tributary_log_cleaned_records_total"); n < float64(visible-len(want)) {
		t.Errorf("%v records are counted as removed", n)
	}
	var what string
	if err := db.QueryRow(ctx, "SELECT what FROM tributary.compactions WHERE topic = 'c' AND what = 'clean' AND state = 'done' LIMIT 1").Scan(&what); err != nil {
		t.Error(err)
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	db = connect(t, ctx, s)
	read()
	counted()
	stop(t, s)

	must(t, os.RemoveAll(filepath.Join(cfg.DataDir, "objects", "state", "ckpt")))
	s = start(t, ctx, cfg)
	defer func() { stop(t, s) }()
	db = connect(t, ctx, s)
	var refused *pgconn.PgError
	if _, err := db.Exec(ctx, "SELECT n FROM v"); !errors.As(err, &refused) || refused.Code != "TB001" {
		t.Errorf("a view that cannot be built again: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
