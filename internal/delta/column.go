package delta

import (
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Column is one column of values in Arrow's layout: fixed-width values or offsets in Data,
// variable bytes in Var, a validity bitmap. (Differences from Arrow: booleans take a byte,
// numerics 24 bytes.)
type Column struct {
	Type sqltype.OID
	// Len is the number of rows. A constant column has Len rows and stores one value, at 0.
	Len   int
	Const bool
	// Valid has bit i set when row i is not NULL, 64 rows a word; nil = no NULLs.
	Valid []uint64
	// Data holds Len values of Type.Phys().Size() bytes, or Len+1 int32 offsets into Var for
	// PhysBytes. It is aligned to 8 bytes.
	Data []byte
	// Var holds the bytes of PhysBytes values; for numerics, the digits of big ones.
	Var []byte
}

// Interval is PostgreSQL's: three fields that do not mix.
type Interval = datetime.Interval

// Fixed are the Go forms of fixed-width values.
type Fixed interface {
	~uint8 | ~int16 | ~int32 | ~int64 | ~float32 | ~float64 | decimal.Num | Interval | ~[16]byte
}

// Values views the fixed-width values of c as a slice of T, which must have the width of its
// physical type: uint8 for bool, int32 for date, int64 for timestamps, [16]byte for uuid.
// A constant column has one value.
func Values[T Fixed](c *Column) []T {
	if len(c.Data) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(c.Data))), len(c.Data)/int(unsafe.Sizeof(zero)))
}

// Offsets views the offsets of a PhysBytes column.
func Offsets(c *Column) []int32 { return Values[int32](c) }

// At maps a row to the place of its value: 0 for a constant column.
func (c *Column) At(row int32) int32 {
	if c.Const {
		return 0
	}
	return row
}

// Null reports whether row is NULL.
func (c *Column) Null(row int32) bool {
	if c.Valid == nil {
		return false
	}
	i := c.At(row)
	return c.Valid[i>>6]&(1<<(uint(i)&63)) == 0
}

// Bytes returns the bytes of row of a PhysBytes column; they are borrowed.
func (c *Column) Bytes(row int32) []byte {
	i := c.At(row)
	o := Offsets(c)
	return c.Var[o[i]:o[i+1]:o[i+1]]
}

// Numeric returns row of a numeric column; its Big digits, if any, are borrowed.
func (c *Column) Numeric(row int32) decimal.Dec {
	return Values[decimal.Num](c)[c.At(row)].Load(c.Var)
}

// NewColumn is a column of n rows for a kernel to fill through Values: all valid, all zero.
// A PhysBytes column gets n empty values; text is built with a Builder instead.
func NewColumn(t sqltype.OID, n int) Column {
	c := Column{Type: t, Len: n}
	if t.Phys() == sqltype.PhysBytes {
		c.Data = alloc((n + 1) * 4)
	} else {
		c.Data = alloc(n * t.Phys().Size())
	}
	return c
}

// SetNull makes row NULL. The column must own its bitmap, or have none.
func (c *Column) SetNull(row int32) {
	if c.Valid == nil {
		c.Valid = NewBitmap(c.stored(), true)
	}
	ClearBit(c.Valid, c.At(row))
}

// stored is the number of values held: 1 for a constant.
func (c *Column) stored() int {
	if c.Const {
		return min(c.Len, 1)
	}
	return c.Len
}

// HasNulls reports whether any row is NULL.
func (c *Column) HasNulls() bool {
	return c.Valid != nil && CountBits(c.Valid, c.stored()) < c.stored()
}

// Slice is rows [from, to) of c; values are shared, the bitmap is shared if it falls on a word.
func (c *Column) Slice(from, to int) Column {
	out := *c
	out.Len = to - from
	if c.Const {
		return out
	}
	if size := c.Type.Phys().Size(); size > 0 {
		out.Data = c.Data[from*size : to*size : to*size]
	} else if len(c.Data) > 0 {
		out.Data = c.Data[from*4 : (to+1)*4 : (to+1)*4]
	}
	if c.Valid != nil {
		out.Valid = sliceBits(c.Valid, from, to)
	}
	return out
}
