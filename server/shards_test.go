package server_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestStatementsOnShards: what a SELECT gives does not depend on the number of shards nor on what is put
// on the disk: over a table, a view, a stream and what they make together, with rows that fail, in and
// outside of transactions.
func TestStatementsOnShards(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.Shards, cfg.MinShardRows = 5, 1
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	t.Cleanup(func() { stop(t, s) })
	k := talk(t, ctx, s)
	must := func(sql string) {
		t.Helper()
		if _, err := k.db.Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	must("CREATE TABLE t (id int PRIMARY KEY, k int, v numeric, f float8, note text)")
	must("CREATE STREAM s (id int, k int, note text) WITH (topic = 's', partitions = 3)")
	must("CREATE MATERIALIZED VIEW w AS SELECT k, count(*) AS n, sum(v) AS v FROM t GROUP BY k")
	const rows = 9000
	copied := func(into string, line func(i int) string) {
		var data strings.Builder
		for i := range rows {
			data.WriteString(line(i))
		}
		if _, err := k.db.CopyFrom(ctx, strings.NewReader(data.String()), "COPY "+into+" FROM STDIN"); err != nil {
			t.Fatal(err)
		}
	}
	copied("t", func(i int) string {
		return fmt.Sprintf("%d\t%d\t%d.%d\t%g\tnote %d\n", i, i*7919%2011, i%97, i%10, float64(i)/7, i*31%500)
	})
	copied("s", func(i int) string { return fmt.Sprintf("%d\t%d\tnote %d\n", i, i%13, i%700) })
	must("DELETE FROM t WHERE id % 10 = 3")
	must("UPDATE t SET v = v + 1 WHERE id % 7 = 2")

	queries := []string{
		"SELECT count(*) FROM t", "SELECT count(*), sum(id), max(note) FROM t WHERE id < 0",
		"SELECT k, count(*), sum(v), avg(f), min(note), bool_or(id > 100) FROM t GROUP BY k",
		"SELECT note, count(*) FROM s GROUP BY note HAVING count(*) > 12",
		"SELECT sum(n), max(v) FROM w", "SELECT DISTINCT v FROM t", "SELECT count(DISTINCT note), count(DISTINCT k), sum(DISTINCT v) FROM t",
		"SELECT id, f * 2 FROM t WHERE k % 5 = 1", "SELECT id FROM s WHERE k = 4",
		"SELECT id, note FROM t ORDER BY note DESC, id LIMIT 20 OFFSET 333", "SELECT id FROM t ORDER BY -id LIMIT 5",
		"SELECT t.id, s.note FROM t JOIN s ON t.id = s.id WHERE s.k < 2", "SELECT count(*) FROM t JOIN w ON t.k = w.k AND t.v <> w.v",
		"SELECT count(*) FROM t, (SELECT max(id) AS m FROM s) x WHERE t.id < x.m / 2",
		"SELECT count(*) FROM (SELECT id FROM t WHERE id < 90) a, (SELECT id FROM s WHERE id < 110) b WHERE a.id <> b.id",
		"SELECT k FROM t WHERE id < 500 UNION SELECT k FROM s", "SELECT id FROM t WHERE id < 50 UNION ALL SELECT 7 UNION ALL SELECT id FROM s WHERE id < 40",
		"SELECT count(*) FROM t WHERE id IN (SELECT id FROM s WHERE k = 3)",
		"SELECT id, 100 / (id - 4567) FROM t", "SELECT k, sum(100 / (id - 4567)) FROM t GROUP BY k", "SELECT id FROM t ORDER BY 100 / (id - 4567)",
		"SELECT id FROM t LIMIT 3", "SELECT id FROM t LIMIT 0", "SELECT note, count(*) FROM t WHERE id = 17 GROUP BY note",
		"SELECT sum(id) FROM t WHERE random() >= 0", "SELECT count(*) FROM tributary.settings, t WHERE name = 'shards'",
	}
	ordered := func(sql string) bool { return strings.Contains(sql, "ORDER BY") || !unordered.MatchString(sql) }
	answer := func(sql string) string {
		res, err := k.db.Exec(ctx, sql).ReadAll()
		var out []string
		for _, r := range res {
			for _, row := range r.Rows {
				out = append(out, fmt.Sprintf("%q", row))
			}
		}
		if !ordered(sql) {
			slices.Sort(out)
		}
		return strings.Join(append(out, outcome(err)), "\n")
	}
	compare := func(when string) {
		t.Helper()
		for _, sql := range queries {
			must("SET shards = 1")
			want := answer(sql)
			if k.db.TxStatus() == 'E' {
				t.Fatalf("%s, %s: %s", when, sql, want)
			}
			for _, shards := range []int{2, 5} {
				for _, work := range []string{"'64MB'", "1"} {
					must(fmt.Sprintf("SET shards = %d; SET work_memory = %s", shards, work))
					if got := answer(sql); got != want {
						t.Errorf("%s, %d shards, work memory %s: %s\n%s\non one:\n%s", when, shards, work, sql, short(got), short(want))
					}
				}
			}
			must("RESET work_memory")
		}
	}
	before := metric(t, s, "tributary_shard_statements_total")
	compare("as committed")
	if n := metric(t, s, "tributary_shard_statements_total") - before; n < 4*20 {
		t.Errorf("only %v statements were divided", n)
	}
	before = metric(t, s, "tributary_shard_statements_total")
	must("SET shards = 5; SET min_shard_rows = 100000")
	answer(queries[0])
	if n := metric(t, s, "tributary_shard_statements_total") - before; n != 0 {
		t.Errorf("%v small statements were divided", n)
	}
	must("SET min_shard_rows = 1")

	// What a transaction has written is read by one, and so is a view that has rows that failed.
	queries = slices.DeleteFunc(queries, func(sql string) bool {
		return strings.Contains(sql, "100 /") || strings.Contains(sql, " w") || strings.Contains(sql, " s") || strings.Contains(sql, "settings")
	})
	must("BEGIN; DELETE FROM t WHERE id % 4 = 1; INSERT INTO t VALUES (100001, 1, 2, 3, 'new')")
	compare("in a transaction")
	must("ROLLBACK")
	must("CREATE MATERIALIZED VIEW fails WITH (on_error = 'fail') AS SELECT id, 100 / (id - 4568) AS q FROM t")
	queries = []string{"SELECT count(*) FROM fails", "SELECT * FROM fails"}
	compare("a view with rows that failed")

	must("SET shards = 5; SET statement_timeout = '150ms'")
	var e *pgconn.PgError
	if _, err := k.db.Exec(ctx, "SELECT count(*) FROM t a, t b, t c WHERE a.id <> b.id AND b.id <> c.id").ReadAll(); !errors.As(err, &e) || e.Code != "57014" {
		t.Errorf("cancelled: %v", err)
	}
	if busy := metric(t, s, "tributary_shards_busy"); busy != 0 {
		t.Errorf("%v shards are still busy", busy)
	}
}

// unordered: the rows come in no order that anybody can rely on.
var unordered = regexp.MustCompile(`DISTINCT|GROUP BY|JOIN|UNION|\(SELECT`)

func short(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}
