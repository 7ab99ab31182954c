package delta

import (
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Column is a vector of values of one type.
type Column struct {
	Type sqltype.OID
	sqltype.Vec
}

// Interval is PostgreSQL's: three fields that do not mix.
type Interval = datetime.Interval

// Fixed are the Go forms of fixed-width values.
type Fixed = sqltype.Fixed

// Values is sqltype.Values of a column.
func Values[T Fixed](c *Column) []T { return sqltype.Values[T](&c.Vec) }

// Offsets views the offsets of a PhysBytes column.
func Offsets(c *Column) []int32 { return Values[int32](c) }

// Of is a column of type t without rows.
func Of(t sqltype.OID) Column { return Column{Type: t, Vec: sqltype.Vec{Phys: t.Phys()}} }

// NewColumn is a column of n rows for a kernel to fill through Values: all valid, all zero.
// A PhysBytes column gets n empty values; text is built with a Builder instead.
func NewColumn(t sqltype.OID, n int) Column {
	c := Of(t)
	c.Len = n
	if c.Phys == sqltype.PhysBytes {
		c.Data = alloc((n + 1) * 4)
	} else {
		c.Data = alloc(n * c.Phys.Size())
	}
	return c
}

// SetNull makes row NULL. The column must own its bitmap, or have none.
func (c *Column) SetNull(row int32) {
	if c.Valid == nil {
		c.Valid = NewBitmap(c.Stored(), true)
	}
	ClearBit(c.Valid, c.At(row))
}

// HasNulls reports whether any row is NULL.
func (c *Column) HasNulls() bool {
	return c.Valid != nil && CountBits(c.Valid, c.Stored()) < c.Stored()
}

// Slice is rows [from, to) of c; values are shared, the bitmap is shared if it falls on a word.
func (c *Column) Slice(from, to int) Column {
	out := *c
	out.Len = to - from
	if c.Const {
		return out
	}
	if size := c.Phys.Size(); size > 0 {
		out.Data = c.Data[from*size : to*size : to*size]
	} else if len(c.Data) > 0 {
		out.Data = c.Data[from*4 : (to+1)*4 : (to+1)*4]
	}
	if c.Valid != nil {
		out.Valid = sliceBits(c.Valid, from, to)
	}
	return out
}
