package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestTopicGrows: a view over a topic that gets more partitions goes on counting all of them,
// also after a restart; what would tear keys apart is refused.
func TestTopicGrows(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE STREAM s (line text) WITH (topic = 's', format = 'raw', partitions = 1)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT line, count(*) AS n, max(_partition) AS p FROM s GROUP BY line")
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	give := func(partition int32) {
		t.Helper()
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "s", Partition: partition, Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	want := func(n, p int) {
		t.Helper()
		var gotN, gotP int
		if err := db.QueryRow(ctx, "SELECT n, p FROM v").Scan(&gotN, &gotP); err != nil || gotN != n || gotP != p {
			t.Fatalf("%d records, the last partition is %d, %v; want %d, %d", gotN, gotP, err, n, p)
		}
		if err := db.QueryRow(ctx, "SELECT count(*) FROM s").Scan(&gotN); err != nil || gotN != n {
			t.Fatalf("the stream has %d records, %v; want %d", gotN, err, n)
		}
	}
	give(0)
	want(1, 0)
	exec(t, ctx, db, "ALTER TOPIC s SET (partitions = 3)")
	cl.Close()
	if cl, err = kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		t.Fatal(err)
	}
	for p := range int32(3) {
		give(p)
	}
	want(4, 2)
	exec(t, ctx, db, "CREATE TABLE tt (id int PRIMARY KEY)")
	exec(t, ctx, db, "CREATE SINK k TO TOPIC 'k' WITH (format = 'json') AS SELECT line, n FROM v")
	for sql, code := range map[string]string{
		"ALTER TOPIC s SET (partitions = 3)":               "22023",
		"ALTER TOPIC s SET (partitions = 2)":               "22023",
		"ALTER TOPIC s SET (retention_ms = 'x')":           "22023",
		"ALTER TOPIC s SET (bogus = 1)":                    "22023",
		"ALTER TOPIC s SET (partitions = 4, segment_ms=1)": "22023",
		"ALTER TOPIC s RESET (partitions)":                 "22023",
		"ALTER TOPIC nothing SET (retention_ms = 1)":       "42704",
		"ALTER TOPIC k SET (partitions = 4)":               "55006",
	} {
		if _, err := db.Exec(ctx, sql); stateOf(err) != code {
			t.Errorf("%s: %v, want %s", sql, err, code)
		}
	}
	for _, sql := range []string{"SET (partitions = 3)", "SET (partitions = 4, segment_ms = 1)", "RESET (partitions)"} {
		var e *pgconn.PgError
		if _, err := db.Exec(ctx, "ALTER TOPIC s "+sql); !errors.As(err, &e) || !strings.Contains(e.Message+e.Detail, "has 3") ||
			!strings.Contains(e.Hint, "ALTER TOPIC s SET (partitions = 4)") {
			t.Errorf("%s: %+v", sql, err)
		}
	}
	exec(t, ctx, db, "ALTER TOPIC s SET (retention.ms = 86400000, segment_ms = 5)")
	exec(t, ctx, db, "ALTER TOPIC s RESET (segment_ms)")
	exec(t, ctx, db, "ALTER TOPIC IF EXISTS nothing SET (retention_ms = 1)")
	var name, text string
	if err := db.QueryRow(ctx, "SHOW CREATE s").Scan(&name, &text); err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	defer func() { stop(t, s) }()
	db = connect(t, ctx, s)
	want(4, 2)
	cl.Close()
	if cl, err = kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		t.Fatal(err)
	}
	give(2)
	want(5, 2)
	if rows := mustRows(t, ctx, db, "SHOW TOPICS"); fmt.Sprint(len(rows)) == "0" {
		t.Error("no topics")
	}
}
