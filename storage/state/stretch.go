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

// newSlot takes a free slot or makes one; its cells are zero.
func (f *FlatSet) newSlot() Slot {
	if n := len(f.free); n > 0 {
		s := f.free[n-1]
		f.free = f.free[:n-1]
		return s
	}
	if f.slots == f.room {
		f.widen()
	}
	s := Slot(f.slots)
	f.slots++
	if s&63 == 0 {
		f.live, f.unsaved = append(f.live, 0), append(f.unsaved, 0)
	}
	f.buckets = append(f.buckets, 0)
	for i := range f.keys {
		f.keys[i].extend(s)
	}
	for i := range f.cells {
		f.cells[i].extend(f.cellTypes[i])
	}
	return s
}

// widen makes room for half as many slots again in every column.
func (f *FlatSet) widen() {
	room := f.slots + max(64, f.slots/2)&^63
	f.live, f.unsaved = stretch(f.live, room/64, f.breathe), stretch(f.unsaved, room/64, f.breathe)
	f.buckets = stretch(f.buckets, room, f.breathe)
	for i := range f.keys {
		k := &f.keys[i]
		k.valid = stretch(k.valid, room/64, f.breathe)
		k.data = stretchAligned(k.data, room*k.width, f.breathe)
		if k.hasHeap() {
			k.heap.spans = stretch(k.heap.spans, room, f.breathe)
		}
	}
	for i := range f.cells {
		c := &f.cells[i]
		switch f.cellTypes[i] {
		case CellInt64:
			c.ints = stretch(c.ints, room, f.breathe)
		case CellFloat64:
			c.floats = stretch(c.floats, room, f.breathe)
		case CellVar:
			c.vars.spans = stretch(c.vars.spans, room, f.breathe)
		default:
			c.blob = stretch(c.blob, room*c.size, f.breathe)
		}
	}
	f.room = room
}

func (c *flatCell) extend(t CellType) {
	switch {
	case t == CellInt64:
		c.ints = append(c.ints, 0)
	case t == CellFloat64:
		c.floats = append(c.floats, 0)
	case t == CellVar:
		c.vars.spans = append(c.vars.spans, varSpan{})
	default:
		c.blob = c.blob[:len(c.blob)+c.size]
	}
}
