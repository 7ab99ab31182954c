package state

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// sortTypes have words of each kind, and one has none.
var sortTypes = []sqltype.OID{sqltype.Int8, sqltype.Text, sqltype.Int4, sqltype.UUID, sqltype.Bool, sqltype.Numeric, sqltype.Bytea, sqltype.Int2}

// sortRows are rows whose values are few or many, short or long, alike at the beginning or not.
func sortRows(rng *rand.Rand, n int) delta.Batch {
	b := delta.NewBatchBuilder(sortTypes)
	values := make([]int, len(sortTypes))
	nulls := make([]int, len(sortTypes))
	for i := range values {
		values[i] = []int{1, 2, 5, 300, 1 << 20}[rng.IntN(5)]
		nulls[i] = []int{0, 0, 1, 50}[rng.IntN(4)]
	}
	same := strings.Repeat("x", []int{0, 3, 7, 8, 14, 200}[rng.IntN(6)])
	for range n {
		for i, c := range b.Cols {
			v := rng.IntN(values[i])
			switch t := sortTypes[i]; {
			case rng.IntN(100) < nulls[i]:
				c.AppendNull()
			case t == sqltype.Int8:
				delta.Append(c, int64(v-values[i]/2)<<rng.IntN(3))
			case t == sqltype.Int4:
				delta.Append(c, int32(v-values[i]/2))
			case t == sqltype.Int2:
				delta.Append(c, int16(v-values[i]/2))
			case t == sqltype.Bool:
				c.AppendBool(v%2 == 1)
			case t == sqltype.UUID:
				delta.Append(c, [16]byte{0: byte(v >> 8), 7: byte(v), 8: byte(v >> 3), 15: byte(v)})
			case t == sqltype.Numeric:
				c.AppendNumeric(decimal.New(int64(v), v%3))
			default:
				c.AppendBytes(append([]byte(same), bytes.Repeat([]byte{byte(v), 0}[:1+v%2], v%20)...))
			}
		}
		b.End(1)
	}
	return b.Batch()
}

// Rows sorted by words stand as comparing them says, whatever the order, and are all there.
func TestSortIsComparing(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := sortRows(rng, []int{2, 11, 13, 100, 1000, 20_000}[rng.IntN(6)])
		columns := rng.Perm(len(sortTypes))
		key := columns[:rng.IntN(4)]
		var by []Order
		for _, c := range columns[len(key):][:rng.IntN(4)] {
			by = append(by, Order{Column: c, Desc: rng.IntN(2) == 0, NullsFirst: rng.IntN(2) == 0})
		}
		o := NewRowOrder(sortTypes, key, by)
		rows := rng.Perm(d.Len)[:1+rng.IntN(d.Len)]
		got := make([]int32, len(rows))
		for i, r := range rows {
			got[i] = int32(r)
		}
		want := slices.Clone(got)
		o.SortUntil(d.Cols, got, func() bool { return false })
		for i := 1; i < len(got); i++ {
			if o.Compare(d.Cols, got[i-1], d.Cols, got[i]) > 0 {
				t.Fatalf("seed %d: key %v, order %v: row %d stands behind row %d", seed, key, by, got[i], got[i-1])
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: not the rows that were given", seed)
		}
	}
}

// Who is told to stop has all rows, in some order.
func TestSortStops(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		d := sortRows(rng, 5000)
		rows := make([]int32, d.Len)
		for i := range rows {
			rows[i] = int32(i)
		}
		left := rng.IntN(30)
		NewRowOrder(sortTypes, rng.Perm(len(sortTypes)), nil).SortUntil(d.Cols, rows, func() bool {
			left--
			return left < 0
		})
		slices.Sort(rows)
		for i, r := range rows {
			if r != int32(i) {
				t.Fatalf("seed %d: row %d is gone", seed, i)
			}
		}
	}
}

func BenchmarkSort(b *testing.B) {
	for _, kind := range []string{"spread", "few keys", "text"} {
		b.Run(kind, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			types := []sqltype.OID{sqltype.Text, sqltype.Int8, sqltype.Int8}
			made := delta.NewBatchBuilder(types)
			rows := make([]int32, 60_000)
			for i := range rows {
				rows[i] = int32(i)
				made.Cols[0].AppendString([]string{"2015-07-15", "2015-07-16", "2015-08-15"}[rng.IntN(3)])
				delta.Append(made.Cols[1], int64(rng.IntN(1000)))
				delta.Append(made.Cols[2], rng.Int64N(1<<40))
				made.End(1)
			}
			d := made.Batch()
			o := NewRowOrder(types, map[string][]int{"spread": {2}, "few keys": {1, 2}, "text": {0, 1}}[kind], nil)
			at := make([]int32, len(rows))
			var s sorter
			for b.Loop() {
				copy(at, rows)
				s.sort(o, d.Cols, at, nil)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(len(rows)), "ns/row")
		})
	}
}
