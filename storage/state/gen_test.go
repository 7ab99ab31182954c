package state

import (
	"fmt"
	"math"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// genTypes are one type of each physical form, those whose equal values differ in image first.
var genTypes = []sqltype.OID{
	sqltype.Numeric, sqltype.Float8, sqltype.Interval, sqltype.BPChar, sqltype.Int8, sqltype.Text, sqltype.Int4,
	sqltype.Bool, sqltype.Int2, sqltype.Float4, sqltype.UUID, sqltype.Timestamp,
}

// appendValue appends the k-th of a few values of b's type, NULL for 0.
func appendValue(b *delta.Builder, k int) {
	if k == 0 {
		b.AppendNull()
		return
	}
	switch t := b.Type(); t.Phys() {
	case sqltype.PhysNumeric:
		d := []decimal.Dec{decimal.New(10, 1), decimal.New(100, 2), decimal.New(-5, 0), decimal.NotANumber, bigNumeric}[k%5]
		b.AppendNumeric(d)
	case sqltype.PhysFloat64:
		delta.Append(b, []float64{0, math.Copysign(0, -1), math.NaN(), 1.5, math.Inf(1)}[k%5])
	case sqltype.PhysFloat32:
		delta.Append(b, []float32{0, float32(math.Copysign(0, -1)), 3}[k%3])
	case sqltype.PhysInterval:
		delta.Append(b, []delta.Interval{{Days: 1}, {Micros: 86400e6}, {Months: 1}, {Days: 30}}[k%4])
	case sqltype.PhysBytes:
		if t == sqltype.BPChar {
			b.AppendString([]string{"a", "a ", "b", ""}[k%4])
		} else {
			b.AppendString([]string{"", "a", "ab", "a longer text, past eight bytes", "a longer text, past eight bytez"}[k%5])
		}
	case sqltype.PhysInt64:
		delta.Append(b, int64(k-3)*1_000_000_007)
	case sqltype.PhysInt32:
		delta.Append(b, int32(k-3))
	case sqltype.PhysInt16:
		delta.Append(b, int16(k-3))
	case sqltype.PhysBool:
		b.AppendBool(k%2 == 0)
	case sqltype.PhysUUID:
		delta.Append(b, [16]byte{byte(k), 15: byte(k % 2)})
	default:
		panic(fmt.Sprint("no values for type ", t))
	}
}

var bigNumeric = func() decimal.Dec {
	big := make([]byte, 20)
	for i := range big[1:] {
		big[i+1] = 0x91
	}
	return decimal.Dec{Num: decimal.Num{Flag: decimal.FiniteBig, Scale: 2}, Big: big}
}()

func drawTypes(t *rapid.T) []sqltype.OID {
	return rapid.SliceOfN(rapid.SampledFrom(genTypes), 1, 4).Draw(t, "types")
}

// drawBatch makes up to n rows of few different values, weights of +-2, and a selection.
func drawBatch(t *rapid.T, types []sqltype.OID, n int, weights bool) delta.Batch {
	n = rapid.IntRange(0, n).Draw(t, "rows")
	b := delta.NewBatchBuilder(types)
	for range n {
		for _, c := range b.Cols {
			appendValue(c, rapid.IntRange(0, 5).Draw(t, "value"))
		}
		w := int64(1)
		if weights {
			w = rapid.SampledFrom([]int64{1, 1, 2, -1, 0}).Draw(t, "weight")
		}
		b.End(w)
	}
	out := b.Batch()
	if rapid.Bool().Draw(t, "select") {
		out.Sel = []int32{}
		for i := range int32(n) {
			if rapid.Bool().Draw(t, "live") {
				out.Sel = append(out.Sel, i)
			}
		}
	}
	return out
}
