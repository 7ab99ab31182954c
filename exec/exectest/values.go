package exectest

import (
	"fmt"
	"math"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// second is one in microseconds.
const second = 1_000_000

// AppendValue appends the k-th sample value of b's type, NULL for 0. Small k give values that
// are equal but look different, and others; with larger k they go on without end.
func AppendValue(b *delta.Builder, k int) {
	if k == 0 {
		b.AppendNull()
		return
	}
	switch t := b.Type(); t.Phys() {
	case sqltype.PhysNumeric:
		if k <= 5 {
			b.AppendNumeric([]decimal.Dec{
				decimal.New(10, 1), decimal.New(100, 2), decimal.New(-5, 0), decimal.NotANumber, bigNumeric,
			}[k-1])
		} else {
			b.AppendNumeric(decimal.New(int64(k)*37, k%4))
		}
	case sqltype.PhysFloat64:
		delta.Append(b, floatSample(k))
	case sqltype.PhysFloat32:
		delta.Append(b, float32(floatSample(k)))
	case sqltype.PhysInterval:
		delta.Append(b, []delta.Interval{{Days: 1}, {Micros: 24 * 3600 * second}, {Months: 1}, {Days: 30}, {Micros: -1}}[k%5])
	case sqltype.PhysBytes:
		if t == sqltype.BPChar {
			b.AppendString([]string{"a", "a ", "b", ""}[k%4])
		} else {
			b.AppendString(fmt.Sprint([]string{"", "a", "a text past sixteen bytes "}[k%3], k/3))
		}
	case sqltype.PhysInt64:
		if t == sqltype.Int8 {
			delta.Append(b, []int64{0, 1, -7, math.MaxInt64, 12, math.MinInt64}[k%6]/int64(1+k/6))
		} else {
			delta.Append(b, int64(k)*7*second) // times: one every seven seconds
		}
	case sqltype.PhysInt32:
		delta.Append(b, int32(k-3))
	case sqltype.PhysInt16:
		delta.Append(b, int16(k-3))
	case sqltype.PhysBool:
		b.AppendBool(k%2 == 0)
	case sqltype.PhysUUID:
		delta.Append(b, [16]byte{byte(k), 15: byte(k % 2)})
	default:
		panic(fmt.Sprint("no sample values of type ", t))
	}
}

func floatSample(k int) float64 {
	if k <= 8 {
		// Two of the largest are too much for a sum: an aggregate that fails, and heals.
		return []float64{0, math.Copysign(0, -1), 0.1, 1e16, math.MaxFloat64, -1e16, math.NaN(), math.Inf(1)}[k-1]
	}
	return float64(k) / 3
}

var bigNumeric = func() decimal.Dec {
	d, err := decimal.Parse([]byte("-123456789012345678901234567890123456789012345.678"))
	if err != nil {
		panic(err)
	}
	return d
}()
