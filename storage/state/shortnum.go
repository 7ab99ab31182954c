package state

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// shortForm is how a column of numerics of one scale lies on disk, whose coefficients are small: as integers of 1, 2, 4 or
// 8 bytes. It is what numeric(p,s) has nearly always.
type shortForm struct{ width, scale int }

// code is the form as a column of a block has it; 0 is a column of values as they lie in memory.
func (f shortForm) code() uint32 { return uint32(f.width) | uint32(f.scale)<<8 }

// shortened is the form that a column can have, and its code; 0 when it has none.
func shortened(c *delta.Column) (f shortForm, code uint32) {
	if c.Phys != sqltype.PhysNumeric || c.Const {
		return f, 0
	}
	f.scale = -1
	most := int64(0) // every coefficient, or what is as long, in these bits
	for i, v := range delta.Values[decimal.Num](c)[:c.Len] {
		if c.Valid != nil && c.Null(int32(i)) {
			continue
		}
		if f.scale < 0 {
			f.scale = int(v.Scale)
		}
		if v.Flag != decimal.Finite || v.Hi != int64(v.Lo)>>63 || int(v.Scale) != f.scale {
			return f, 0
		}
		most |= int64(v.Lo) ^ v.Hi
	}
	f.scale = max(0, f.scale)
	for f.width = 1; most>>(8*f.width-1) != 0; f.width *= 2 {
	}
	return f, f.code()
}

func (f shortForm) append(dst []byte, c *delta.Column) []byte {
	for i, v := range delta.Values[decimal.Num](c)[:c.Len] {
		if c.Valid != nil && c.Null(int32(i)) {
			v.Lo = 0
		}
		switch f.width {
		case 1:
			dst = append(dst, byte(v.Lo))
		case 2:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(v.Lo))
		case 4:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Lo))
		default:
			dst = binary.LittleEndian.AppendUint64(dst, v.Lo)
		}
	}
	return dst
}

// short reads the values of a column in a short form.
func (r *blockReader) short(c *delta.Column, form uint32, size uint64) {
	width, scale := int(form&0xff), int(form>>8)
	if c.Phys != sqltype.PhysNumeric || size != 0 || scale > decimal.MaxScale || width != 1 && width != 2 && width != 4 && width != 8 {
		r.fail("form %x of a column", form)
		return
	}
	from := r.take(uint64(width * c.Len))
	if r.err != nil {
		return
	}
	c.Data = alignedBytes(c.Phys.Size() * c.Len)
	to := delta.Values[decimal.Num](c)
	switch width {
	case 1:
		lengthen(to, sliceOf[int8](from), scale)
	case 2:
		lengthen(to, sliceOf[int16](from), scale)
	case 4:
		lengthen(to, sliceOf[int32](from), scale)
	default:
		lengthen(to, sliceOf[int64](from), scale)
	}
}

func lengthen[T int8 | int16 | int32 | int64](to []decimal.Num, from []T, scale int) {
	for i, v := range from {
		to[i] = decimal.Num{Hi: int64(v) >> 63, Lo: uint64(v), Scale: uint16(scale)}
	}
}
