package delta

import (
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// AppendFrom appends row of c, whose physical type must be b's. For many rows use Gather.
func (b *Builder) AppendFrom(c *Column, row int32) {
	if c.Null(row) {
		b.AppendNull()
		return
	}
	switch b.phys {
	case sqltype.PhysBytes:
		b.AppendBytes(c.Bytes(row))
	case sqltype.PhysNumeric:
		b.AppendNumeric(c.Numeric(row))
	default:
		size := b.size
		i := int(c.At(row)) * size
		b.data = append(grow(b.data, size), c.Data[i:i+size]...)
		b.n++
		b.mark()
	}
}

// Gather appends rows sel of c (nil = all rows), in that order; a row may come twice, -1 is
// NULL. It is linear in rows and bytes copied.
func (b *Builder) Gather(c *Column, sel []int32) {
	from := b.n
	switch b.phys {
	case sqltype.PhysBytes:
		b.gatherBytes(c, sel)
	case sqltype.PhysNumeric:
		b.gatherNumeric(c, sel)
	default:
		gatherFixed(b, c, sel)
	}
	b.gatherNulls(c, sel, from)
}

func rowsOf(c *Column, sel []int32) int {
	if sel == nil {
		return c.Len
	}
	return len(sel)
}

func gatherFixed(b *Builder, c *Column, sel []int32) {
	n := rowsOf(c, sel)
	at := len(b.data)
	b.data = grow(b.data, n*b.size)[:at+n*b.size]
	dst := b.data[at:]
	b.n += n
	if sel == nil && !c.Const {
		copy(dst, c.Data)
		return
	}
	switch b.size {
	case 1:
		gatherInto[uint8](dst, c, sel)
	case 2:
		gatherInto[int16](dst, c, sel)
	case 4:
		gatherInto[int32](dst, c, sel)
	case 8:
		gatherInto[int64](dst, c, sel)
	case 16:
		gatherInto[[16]byte](dst, c, sel)
	}
}

func gatherInto[T Fixed](dstBytes []byte, c *Column, sel []int32) {
	if len(dstBytes) == 0 {
		return
	}
	var zero T
	dst := unsafe.Slice((*T)(unsafe.Pointer(&dstBytes[0])), len(dstBytes)/int(unsafe.Sizeof(zero)))
	src := Values[T](c)
	if c.Const {
		for i := range dst {
			dst[i] = src[0]
		}
		return
	}
	for i, row := range sel {
		if row >= 0 {
			dst[i] = src[row]
		} else {
			dst[i] = zero
		}
	}
}

func (b *Builder) gatherBytes(c *Column, sel []int32) {
	n := rowsOf(c, sel)
	if n == 0 {
		return
	}
	offs := Offsets(c)
	if sel == nil && !c.Const {
		shift := int32(len(b.vars)) - offs[0]
		b.vars = append(b.vars, c.Var[offs[0]:offs[n]]...)
		at := len(b.data)
		b.data = grow(b.data, 4*n)[:at+4*n]
		dst := unsafe.Slice((*int32)(unsafe.Pointer(&b.data[at])), n)
		for i := range dst {
			dst[i] = offs[i+1] + shift
		}
		b.n += n
		return
	}
	for i := range n {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		if row >= 0 {
			p := c.At(row)
			b.vars = append(b.vars, c.Var[offs[p]:offs[p+1]]...)
		}
		b.extend(1)
	}
	if len(b.vars) > 1<<31-1 {
		panic("delta: column over 2 GiB; batches are cut before")
	}
}

func (b *Builder) gatherNumeric(c *Column, sel []int32) {
	src := Values[decimal.Num](c)
	n := rowsOf(c, sel)
	at := len(b.data)
	b.data = grow(b.data, 24*n)[:at+24*n]
	b.n += n
	if n == 0 {
		return
	}
	dst := unsafe.Slice((*decimal.Num)(unsafe.Pointer(&b.data[at])), n)
	for i := range dst {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		if row < 0 {
			dst[i] = decimal.Num{}
			continue
		}
		v := src[c.At(row)]
		if v.Flag == decimal.FiniteBig {
			if c.Null(row) {
				v = decimal.Num{}
			} else {
				v, b.vars = v.Load(c.Var).Store(b.vars)
			}
		}
		dst[i] = v
	}
}

func (b *Builder) gatherNulls(c *Column, sel []int32, from int) {
	if c.Valid == nil {
		b.markValid(from)
		for i, row := range sel {
			if row < 0 {
				b.markNull(from + i)
			}
		}
		return
	}
	for i := from; i < b.n; i++ {
		row := int32(i - from)
		if sel != nil {
			row = sel[row]
		}
		if row < 0 || c.Null(row) {
			b.markNull(i)
		} else if b.nulls > 0 {
			b.setBit(i, true)
		}
	}
}

// Copy is rows sel of c (nil = all) in memory of its own.
func Copy(c *Column, sel []int32) Column {
	b := NewBuilder(c.Type)
	b.Gather(c, sel)
	return b.Take()
}
