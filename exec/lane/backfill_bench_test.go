package lane_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkBackfill makes views over a table of a million rows, in one part and in parts as they are.
func BenchmarkBackfill(b *testing.B) {
	const rows = 1 << 20
	for _, parts := range []int64{1 << 40, 0} {
		d := newDatabase(b)
		d.crash()
		d.part = parts
		d.start()
		d.exec(`CREATE TABLE a (id int PRIMARY KEY, g int, v int)`)
		for i := 0; i < rows; {
			var values []string
			for range 8192 {
				values = append(values, fmt.Sprintf("(%d,%d,%d)", i, i*7919%rows, i%1000))
				i++
			}
			d.exec(`INSERT INTO a VALUES ` + strings.Join(values, ","))
		}
		for _, v := range []struct{ name, query string }{
			{"plain", `SELECT id, g, v FROM a`},
			{"groups=100", `SELECT g % 100 AS k, sum(v) AS s FROM a GROUP BY g % 100`},
			{"groups=10000", `SELECT g % 10000 AS k, sum(v) AS s FROM a GROUP BY g % 10000`},
			{"groups=300000", `SELECT g % 300000 AS k, sum(v) AS s FROM a GROUP BY g % 300000`},
			{"groups=rows", `SELECT g, sum(v) AS s FROM a GROUP BY g`},
			{"join", `SELECT l.id, r.v FROM a l JOIN a r ON l.g = r.id`},
		} {
			b.Run(fmt.Sprintf("%s/parts=%v", v.name, parts == 0), func(b *testing.B) {
				for range b.N {
					d.exec(`CREATE MATERIALIZED VIEW x AS ` + v.query)
					b.StopTimer()
					d.exec(`DROP MATERIALIZED VIEW x`)
					b.StartTimer()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}
