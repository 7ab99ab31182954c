package delta

import (
	"unsafe"
)

// alloc returns n zero bytes aligned to 8.
func alloc(n int) []byte { return allocCap(n, n) }

// allocCap returns n zero bytes aligned to 8 with room for capacity.
func allocCap(n, capacity int) []byte {
	words := (max(n, capacity) + 7) / 8
	if words == 0 {
		return nil
	}
	w := make([]uint64, words)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), words*8)[:n]
}

// grow returns b with room for more bytes, 8-aligned; growth doubles.
func grow(b []byte, more int) []byte {
	if cap(b)-len(b) >= more {
		return b
	}
	out := allocCap(len(b), max(2*cap(b), len(b)+more, 64))
	copy(out, b)
	return out
}

// fixedBytes views fixed-width values as bytes.
func fixedBytes[T Fixed](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}
