package sqltype

import (
	"bytes"
	"cmp"
	"math"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// NullsLast makes a comparer of one for values that are not NULL: NULL is equal to NULL and above
// every value.
func NullsLast(f Comparer) Comparer {
	return func(a *Vec, i int32, b *Vec, j int32) int {
		if a.Valid == nil && b.Valid == nil {
			return f(a, i, b, j)
		}
		switch na, nb := a.Null(i), b.Null(j); {
		case na && nb:
			return 0
		case na:
			return 1
		case nb:
			return -1
		}
		return f(a, i, b, j)
	}
}

func compareOrdered[T uint8 | int16 | int32 | int64](a *Vec, i int32, b *Vec, j int32) int {
	return cmp.Compare(Values[T](a)[a.At(i)], Values[T](b)[b.At(j)])
}

func compareOIDs(a *Vec, i int32, b *Vec, j int32) int {
	return cmp.Compare(uint32(Values[int32](a)[a.At(i)]), uint32(Values[int32](b)[b.At(j)]))
}

// CompareFloats is SQL's order of floats: -0 = 0, NaN = NaN and above all.
func CompareFloats[T float32 | float64](x, y T) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case x == y:
		return 0
	}
	switch nx, ny := x != x, y != y; {
	case nx && ny:
		return 0
	case nx:
		return 1
	}
	return -1
}

func compareFloats[T float32 | float64](a *Vec, i int32, b *Vec, j int32) int {
	return CompareFloats(Values[T](a)[a.At(i)], Values[T](b)[b.At(j)])
}

func thenSign[T float32 | float64](a *Vec, i int32, b *Vec, j int32) int {
	x, y := Values[T](a)[a.At(i)], Values[T](b)[b.At(j)]
	if c := CompareFloats(x, y); c != 0 || x != 0 {
		return c
	}
	sx, sy := math.Signbit(float64(x)), math.Signbit(float64(y))
	switch {
	case sx == sy:
		return 0
	case sx:
		return -1
	}
	return 1
}

func compareNumerics(a *Vec, i int32, b *Vec, j int32) int {
	return decimal.Cmp(a.Numeric(i), b.Numeric(j))
}

func compareNumericImages(a *Vec, i int32, b *Vec, j int32) int {
	return decimal.CmpImage(a.Numeric(i), b.Numeric(j))
}

func compareIntervals(a *Vec, i int32, b *Vec, j int32) int {
	return datetime.CompareIntervals(Values[datetime.Interval](a)[a.At(i)], Values[datetime.Interval](b)[b.At(j)])
}

func compareIntervalImages(a *Vec, i int32, b *Vec, j int32) int {
	x, y := Values[datetime.Interval](a)[a.At(i)], Values[datetime.Interval](b)[b.At(j)]
	if c := datetime.CompareIntervals(x, y); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(x.Months, y.Months), cmp.Compare(x.Days, y.Days))
}

func compareUUIDs(a *Vec, i int32, b *Vec, j int32) int {
	x, y := &Values[[16]byte](a)[a.At(i)], &Values[[16]byte](b)[b.At(j)]
	return bytes.Compare(x[:], y[:])
}

func compareStrings(a *Vec, i int32, b *Vec, j int32) int {
	return bytes.Compare(a.Bytes(i), b.Bytes(j))
}

func compareBlankPadded(a *Vec, i int32, b *Vec, j int32) int {
	return bytes.Compare(trimBlanks(a.Bytes(i)), trimBlanks(b.Bytes(j)))
}

func compareJSONB(a *Vec, i int32, b *Vec, j int32) int {
	return jsonb.Compare(a.Bytes(i), b.Bytes(j))
}

func thenBytes(key Comparer) Comparer {
	return func(a *Vec, i int32, b *Vec, j int32) int {
		if c := key(a, i, b, j); c != 0 {
			return c
		}
		return compareStrings(a, i, b, j)
	}
}

// equalBy is Equal by a comparer.
func equalBy(compare Comparer) func(a *Vec, ai []int32, b *Vec, bi []int32, eq []bool) {
	return func(a *Vec, ai []int32, b *Vec, bi []int32, eq []bool) {
		for k := range eq {
			eq[k] = eq[k] && compare(a, ai[k], b, bi[k]) == 0
		}
	}
}

func equalFixed[T uint8 | int16 | int32 | int64 | [16]byte](a *Vec, ai []int32, b *Vec, bi []int32, eq []bool) {
	x, y := Values[T](a), Values[T](b)
	for k := range eq {
		i, j := ai[k], bi[k]
		if na, nb := a.Null(i), b.Null(j); na || nb {
			eq[k] = eq[k] && na && nb
			continue
		}
		eq[k] = eq[k] && x[a.At(i)] == y[b.At(j)]
	}
}
