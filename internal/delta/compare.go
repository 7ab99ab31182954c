package delta

import (
	"bytes"
	"cmp"
	"math"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Comparer orders row i of a against row j of b, columns of one type.
type Comparer func(a *Column, i int32, b *Column, j int32) int

// CompareKey orders by SQL value as PostgreSQL's default btree does: text by bytes (collation
// C), NaN above all numbers, NULL equal to NULL and above every value.
func CompareKey(a *Column, i int32, b *Column, j int32) int {
	return KeyComparer(a.Type)(a, i, b, j)
}

// CompareImage orders by SQL value, then by what tells equal values apart: it is 0 only for
// the same image.
func CompareImage(a *Column, i int32, b *Column, j int32) int {
	return ImageComparer(a.Type)(a, i, b, j)
}

// EqualKey is SQL equality, with NULL equal to NULL.
func EqualKey(a *Column, i int32, b *Column, j int32) bool { return CompareKey(a, i, b, j) == 0 }

// EqualImage reports whether the two values are the same in every bit that is shown.
func EqualImage(a *Column, i int32, b *Column, j int32) bool { return CompareImage(a, i, b, j) == 0 }

// Comparers by physical form, and for the types whose order is not their form's. They are
// built once: choosing one allocates nothing.
var (
	keyByPhys = [...]Comparer{
		sqltype.PhysNone:     nullsLast(compareStrings),
		sqltype.PhysBool:     nullsLast(compareOrdered[uint8]),
		sqltype.PhysInt16:    nullsLast(compareOrdered[int16]),
		sqltype.PhysInt32:    nullsLast(compareOrdered[int32]),
		sqltype.PhysInt64:    nullsLast(compareOrdered[int64]),
		sqltype.PhysFloat32:  nullsLast(compareFloats[float32]),
		sqltype.PhysFloat64:  nullsLast(compareFloats[float64]),
		sqltype.PhysNumeric:  nullsLast(compareNumerics),
		sqltype.PhysInterval: nullsLast(compareIntervals),
		sqltype.PhysUUID:     nullsLast(compareUUIDs),
		sqltype.PhysBytes:    nullsLast(compareStrings),
	}
	imageByPhys = [...]Comparer{
		sqltype.PhysFloat32:  nullsLast(thenSign[float32]),
		sqltype.PhysFloat64:  nullsLast(thenSign[float64]),
		sqltype.PhysNumeric:  nullsLast(compareNumericImages),
		sqltype.PhysInterval: nullsLast(compareIntervalImages),
		sqltype.PhysBytes:    nil,
	}
	keyBPChar   = nullsLast(compareBlankPadded)
	keyJSONB    = nullsLast(compareJSONB)
	keyOID      = nullsLast(compareOIDs)
	imageBPChar = nullsLast(thenBytes(compareBlankPadded))
	imageJSONB  = nullsLast(thenBytes(compareJSONB))
)

// KeyComparer is CompareKey for columns of type t, with the choice by type made once.
func KeyComparer(t sqltype.OID) Comparer {
	switch t {
	case sqltype.BPChar:
		return keyBPChar
	case sqltype.JSONB:
		return keyJSONB
	case sqltype.OIDType, sqltype.Regproc:
		return keyOID
	}
	return keyByPhys[t.Phys()]
}

// ImageComparer is CompareImage for columns of type t.
func ImageComparer(t sqltype.OID) Comparer {
	switch t {
	case sqltype.BPChar:
		return imageBPChar
	case sqltype.JSONB:
		return imageJSONB
	}
	if f := imageByPhys[t.Phys()]; f != nil {
		return f
	}
	return KeyComparer(t)
}

func nullsLast(f Comparer) Comparer {
	return func(a *Column, i int32, b *Column, j int32) int {
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

func compareOrdered[T uint8 | int16 | int32 | int64](a *Column, i int32, b *Column, j int32) int {
	return cmp.Compare(Values[T](a)[a.At(i)], Values[T](b)[b.At(j)])
}

func compareOIDs(a *Column, i int32, b *Column, j int32) int {
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

func compareFloats[T float32 | float64](a *Column, i int32, b *Column, j int32) int {
	return CompareFloats(Values[T](a)[a.At(i)], Values[T](b)[b.At(j)])
}

func thenSign[T float32 | float64](a *Column, i int32, b *Column, j int32) int {
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

func compareNumerics(a *Column, i int32, b *Column, j int32) int {
	return decimal.Cmp(a.Numeric(i), b.Numeric(j))
}

func compareNumericImages(a *Column, i int32, b *Column, j int32) int {
	return decimal.CmpImage(a.Numeric(i), b.Numeric(j))
}

func compareIntervals(a *Column, i int32, b *Column, j int32) int {
	return datetime.CompareIntervals(Values[Interval](a)[a.At(i)], Values[Interval](b)[b.At(j)])
}

func compareIntervalImages(a *Column, i int32, b *Column, j int32) int {
	x, y := Values[Interval](a)[a.At(i)], Values[Interval](b)[b.At(j)]
	if c := datetime.CompareIntervals(x, y); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(x.Months, y.Months), cmp.Compare(x.Days, y.Days))
}

func compareUUIDs(a *Column, i int32, b *Column, j int32) int {
	x, y := &Values[[16]byte](a)[a.At(i)], &Values[[16]byte](b)[b.At(j)]
	return bytes.Compare(x[:], y[:])
}

func compareStrings(a *Column, i int32, b *Column, j int32) int {
	return bytes.Compare(a.Bytes(i), b.Bytes(j))
}

func compareBlankPadded(a *Column, i int32, b *Column, j int32) int {
	return bytes.Compare(trimBlanks(a.Bytes(i)), trimBlanks(b.Bytes(j)))
}

func compareJSONB(a *Column, i int32, b *Column, j int32) int {
	return jsonb.Compare(a.Bytes(i), b.Bytes(j))
}

func thenBytes(key Comparer) Comparer {
	return func(a *Column, i int32, b *Column, j int32) int {
		if c := key(a, i, b, j); c != 0 {
			return c
		}
		return compareStrings(a, i, b, j)
	}
}

// CompareRows orders whole rows by image, column by column.
func CompareRows(a []Column, i int32, b []Column, j int32) int {
	for k := range a {
		if c := CompareImage(&a[k], i, &b[k], j); c != 0 {
			return c
		}
	}
	return 0
}

// EqualKeys sets eq[k] to whether row ai[k] of the columns a equals row bi[k] of b by SQL
// equality (NULL equals NULL), a column at a time. ai, bi and eq have one length.
func EqualKeys(a []Column, ai []int32, b []Column, bi []int32, eq []bool) {
	for k := range eq {
		eq[k] = true
	}
	for c := range a {
		equalColumn(&a[c], ai, &b[c], bi, eq)
	}
}

func equalColumn(a *Column, ai []int32, b *Column, bi []int32, eq []bool) {
	switch a.Type.Phys() {
	case sqltype.PhysBool:
		equalFixed[uint8](a, ai, b, bi, eq)
	case sqltype.PhysInt16:
		equalFixed[int16](a, ai, b, bi, eq)
	case sqltype.PhysInt32:
		equalFixed[int32](a, ai, b, bi, eq)
	case sqltype.PhysInt64:
		equalFixed[int64](a, ai, b, bi, eq)
	case sqltype.PhysUUID:
		equalFixed[[16]byte](a, ai, b, bi, eq)
	default:
		same := KeyComparer(a.Type)
		for k := range eq {
			eq[k] = eq[k] && same(a, ai[k], b, bi[k]) == 0
		}
	}
}

func equalFixed[T uint8 | int16 | int32 | int64 | [16]byte](a *Column, ai []int32, b *Column, bi []int32, eq []bool) {
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
