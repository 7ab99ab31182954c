package sqltype

import (
	"encoding/binary"
	"unsafe"
)

// MaxDims is the most dimensions that an array has.
const MaxDims = 6

// MaxArrayItems is the most elements that an array has.
const MaxArrayItems = 134217727

// Dim is a dimension of an array: how many, and the subscript of the first.
type Dim struct{ Len, Lower int32 }

// Upper is the subscript of the last.
func (d Dim) Upper() int32 { return d.Lower + d.Len - 1 }

// Array is a view of an array value: no dimensions is the empty array. Elements lie in row-major order.
type Array struct {
	NDim  int
	dims  [MaxDims]Dim
	Elems Vec
}

// Dims are the dimensions, borrowed from a.
func (a *Array) Dims() []Dim { return a.dims[:a.NDim] }

// An array value is bytes:
//
//	1 byte        dimensions, with arrayNulls if an element is NULL
//	8 bytes each  length and lower bound, int32 little-endian
//	8 bytes each  with arrayNulls: the elements' validity, 64 a word
//	              the elements' Data: values of fixed width, or offsets; zero for NULL
//	              the elements' Var
//
// Equal elements in equal form give equal bytes, so what has one image has one array image.
const (
	arrayNulls = 0x80
	// arrayForm is the version of this form; see OpsVersion.
	arrayForm = 1
)

// AppendArray appends the value of an array with elems, which is no constant and whose offsets, if it has
// some, start at 0. dims hold as many; none of them is empty.
func AppendArray(dst []byte, dims []Dim, elems *Vec) []byte {
	if elems.Len == 0 {
		return append(dst, 0)
	}
	head, nulls := byte(len(dims)), false
	for row := range int32(elems.Len) {
		if elems.Null(row) {
			head, nulls = head|arrayNulls, true
			break
		}
	}
	dst = append(dst, head)
	for _, d := range dims {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(d.Len))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(d.Lower))
	}
	if nulls {
		words := (elems.Len + 63) / 64
		for i, w := range elems.Valid[:words] {
			if last := elems.Len - 64*i; last < 64 {
				w &= 1<<uint(last) - 1 // bits past the end are anything
			}
			dst = binary.LittleEndian.AppendUint64(dst, w)
		}
	}
	if nulls && elems.Phys == PhysBytes {
		return appendStrings(dst, elems)
	}
	from := len(dst)
	dst = append(dst, elems.Data[:dataSize(elems.Phys, elems.Len)]...)
	if size := elems.Phys.Size(); nulls {
		for row := range elems.Len {
			if elems.Null(int32(row)) { // it may have held anything
				clear(dst[from+row*size : from+(row+1)*size])
			}
		}
	}
	return append(dst, elems.Var...)
}

// appendStrings appends offsets and bytes of values, of NULL none.
func appendStrings(dst []byte, elems *Vec) []byte {
	end := 0
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	for row := range int32(elems.Len) {
		if !elems.Null(row) {
			end += len(elems.Bytes(row))
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(end))
	}
	for row := range int32(elems.Len) {
		if !elems.Null(row) {
			dst = append(dst, elems.Bytes(row)...)
		}
	}
	return dst
}

// AppendVector appends a one-dimensional array, its lower bound 1.
func AppendVector(dst []byte, elems *Vec) []byte {
	return AppendArray(dst, []Dim{{Len: int32(elems.Len), Lower: 1}}, elems)
}

func dataSize(p Physical, n int) int {
	if p == PhysBytes {
		return 4 * (n + 1)
	}
	return p.Size() * n
}

// OpenArray views an array value whose elements have form p. It borrows b; bytes that are no array are the
// empty one.
func OpenArray(p Physical, b []byte) (a Array) {
	a.Elems.Phys = p
	if len(b) == 0 {
		return a
	}
	ndim, nulls := int(b[0]&^arrayNulls), b[0]&arrayNulls != 0
	b = b[1:]
	if ndim == 0 || ndim > MaxDims || len(b) < 8*ndim {
		return a
	}
	n := int64(1)
	for i := range ndim {
		d := Dim{int32(binary.LittleEndian.Uint32(b[8*i:])), int32(binary.LittleEndian.Uint32(b[8*i+4:]))}
		if d.Len <= 0 || n*int64(d.Len) > MaxArrayItems {
			return a
		}
		a.dims[i] = d
		n *= int64(d.Len)
	}
	b = b[8*ndim:]
	words := 0
	if nulls {
		words = int(n+63) / 64
	}
	size := dataSize(p, int(n))
	if len(b) < 8*words+size {
		return a
	}
	if nulls {
		// why: read where it lies, at any address, which the machines that this engine runs on can do;
		// a copy for every value that is looked at costs more than all else.
		a.Elems.Valid = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), words)
	}
	b = b[8*words:]
	a.NDim, a.Elems.Len = ndim, int(n)
	a.Elems.Data, a.Elems.Var = b[:size:size], b[size:]
	return a
}

// Array views the array at row, whose elements are of elem.
func (v *Vec) Array(row int32, elem *Ops) Array { return OpenArray(elem.Phys, v.Bytes(row)) }
