package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// unmoved are the metrics that the workload of TestEveryMetricMoves does not move, and why.
var unmoved = map[string]string{
	"tributary_panics_total":                       "counts bugs",
	"tributary_checkpoints_failed_total":           "needs a store that fails",
	"tributary_shard_sorts_total":                  "needs a large tick beside a free processor: exec/lane, TestLargeTicksOnShards",
	"tributary_connections_rejected_total":         "needs only busy connections: kafka, TestBusyConnectionsStay",
	"tributary_dataflow_failed":                    "needs a view that cannot be built again: TestRetentionAndViews",
	"tributary_dataflow_dropping":                  "lasts as long as a tick that does not look up",
	"tributary_kafka_sessions_expired_total":       "a client that authenticates again in time does not move it: kafka, TestReauthentication",
	"tributary_kafka_too_slow_total":               "takes a client a minute: kafka, TestHolderOfRoomKeepsPace",
	"tributary_pg_too_slow_total":                  "takes a client a minute: pgwire, TestLargeMessages",
	"tributary_log_notes_dropped_total":            "needs tables that are far behind: storage/log, TestFollowersSeeEverything",
	"tributary_log_admission_waits_total":          "needs many large requests at one moment: internal/admission",
	"tributary_log_levels_total":                   "needs many objects that the tail cache has let go: storage/log, TestLevels",
	"tributary_log_level_bytes_total":              "needs many objects that the tail cache has let go: storage/log, TestLevels",
	"tributary_log_cleans_total":                   "needs records that wait for compaction: TestCompactionAndViews",
	"tributary_log_clean_bytes_total":              "needs records that wait for compaction: TestCompactionAndViews",
	"tributary_log_cleaned_records_total":          "needs records that wait for compaction: TestCompactionAndViews",
	"tributary_log_cleaned_bytes_total":            "needs records that wait for compaction: TestCompactionAndViews",
	"tributary_log_in_flight_bytes":                "is not 0 while a Produce is under way",
	"tributary_kafka_body_bytes":                   "is not 0 while a request is under way",
	"tributary_pg_body_bytes":                      "is not 0 while a large message is under way",
	"tributary_log_unknown_outcomes_total":         "needs a store that fails",
	"tributary_log_uploads_failed_total":           "needs a store that fails",
	"tributary_object_errors_total":                "needs a store that fails",
	"tributary_object_put_hedges_total":            "needs a store that hangs",
	"tributary_object_read_retries_total":          "needs a store that fails",
	"tributary_object_read_hedges_total":           "needs a store that is slow",
	"tributary_disk_cache_damaged_total":           "needs a disk that fails",
	"tributary_disk_cache_dropped_total":           "needs a disk that is slow or full",
	"tributary_disk_cache_failures_total":          "needs a disk that fails",
	"tributary_parses_left_behind":                 "lasts as long as a parse whose statement was cancelled",
	"tributary_state_disk_failed_total":            "needs a disk that fails",
	"tributary_state_merges_failed_total":          "needs a merge that runs out of memory",
	"tributary_state_merges_helped_total":          "needs a pool of merges that is behind",
	"tributary_temp_bytes":                         "is not 0 while a statement spills",
	"tributary_kafka_fetch_sessions_evicted_total": "needs more sessions than there are slots: kafka/fetchsession",
	"tributary_kafka_fetch_sessions_refused_total": "needs more sessions than there are slots: kafka/fetchsession",
	"tributary_kafka_offsets_expired_total":        "needs minutes: kafka, TestOffsetsExpire",
	"tributary_kafka_share_acquired_records":       "needs a share consumer: kafka, TestShareGroup",
	"tributary_kafka_share_sessions":               "needs a share consumer: kafka, TestShareGroup",
	"tributary_chain_failing":                      "needs a store that hangs",
	"tributary_chain_waiting":                      "is not 0 while a commit is under way",
	"tributary_backup_objects_held":                "is not 0 while a backup is under way",
	"tributary_backup_objects_pending":             "is not 0 while a backup is under way",
	"tributary_rpc_calls":                          "is not 0 while an RPC is under way",
	"tributary_rpc_bytes":                          "is not 0 while a large message is read or an answer is written",
	"tributary_foreign_key_lock_escalations_total": "needs more keys than max_foreign_key_locks: exec/table, TestKeyLocks",
	"tributary_rpc_refused_total":                  "needs many RPCs at one moment: server/rpc, TestCallsAreBounded",
	"tributary_rpc_too_slow_total":                 "takes a client a minute",
	"tributary_notify_queue_bytes":                 "needs a listener that takes nothing: session/notify, TestRoom",
	"tributary_notify_listeners":                   "needs a client that listens: server, TestSessions",
	"tributary_shards_busy":                        "is not 0 while a divided statement runs",
	"tributary_shard_refused_total":                "needs several large statements at one moment: exec/lane, TestShardsAreShared",
	"tributary_state_merges_waiting":               "lasts as long as a merge waits",

	"tributary_dataflow_late_rows_unlisted_total": "needs late rows by the thousand: exec/lane, TestLateRowsAreBounded",
	"tributary_dataflow_history_bytes":            "is looked at once a second: exec/lane, TestHistoryIsBounded",
	"tributary_dataflow_condensed_total":          "needs much history: exec/lane, TestHistoryIsBounded",
	"tributary_state_groups_parts_total":          "needs one commit of many groups: server, TestOneCommitOfManyGroups",
	"tributary_dataflow_cut_off_total":            "needs a sink that stands for a minute: exec/lane, TestStandingReadersAreCutOff",
	"tributary_dataflow_resumed_total":            "needs a view that fails for a moment: exec/lane, TestResume",
	"tributary_state_chunks_in_checkpoint_total":  "needs memory that comes and goes: storage/state, TestSchedules",
	"tributary_state_chunks_reread_total":         "needs a disk that fails: storage/state, TestReread",
	"tributary_tables_rebuilding":                 "lasts as long as a table is made anew: exec/table, TestRebuildFails",
	"tributary_tables_failed":                     "needs a damaged changelog: exec/table, TestRebuildFails",
	"tributary_state_chunks_fetched_total":        "needs a distant store and little memory: storage/state, TestSchedules",
}

