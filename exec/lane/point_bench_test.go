package lane_test

import (
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
)

// discard takes rows and drops them.
type discard struct {
	face.Writer
	rows int
}

func (w *discard) Fields([]face.Field) error { return nil }
func (w *discard) Complete(string) error     { return nil }
func (w *discard) Rows(b *delta.Batch) error { w.rows += b.Rows(); return nil }

// BenchmarkPointRead reads a row of a view by its key, below the wire: a prepared statement, and one
// whose text carries the key.
func BenchmarkPointRead(b *testing.B) {
	d := newDatabase(b)
	d.exec(`CREATE STREAM s (k text, v numeric)`)
	d.exec(`CREATE MATERIALIZED VIEW v AS SELECT k, sum(v) AS total, count(*) AS n FROM s GROUP BY k`)
	var values []string
	for i := range 10_000 {
		values = append(values, fmt.Sprintf(`{"k":"customer-%05d","v":%d.5}`, i, i))
	}
	d.produce("s", values...)
	d.exec(`SELECT count(*) FROM v`)
	d.exec(`SET log_min_duration_statement = -1`)
	ctx := b.Context()
	w := &discard{}
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("prepared", func(b *testing.B) {
		check(d.session.Parse(ctx, "", `SELECT total, n FROM v WHERE k = $1`, nil))
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			w.rows = 0
			bind := face.Bind{Params: [][]byte{fmt.Appendf(nil, "customer-%05d", i%10_000)}, ResultFormats: []face.Format{face.Binary}}
			check(d.session.Bind(ctx, &bind))
			_, err := d.session.DescribePortal(ctx, "")
			check(err)
			check(d.session.Execute(ctx, "", 0, w))
			check(d.session.Sync(ctx))
			if w.rows != 1 {
				b.Fatalf("%d rows", w.rows)
			}
		}
	})
	b.Run("simple", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			w.rows = 0
			check(d.session.Simple(ctx, fmt.Sprintf(`SELECT total, n FROM v WHERE k = 'customer-%05d'`, i%10_000), w))
			if w.rows != 1 {
				b.Fatalf("%d rows", w.rows)
			}
		}
	})
}
