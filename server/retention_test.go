package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// TestRetentionAndViews: a view keeps what it counted when its input's records go, over a restart
// too; one that would have to count again what is gone says so; objects leave the store.
func TestRetentionAndViews(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.RetentionInterval, cfg.CheckpointInterval, cfg.InlineBytes = 20*time.Millisecond, 30*time.Millisecond, 0
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TOPIC s WITH (retention_ms = 1)")
	exec(t, ctx, db, "CREATE STREAM s (line text) WITH (topic = 's', format = 'raw')")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW above AS SELECT n + 1 AS n FROM v")
	give := func(n int) {
		t.Helper()
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DefaultProduceTopic("s"))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		for range n {
			if err := cl.ProduceSync(ctx, kgo.StringRecord("x")).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	counted := func(want int) {
		t.Helper()
		var n int
		if err := db.QueryRow(ctx, "SELECT n FROM v").Scan(&n); err != nil || n != want {
			t.Fatalf("the view counts %d, %v; want %d", n, err, want)
		}
	}
	give(20)
	counted(20)
	emptied(t, ctx, s)
	var n int
	if err := db.QueryRow(ctx, "SELECT count(*) FROM s").Scan(&n); err != nil || n != 0 {
		t.Fatalf("the stream has %d records, %v", n, err)
	}
	counted(20)
	give(5)
	counted(25)
	stop(t, s)
	s = start(t, ctx, cfg)
	db = connect(t, ctx, s)
	counted(25)
	emptied(t, ctx, s)
	counted(25)
	for segments(t, cfg) > 0 { // what the topic had lies in objects of its own
		if ctx.Err() != nil {
			t.Fatalf("%d segments are left of an empty topic", segments(t, cfg))
		}
	}
	stop(t, s)

	// Without its checkpoints the view would begin with what is left: it says that it cannot.
	dirs, err := filepath.Glob(filepath.Join(cfg.DataDir, "objects", "state", "ckpt"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no checkpoints: %v, %v", dirs, err)
	}
	for _, dir := range dirs {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	s = start(t, ctx, cfg)
	defer func() { stop(t, s) }()
	db = connect(t, ctx, s)
	var refused *pgconn.PgError
	if err := db.QueryRow(ctx, "SELECT n FROM v").Scan(&n); !errors.As(err, &refused) || refused.Code != "TB001" ||
		!strings.Contains(refused.Message, "lost records") || !strings.Contains(refused.Hint, "DROP MATERIALIZED VIEW v and create it again") {
		t.Fatalf("a view that cannot be built again: %d, %v, %+v", n, err, refused)
	}
	var state, code, reason string
	for name, want := range map[string]string{"v": "failed", "above": "waiting"} {
		err := db.QueryRow(ctx, "SELECT state, sqlstate, reason FROM tributary.dataflows WHERE name = $1", name).Scan(&state, &code, &reason)
		if err != nil || state != want || code != "TB001" || !strings.Contains(reason, "lost records") {
			t.Errorf("%s is %s, %s, %s: %v", name, state, code, reason, err)
		}
	}
	if err := db.QueryRow(ctx, "SELECT n FROM above").Scan(&n); !errors.As(err, &refused) || !strings.Contains(refused.Message, `"v" has failed`) {
		t.Errorf("a view over it: %v", err)
	}
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW v RENAME TO renamed")
	if err := db.QueryRow(ctx, "SELECT n FROM above").Scan(&n); !errors.As(err, &refused) || !strings.Contains(refused.Message, `"renamed" has failed`) {
		t.Errorf("a view over one that was renamed: %v", err)
	}
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW renamed RENAME TO v")
	for sql, want := range map[string]string{
		"ALTER MATERIALIZED VIEW v REBUILD":                   "TB001",
		"ALTER MATERIALIZED VIEW v REBUILD FROM WHAT IS LEFT": "2BP01", // above has what it showed
		"ALTER STREAM s REBUILD FROM WHAT IS LEFT":            "42809",
	} {
		if _, err := db.Exec(ctx, sql); !errors.As(err, &refused) || refused.Code != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	exec(t, ctx, db, "DROP MATERIALIZED VIEW above")
	if n := metric(t, s, "tributary_dataflow_failed"); n != 1 {
		t.Errorf("%v dataflows are counted as failed", n)
	}
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW v REBUILD FROM WHAT IS LEFT")
	counted(0)
	give(3)
	counted(3)
	stop(t, s)
	s = start(t, ctx, cfg)
	db = connect(t, ctx, s)
	counted(3)
	emptied(t, ctx, s) // what goes from here on was not agreed to
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW above AS SELECT n FROM v")
	counted(3)
	if _, err := db.Exec(ctx, "ALTER MATERIALIZED VIEW v REBUILD"); !errors.As(err, &refused) || refused.Code != "TB001" {
		t.Errorf("REBUILD after a further loss: %v", err)
	}
	counted(3)
	exec(t, ctx, db, "DROP MATERIALIZED VIEW v CASCADE")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s")
	give(2)
	counted(2)
}

// emptied waits until retention has let everything go.
func emptied(t *testing.T, ctx context.Context, s *server.Server) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for {
		starts, err := adm.ListStartOffsets(ctx, "s")
		if err != nil {
			t.Fatal(err)
		}
		ends, err := adm.ListEndOffsets(ctx, "s")
		if err != nil {
			t.Fatal(err)
		}
		if starts["s"][0].Offset == ends["s"][0].Offset {
			return
		}
	}
}

func segments(t *testing.T, cfg *config.Settings) (n int) {
	t.Helper()
	for _, dir := range []string{"log", "seg"} {
		found, err := filepath.Glob(filepath.Join(cfg.DataDir, "objects", dir, "*", "*.strm"))
		if err != nil {
			t.Fatal(err)
		}
		n += len(found)
	}
	return n
}

// TestViewsBegunBehindALoss: what is made from a topic that lost records long ago, further back than one tick
// reads, counts what is left: views, also of a join with a table, sinks, and those made anew.
func TestViewsBegunBehindALoss(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TOPIC s")
	exec(t, ctx, db, "CREATE STREAM s (line text) WITH (topic = 's', format = 'raw')")
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DefaultProduceTopic("s"), kgo.ProducerLinger(0))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	give := func(n int) { // a commit each
		t.Helper()
		for i := range n {
			if err := cl.ProduceSync(ctx, kgo.StringRecord(strconv.Itoa(i%7))).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	counted := func(view string, want int) {
		t.Helper()
		var n int
		if err := db.QueryRow(ctx, "SELECT sum(n) FROM "+view).Scan(&n); err != nil || n != want {
			t.Fatalf("%s counts %d, %v; want %d", view, n, err, want)
		}
	}
	give(900)
	lost := kadm.Offsets{}
	lost.AddOffset("s", 0, 600, -1)
	if res, err := kadm.NewClient(cl).DeleteRecords(ctx, lost); err != nil || res.Error() != nil {
		t.Fatal(err, res.Error())
	}
	give(300)
	const query = " AS SELECT line, count(*) AS n FROM s GROUP BY line"
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v"+query)
	exec(t, ctx, db, "CREATE SINK k TO TOPIC 'out' WITH (format = 'json')"+query)
	exec(t, ctx, db, "CREATE TABLE names (line text PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO names VALUES ('1'), ('2')")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW j AS SELECT n.line, count(*) AS n FROM s LEFT JOIN names n ON n.line = s.line GROUP BY n.line")
	counted("v", 600)
	counted("j", 600)
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW v REBUILD")
	exec(t, ctx, db, "ALTER MATERIALIZED VIEW j REBUILD")
	exec(t, ctx, db, "ALTER SINK k REBUILD")
	give(300)
	counted("v", 900)
	counted("j", 900)
	stop(t, s)
	s = start(t, ctx, cfg)
	defer func() { stop(t, s) }()
	db = connect(t, ctx, s)
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW later"+query)
	counted("v", 900)
	counted("later", 900)
	var state string
	if err := db.QueryRow(ctx, "SELECT state FROM tributary.dataflows WHERE name = 'k'").Scan(&state); err != nil || state != "running" {
		t.Errorf("the sink is %q, %v", state, err)
	}
}
