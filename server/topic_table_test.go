package server_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/config"
)

// topicTable is a table over a topic beside a map that is changed alike.
type topicTable struct {
	t     *testing.T
	ctx   context.Context
	rng   *rand.Rand
	cfg   *config.Settings
	db    *pgx.Conn
	cl    *kgo.Client
	stop  func()
	form  topicForm
	keys  int // 0 to keys-1
	rows  map[int]int
	bad   int // records without a readable key, which are never compacted
	wrong map[int]bool
}

// topicForm is how records are written in one format.
type topicForm struct {
	format  string
	options string
	key     func(k int) string
	put     func(k, v int) string
	remove  func(k, v int) string // "" = a tombstone
}

var topicForms = []topicForm{
	{"json", "", jsonKey, func(_, v int) string { return fmt.Sprintf(`{"v":%d}`, v) }, nil},
	{"csv", ", key_format = 'text', delimiter = ';'", func(k int) string { return fmt.Sprint(k) }, func(k, v int) string { return fmt.Sprintf("%d;%d", k, v) }, nil},
	{"debezium_json", "", func(k int) string { return fmt.Sprintf(`{"schema":{},"payload":{"k":%d}}`, k) },
		func(k, v int) string {
			return fmt.Sprintf(`{"schema":{},"payload":{"op":"c","after":{"k":%d,"v":%d}}}`, k, v)
		},
		func(k, v int) string { return fmt.Sprintf(`{"op":"d","before":{"k":%d,"v":%d}}`, k, v) }},
	{"changelog", "", jsonKey, func(k, v int) string { return fmt.Sprintf(`{"op":"+I","data":{"k":%d,"v":%d}}`, k, v) },
		func(k, v int) string { return fmt.Sprintf(`{"op":"-D","data":{"k":%d,"v":%d}}`, k, v) }},
}

func jsonKey(k int) string { return fmt.Sprintf(`{"k":%d}`, k) }

func (x *topicTable) open() {
	x.t.Helper()
	s := start(x.t, x.ctx, x.cfg)
	x.stop = func() { x.cl.Close(); stop(x.t, s) }
	x.db = connect(x.t, x.ctx, s)
	var err error
	x.cl, err = kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DefaultProduceTopic("t"), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	must(x.t, err)
}

// step produces some records of few keys: rows, tombstones, and what is no row.
func (x *topicTable) step(n int) {
	x.t.Helper()
	var records []*kgo.Record
	for range n {
		k, v := x.rng.IntN(x.keys), x.rng.IntN(1000)
		r := &kgo.Record{Key: []byte(x.form.key(k))}
		switch what := x.rng.IntN(20); {
		case what < 13:
			r.Value, x.rows[k] = []byte(x.form.put(k, v)), v
			delete(x.wrong, k)
		case what < 18:
			if old, ok := x.rows[k]; ok && x.form.remove != nil {
				r.Value = []byte(x.form.remove(k, old))
			}
			delete(x.rows, k)
			delete(x.wrong, k)
		case what < 19:
			r.Value, x.wrong[k] = []byte("{"), true
			delete(x.rows, k)
		default:
			r.Key, r.Value = []byte(fmt.Sprint("bad ", x.bad)), []byte("{")
			x.bad++
		}
		records = append(records, r)
	}
	must(x.t, x.cl.ProduceSync(x.ctx, records...).FirstErr())
}

// same compares the table, a view over it, one with another table, and the error relation with the map.
func (x *topicTable) same(when string) {
	x.t.Helper()
	var want []string
	sum := 0
	for k, v := range x.rows {
		want = append(want, fmt.Sprint(k, " ", v))
		sum += v
	}
	slices.Sort(want)
	for _, q := range []string{"SELECT k || ' ' || v FROM t", "SELECT line FROM copy", "SELECT k || ' ' || v FROM t WHERE v >= 0",
		"SELECT j.k || ' ' || j.v FROM joined j"} {
		rows, err := x.db.Query(x.ctx, q)
		must(x.t, err)
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(x.t, err)
		if slices.Sort(got); !slices.Equal(got, want) {
			x.t.Fatalf("%s: %s gives %v, want %v", when, q, got, want)
		}
	}
	var n, total, refused int
	must(x.t, x.db.QueryRow(x.ctx, "SELECT n, coalesce(total, 0) FROM counted").Scan(&n, &total))
	must(x.t, x.db.QueryRow(x.ctx, "SELECT count(DISTINCT key) FROM t_errors").Scan(&refused))
	if n != len(want) || total != sum || refused < len(x.wrong)+x.bad {
		x.t.Fatalf("%s: %d rows, %d in all, want %d, %d; %d keys refused, want %d", when, n, total, len(want), sum, refused, len(x.wrong)+x.bad)
	}
}

