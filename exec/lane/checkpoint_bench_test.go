package lane_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestStartTime prints what a start costs without and with a checkpoint, and what a checkpoint
// costs, for a stream of a million rows. It runs with TRIBUTARY_TEST_START=1.
func TestStartTime(t *testing.T) {
	if os.Getenv("TRIBUTARY_TEST_START") == "" {
		t.Skip("prints times; set TRIBUTARY_TEST_START=1")
	}
	d := newDatabase(t)
	d.exec(`CREATE STREAM s (id int, k int, v int, name text)`)
	d.exec(`CREATE TABLE t (id int PRIMARY KEY, v int)`)
	const rows, batch = 1_000_000, 5000
	for i := 0; i < rows; i += batch {
		values := make([]string, batch)
		for j := range values {
			n := i + j
			values[j] = fmt.Sprintf(`{"id":%d,"k":%d,"v":%d,"name":"name of %d"}`, n, n%1000, n%77, n%5000)
		}
		d.produce("s", values...)
	}
	for i := 0; i < 100_000; i += batch {
		var values []string
		for n := i; n < i+batch; n++ {
			values = append(values, fmt.Sprintf("(%d,%d)", n, n))
		}
		d.exec(`INSERT INTO t VALUES ` + strings.Join(values, ","))
	}
	d.exec(`CREATE MATERIALIZED VIEW few AS SELECT k, count(*) AS n, sum(v) AS total FROM s GROUP BY k`)
	d.exec(`CREATE MATERIALIZED VIEW many AS SELECT id, count(*) AS n, sum(v) AS total FROM s GROUP BY id`)
	d.exec(`CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM s WHERE id % 2 = 0`)
	queries := []string{`SELECT count(*), sum(n), sum(total) FROM few`, `SELECT count(*), sum(n), sum(total) FROM many`, `SELECT count(*) FROM kept`, `SELECT count(*) FROM t`}
	start := func(what string) {
		d.crash()
		begin := time.Now()
		d.start()
		for _, q := range queries {
			d.session.Simple(t.Context(), q, &rowsWriter{})
		}
		s := d.runtime.Stats()
		t.Logf("%s: %v, %d members restored, %d ticks", what, time.Since(begin).Round(time.Millisecond), s.Restored, s.Ticks)
	}
	start("start without a checkpoint")
	d.checkpoint()
	s := d.runtime.Stats().Checkpoints
	t.Logf("checkpoint: %d MB in %v, lane stood still for %v", s.Bytes>>20, s.Duration.Round(time.Millisecond), s.Pause.Round(time.Millisecond))
	start("start with a checkpoint")
}
