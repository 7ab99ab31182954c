package lane_test

import (
	"fmt"
	"testing"
)

// BenchmarkViewsOfOneStream keeps views of one stream up to date, with and without the cache of
// decoded rows: an operation is a commit of some records and a strict read of every view.
func BenchmarkViewsOfOneStream(b *testing.B) {
	for _, views := range []int{1, 20} {
		for _, records := range []int{5, 1000} {
			for _, cache := range []int64{0, 64 << 20} {
				if views == 1 && cache > 0 {
					continue // nothing is shared
				}
				b.Run(fmt.Sprintf("views=%d/records=%d/cache=%dMB", views, records, cache>>20), func(b *testing.B) {
					viewsOfOneStream(b, views, records, cache)
				})
			}
		}
	}
}

func viewsOfOneStream(b *testing.B, views, records int, cache int64) {
	d := newDatabase(b)
	d.decoded = cache
	d.restart()
	d.exec(`CREATE STREAM s (id int, k int, v int, name text, at timestamp)`)
	for v := range views {
		d.exec(fmt.Sprintf(`CREATE MATERIALIZED VIEW v%d AS SELECT k, count(*) AS n, sum(v) AS total FROM s WHERE id %% 20 = %d GROUP BY k`, v, v))
	}
	values := make([]string, records)
	for i := range values {
		values[i] = fmt.Sprintf(`{"id":%d,"k":%d,"v":%d,"name":"the name of number %d","at":"2026-01-01 10:00:%02d"}`, i, i%100, i%77, i, i%60)
	}
	d.produce("s", values...)
	d.exec(`SELECT sum(n) FROM v0`)
	for b.Loop() {
		d.produce("s", values...)
		for v := range views {
			d.settle(fmt.Sprint("v", v))
		}
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
}
