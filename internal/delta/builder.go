package delta

import (
	"math"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Builder appends values to a column and keeps its memory from one use to the next. The
// zero Builder must be Reset before use.
type Builder struct {
	typ   sqltype.OID
	phys  sqltype.Physical
	size  int // of a fixed value, 4 for offsets
	n     int
	nulls int
	data  []byte   // values, or n+1 offsets
	vars  []byte   // bytes of varlen values, digits of big numerics
	valid []uint64 // meaningful while nulls > 0
}

// NewBuilder is an empty builder of type t.
func NewBuilder(t sqltype.OID) *Builder {
	b := new(Builder)
	b.Reset(t)
	return b
}

// Reset empties b and makes it one of type t. Columns made from it are dead.
func (b *Builder) Reset(t sqltype.OID) {
	b.typ, b.phys = t, t.Phys()
	b.size = b.phys.Size()
	b.n, b.nulls = 0, 0
	b.data, b.vars, b.valid = b.data[:0], b.vars[:0], b.valid[:0]
	if b.phys == sqltype.PhysBytes {
		b.size = 4
		b.data = grow(b.data, 4)[:4]
		*(*int32)(unsafe.Pointer(&b.data[0])) = 0
	}
}

// Clear is Reset to the same type.
func (b *Builder) Clear() { b.Reset(b.typ) }

// Type is the type of the values.
func (b *Builder) Type() sqltype.OID { return b.typ }

// Len is the number of rows.
func (b *Builder) Len() int { return b.n }

// VarLen is the number of variable bytes held.
func (b *Builder) VarLen() int { return len(b.vars) }

// Size is the number of bytes held.
func (b *Builder) Size() int { return len(b.data) + len(b.vars) + 8*len(b.valid) }

// Column is what was appended, borrowed until the next Reset, Truncate or append.
func (b *Builder) Column() Column {
	c := Column{Type: b.typ, Vec: sqltype.Vec{Phys: b.phys, Len: b.n, Data: b.data, Var: b.vars}}
	if b.nulls > 0 {
		c.Valid = b.valid[:BitmapWords(b.n)]
	}
	return c
}

// Take is Column with the memory handed over: b starts anew with none.
func (b *Builder) Take() Column {
	c := b.Column()
	t := b.typ
	*b = Builder{}
	b.Reset(t)
	return c
}

// mark notes the validity of the row just appended, b.n-1.
func (b *Builder) mark() {
	if b.nulls > 0 {
		b.setBit(b.n-1, true)
	}
}

func (b *Builder) setBit(i int, set bool) {
	for len(b.valid) <= i/64 {
		b.valid = append(b.valid, 0)
	}
	if set {
		b.valid[i/64] |= 1 << (uint(i) & 63)
	} else {
		b.valid[i/64] &^= 1 << (uint(i) & 63)
	}
}

// markNull makes row i NULL, setting up the bitmap at the first one.
func (b *Builder) markNull(i int) {
	if b.nulls == 0 {
		b.valid = b.valid[:0]
		for w := BitmapWords(b.n); w > 0; w-- {
			b.valid = append(b.valid, ^uint64(0))
		}
	}
	b.nulls++
	b.setBit(i, false)
}

// SetNull makes an appended row NULL.
func (b *Builder) SetNull(row int32) {
	if b.nulls == 0 || Bit(b.valid, row) {
		b.markNull(int(row))
	}
}

// Append appends a fixed-width value; T must have the width of b's physical type. Numerics
// with big digits go through AppendNumeric.
func Append[T Fixed](b *Builder, v T) {
	at := len(b.data)
	if cap(b.data)-at < int(unsafe.Sizeof(v)) {
		b.data = grow(b.data, int(unsafe.Sizeof(v)))
	}
	b.data = b.data[:at+int(unsafe.Sizeof(v))]
	*(*T)(unsafe.Pointer(&b.data[at])) = v
	b.n++
	if b.nulls > 0 {
		b.mark()
	}
}

// AppendSlice appends fixed-width values.
func AppendSlice[T Fixed](b *Builder, v []T) {
	src := fixedBytes(v)
	b.data = append(grow(b.data, len(src)), src...)
	from := b.n
	b.n += len(v)
	b.markValid(from)
}

// markValid marks rows from.. as not NULL.
func (b *Builder) markValid(from int) {
	if b.nulls == 0 {
		return
	}
	for i := from; i < b.n; i++ {
		b.setBit(i, true)
	}
}

// AppendBool appends a boolean.
func (b *Builder) AppendBool(v bool) {
	var u uint8
	if v {
		u = 1
	}
	Append(b, u)
}

// AppendBytes appends a copy of v to a PhysBytes column.
func (b *Builder) AppendBytes(v []byte) {
	b.vars = append(b.vars, v...)
	b.EndBytes()
}

// AppendString appends v to a PhysBytes column.
func (b *Builder) AppendString(v string) {
	b.vars = append(b.vars, v...)
	b.EndBytes()
}

// Var lends the varlen buffer, to append one value to in place: b.SetVar(f(b.Var())), then
// EndBytes.
func (b *Builder) Var() []byte { return b.vars }

// SetVar takes the buffer back with the value appended; see Var. Without a following EndBytes
// the bytes belong to the next value; Truncate(Len()) drops them.
func (b *Builder) SetVar(v []byte) { b.vars = v }

// EndBytes ends a varlen value: all bytes since the last one.
func (b *Builder) EndBytes() {
	if len(b.vars) > math.MaxInt32 {
		panic("delta: column over 2 GiB; batches are cut before")
	}
	at := len(b.data)
	b.data = grow(b.data, 4)[:at+4]
	*(*int32)(unsafe.Pointer(&b.data[at])) = int32(len(b.vars))
	b.n++
	if b.nulls > 0 {
		b.mark()
	}
}

// AppendNumeric appends a numeric, copying its big digits.
func (b *Builder) AppendNumeric(d decimal.Dec) {
	var n decimal.Num
	n, b.vars = d.Store(b.vars)
	Append(b, n)
}

// AppendNull appends NULL.
func (b *Builder) AppendNull() {
	at := len(b.data)
	b.data = grow(b.data, b.size)[:at+b.size]
	switch b.size {
	case 8:
		*(*uint64)(unsafe.Pointer(&b.data[at])) = 0
	case 4:
		*(*int32)(unsafe.Pointer(&b.data[at])) = int32(len(b.vars)) // an offset; a value has no such bytes
	default:
		clear(b.data[at:])
	}
	b.n++
	if i := b.n - 1; b.nulls > 0 && i/64 < len(b.valid) {
		b.nulls++
		b.valid[i/64] &^= 1 << (uint(i) & 63)
	} else {
		b.markNull(i)
	}
}

// AppendNulls appends n NULLs.
func (b *Builder) AppendNulls(n int) {
	for ; n > 0; n-- {
		b.AppendNull()
	}
}

// Extend appends n rows of zero (or empty) values, for a kernel to fill through Filled.
func (b *Builder) Extend(n int) {
	from := b.n
	b.extend(n)
	b.markValid(from)
}

// extend appends n zero rows without touching validity.
func (b *Builder) extend(n int) {
	at, more := len(b.data), n*b.size
	b.data = grow(b.data, more)[:at+more]
	b.n += n
	if b.phys == sqltype.PhysBytes {
		end := int32(len(b.vars))
		for o := at; o < at+more; o += 4 {
			*(*int32)(unsafe.Pointer(&b.data[o])) = end
		}
		return
	}
	clear(b.data[at:])
}

// Filled views all fixed-width values of b for writing.
func Filled[T Fixed](b *Builder) []T {
	return sqltype.Values[T](&sqltype.Vec{Data: b.data})
}

// Truncate drops every row from n on, and bytes of an unfinished value.
func (b *Builder) Truncate(n int) {
	if b.phys == sqltype.PhysBytes {
		b.data = b.data[:(n+1)*4]
		b.vars = b.vars[:*(*int32)(unsafe.Pointer(&b.data[n*4]))]
	} else {
		b.data = b.data[:n*b.size]
	}
	if b.nulls > 0 && n < b.n {
		b.nulls = n - CountBits(b.valid, n)
		b.valid = b.valid[:BitmapWords(n)]
	}
	b.n = n
}
