package alter

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestStreamColumns: a column of a stream that gets another name is the same field of its records, those that are there and those to
// come, and a view over it goes on, also over a restart.
func TestStreamColumns(t *testing.T) {
	p := &pair{t: t, dir: t.TempDir()}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	p.ctx = ctx
	p.start()
	run := func(sql, want string) {
		t.Helper()
		got := p.answer(p.ours, sql)
		if strings.Contains(got, "ERROR") != strings.HasPrefix(want, "ERROR") || !strings.Contains(got, want) {
			t.Fatalf("%s\n%s\nwant %s", sql, got, want)
		}
	}
	run("CREATE STREAM s (k int, v text) WITH (topic = 's', key = 'k')", "CREATE STREAM")
	run("INSERT INTO s VALUES (1, 'one')", "INSERT")
	run("CREATE MATERIALIZED VIEW m AS SELECT k, count(v) AS n FROM s GROUP BY k", "")
	run("ALTER STREAM s RENAME COLUMN k TO key", "ALTER STREAM")
	run("ALTER STREAM s RENAME v TO value", "ALTER STREAM")
	run("ALTER STREAM s RENAME value TO key", "ERROR 42701")
	run("ALTER STREAM s RENAME value TO _key", "ERROR 42701")
	run("ALTER STREAM nope RENAME TO x", "ERROR 42P01")
	run("ALTER STREAM IF EXISTS nope RENAME TO x", "ALTER STREAM")
	run("INSERT INTO s (key, value) VALUES (1, 'two')", "INSERT")
	run("SELECT key, value FROM s ORDER BY 2", "\n \"1\"|\"one\"|\n \"1\"|\"two\"|")
	run("SELECT * FROM m", "\n \"1\"|\"2\"|")
	run("ALTER STREAM s RENAME TO renamed", "ALTER STREAM")
	run("SELECT count(*) FROM renamed_errors", "\"0\"")
	for _, kill := range []bool{false, true} {
		p.again(kill)
		run("INSERT INTO renamed VALUES (1, 'more')", "INSERT")
	}
	run("SELECT * FROM m", "\n \"1\"|\"4\"|")
	run("SELECT count(*) FROM renamed WHERE value IS NOT NULL AND key = 1", "\"4\"")
}
