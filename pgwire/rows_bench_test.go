package pgwire

import (
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// BenchmarkRows writes rows of five usual types through the real codecs.
func BenchmarkRows(b *testing.B) {
	types := []sqltype.OID{sqltype.Int8, sqltype.Text, sqltype.Numeric, sqltype.Timestamp, sqltype.Float8}
	values := []string{"123456789", "customer-4711", "1234.56", "2024-02-29 12:34:56.789", "0.125"}
	const rows = 1024
	batch := &delta.Batch{Len: rows}
	for i, t := range types {
		builder := delta.NewBuilder(t)
		for range rows {
			if err := codec.AppendText(builder, sqltype.Of(t), []byte(values[i]), nil); err != nil {
				b.Fatal(err)
			}
		}
		batch.Cols = append(batch.Cols, builder.Column())
	}
	for _, format := range []face.Format{face.Text, face.Binary} {
		b.Run(fmt.Sprintf("format=%d", format), func(b *testing.B) {
			s, err := New(Config{Open: openFake(nil, nil), Auth: trusting(b)})
			if err != nil {
				b.Fatal(err)
			}
			c := newConn(s, &memConn{})
			var fields []face.Field
			for _, t := range types {
				fields = append(fields, face.Field{Name: "c", Type: sqltype.Of(t), Format: format, Encode: face.EncodeIn(t, format, codec.UTC)})
			}
			c.w.begin(false)
			if err := c.w.Fields(fields); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := c.w.Rows(batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
}
