package state

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// flatKey is one key column of flat state, by slot.
type flatKey struct {
	typ    sqltype.OID
	phys   sqltype.Physical
	width  int
	equals sqltype.Comparer // nil: equal bytes are equal values
	valid  []uint64
	nulls  bool
	data   []byte  // fixed width; a numeric with big digits has them in heap
	heap   varHeap // PhysBytes values; big digits of numerics
}

func newFlatKey(t sqltype.OID, breathe func() error) flatKey {
	k := flatKey{typ: t, phys: t.Phys(), heap: varHeap{breathe: breathe}}
	k.width = k.phys.Size()
	if ops := sqltype.OpsOf(t); !ops.OneImage {
		k.equals = ops.Compare
	}
	return k
}

func (k *flatKey) bytes() int64 { return int64(cap(k.data)+8*cap(k.valid)) + k.heap.bytes() }

// hasHeap: values, or parts of them, are of any length.
func (k *flatKey) hasHeap() bool {
	return k.phys == sqltype.PhysBytes || k.phys == sqltype.PhysNumeric
}

// extend adds slot s, the next new one, for which there is memory.
func (k *flatKey) extend(s Slot) {
	if s&63 == 0 {
		k.valid = append(k.valid, 0)
	}
	if k.hasHeap() {
		k.heap.spans = append(k.heap.spans, varSpan{})
	}
	k.data = k.data[:(int(s)+1)*k.width]
}

// store copies row of c to slot s.
func (k *flatKey) store(s Slot, c *delta.Column, row int32) error {
	if c.Null(row) {
		k.nulls = true
		delta.ClearBit(k.valid, int32(s))
		clear(k.data[int(s)*k.width:][:k.width])
		return nil
	}
	delta.SetBit(k.valid, int32(s))
	switch k.phys {
	case sqltype.PhysBytes:
		return k.heap.set(s, c.Bytes(row))
	case sqltype.PhysNumeric:
		d := c.Numeric(row)
		sqltype.Values[decimal.Num](&sqltype.Vec{Data: k.data})[s] = d.Num
		return k.heap.set(s, d.Big)
	}
	at := int(c.At(row)) * k.width
	copy(k.data[int(s)*k.width:], c.Data[at:at+k.width])
	return nil
}

// numeric loads the numeric at slot s.
func (k *flatKey) numeric(s Slot) decimal.Dec {
	d := decimal.Dec{Num: sqltype.Values[decimal.Num](&sqltype.Vec{Data: k.data})[s]}
	if d.Flag == decimal.FiniteBig {
		d.Big = k.heap.get(s)
	}
	return d
}

// equal compares slot s with row of c by SQL equality, NULL equal to NULL.
func (k *flatKey) equal(s Slot, c *delta.Column, row int32) bool {
	null := k.nulls && !delta.Bit(k.valid, int32(s))
	if c.Null(row) != null {
		return false
	}
	if null {
		return true
	}
	switch k.phys {
	case sqltype.PhysBytes:
		v, w := k.heap.get(s), c.Bytes(row)
		if bytes.Equal(v, w) {
			return true // as nearly all are; what looks the same is equal
		}
		if k.equals == nil {
			return false
		}
		var offsets [8]byte
		binary.NativeEndian.PutUint32(offsets[4:], uint32(len(v)))
		return k.equals(&sqltype.Vec{Phys: k.phys, Len: 1, Data: offsets[:], Var: v}, 0, &c.Vec, row) == 0
	case sqltype.PhysNumeric:
		return decimal.Cmp(k.numeric(s), c.Numeric(row)) == 0
	}
	if k.equals != nil {
		return k.equals(&sqltype.Vec{Phys: k.phys, Data: k.data}, int32(s), &c.Vec, row) == 0
	}
	at, i := int(s)*k.width, int(c.At(row))*k.width
	switch k.width {
	case 8:
		return *(*uint64)(unsafe.Pointer(&k.data[at])) == *(*uint64)(unsafe.Pointer(&c.Data[i]))
	case 4:
		return *(*uint32)(unsafe.Pointer(&k.data[at])) == *(*uint32)(unsafe.Pointer(&c.Data[i]))
	}
	return bytes.Equal(k.data[at:at+k.width], c.Data[i:i+k.width])
}

// looks reports whether slot s looks as row of c does, to which it is equal.
func (k *flatKey) looks(s Slot, c *delta.Column, row int32) bool {
	if k.equals == nil || c.Null(row) {
		return true
	}
	switch k.phys {
	case sqltype.PhysBytes:
		return bytes.Equal(k.heap.get(s), c.Bytes(row))
	case sqltype.PhysNumeric:
		return k.numeric(s).Scale == c.Numeric(row).Scale
	}
	at, i := int(s)*k.width, int(c.At(row))*k.width
	return bytes.Equal(k.data[at:at+k.width], c.Data[i:i+k.width])
}

// appendTo appends the values of slots to b.
func (k *flatKey) appendTo(b *delta.Builder, slots []Slot) {
	switch {
	case k.phys == sqltype.PhysBytes:
		for _, s := range slots {
			if delta.Bit(k.valid, int32(s)) {
				b.AppendBytes(k.heap.get(s))
			} else {
				b.AppendNull()
			}
		}
	case k.phys == sqltype.PhysNumeric:
		for _, s := range slots {
			if delta.Bit(k.valid, int32(s)) {
				b.AppendNumeric(k.numeric(s))
			} else {
				b.AppendNull()
			}
		}
	default:
		c := delta.Column{Type: k.typ, Vec: sqltype.Vec{Phys: k.phys, Len: len(k.data) / max(k.width, 1), Data: k.data}}
		if k.nulls {
			c.Valid = k.valid
		}
		b.Gather(&c, rowsOf(slots))
	}
}

// rowsOf views slots as row numbers.
func rowsOf(slots []Slot) []int32 {
	if len(slots) == 0 {
		return []int32{} // nil would select every row
	}
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(slots))), len(slots))
}
