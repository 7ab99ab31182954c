package sqltype

import (
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Vec is values in one physical form, in Arrow's layout: fixed-width values or offsets in Data,
// variable bytes in Var, a validity bitmap. It knows nothing of what the values mean: that is Ops.
// (Differences from Arrow: booleans take a byte, numerics 24 bytes.)
type Vec struct {
	Phys Physical
	// Const: all Len rows have one value, which is stored at 0.
	Const bool
	Len   int
	// Valid has bit i set when row i is not NULL, 64 rows a word; nil = no NULLs.
	Valid []uint64
	// Data holds Len values of Phys.Size() bytes, or Len+1 int32 offsets into Var for PhysBytes. It is
	// aligned to 8 bytes.
	Data []byte
	// Var holds the bytes of PhysBytes values; for numerics, the digits of big ones.
	Var []byte
}

// Fixed are the Go forms of fixed-width values.
type Fixed interface {
	~uint8 | ~int16 | ~int32 | ~int64 | ~float32 | ~float64 | decimal.Num | datetime.Interval | ~[16]byte
}

// Values views the fixed-width values of v as a slice of T, which must have the width of its
// physical form: uint8 for bool, int32 for date, int64 for timestamps, [16]byte for uuid. A constant
// has one value.
func Values[T Fixed](v *Vec) []T {
	if len(v.Data) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(v.Data))), len(v.Data)/int(unsafe.Sizeof(zero)))
}

// Offsets views the offsets of a PhysBytes vector.
func Offsets(v *Vec) []int32 { return Values[int32](v) }

// At maps a row to the place of its value: 0 for a constant.
func (v *Vec) At(row int32) int32 {
	if v.Const {
		return 0
	}
	return row
}

// Null reports whether row is NULL.
func (v *Vec) Null(row int32) bool {
	if v.Valid == nil {
		return false
	}
	i := v.At(row)
	return v.Valid[i>>6]&(1<<(uint(i)&63)) == 0
}

// Bytes returns the bytes of row of a PhysBytes vector; they are borrowed.
func (v *Vec) Bytes(row int32) []byte {
	i := v.At(row)
	o := Offsets(v)
	return v.Var[o[i]:o[i+1]:o[i+1]]
}

// Numeric returns row of numerics; its Big digits, if any, are borrowed.
func (v *Vec) Numeric(row int32) decimal.Dec {
	return Values[decimal.Num](v)[v.At(row)].Load(v.Var)
}

// Stored is the number of values held: 1 for a constant.
func (v *Vec) Stored() int {
	if v.Const {
		return min(v.Len, 1)
	}
	return v.Len
}