// moves collects what /metrics of several servers has shown.
type moves struct {
	t     *testing.T
	moved map[string]bool
}

var sample = regexp.MustCompile(`^(tributary_[a-z_]+?)(_count|_sum|_bucket)?(\{.*\})? (\S+)$`)

// look notes which metrics are not 0.
func (m *moves) look(s *server.Server) {
	m.t.Helper()
	r, err := http.Get("http://" + s.HTTPAddr.String() + "/metrics")
	if err != nil {
		m.t.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		p := sample.FindStringSubmatch(lines.Text())
		if p == nil || p[2] == "_sum" || p[2] == "_bucket" {
			continue
		}
		v, err := strconv.ParseFloat(p[4], 64)
		if err != nil {
			m.t.Fatal(err)
		}
		if v != 0 {
			m.moved[p[1]] = true
		}
	}
}

// until looks until a metric has moved.
func (m *moves) until(s *server.Server, names ...string) {
	m.t.Helper()
	begin := time.Now()
	for _, name := range names {
		for m.look(s); !m.moved[name]; m.look(s) {
			if time.Since(begin) > 30*time.Second {
				m.t.Errorf("%s does not move", name)
				return
			}
		}
	}
}

// TestEveryMetricMoves: each metric of docs/metrics.md is one that something changes.
func TestEveryMetricMoves(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := &moves{t: t, moved: map[string]bool{}}
	for _, run := range []func(*testing.T, context.Context, *moves){
		moveClients, moveViews, moveLog, moveRanges, moveInline, moveState, moveTemp, moveStaged, moveLimits, moveLogins, moveChain,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		run(t, ctx, m)
		cancel()
	}
	names := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(tributary_[a-z_]+)` ").FindAllStringSubmatch(string(page), -1) {
		name := row[1]
		names[name] = true
		switch reason, listed := unmoved[name]; {
		case !m.moved[name] && !listed:
			t.Errorf("%s does not move", name)
		case m.moved[name] && listed && strings.HasPrefix(reason, "needs"):
			t.Logf("%s has moved, though it %s", name, reason)
		}
	}
	if len(names) < 100 {
		t.Errorf("docs/metrics.md has %d metrics: it is not the page", len(names))
	}
	for name := range m.moved {
		if !names[name] {
			t.Errorf("%s is not in docs/metrics.md", name)
		}
	}
	for name := range unmoved {
		if !names[name] {
			t.Errorf("%s is no metric any more", name)
		}
	}
}

func kafkaClient(t *testing.T, s *server.Server, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.KafkaAddr.String()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// moveClients: statements and requests of all faces, good and bad.
func moveClients(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.FlightListen, cfg.TopicCreationRate, cfg.MetricsMaxSeries = "127.0.0.1:0", 1, 2
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO t VALUES (1)")
	if _, err := db.Exec(ctx, "SELECT nothing"); err == nil {
		t.Fatal("no error")
	}
	exec(t, ctx, db, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	exec(t, ctx, db, "SELECT * FROM t")
	m.until(s, "tributary_dataflow_pins")
	exec(t, ctx, db, "COMMIT")
	for _, sql := range []string{"SELECT 1", "SELECT nothing"} {
		r, err := http.Post("http://"+s.HTTPAddr.String()+"/query", "application/sql", strings.NewReader(sql))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	for _, rpc := range []struct{ method, body string }{
		{"CreateTopic", `{"topic":"rpc"}`}, {"Produce", `{"topic":"rpc","records":[{}]}`}, {"Fetch", `{"topic":"rpc"}`}, {"Fetch", `{"topic":"none"}`},
	} {
		r, err := http.Post("http://"+s.HTTPAddr.String()+"/tributary.v1.StreamService/"+rpc.method, "application/json", strings.NewReader(rpc.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	c := fly(t, s, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if _, err := c.Prepare(ctx, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	quiet, err := net.Dial("tcp", s.PGAddr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	m.until(s, "tributary_pg_starting_connections")

	cl := kafkaClient(t, s, kgo.AllowAutoTopicCreation(), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("k"), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	busy := "busy"
	quotas := []kadm.AlterClientQuotaEntry{{Entity: kadm.ClientQuotaEntity{{Type: "client-id", Name: &busy}}, Ops: []kadm.AlterClientQuotaOp{
		{Key: "producer_byte_rate", Value: 50}, {Key: "consumer_byte_rate", Value: 50},
	}}}
	if _, err := kadm.NewClient(cl).AlterClientQuotas(ctx, quotas); err != nil {
		t.Fatal(err)
	}
	if err := kafkaClient(t, s, kgo.AllowAutoTopicCreation(), kgo.ClientID(busy)).ProduceSync(ctx, &kgo.Record{Topic: "k", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for i := range 40 { // more than the rate lets pass
		metadata, err := kadm.NewClient(cl).ListTopics(ctx, fmt.Sprint("asked", i))
		_, _ = metadata, err // an unknown topic is no error of the call
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "k", Value: []byte("x")}).FirstErr(); i == 0 && err != nil {
			t.Fatal(err)
		}
	}
	polled := cl.PollFetches(ctx)
	if err := polled.Err(); err != nil {
		t.Fatal(err)
	}
	first := polled.Records()[0]
	if err := cl.CommitRecords(ctx, first); err != nil {
		t.Fatal(err)
	}
	bad := kafkaClient(t, s, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.LeaderAck()))
	if err := bad.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte("a table's own")}).FirstErr(); err == nil {
		t.Fatal("a table's topic took a record")
	}
	broken, err := net.Dial("tcp", s.KafkaAddr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	_, _ = broken.Write(binary.BigEndian.AppendUint32(nil, 1<<31-1))
	m.until(s, "tributary_kafka_malformed_total", "tributary_group_members", "tributary_group_lag_records", "tributary_group_lag_bytes",
		"tributary_group_lag_seconds", "tributary_topic_freshness_seconds", "tributary_metrics_folded")
}

// moveViews: windows, rows that fail, a view that is behind, and checkpoints.
func moveViews(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.CheckpointInterval, cfg.TickInterval = 50*time.Millisecond, 2*time.Second
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	for _, sql := range []string{
		"CREATE STREAM e (k int, at timestamp, WATERMARK FOR at AS at) WITH (watermark_max_jump = '1 hour')",
		`CREATE MATERIALIZED VIEW w AS SELECT TUMBLE_START(at, INTERVAL '1 minute') AS s, count(*) AS n FROM e
			GROUP BY TUMBLE(at, INTERVAL '1 minute') EMIT ON WINDOW CLOSE`,
		"CREATE SINK bad TO TOPIC 'out' AS SELECT 1 / k AS q FROM e",
		"CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) AS n FROM e GROUP BY k",
		"INSERT INTO e VALUES (1, '2024-01-01 10:00')",
		"INSERT INTO e VALUES (0, '2024-01-01 10:30'), (2, '2099-01-01 00:00'), (3, NULL)",
		"INSERT INTO e VALUES (1, '2024-01-01 09:00')",
		"SELECT * FROM w",
		"SELECT * FROM sums",
		"CREATE SEQUENCE numbers",
		"SELECT nextval('numbers')",
	} {
		exec(t, ctx, db, sql)
	}
	m.until(s, "tributary_dataflow_row_errors", "tributary_dataflow_standing", "tributary_dataflow_late_rows_total",
		"tributary_dataflow_no_time_rows_total", "tributary_dataflow_ahead_rows_total", "tributary_checkpoint_boundary", "tributary_sequence_ranges_total")
	exec(t, ctx, db, "INSERT INTO e VALUES (5, '2024-01-01 10:31')") // nobody reads: the views rest
	m.until(s, "tributary_dataflow_lag_commits", "tributary_dataflow_behind_commits", "tributary_dataflow_lag_bytes",
		"tributary_dataflow_lag_seconds", "tributary_dataflow_freshness_seconds")
	stop(t, s)
	s = start(t, ctx, cfg)
	m.until(s, "tributary_dataflow_restored")
	stop(t, s)
}

// moveLog: segments, rolls, snapshots and retention.
func moveLog(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.RetentionInterval, cfg.InlineBytes, cfg.TailCacheBytes = 20*time.Millisecond, 1000, 1<<20
	cfg.MaxProducers = 1000
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TOPIC s WITH (retention_ms = 1)")
	exec(t, ctx, db, "CREATE TOPIC kept")
	exec(t, ctx, db, "CREATE TOPIC many WITH (partitions = 1100)")
	cl := kafkaClient(t, s, kgo.ConsumeTopics("kept"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(900_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	for range 3 { // objects of their own
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "s", Value: bytes.Repeat([]byte("x"), 2000)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	var records []*kgo.Record
	for i := range 1100 {
		records = append(records, &kgo.Record{Topic: "many", Partition: int32(i), Value: []byte("x")})
	}
	for range 12 {
		records = append(records, &kgo.Record{Topic: "kept", Value: bytes.Repeat([]byte("x"), 500_000)})
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 12; n += len(cl.PollFetches(ctx).Records()) {
		if ctx.Err() != nil {
			t.Fatal("the records do not come")
		}
	}
	txn := kafkaClient(t, s, kgo.TransactionalID("x"), kgo.TransactionTimeout(time.Second)) // left open
	if err := txn.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := txn.ProduceSync(ctx, &kgo.Record{Topic: "kept", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m.until(s, "tributary_log_transactional_ids", "tributary_log_transactions_open")
	m.until(s, "tributary_log_transactions_timed_out_total")
	m.until(s, "tributary_log_producers_evicted_total", "tributary_log_retained_partitions_total", "tributary_log_uploads_total",
		"tributary_log_read_cache_bytes", "tributary_log_deleted_objects_total")
	// The tail cache holds what is smaller than itself, however the client has put its records together.
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "kept", Value: bytes.Repeat([]byte("x"), 2000)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m.until(s, "tributary_log_tail_cache_bytes")
}

// moveRanges: older records of a remote object store, read in order, twice.
func moveRanges(t *testing.T, ctx context.Context, m *moves) {
	cfg := onS3(t)
	cfg.TailCacheBytes, cfg.ReadCacheBytes, cfg.FlushBytes = 1<<20, 1<<20, 1<<20
	s := start(t, ctx, cfg)
	defer stop(t, s)
	exec(t, ctx, connect(t, ctx, s), "CREATE TOPIC old")
	cl := kafkaClient(t, s, kgo.ProducerBatchMaxBytes(900_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	const records = 24
	for range records {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "old", Value: bytes.Repeat([]byte("x"), 300_000)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		reader := kafkaClient(t, s, kgo.ConsumeTopics("old"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		for n := 0; n < records && ctx.Err() == nil; {
			n += len(reader.PollFetches(ctx).Records())
		}
		m.until(s, "tributary_disk_cache_written_bytes_total", "tributary_disk_cache_bytes", "tributary_disk_cache_entries")
	}
	m.until(s, "tributary_disk_cache_misses_total", "tributary_disk_cache_hits_total", "tributary_log_object_reads_total",
		"tributary_log_object_read_bytes_total", "tributary_log_read_ahead_total", "tributary_log_read_cache_bytes")
}

// moveInline: groups that ride in the log, until they are rolled and a snapshot is due.
func moveInline(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.InlineBytes = 4 << 20
	s := start(t, ctx, cfg)
	defer stop(t, s)
	exec(t, ctx, connect(t, ctx, s), "CREATE TOPIC k")
	cl := kafkaClient(t, s, kgo.ProducerBatchMaxBytes(900_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	for range 90 {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "k", Value: bytes.Repeat([]byte("x"), 850_000)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	m.until(s, "tributary_log_rolls_total", "tributary_log_snapshots_total", "tributary_log_inline_bytes")
}

// moveChain: the metadata in the object store, and a backup.
func moveChain(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.Durability = config.DurabilityObject
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE c (id int PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO c VALUES (1)")
	if _, err := s.Backup(ctx, "file://"+t.TempDir(), server.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	m.until(s, "tributary_chain_attempts_total", "tributary_chain_bases_total", "tributary_chain_behind_base", "tributary_chain_bytes_total",
		"tributary_chain_links_total", "tributary_chain_marks_total", "tributary_chain_writes_total", "tributary_backup_last_timestamp_seconds")
}

// moveState: a table larger than state_memory; then a start that brings some of it into memory.
func moveState(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.StateMemory = 16 << 20
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE large (id bigint PRIMARY KEY, v text)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW per_id AS SELECT id, count(*) FROM large GROUP BY id")
	const rows, step = 120_000, 8_000
	for from := 0; from < rows; from += step {
		var lines bytes.Buffer
		for i := from; i < from+step; i++ {
			fmt.Fprintf(&lines, "%d\t%0192d\n", i*7919%rows, i*i*7919)
		}
		if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY large FROM STDIN"); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		exec(t, ctx, db, "SELECT count(v) FROM large")
		exec(t, ctx, db, "SELECT v FROM large WHERE id = 77")
	}
	exec(t, ctx, db, "UPDATE large SET v = 'x' WHERE id < 1000")
	m.until(s, "tributary_state_disk_reads_total", "tributary_state_cache_hits_total", "tributary_state_groups_fetched_total")
	stop(t, s)
	cfg.StateMemory = 32 << 20
	s = start(t, ctx, cfg)
	defer stop(t, s)
	m.until(s, "tributary_state_chunks_warmed_total")
}

// moveTemp: statements that have no memory for their rows, and one that is divided, as is a tick.
func moveTemp(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.Shards, cfg.Workers, cfg.MinShardTickRows = 2, 4, 0
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int)")
	exec(t, ctx, db, "INSERT INTO t VALUES (1), (2), (3)")
	exec(t, ctx, db, "ALTER TABLE t REBUILD")
	exec(t, ctx, db, "SET work_memory = 1")
	exec(t, ctx, db, "SELECT id FROM t ORDER BY id")
	exec(t, ctx, db, "SET temp_file_limit = 1")
	if _, err := db.Exec(ctx, "SELECT id FROM t ORDER BY id"); err == nil {
		t.Error("more than temp_file_limit was taken")
	}
	exec(t, ctx, db, "RESET temp_file_limit")
	exec(t, ctx, db, "CREATE TEMP TABLE own AS SELECT id FROM t")
	exec(t, ctx, db, "SET temp_table_memory = 1")
	if _, err := db.Exec(ctx, "INSERT INTO own SELECT id FROM t"); err == nil {
		t.Error("more than temp_table_memory was taken")
	}
	m.look(s)
	exec(t, ctx, db, "RESET temp_table_memory")
	exec(t, ctx, db, "SET min_shard_rows = 1")
	exec(t, ctx, db, "SELECT count(*) FROM t")
	exec(t, ctx, db, "CREATE STREAM e (n int) WITH (topic = 'e')")
	exec(t, ctx, db, "INSERT INTO e VALUES (1), (2)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT sum(n) AS n FROM e")
	exec(t, ctx, db, "CREATE TABLE due (at timestamptz)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW soon AS SELECT at FROM due WHERE at > now()")
	exec(t, ctx, db, "INSERT INTO due VALUES (now() + interval '100 ms')")
	m.look(s)
	m.until(s, "tributary_time_ticks_total")
}

// moveStaged: transactions that are larger than stage_bytes.
func moveStaged(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	cfg.StageBytes = 10
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int)")
	exec(t, ctx, db, "BEGIN")
	exec(t, ctx, db, "INSERT INTO t VALUES (1), (2), (3)")
	m.until(s, "tributary_log_staged_bytes")
	exec(t, ctx, db, "COMMIT")
	exec(t, ctx, db, "BEGIN")
	exec(t, ctx, db, "INSERT INTO t VALUES (1), (2), (3)")
	exec(t, ctx, db, "ROLLBACK")
	m.until(s, "tributary_log_staged_commits_total", "tributary_log_staged_drops_total")
}

// moveLimits: a disk that is said to be full, and places that are taken.
func moveLimits(t *testing.T, ctx context.Context, m *moves) {
	cfg := settings(t.TempDir())
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int)")
	stop(t, s)
	cfg.DiskReserve, cfg.KafkaMaxConnections = 1<<50, 1
	s = start(t, ctx, cfg)
	defer stop(t, s)
	if _, err := connect(t, ctx, s).Exec(ctx, "INSERT INTO t VALUES (1)"); err == nil {
		t.Error("a row was taken on a full disk")
	}
	var open []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", s.KafkaAddr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	m.until(s, "tributary_log_refused_full_total", "tributary_connections_evicted_total")
	_ = open
}

// moveLogins: a wrong password, and a certificate.
func moveLogins(t *testing.T, _ context.Context, m *moves) {
	s := secure(t, func(cfg *config.Settings) { cfg.HTTPTLS = config.TLSAllow })
	if err := kafkaLogin(t, s.Server, plain.Auth{User: "tributary", Pass: "wrong"}.AsMechanism(), kgo.DialTLSConfig(s.tls())); err == nil {
		t.Error("a wrong password was taken")
	}
	status, body := s.get(t, "/metrics", "first")
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	for line := range strings.Lines(body) {
		if p := sample.FindStringSubmatch(strings.TrimSpace(line)); p != nil && p[2] == "" && p[4] != "0" {
			m.moved[p[1]] = true
		}
	}
}

// TestFoldedSeries: what is above metrics_max_series is summed, by what is no name, and counted.
func TestFoldedSeries(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.MetricsMaxSeries = 2
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	for i := range 5 {
		exec(t, ctx, db, fmt.Sprintf("CREATE TOPIC t%d WITH (partitions = %d)", i, i+1))
	}
	exec(t, ctx, db, "CREATE STREAM e (k int) WITH (topic = 't0')")
	for i := range 4 {
		exec(t, ctx, db, fmt.Sprintf("CREATE MATERIALIZED VIEW v%d AS SELECT 1 / k AS q FROM e", i))
	}
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW v3 SET (on_error = 'skip')")
	exec(t, ctx, db, "INSERT INTO e VALUES (0), (1)")
	exec(t, ctx, db, "SELECT * FROM v3")
	for i := range 3 { // a strict read waits until the view has the failed row
		if _, err := db.Exec(ctx, fmt.Sprintf("SELECT * FROM v%d", i)); err == nil {
			t.Errorf("v%d is read although a row of it failed", i)
		}
	}
	for name, want := range map[string]float64{
		`tributary_topic_partitions{topic="t1"}`:                                2,
		`tributary_topic_partitions{topic="_other"}`:                            12,
		`tributary_metrics_folded{object="topic"}`:                              3,
		`tributary_metrics_folded{object="dataflow"}`:                           2,
		`tributary_metrics_folded{object="group"}`:                              0,
		`tributary_topic_records{topic="t0"}`:                                   2,
		`tributary_dataflow_row_errors{kind="materialized view",relation="v0"}`: 1,
	} {
		if got := metric(t, s, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for { // what stands comes first, so that v3 is among the others
		n := metric(t, s, "tributary_dataflow_standing")
		running := metric(t, s, `tributary_dataflow_state{kind="materialized view",relation="_other",state="running"}`)
		if n == 3 && running == 1 {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%v stand, %v others run", n, running)
		}
	}
}
