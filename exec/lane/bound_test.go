package lane_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestStrictReadOfSinkTopic: a stream bound to the topic of a sink shows what was written before
// the read, through chains of them, views over them and restarts, whichever was made first.
func TestStrictReadOfSinkTopic(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM a (v int)`)
	d.exec(`CREATE TOPIC tb WITH (partitions = 2)`)
	d.exec(`CREATE STREAM b (v int) WITH (topic = 'tb')`) // before what fills it
	d.exec(`CREATE MATERIALIZED VIEW over_b AS SELECT count(*) AS n, sum(v) AS s FROM b`)
	d.exec(`CREATE SINK to_b TO TOPIC 'tb' AS SELECT v + 1 AS v FROM a`)
	d.exec(`CREATE SINK to_c TO TOPIC 'tc' AS SELECT v * 2 AS v FROM b`)
	d.exec(`CREATE STREAM c (v int) WITH (topic = 'tc')`)
	d.exec(`CREATE STREAM e AS SELECT v - 1 AS v FROM c`)
	d.exec(`CREATE MATERIALIZED VIEW over_e AS SELECT count(*) AS n, max(v) AS m FROM e`)
	for i := range 40 {
		if i == 20 {
			d.restart()
		}
		d.execf(`INSERT INTO a VALUES (%d)`, i)
		n := i + 1
		same(t, "bound stream", d.exec(`SELECT count(*) FROM b`), []string{fmt.Sprint(n)})
		same(t, "view over it", d.exec(`SELECT n, s FROM over_b`), []string{fmt.Sprintf("%d|%d", n, n*(n+1)/2)})
		same(t, "chain", d.exec(`SELECT count(*), max(v) FROM c`), []string{fmt.Sprintf("%d|%d", n, 2*n)})
		same(t, "end of the chain", d.exec(`SELECT n, m FROM over_e`), []string{fmt.Sprintf("%d|%d", n, 2*n-1)})
		same(t, "its errors", d.exec(`SELECT count(*) FROM c_errors`), []string{"0"})
	}
	d.exec(`DROP STREAM e CASCADE`)
	d.exec(`DROP SINK to_c`)
	d.exec(`INSERT INTO a VALUES (100)`)
	same(t, "after the drop", d.exec(`SELECT count(*) FROM c`), []string{"40"})
	same(t, "who is left", d.exec(`SELECT count(*) FROM b`), []string{"41"})
}

// TestCyclesThroughTopics are refused, whatever they go through.
func TestCyclesThroughTopics(t *testing.T) {
	d := newDatabase(t)
	d.exec(`CREATE STREAM a (v int)`)
	d.exec(`CREATE STREAM again (v int) WITH (topic = 'a')`)
	d.exec(`CREATE SINK to_b TO TOPIC 'tb' AS SELECT v FROM a`)
	d.exec(`CREATE STREAM b (v int) WITH (topic = 'tb')`)
	d.exec(`CREATE MATERIALIZED VIEW n AS SELECT v, count(*) AS c FROM b GROUP BY v`)
	d.exec(`CREATE STREAM x AS SELECT v FROM b`)
	for _, sql := range []string{
		`CREATE SINK s TO TOPIC 'a' AS SELECT v FROM a`,
		`CREATE SINK s TO TOPIC 'a' AS SELECT v FROM again`,
		`CREATE SINK s TO TOPIC 'a' AS SELECT v FROM b`,
		`CREATE SINK s TO TOPIC 'a' AS SELECT v, c FROM n`,
		`CREATE SINK s TO TOPIC 'tb' AS SELECT v FROM x`,
		`CREATE STREAM s WITH (topic = 'a') AS SELECT v FROM x`,
	} {
		if _, err := d.try(sql); err == nil || !strings.Contains(err.Error(), "would read what it writes") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
