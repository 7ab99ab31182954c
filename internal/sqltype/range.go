package sqltype

import (
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
)

// RangeType is what a range type and its multirange type are made of.
type RangeType struct {
	Range, Multi OID
	Elem         OID
	Kind         ranges.Kind
}

var rangeTypes = []RangeType{
	{Int4Range, Int4Multirange, Int4, ranges.Int4},
	{Int8Range, Int8Multirange, Int8, ranges.Int8},
	{NumRange, NumMultirange, Numeric, ranges.Numeric},
	{DateRange, DateMultirange, Date, ranges.Date},
	{TsRange, TsMultirange, Timestamp, ranges.Timestamp},
	{TstzRange, TstzMultirange, Timestamptz, ranges.Timestamp},
}

// RangeOf is what a range or multirange type is made of, nil for any other type.
func RangeOf(t OID) *RangeType { return OpsOf(t).Range }

// BoundAt is the value at row, of a range's elements, as a bound that is inclusive; of NULL one that is infinite.
func (t *RangeType) BoundAt(v *Vec, row int32) (b ranges.Bound) {
	switch {
	case v.Null(row):
		return ranges.Bound{Infinite: true}
	case t.Kind == ranges.Numeric:
		b.Dec = v.Numeric(row)
	case v.Phys == PhysInt32:
		b.Int = int64(valueAt[int32](v, row))
	default:
		b.Int = valueAt[int64](v, row)
	}
	b.Inclusive = true
	return b
}

// Value is the vector of one value that a finite bound is.
func (t *RangeType) Value(b *ranges.Bound) *Vec {
	switch t.Kind {
	case ranges.Numeric:
		num, arena := b.Dec.Store(nil)
		return &Vec{Phys: PhysNumeric, Len: 1, Data: bytesOf(&num), Var: arena}
	case ranges.Int4, ranges.Date:
		v := int32(b.Int)
		return &Vec{Phys: PhysInt32, Len: 1, Data: bytesOf(&v)}
	}
	return &Vec{Phys: PhysInt64, Len: 1, Data: bytesOf(&b.Int)}
}
