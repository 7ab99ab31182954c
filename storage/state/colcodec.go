package state

import (
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// maxSectionRows bounds what a section may claim to hold.
const maxSectionRows = 1<<31 - 2

func bytesOf[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}

// sliceOf views 8-aligned bytes.
func sliceOf[T any](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// writeHeader begins a section.
func (f *frameWriter) writeHeader(kind uint32, types []sqltype.OID) {
	_, _ = f.Write([]byte(sectionMagic))
	f.u32(sectionVersion)
	f.u32(kind)
	f.u32(uint32(len(types)))
	for _, t := range types {
		f.u32(uint32(t))
	}
}

// readHeader expects what writeHeader wrote.
func (f *frameReader) readHeader(kind uint32, types []sqltype.OID) {
	var magic [4]byte
	f.read(magic[:])
	if f.err == nil && string(magic[:]) != sectionMagic {
		f.err = corrupt("no section of state")
	}
	f.expect(sectionVersion, "version")
	f.expect(kind, "kind")
	f.expect(uint32(len(types)), "number of columns")
	for _, t := range types {
		f.expect(uint32(t), "column type")
	}
}

// rows reads a row count.
func (f *frameReader) rows() int {
	n := f.u64()
	if n > maxSectionRows {
		f.err = corrupt("%d rows", n)
	}
	if f.err != nil {
		return 0
	}
	return int(n)
}

// writeColumn writes a column that is not constant and whose offsets begin at 0.
func (f *frameWriter) writeColumn(c *delta.Column) error {
	nulls := uint32(0)
	if c.Valid != nil {
		nulls = 1
	}
	f.u32(nulls)
	if nulls == 1 {
		_, _ = f.Write(bytesOf(c.Valid[:delta.BitmapWords(c.Len)]))
	}
	size := c.Type.Phys().Size() * c.Len
	if size == 0 && c.Type.Phys() == sqltype.PhysBytes {
		size = 4 * (c.Len + 1)
	}
	_, _ = f.Write(c.Data[:size])
	f.u64(uint64(len(c.Var)))
	_, err := f.Write(c.Var)
	return err
}

func (f *frameReader) readColumn(t sqltype.OID, n int) delta.Column {
	c := delta.Column{Type: t, Len: n}
	if nulls := f.u32(); nulls == 1 {
		c.Valid = sliceOf[uint64](f.bytes(uint64(8 * delta.BitmapWords(n))))
	} else if nulls != 0 {
		f.err = corrupt("null flag %d", nulls)
	}
	size := uint64(t.Phys().Size()) * uint64(n)
	if t.Phys() == sqltype.PhysBytes {
		size = 4 * (uint64(n) + 1)
	}
	c.Data = f.bytes(size)
	c.Var = f.bytes(f.u64())
	if f.err == nil {
		f.err = validate(&c)
	}
	return c
}

// validate checks everything that code reading a column relies on.
func validate(c *delta.Column) error {
	switch c.Type.Phys() {
	case sqltype.PhysBytes:
		last := int32(0)
		for i, o := range delta.Offsets(c) {
			if o < last || i == 0 && o != 0 {
				return corrupt("offsets")
			}
			last = o
		}
		if int(last) != len(c.Var) {
			return corrupt("bytes of a column")
		}
	case sqltype.PhysBool:
		for _, b := range c.Data {
			if b > 1 {
				return corrupt("boolean %d", b)
			}
		}
	case sqltype.PhysNumeric:
		for i, v := range delta.Values[decimal.Num](c) {
			if !c.Null(int32(i)) && !validNumeric(v, c.Var) {
				return corrupt("numeric")
			}
		}
	}
	return nil
}

func validNumeric(v decimal.Num, arena []byte) bool {
	if v.Flag > decimal.NegInf || v.Scale > decimal.MaxScale {
		return false
	}
	if v.Flag != decimal.FiniteBig {
		return true
	}
	at, size := v.Lo>>32, v.Lo&0xffffffff
	if at+size > uint64(len(arena)) || size < 17 {
		return false
	}
	big := arena[at : at+size]
	return big[0] <= 1 && big[1] != 0 && (size > 17 || big[1] >= 0x80)
}
