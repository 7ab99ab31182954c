package state

import "unsafe"

// stretchBytes is how much of a column that grows is copied between two looks at whether to go on.
const stretchBytes = 4 << 20

// stretch gives old room for so many, in new memory. breathe is called while much is copied; its error is
// kept by who gave it and does not end the copying, which would lose what there is.
func stretch[T any](old []T, room int, breathe func() error) []T {
	if room <= cap(old) {
		return old
	}
	made := make([]T, len(old), room)
	step := max(1, stretchBytes/int(unsafe.Sizeof(*new(T))))
	for from := 0; from < len(old); from += step {
		to := min(from+step, len(old))
		copy(made[from:to], old[from:to])
		if breathe != nil && to < len(old) {
			_ = breathe() // see above
		}
	}
	return made
}

// stretchAligned is stretch of bytes that hold values of up to 8 bytes each.
func stretchAligned(old []byte, room int, breathe func() error) []byte {
	if room <= cap(old) {
		return old
	}
	words := stretch(unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(old))), cap(old)/8), (room+7)/8, breathe)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*cap(words))[:len(old)]
}
