package lane_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestTicksFitIntoMemory: a view that is far behind takes no more at once than memory has room for, of a stream and of a table;
// a view beside it rests.
func TestTicksFitIntoMemory(t *testing.T) {
	for _, kind := range []string{"STREAM", "TABLE"} {
		t.Run(kind, func(t *testing.T) {
			d := newDatabase(t)
			d.crash()
			d.memory = 16 << 20 // a tick reads about 16,384 rows
			d.start()
			d.exec(`CREATE ` + kind + ` s (k int, v int)`)
			d.exec(`CREATE STREAM quiet (k int)`)
			d.exec(`CREATE MATERIALIZED VIEW still AS SELECT count(*) AS n FROM quiet`)
			d.exec(`CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k`)
			const rows = 1000
			n := 0
			put := func() {
				n++
				values := make([]string, rows)
				for i := range values {
					values[i] = fmt.Sprintf(`{"k":%d,"v":1}`, n*rows+i)
					if kind == "TABLE" {
						values[i] = fmt.Sprintf(`(%d, 1)`, n*rows+i)
					}
				}
				if kind == "TABLE" {
					d.exec(`INSERT INTO s VALUES ` + strings.Join(values, ", "))
				} else {
					d.produce("s", values...)
				}
			}
			put()
			same(t, "the first", d.exec(`SELECT count(*), sum(n) FROM v`), []string{"1000|1000"})
			behind := func(commits int) uint64 {
				t.Helper()
				hold := make(chan struct{})
				d.runtime.Inject(func(at, relation string) error {
					if relation == "v" && at == "tick" {
						<-hold
					}
					return nil
				})
				before := d.runtime.Stats().Ticks
				for range commits {
					put()
				}
				close(hold)
				same(t, "all", d.exec(`SELECT count(*), sum(n) FROM v`), []string{fmt.Sprintf("%d|%d", n*rows, n*rows)})
				return d.runtime.Stats().Ticks - before
			}
			if ticks := behind(100); ticks < 100/17 || ticks > 30 {
				t.Errorf("%d ticks for 100 commits", ticks)
			}
			same(t, "beside it", d.exec(`SELECT n FROM still`), []string{"0"})
		})
	}
}
