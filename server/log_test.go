package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// logged is what a server writes into its log.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines are those of a message, oldest first.
func (l *logged) lines(t *testing.T, message string) (out []map[string]any) {
	t.Helper()
	for text := range strings.Lines(l.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line["msg"] == message {
			out = append(out, line)
		}
	}
	return out
}

// logging starts a server whose log is kept.
func logging(t *testing.T, ctx context.Context, cfg *config.Settings) (*server.Server, *logged) {
	t.Helper()
	l := &logged{}
	s, err := server.Start(ctx, cfg, slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelInfo})))
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

// TestLogTellsDDL: each change of what there is is one line, over SQL and Kafka, without secrets;
// what changes nothing is none.
func TestLogTellsDDL(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, l := logging(t, ctx, settings(t.TempDir()))
	defer stop(t, s)
	if lines := l.lines(t, "started"); len(lines) != 1 {
		t.Errorf("a start is %d lines", len(lines))
	} else {
		sum := 0.0
		for _, part := range []string{"looked", "metadata", "log", "tables", "dataflows", "faces"} {
			took, ok := lines[0][part].(float64)
			if sum += took; !ok {
				t.Errorf("no time of %s: %v", part, lines[0])
			}
		}
		if took, _ := lines[0]["took"].(float64); took == 0 || math.Abs(took-sum) > float64(6*time.Millisecond) {
			t.Errorf("the parts of %v ns are %v ns", took, sum)
		}
	}
	db := connect(t, ctx, s)
	var want []string
	for _, c := range []struct{ sql, line string }{
		{"CREATE TABLE t (id int PRIMARY KEY)", "CREATE TABLE t"},
		{"CREATE TABLE IF NOT EXISTS t (id int)", ""},
		{"CREATE INDEX i ON t (id)", "CREATE INDEX i ON t"},
		{"CREATE TOPIC k", "CREATE TOPIC k"},
		{"CREATE TOPIC IF NOT EXISTS k", ""},
		{"ALTER TOPIC k SET (partitions = 2)", "ALTER TOPIC k"},
		{"CREATE STREAM s (a int) WITH (topic = 'k')", "CREATE STREAM s"},
		{"CREATE MATERIALIZED VIEW v AS SELECT 's3cret', a FROM s", "CREATE MATERIALIZED VIEW v"},
		{"CREATE SINK o TO TOPIC 'out' AS SELECT a FROM s", "CREATE SINK o"},
		{"ALTER SINK o SET (on_error = 'skip')", "ALTER SINK o"},
		{"ALTER ROLE tributary PASSWORD 's3cret'", "ALTER ROLE tributary"},
		{"INSERT INTO t VALUES (1)", ""},
		{"DROP SINK IF EXISTS o, nothing", "DROP SINK o, nothing"},
		{"DROP SINK IF EXISTS o", ""},
	} {
		exec(t, ctx, db, c.sql)
		if c.line != "" {
			want = append(want, c.line)
		}
	}
	adm := kadm.NewClient(kafkaClient(t, s))
	for _, c := range []struct {
		line string
		run  func() error
	}{
		{"CREATE TOPIC n", func() error { _, err := adm.CreateTopic(ctx, 1, 1, nil, "n"); return err }},
		{"ALTER TOPIC n", func() error { _, err := adm.CreatePartitions(ctx, 1, "n"); return err }},
		{"", func() error { _, err := adm.ValidateCreatePartitions(ctx, 1, "n"); return err }},
		{"ALTER TOPIC n", func() error {
			_, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: kadm.StringPtr("1000")}}, "n")
			return err
		}},
		{"DROP TOPIC n", func() error { _, err := adm.DeleteTopics(ctx, "n"); return err }},
	} {
		if err := c.run(); err != nil {
			t.Fatal(c.line, err)
		}
		if c.line != "" {
			want = append(want, c.line)
		}
	}
	var got []string
	for _, line := range l.lines(t, "ddl") {
		got = append(got, fmt.Sprint(line["statement"], " ", line["object"]))
		if line["role"] != "tributary" || line["level"] != "INFO" {
			t.Errorf("%v", line)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the log tells of\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(l.String(), "s3cret") {
		t.Error("the log has a secret")
	}
}

// TestSlowStatements: log_min_duration_statement is PostgreSQL's; values are not in the log.
func TestSlowStatements(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.LogMinDurationStatement = -1
	s, l := logging(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int)")
	exec(t, ctx, db, "SET log_min_duration_statement = '1h'")
	exec(t, ctx, db, "SELECT 'not slow'")
	if lines := l.lines(t, "slow statement"); len(lines) > 0 {
		t.Fatalf("%v", lines)
	}
	exec(t, ctx, db, "SET log_min_duration_statement = 0")
	var n int
	if err := db.QueryRow(ctx, "SELECT count(*) FROM t WHERE id = $1 AND 's3cret' <> ''", 4711).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(ctx, "ALTER ROLE tributary PASSWORD 's3cret'"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.PgConn().Exec(ctx, "SELECT 1/0 FROM (VALUES ('s3cret')) AS x").ReadAll(); err == nil {
		t.Fatal("no error")
	}
	exec(t, ctx, db, "SET log_min_duration_statement = -1")
	exec(t, ctx, db, "SELECT 5")
	var got []string
	for _, line := range l.lines(t, "slow statement") {
		got = append(got, fmt.Sprint(line["step"], " ", line["sqlstate"], " ", line["statement"]))
		if line["duration"] == nil || line["role"] != "tributary" || line["level"] != "INFO" {
			t.Errorf("%v", line)
		}
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{
		"execute 00000 SELECT count(*) FROM t WHERE id = $1 AND ? <> ?",
		"00000 ALTER ROLE tributary PASSWORD ?",
		"query 22012 SELECT ?/? FROM (VALUES (?)) AS x",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	if strings.Contains(all, "s3cret") || strings.Contains(all, "4711") || strings.Contains(all, "SELECT 5") {
		t.Error(all)
	}
	var shown string
	if err := db.QueryRow(ctx, "SHOW log_min_duration_statement").Scan(&shown); err != nil || shown != "-1" {
		t.Error(shown, err)
	}
}

// TestFailedRowsAreToldOnce: the first failing row is a line at once, those that follow in the next
// minute are none.
func TestFailedRowsAreToldOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, l := logging(t, ctx, settings(t.TempDir()))
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE STREAM e (k int)")
	exec(t, ctx, db, "CREATE SINK bad TO TOPIC 'out' AS SELECT 1 / k AS q FROM e")
	for range 20 {
		exec(t, ctx, db, "INSERT INTO e VALUES (0)")
	}
	for metric(t, s, `tributary_dataflow_row_errors{kind="sink",relation="bad"}`) < 20 {
		if ctx.Err() != nil {
			t.Fatal("the rows do not fail")
		}
	}
	lines := l.lines(t, "a row failed")
	if len(lines) != 1 || lines[0]["relation"] != "bad" || !strings.Contains(fmt.Sprint(lines[0]["reason"]), "division by zero") {
		t.Errorf("%v", lines)
	}
}

// TestRefusedConnectionsAreToldSeldom: who breaks Kafka's protocol again and again does not fill
// the log.
func TestRefusedConnectionsAreToldSeldom(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, l := logging(t, ctx, settings(t.TempDir()))
	defer stop(t, s)
	begin := time.Now()
	for range 200 {
		c, err := net.Dial("tcp", s.KafkaAddr.String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(binary.BigEndian.AppendUint32(nil, 1<<31-1))
		_, _ = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	most := 2 + int(time.Since(begin)/time.Second)
	if n := len(l.lines(t, "kafka connection refused")); n == 0 || n > most {
		t.Errorf("%d lines, want 1 to %d", n, most)
	}
}

// TestNothingNormalWarns: work of every kind, a stop and a start again write no warning.
func TestNothingNormalWarns(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.CheckpointInterval = 20 * time.Millisecond
	for round := range 3 {
		s, l := logging(t, ctx, cfg)
		db := connect(t, ctx, s)
		if round == 0 {
			for _, sql := range []string{
				"CREATE TABLE t (id int PRIMARY KEY)", "CREATE STREAM s (id int)", "CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM s",
				"CREATE SINK o TO TOPIC 'out' AS SELECT id FROM t", "CREATE MATERIALIZED VIEW w AS SELECT * FROM v",
			} {
				exec(t, ctx, db, sql)
			}
		}
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO t VALUES (%d)", round))
		produce(t, ctx, s, 0, 10)
		cl := kafkaClient(t, s, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("s"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if round == 0 && len(cl.PollFetches(ctx).Records()) == 0 {
			t.Error("no records")
		}
		for before := metric(t, s, "tributary_checkpoints_total"); metric(t, s, "tributary_checkpoints_total") < before+2; {
			exec(t, ctx, db, "INSERT INTO s VALUES (1)")
			if ctx.Err() != nil {
				t.Fatal("no checkpoint")
			}
		}
		if _, err := db.Exec(ctx, "SELECT nothing"); err == nil {
			t.Error("no error")
		}
		cl.Close()
		_ = db.Close(ctx)
		stop(t, s)
		for line := range strings.Lines(l.String()) {
			if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("round %d: %s", round, line)
			}
		}
	}
}
