package server_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// updated is what a table, and what is made from it, has to be.
type updated struct {
	t    *testing.T
	ctx  context.Context
	x    *topicTable
	rows map[int]string
}

func (u *updated) check(when string) {
	u.t.Helper()
	for _, table := range []string{"t", "copy", "written"} {
		rows, err := u.x.db.Query(u.ctx, "SELECT k, v FROM "+table)
		must(u.t, err)
		got := map[int]string{}
		var k int
		var v string
		_, err = pgx.ForEachRow(rows, []any{&k, &v}, func() error {
			if _, twice := got[k]; twice {
				return fmt.Errorf("key %d twice", k)
			}
			got[k] = v
			return nil
		})
		must(u.t, err)
		if len(got) != len(u.rows) {
			u.t.Fatalf("%s: %d rows of %s, want %d", when, len(got), table, len(u.rows))
		}
		for k, v := range u.rows {
			if got[k] != v {
				u.t.Fatalf("%s: row %d of %s is not what was written last", when, k, table)
			}
		}
	}
	var n int
	must(u.t, u.x.db.QueryRow(u.ctx, "SELECT n FROM counted").Scan(&n))
	if n != len(u.rows) {
		u.t.Fatalf("%s: the view counts %d, want %d", when, n, len(u.rows))
	}
}

// logBytes are those of the log's objects.
func logBytes(t *testing.T, dir string) (n int64) {
	t.Helper()
	must(t, filepath.WalkDir(filepath.Join(dir, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "/ckpt") || strings.Contains(path, "/state/") {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	}))
	return n
}

// TestTableCompaction: a table whose few rows are written again and again keeps about what it has, in small commits and
// in larger ones; it, a view, a sink and a table over the sink's topic are right all along, over restarts, made anew from
// what is left, and without any checkpoint; a sink that had nothing to put out since says then that it cannot go on.
func TestTableCompaction(t *testing.T) {
	for _, key := range []string{"k int PRIMARY KEY", "k int"} {
		t.Run(key, func(t *testing.T) { tableCompaction(t, key) })
	}
}

func tableCompaction(t *testing.T, key string) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	rng := rand.New(rand.NewPCG(5, 6))
	x := &topicTable{t: t, ctx: ctx, cfg: settings(t.TempDir())}
	x.cfg.RetentionInterval, x.cfg.CheckpointInterval, x.cfg.InlineBytes = 20*time.Millisecond, 30*time.Millisecond, 0
	x.open()
	defer func() { x.stop() }()
	exec(t, ctx, x.db, "CREATE TABLE t ("+key+", v text)")
	exec(t, ctx, x.db, "CREATE TABLE idle (k int PRIMARY KEY)")
	exec(t, ctx, x.db, "INSERT INTO idle VALUES (1)")
	exec(t, ctx, x.db, "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM t")
	exec(t, ctx, x.db, "CREATE MATERIALIZED VIEW copy AS SELECT k, v FROM t")
	exec(t, ctx, x.db, "CREATE SINK s TO TOPIC 's' AS SELECT k, max(v) AS v FROM t GROUP BY k")
	exec(t, ctx, x.db, "CREATE SINK still TO TOPIC 'still' AS SELECT k FROM idle")
	exec(t, ctx, x.db, "ALTER TOPIC s SET (cleanup_policy = 'compact', max_compaction_lag_ms = 1)")
	exec(t, ctx, x.db, "CREATE TABLE written (k int PRIMARY KEY, v text) WITH (topic = 's')")
	exec(t, ctx, x.db, "CREATE SINK rare TO TOPIC 'rare' AS SELECT count(*) AS n FROM t WHERE v = 'never'")
	u := &updated{t: t, ctx: ctx, x: x, rows: map[int]string{}}
	written := int64(0)
	text := func() string {
		b := make([]byte, 3000)
		for i := range b {
			b[i] = 'a' + byte(rng.IntN(26))
		}
		return string(b)
	}
	round := func(n int) {
		for i := range n {
			if i%25 == 0 { // one alone, and 24 together
				exec(t, ctx, x.db, "BEGIN")
			}
			k, v := rng.IntN(100), text()
			switch _, there := u.rows[k]; {
			case !there:
				exec(t, ctx, x.db, fmt.Sprintf("INSERT INTO t VALUES (%d, '%s')", k, v))
			case rng.IntN(8) == 0:
				exec(t, ctx, x.db, fmt.Sprintf("DELETE FROM t WHERE k = %d", k))
				delete(u.rows, k)
				v = ""
			default:
				exec(t, ctx, x.db, fmt.Sprintf("UPDATE t SET v = '%s' WHERE k = %d", v, k))
			}
			if v != "" {
				u.rows[k] = v
				written += int64(len(v))
			}
			if i%25 == 0 || i%25 == 24 || i == n-1 {
				exec(t, ctx, x.db, "COMMIT")
			}
			if i%25 == 0 && i < n-1 {
				exec(t, ctx, x.db, "BEGIN")
			}
		}
	}
	settled := func(when string) {
		t.Helper()
		const most = 4 << 20 // 300 KB of rows in two topics, and what is not worth a pass
		var n int64
		for n = most + 1; n > most; n = logBytes(t, x.cfg.DataDir) {
			if ctx.Err() != nil {
				t.Fatalf("%s: %d bytes in the store of %d that were written", when, n, written)
			}
		}
		t.Logf("%s: %d bytes in the store of %d that were written", when, n, written)
	}
	for i := range 3 {
		round(1000)
		u.check(fmt.Sprint("round ", i))
		settled(fmt.Sprint("round ", i))
		u.check(fmt.Sprint("settled ", i))
		x.stop()
		x.open()
		u.check(fmt.Sprint("restart ", i))
	}
	exec(t, ctx, x.db, "ALTER TABLE t REBUILD")
	u.check("rebuilt")
	x.stop()
	must(t, os.RemoveAll(filepath.Join(x.cfg.DataDir, "objects", "state", "ckpt")))
	x.open()
	u.check("without checkpoints")
	for code := ""; code != "TB001"; { // it would have to begin where the table is not any more
		must(t, x.db.QueryRow(ctx, "SELECT coalesce(sqlstate, '') FROM tributary.dataflows WHERE name = 'rare'").Scan(&code))
		must(t, ctx.Err())
	}
	round(50)
	u.check("and on")
}
