package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestChangeSinks: what a sink writes in any format that can be read by key is, as a table over its topic, what its
// query gives, over restarts too; and a changelog without a key has each row as often as it came and did not go.
func TestChangeSinks(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	rng := rand.New(rand.NewPCG(3, 4))
	x := &topicTable{t: t, ctx: ctx, cfg: settings(t.TempDir())}
	x.cfg.CheckpointInterval = 30 * time.Millisecond
	x.open()
	defer func() { x.stop() }()
	exec(t, ctx, x.db, "CREATE TABLE a (id int PRIMARY KEY, g int, v numeric)")
	formats := []string{"json", "csv", "debezium_json", "changelog"}
	for _, f := range formats {
		exec(t, ctx, x.db, fmt.Sprintf("CREATE SINK s_%s TO TOPIC 'sums_%s' WITH (format = '%s', partitions = 3) AS SELECT g, count(*) AS n, sum(v) AS s FROM a GROUP BY g", f, f, f))
		exec(t, ctx, x.db, fmt.Sprintf("CREATE TABLE t_%s (g int PRIMARY KEY, n bigint, s numeric) WITH (topic = 'sums_%s', format = '%s')", f, f, f))
		exec(t, ctx, x.db, fmt.Sprintf("CREATE MATERIALIZED VIEW v_%s AS SELECT n, count(*) AS groups, sum(s) AS s FROM t_%s GROUP BY n", f, f))
	}
	exec(t, ctx, x.db, "CREATE SINK every TO TOPIC 'every' WITH (format = 'changelog', partitions = 3) AS SELECT g % 3 AS g FROM a")
	exec(t, ctx, x.db, "CREATE STREAM every_lines (op text, data jsonb) WITH (topic = 'every')")
	lines := func(q string) []string {
		t.Helper()
		rows, err := x.db.Query(ctx, q)
		must(t, err)
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		slices.Sort(got)
		return got
	}
	for round := range 30 {
		exec(t, ctx, x.db, "BEGIN")
		for range 1 + rng.IntN(20) {
			id := rng.IntN(60)
			if rng.IntN(3) == 0 {
				exec(t, ctx, x.db, fmt.Sprintf("DELETE FROM a WHERE id = %d", id))
				continue
			}
			exec(t, ctx, x.db, fmt.Sprintf("INSERT INTO a VALUES (%d, %d, %d.%d) ON CONFLICT (id) DO UPDATE SET g = excluded.g, v = excluded.v", id, rng.IntN(12), rng.IntN(9), rng.IntN(9)))
		}
		exec(t, ctx, x.db, "COMMIT")
		sums := lines("SELECT concat_ws(' ', g, n, s) FROM (SELECT g, count(*) AS n, sum(v) AS s FROM a GROUP BY g) x")
		groups := lines("SELECT concat_ws(' ', n, count(*), sum(s)) FROM (SELECT count(*) AS n, sum(v) AS s FROM a GROUP BY g) x GROUP BY n")
		for _, f := range formats {
			if got := lines("SELECT concat_ws(' ', g, n, s) FROM t_" + f); !slices.Equal(got, sums) {
				t.Fatalf("round %d: %s gives %v, want %v", round, f, got, sums)
			}
			if got := lines("SELECT concat_ws(' ', n, groups, s) FROM v_" + f); !slices.Equal(got, groups) {
				t.Fatalf("round %d: a view over %s gives %v, want %v", round, f, got, groups)
			}
		}
		got := lines("SELECT concat_ws(' ', data->>'g', sum(CASE op WHEN '+I' THEN 1 WHEN '-D' THEN -1 END)) FROM every_lines GROUP BY data->>'g' HAVING sum(CASE op WHEN '+I' THEN 1 WHEN '-D' THEN -1 END) <> 0")
		if want := lines("SELECT concat_ws(' ', g % 3, count(*)) FROM a GROUP BY g % 3"); !slices.Equal(got, want) {
			t.Fatalf("round %d: the changelog makes %v, want %v", round, got, want)
		}
		if round%10 == 9 {
			x.stop()
			x.open()
		}
	}
}
