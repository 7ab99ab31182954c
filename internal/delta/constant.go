package delta

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Constant makes what b holds in its first row a constant column of n rows; memory is b's.
func (b *Builder) Constant(n int) Column {
	c := b.Column()
	c.Const, c.Len = true, n
	return c
}

// NullColumn is n NULLs of type t.
func NullColumn(t sqltype.OID, n int) Column {
	c := NewColumn(t, 1)
	c.SetNull(0)
	c.Const, c.Len = true, n
	return c
}

// Const is a constant column of a fixed-width type.
func Const[T Fixed](t sqltype.OID, v T, n int) Column {
	c := NewColumn(t, 1)
	Values[T](&c)[0] = v
	c.Const, c.Len = true, n
	return c
}

// ConstBytes is a constant column of a PhysBytes type.
func ConstBytes(t sqltype.OID, v []byte, n int) Column {
	b := NewBuilder(t)
	b.AppendBytes(v)
	return b.Constant(n)
}

// ConstNumeric is a constant numeric column.
func ConstNumeric(d decimal.Dec, n int) Column {
	b := NewBuilder(sqltype.Numeric)
	b.AppendNumeric(d)
	return b.Constant(n)
}

// ConstFrom is row of c as a constant column of n rows, in memory of its own.
func ConstFrom(c *Column, row int32, n int) Column {
	b := NewBuilder(c.Type)
	b.AppendFrom(c, row)
	return b.Constant(n)
}

// WithLen is a constant column with another number of rows.
func (c Column) WithLen(n int) Column {
	if !c.Const {
		panic("delta: WithLen of a column that is not constant")
	}
	c.Len = n
	return c
}
