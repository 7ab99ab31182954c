package lane_test

import (
	"fmt"
	"testing"
	"time"
)

// TestLargeTicksOnShards: of ticks that keep more rows than a head's first buffer has, others sort parts beside the
// member: what is kept is what one processor keeps, in a first tick over a table, in one over a view, in later ones that
// take back, and over a restart with another number; a slow and an idle view stand beside.
func TestLargeTicksOnShards(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred thousand rows")
	}
	const rows = 70_000
	views := []struct{ name, sql, sum string }{
		{"copied", `SELECT id, k, note FROM t WHERE id % 10 > 0`, `sum(id), sum(k), max(note)`},
		{"once", `SELECT DISTINCT k % 90000 AS k, note FROM t`, `sum(k), max(note)`},
		{"pairs", `SELECT a.id, b.k FROM t a JOIN t b ON a.id = b.k`, `sum(id), sum(k)`},
		{"groups", `SELECT k, count(*) AS n, sum(id) AS s, min(note) AS least FROM t GROUP BY k`, `sum(n), sum(s), min(least)`},
		{"above", `SELECT n, note, s FROM groups JOIN t ON s = id`, `sum(n), min(note), sum(s)`},
		{"idle", `SELECT v FROM other`, `sum(v)`},
		{"slow", `SELECT o.v, count(*) AS n FROM other o, ten a, ten b, ten c, ten d, ten e GROUP BY o.v`, `sum(n)`},
	}
	run := func(shards int) (seen map[string][]string) {
		d := newDatabase(t)
		d.crash()
		d.shards, d.workers, d.partBytes = shards, 4, 0 // parts as large as in a server
		d.patience = 3 * time.Minute                    // the race detector takes its time
		d.start()
		d.exec(`CREATE TABLE t (id int PRIMARY KEY, k int, note text)`)
		d.exec(`CREATE TABLE other (v int PRIMARY KEY)`)
		d.exec(`INSERT INTO other VALUES (1), (2)`)
		d.exec(`CREATE TABLE ten (v int PRIMARY KEY)`)
		d.exec(`INSERT INTO ten VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)`)
		d.execf(`INSERT INTO t SELECT i, (i * 7919::bigint %% 100003)::int, 'note ' || i %% 977 FROM
			(SELECT a.v + 10 * b.v + 100 * c.v + 1000 * d.v + 10000 * e.v + 100000 * f.v AS i FROM ten a, ten b, ten c, ten d, ten e, ten f WHERE f.v < 2) x WHERE i < %d`, rows)
		for _, v := range views {
			d.execf(`CREATE MATERIALIZED VIEW %s AS %s`, v.name, v.sql)
		}
		look := func() {
			for _, v := range views {
				seen[v.name] = append(seen[v.name], d.execf(`SELECT count(*), %s FROM %s`, v.sum, v.name)...)
				if shards == 1 {
					continue
				}
				same(t, fmt.Sprintf("%s with %d shards", v.name, shards), d.execf(`SELECT count(*) FROM (SELECT * FROM %s EXCEPT ALL %s) AS x`, v.name, v.sql), []string{"0"})
			}
		}
		seen = map[string][]string{}
		look()
		d.checkpoint()
		d.exec(`UPDATE t SET k = k + 1 WHERE id % 3 = 0`)
		d.exec(`DELETE FROM t WHERE id % 11 = 0`)
		look()
		if shards > 1 {
			if d.runtime.ShardStats().Sorts == 0 {
				t.Error("nobody sorted anything beside a member")
			}
			d.shards++
		}
		d.restart()
		look()
		d.idleShards()
		return seen
	}
	want := run(1)
	for name, rows := range run(3) {
		same(t, name, rows, want[name])
	}
}
