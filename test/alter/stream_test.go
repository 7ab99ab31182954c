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

// TestStreamsGetAndLoseColumns: a column that a stream gets is read from the records that have its field, those of before too; which
// records are rows does not change; a view over the others goes on, and equals a fresh SELECT, over a restart and a kill.
func TestStreamsGetAndLoseColumns(t *testing.T) {
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
	run("CREATE STREAM wide (k int, v text, extra text, gone int) WITH (topic = 's', key = 'k')", "CREATE STREAM")
	run("INSERT INTO wide VALUES (1, 'one', '11', 5), (2, 'two', 'not a number', 6)", "INSERT")
	run("CREATE STREAM s (k int, v text, gone int) WITH (topic = 's', key = 'k')", "CREATE STREAM")
	run("CREATE MATERIALIZED VIEW m AS SELECT v, count(*) AS n FROM s GROUP BY v", "")
	run("CREATE MATERIALIZED VIEW g AS SELECT sum(gone) AS s FROM s", "")
	run("ALTER STREAM s ADD COLUMN extra int", "ALTER STREAM")
	run("ALTER TABLE s ADD COLUMN IF NOT EXISTS extra int, ADD w numeric", "ALTER TABLE")
	run("ALTER STREAM s ADD extra int", "ERROR 42701")
	run("ALTER STREAM s ADD _key int", "ERROR 42701")
	run("ALTER STREAM s ADD x int NOT NULL", "ERROR 0A000")
	run("ALTER STREAM s ALTER v TYPE int", "ERROR 0A000")
	run("SELECT k, extra, w FROM s ORDER BY k", "\n \"1\"|\"11\"|NULL|\n \"2\"|NULL|NULL|")
	run("INSERT INTO s VALUES (3, 'three', 7, 33, 3.5)", "INSERT")
	run("CREATE MATERIALIZED VIEW e AS SELECT sum(extra) AS x, count(*) AS n FROM s", "")
	run("SELECT * FROM e", "\n \"44\"|\"3\"|")
	run("ALTER STREAM s DROP COLUMN k", "ERROR 0A000")
	run("ALTER STREAM s DROP COLUMN gone", "ERROR 2BP01: cannot drop column gone of stream s because other objects depend on it\nDETAIL materialized view g depends on column gone of stream s")
	run("ALTER STREAM s DROP COLUMN nope", "ERROR 42703")
	run("ALTER STREAM s DROP COLUMN IF EXISTS nope", "ALTER STREAM")
	run("ALTER STREAM s DROP COLUMN gone CASCADE", "ALTER STREAM")
	run("SELECT * FROM g", "ERROR 42P01")
	run("SELECT * FROM s WHERE k = 3", "k:23 v:25 extra:23 w:1700 \n \"3\"|\"three\"|\"33\"|\"3.5\"|")
	run("INSERT INTO s VALUES (4, 'four', 44, 4.5)", "INSERT")
	run("SELECT gone FROM wide WHERE k = 4", "\n NULL|")
	run("INSERT INTO wide VALUES (5, 'five', '55', 9)", "INSERT")
	run("SELECT count(*) FROM s_errors", "\"0\"")
	for _, kill := range []bool{false, true} {
		run("SELECT * FROM e", "\n \"143\"|\"5\"|")
		run("SELECT sum(extra), count(*) FROM s", "\n \"143\"|\"5\"|")
		run("SELECT sum(n) FROM m", "\n \"5\"|")
		p.again(kill)
	}
	run("ALTER STREAM s ADD COLUMN gone bigint", "ALTER STREAM")
	run("SELECT k, gone FROM s ORDER BY k", "\n \"1\"|\"5\"|\n \"2\"|\"6\"|\n \"3\"|\"7\"|\n \"4\"|NULL|\n \"5\"|\"9\"|")
	run("BEGIN", "BEGIN")
	run("ALTER STREAM s DROP COLUMN extra CASCADE", "ALTER STREAM")
	run("ROLLBACK", "ROLLBACK")
	run("SELECT * FROM e", "\n \"143\"|\"5\"|")
}