// TestTopicTables: a table over a topic, and what is made from it, is what a map of the newest record by key is:
// in every format, with rows that go and records that are none, over restarts, without checkpoints, before and after
// the topic is compacted, and where the table is younger than its records.
func TestTopicTables(t *testing.T) {
	for i, form := range slices.Concat(topicForms, topicForms[:1]) {
		keys := 40
		if i == len(topicForms) {
			keys = 3000 // and records that are put in piece by piece
		}
		t.Run(fmt.Sprint(form.format, " of ", keys), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			x := &topicTable{t: t, ctx: ctx, rng: rand.New(rand.NewPCG(7, uint64(i))), cfg: settings(t.TempDir()), form: form, keys: keys,
				rows: map[int]int{}, wrong: map[int]bool{}}
			x.cfg.RetentionInterval, x.cfg.CheckpointInterval, x.cfg.InlineBytes = 20*time.Millisecond, 30*time.Millisecond, 0
			x.run()
		})
	}
}

func (x *topicTable) run() {
	x.open()
	defer func() { x.stop() }()
	exec(x.t, x.ctx, x.db, "CREATE TOPIC t WITH (partitions = 3, cleanup_policy = 'compact', max_compaction_lag_ms = 1, delete_retention_ms = 0)")
	x.step(60 * x.keys)
	exec(x.t, x.ctx, x.db, "CREATE TABLE t (k int PRIMARY KEY, v int) WITH (topic = 't', format = '"+x.form.format+"'"+x.form.options+")")
	exec(x.t, x.ctx, x.db, "CREATE TABLE names (k int PRIMARY KEY)")
	var names []string
	for k := range x.keys {
		names = append(names, fmt.Sprintf("(%d)", k))
	}
	exec(x.t, x.ctx, x.db, "INSERT INTO names VALUES "+strings.Join(names, ", "))
	exec(x.t, x.ctx, x.db, "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n, sum(v) AS total FROM t")
	exec(x.t, x.ctx, x.db, "CREATE MATERIALIZED VIEW copy AS SELECT k || ' ' || v AS line FROM t")
	exec(x.t, x.ctx, x.db, "CREATE MATERIALIZED VIEW joined AS SELECT t.k, t.v FROM t JOIN names USING (k)")
	exec(x.t, x.ctx, x.db, "CREATE INDEX by_v ON t (v)")
	x.same("behind CREATE TABLE")
	for round := range 4 {
		for range 5 {
			x.step(1 + x.rng.IntN(100))
			x.same(fmt.Sprint("round ", round))
		}
		x.stop()
		if round == 2 {
			must(x.t, os.RemoveAll(filepath.Join(x.cfg.DataDir, "objects", "state", "ckpt")))
		}
		x.open()
		x.same(fmt.Sprint("restart ", round))
	}
	x.compacted()
	x.same("compacted")
	exec(x.t, x.ctx, x.db, "ALTER TABLE t REBUILD")
	x.same("rebuilt from what compaction left")
	x.stop()
	must(x.t, os.RemoveAll(filepath.Join(x.cfg.DataDir, "objects", "state", "ckpt")))
	x.open()
	x.same("compacted, without checkpoints")
	x.step(50)
	x.same("compacted, and on")
	x.refusals()
	exec(x.t, x.ctx, x.db, "DROP TABLE t CASCADE")
	exec(x.t, x.ctx, x.db, "CREATE STREAM again (line bytea) WITH (topic = 't', format = 'raw', partitions = 3)") // it is kept
}

// compacted waits until little more than a record of each key is left.
func (x *topicTable) compacted() {
	x.t.Helper()
	exec(x.t, x.ctx, x.db, "CREATE STREAM lines (line bytea) WITH (topic = 't', format = 'raw')")
	for n := 1 << 30; n > x.keys+20+x.bad; {
		must(x.t, x.db.QueryRow(x.ctx, "SELECT count(*) FROM lines").Scan(&n))
		must(x.t, x.ctx.Err())
	}
}

