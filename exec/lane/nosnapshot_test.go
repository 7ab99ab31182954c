package lane_test

import (
	"strings"
	"testing"
)

// TestNoSnapshot: with snapshot = false older rows count nowhere, neither in views nor in the state
// of sinks, nor after a restart with or without checkpoints.
func TestNoSnapshot(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (k int, v int)`)
	d.exec(`CREATE STREAM ev (k int, at timestamp, WATERMARK FOR at AS at)`)
	d.exec(`CREATE TABLE t (id int PRIMARY KEY, v int)`)
	d.exec(`INSERT INTO s VALUES (1, 10), (2, 20), (1, 0)`)
	d.exec(`INSERT INTO ev VALUES (1, '2024-01-01 10:00:10'), (1, '2099-01-01')`)
	d.exec(`INSERT INTO t VALUES (1, 10), (2, 0), (3, 30)`)

	d.exec(`CREATE MATERIALIZED VIEW per_k WITH (snapshot = false) AS SELECT k, count(*) AS n, sum(v) AS total FROM s GROUP BY k`)
	d.exec(`CREATE MATERIALIZED VIEW total WITH (snapshot = false) AS SELECT count(*) AS n, sum(v) AS total FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW ratio WITH (snapshot = false) AS SELECT 100 / v AS r FROM s`)
	d.exec(`CREATE MATERIALIZED VIEW paired WITH (snapshot = false) AS SELECT a.k, b.v FROM s a JOIN s b ON a.k = b.k`)
	d.exec(`CREATE MATERIALIZED VIEW closed WITH (snapshot = false) AS SELECT TUMBLE_START(at, INTERVAL '1 minute') AS w, count(*) AS n
		FROM ev GROUP BY TUMBLE(at, INTERVAL '1 minute') EMIT ON WINDOW CLOSE`)
	d.exec(`CREATE SINK sums TO TOPIC 'sums' WITH (snapshot = false) AS SELECT k, count(*) AS n FROM s GROUP BY k`)
	d.exec(`CREATE SINK plain TO TOPIC 'plain' WITH (snapshot = false) AS SELECT k, v FROM s`)
	d.exec(`CREATE STREAM derived WITH (snapshot = false) AS SELECT k, 100 / v AS r FROM s`)
	d.exec(`CREATE SINK changes TO TOPIC 'changes' WITH (snapshot = false) AS SELECT id, 60 / v AS x FROM t WHERE id < 3 OR v > 30`)

	nothing := func() {
		t.Helper()
		same(t, "per_k", d.exec(`SELECT * FROM per_k`), nil)
		same(t, "total", d.exec(`SELECT * FROM total`), []string{"0|NULL"})
		same(t, "ratio", d.exec(`SELECT * FROM ratio`), nil)
		same(t, "paired", d.exec(`SELECT * FROM paired`), nil)
		same(t, "derived", d.exec(`SELECT * FROM derived`), nil)
		for _, topic := range []string{"sums", "plain", "changes"} {
			same(t, topic, d.records(topic), nil)
		}
	}
	nothing()
	d.without = true
	d.restart() // the last commit is a CREATE
	nothing()

	d.exec(`INSERT INTO s VALUES (1, 5), (3, 50)`)
	d.exec(`INSERT INTO ev VALUES (2, '2024-01-01 10:00:20'), (2, '2024-01-01 10:01:00')`)
	for _, sql := range []string{`UPDATE t SET v = v + 1 WHERE id = 3`, `UPDATE t SET v = 6 WHERE id = 1`, `DELETE FROM t WHERE id = 3`} {
		d.exec(sql)
		d.settle("changes") // each in a tick of its own
	}
	check := func() {
		t.Helper()
		same(t, "per_k", d.exec(`SELECT * FROM per_k`), []string{"1|1|5", "3|1|50"})
		same(t, "total", d.exec(`SELECT * FROM total`), []string{"2|55"})
		same(t, "ratio", d.exec(`SELECT * FROM ratio`), []string{"2", "20"})
		same(t, "paired", d.exec(`SELECT * FROM paired`), []string{"1|5", "3|50"})
		same(t, "closed", d.exec(`SELECT * FROM closed`), []string{"2024-01-01 10:00:00|1"})
		same(t, "derived", d.exec(`SELECT * FROM derived`), []string{"1|20", "3|2"})
		for _, sink := range []string{"sums", "plain", "changes"} {
			d.settle(sink)
		}
		same(t, "sums", d.records("sums"), []string{`{"k":1}={"k":1,"n":1}`, `{"k":3}={"k":3,"n":1}`})
		same(t, "plain", d.records("plain"), []string{`={"k":1,"v":5}`, `={"k":3,"v":50}`})
		same(t, "changes", d.records("changes"), []string{`{"id":3}={"id":3,"x":1}`, `{"id":1}={"id":1,"x":10}`, `{"id":3}=∅`})
	}
	check()
	d.restart()
	check()
	d.without = false
	d.checkpoint()
	d.restart()
	check()
	d.exec(`INSERT INTO s VALUES (1, 25)`)
	d.exec(`UPDATE t SET v = 12 WHERE id = 1`)
	same(t, "per_k", d.exec(`SELECT * FROM per_k WHERE k = 1`), []string{"1|2|30"})
	d.settle("sums")
	d.settle("changes")
	if r := d.records("sums"); r[len(r)-1] != `{"k":1}={"k":1,"n":2}` {
		t.Error(r)
	}
	if r := d.records("changes"); r[len(r)-1] != `{"id":1}={"id":1,"x":5}` {
		t.Error(r)
	}
}

// TestNoSnapshotRefused: where "from now" has no meaning it is refused.
func TestNoSnapshotRefused(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (k int, v int)`)
	d.exec(`CREATE TABLE t (id int PRIMARY KEY, v int)`)
	d.exec(`CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n FROM s GROUP BY k`)
	for _, sql := range []string{
		`CREATE MATERIALIZED VIEW x WITH (snapshot = false) AS SELECT * FROM t`,
		`CREATE MATERIALIZED VIEW x WITH (snapshot = false) AS SELECT * FROM m`,
		`CREATE MATERIALIZED VIEW x WITH (snapshot = false) AS SELECT s.k, t.v FROM s JOIN t ON s.k = t.id`,
		`CREATE MATERIALIZED VIEW x WITH (snapshot = false) AS SELECT k FROM s UNION ALL VALUES (1)`,
		`CREATE MATERIALIZED VIEW x WITH (snapshot = false) AS SELECT k FROM s WHERE v > (SELECT max(v) FROM t)`,
		`CREATE SINK x TO TOPIC 'x' WITH (snapshot = false) AS SELECT v, count(*) AS n FROM t GROUP BY v`,
		`CREATE SINK x TO TOPIC 'x' WITH (snapshot = false) AS SELECT s.k, t.v FROM s JOIN t ON s.k = t.id`,
		`CREATE SINK x TO TOPIC 'x' WITH (snapshot = false) AS SELECT DISTINCT n FROM m`,
	} {
		if _, err := d.try(sql); err == nil || !strings.Contains(err.Error(), "snapshot = false over") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
