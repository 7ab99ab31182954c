package e2e

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// TestEnumsSurvive: what values of an enum mean does not change by kills, whether tables and views come back from a checkpoint or from the
// topics, with labels that came between others and were renamed since; records say labels as text, and are read by what they say.
func TestEnumsSurvive(t *testing.T) {
	for _, interval := range []string{"100ms", "0"} {
		t.Run("checkpoints every "+interval, func(t *testing.T) {
			dir := t.TempDir()
			s := harness.Start(t, dir, "--checkpoint-interval="+interval)
			restart := func() {
				time.Sleep(300 * time.Millisecond) // a checkpoint may come, or not
				s.Kill()
				s = harness.Start(t, dir, "--checkpoint-interval="+interval)
			}
			want := func(sql string, rows ...string) {
				t.Helper()
				if got := s.Query(t, sql); !slices.Equal(got, rows) {
					t.Errorf("%s: %q, want %q", sql, got, rows)
				}
			}
			s.Exec(t, "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')",
				"CREATE TABLE people (id int PRIMARY KEY, m mood, a mood[])", "CREATE INDEX people_m ON people (m)",
				"CREATE MATERIALIZED VIEW moods AS SELECT m, count(*) AS n, min(m) AS least FROM people GROUP BY m",
				"INSERT INTO people VALUES (1, 'happy', '{sad,happy}'), (2, 'sad', NULL), (3, 'ok', '{}'), (4, NULL, '{ok,NULL}')",
				"CREATE STREAM said (id int, m mood) WITH (topic = 'said', format = 'json')")
			produced := kgo.StringRecord(`{"id": 1, "m": "ok"}`)
			produced.Topic = "said"
			bad := kgo.StringRecord(`{"id": 2, "m": "furious"}`)
			bad.Topic = "said"
			k := s.Kafka(t)
			if err := k.ProduceSync(t.Context(), produced, bad).FirstErr(); err != nil {
				t.Fatal(err)
			}
			k.Close()
			restart()
			s.Exec(t, "ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok'", "INSERT INTO people VALUES (5, 'meh', '{meh,sad}')", "UPDATE people SET m = 'meh' WHERE id = 2")
			check := func() {
				t.Helper()
				want("SELECT id, m, a FROM people ORDER BY m, id", "2|meh|NULL", "5|meh|{meh,sad}", "3|ok|{}", "1|happy|{sad,happy}", "4|NULL|{ok,NULL}")
				want("SELECT id FROM people WHERE m = 'meh' ORDER BY id", "2", "5")
				want("SELECT * FROM moods ORDER BY m", "meh|2|meh", "ok|1|ok", "happy|1|happy", "NULL|1|NULL")
				want("SELECT id, m FROM said", "1|ok")
				want("SELECT message FROM said_errors", `invalid input value for enum mood: "furious"`)
				want("SELECT enumlabel FROM pg_enum ORDER BY enumsortorder", "sad", "meh", "ok", "happy")
			}
			check()
			restart()
			check()

			// A label's name is not in what is stored of tables, but in their topics.
			s.Exec(t, "DROP MATERIALIZED VIEW moods", "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "INSERT INTO people VALUES (6, 'fine', '{fine}')")
			for range 2 {
				want("SELECT id, m, a FROM people WHERE m = 'fine' OR id = 4 ORDER BY id", "3|fine|{}", "4|NULL|{fine,NULL}", "6|fine|{fine}")
				want("SELECT id, m FROM said", "1|fine")
				restart()
			}
			var texts []string
			c := s.Kafka(t, kgo.ConsumeTopics("people"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for !slices.ContainsFunc(texts, func(r string) bool { return strings.Contains(r, `"id":6`) }) {
				fetches := c.PollFetches(ctx)
				if err := fetches.Err(); err != nil {
					t.Fatal(err)
				}
				fetches.EachRecord(func(r *kgo.Record) { texts = append(texts, string(r.Value)) })
			}
			if last := texts[len(texts)-1]; last != `{"id":6,"m":"fine","a":["fine"]}` {
				t.Errorf("the record says %s", last)
			}
		})
	}
}

// TestEnumInTransaction: types are made, altered and dropped with their transaction.
func TestEnumInTransaction(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	a, b := s.Connect(t), s.Connect(t)
	ctx := t.Context()
	run := func(c *pgx.Conn, sql, code string) {
		t.Helper()
		_, err := c.Exec(ctx, sql)
		var got *pgconn.PgError
		if errors.As(err, &got) != (code != "") || got != nil && got.Code != code {
			t.Errorf("%s: %v, want %q", sql, err, code)
		}
	}
	run(a, "BEGIN", "")
	run(a, "CREATE TYPE size AS ENUM ('s', 'l')", "")
	run(a, "CREATE TABLE shirts (s size)", "")
	run(a, "INSERT INTO shirts VALUES ('l')", "")
	run(b, "SELECT 's'::size", "42704")
	run(a, "ROLLBACK", "")
	run(a, "SELECT 's'::size", "42704")
	run(a, "CREATE TYPE size AS ENUM ('s', 'l')", "")
	run(b, "SELECT 's'::size", "")
	run(a, "BEGIN", "")
	run(a, "ALTER TYPE size ADD VALUE 'm' BEFORE 'l'", "")
	run(b, "SELECT 'm'::size", "22P02")
	run(a, "SELECT 'm'::size", "55P04")
	run(a, "ROLLBACK", "")
	run(a, "BEGIN", "")
	run(a, "ALTER TYPE size ADD VALUE 'm' BEFORE 'l'", "")
	run(a, "COMMIT", "")
	run(b, "CREATE TABLE shirts (s size DEFAULT 'm')", "")
	run(b, "INSERT INTO shirts DEFAULT VALUES", "")
	run(a, "DROP TYPE size", "2BP01")
	run(a, "BEGIN", "")
	run(a, "DROP TABLE shirts", "")
	run(a, "DROP TYPE size", "")
	run(a, "ROLLBACK", "")
	if got := s.Query(t, "SELECT s FROM shirts WHERE s > 's'"); !slices.Equal(got, []string{"m"}) {
		t.Errorf("the table has %q", got)
	}
}

// TestEnumClient: a driver that knows the enum by pg_type sends and gets labels in both formats, arrays of them too.
func TestEnumClient(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	s.Exec(t, "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE TABLE people (id int PRIMARY KEY, m mood, a mood[])")
	c, ctx := s.Connect(t), t.Context()
	for _, name := range []string{"mood", "_mood"} {
		typ, err := c.LoadType(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		c.TypeMap().RegisterType(typ)
	}
	if _, err := c.Exec(ctx, "INSERT INTO people VALUES (1, $1, $2)", "ok", []string{"sad", "ok"}); err != nil {
		t.Fatal(err)
	}
	rows := [][]any{{2, "sad", []string{"ok"}}, {3, nil, nil}}
	if _, err := c.CopyFrom(ctx, pgx.Identifier{"people"}, []string{"id", "m", "a"}, pgx.CopyFromRows(rows)); err != nil {
		t.Fatal(err)
	}
	var m string
	var a []string
	if err := c.QueryRow(ctx, "SELECT m, a FROM people WHERE m = $1", "ok").Scan(&m, &a); err != nil || m != "ok" || !slices.Equal(a, []string{"sad", "ok"}) {
		t.Errorf("%s %v %v", m, a, err)
	}
	if got := s.Query(t, "SELECT * FROM people ORDER BY id"); !slices.Equal(got, []string{"1|ok|{sad,ok}", "2|sad|{ok}", "3|NULL|NULL"}) {
		t.Errorf("the table has %q", got)
	}
}