// refusals: SQL does not write the table, and says how it is written.
func (x *topicTable) refusals() {
	x.t.Helper()
	for _, c := range [][2]string{
		{"INSERT INTO t VALUES (1, 2)", "42809"}, {"UPDATE t SET v = 1", "42809"}, {"DELETE FROM t", "42809"}, {"TRUNCATE t", "42809"},
		{"INSERT INTO t VALUES (1, 2) ON CONFLICT (k) DO UPDATE SET v = 3", "42809"},
		{"CREATE UNIQUE INDEX ON t (v)", "0A000"}, {"ALTER TABLE t ALTER v SET DEFAULT 1", "42809"}, {"DROP TOPIC t", "2BP01"},
		{"CREATE TABLE u (k int, v int) WITH (topic = 't')", "42P16"},
		{"CREATE TABLE u (k serial PRIMARY KEY) WITH (topic = 't')", "0A000"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int DEFAULT 1) WITH (topic = 't')", "0A000"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int UNIQUE) WITH (topic = 't')", "0A000"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int CHECK (v > 0)) WITH (topic = 't')", "0A000"},
		{"CREATE TABLE u (k int, v int, PRIMARY KEY (k, v)) WITH (topic = 't', key_format = 'text')", "22023"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int) WITH (topic = 't', format = 'raw')", "42P16"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int) WITH (format = 'json')", "22023"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int) WITH (topic = 't', format = 'avro')", "22023"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int) WITH (topic = 't', partitions = 5)", "22023"},
		{"CREATE TABLE u (k int PRIMARY KEY, v int) WITH (topic = 'names')", "42P07"},
		{"CREATE STREAM u (k int, v int) WITH (topic = 't', format = 'debezium_json')", "0A000"},
	} {
		var e *pgconn.PgError
		if _, err := x.db.Exec(x.ctx, c[0]); !errors.As(err, &e) || e.Code != c[1] {
			x.t.Errorf("%s: %v, want %s", c[0], err, c[1])
		}
	}
}

// TestTopicTableRetention: a table keeps the rows whose records retention took; made anew without them it says that it
// cannot be, and one that is younger than the loss has what is left.
func TestTopicTableRetention(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	x := &topicTable{t: t, ctx: ctx, cfg: settings(t.TempDir())}
	x.cfg.RetentionInterval, x.cfg.CheckpointInterval, x.cfg.InlineBytes = 20*time.Millisecond, 30*time.Millisecond, 0
	x.open()
	defer func() { x.stop() }()
	exec(t, ctx, x.db, "CREATE TOPIC t WITH (retention_ms = 1)")
	exec(t, ctx, x.db, "CREATE TABLE t (k int PRIMARY KEY, v int) WITH (topic = 't')")
	exec(t, ctx, x.db, "CREATE STREAM lines (line bytea) WITH (topic = 't', format = 'raw')")
	produce := func(k int) {
		t.Helper()
		must(t, x.cl.ProduceSync(ctx, &kgo.Record{Key: []byte(jsonKey(k)), Value: []byte(`{"v":1}`)}).FirstErr())
	}
	gone := func() {
		t.Helper()
		for n := 1; n > 0; {
			must(t, x.db.QueryRow(ctx, "SELECT count(*) FROM lines").Scan(&n))
			must(t, ctx.Err())
		}
	}
	has := func(table string, want int) {
		t.Helper()
		var n int
		if must(t, x.db.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n)); n != want {
			t.Fatalf("%d rows of %d", n, want)
		}
	}
	for k := range 5 {
		produce(k)
	}
	gone()
	has("t", 5)
	exec(t, ctx, x.db, "CREATE TABLE younger (k int PRIMARY KEY, v int) WITH (topic = 't')")
	has("younger", 0)
	x.stop()
	x.open()
	has("t", 5)
	var e *pgconn.PgError
	if _, err := x.db.Exec(ctx, "ALTER TABLE t REBUILD"); !errors.As(err, &e) || e.Code != "TB001" {
		t.Errorf("a rebuild without the records: %v", err)
	}
	has("t", 5)
	x.stop()
	must(t, os.RemoveAll(filepath.Join(x.cfg.DataDir, "objects", "state", "ckpt")))
	x.open()
	if _, err := x.db.Exec(ctx, "SELECT * FROM t"); !errors.As(err, &e) || e.Code != "TB001" {
		t.Errorf("a table without its records and checkpoints: %v", err)
	}
	has("younger", 0)
	produce(9)
	has("younger", 1)
}
