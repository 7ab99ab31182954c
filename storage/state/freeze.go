package state

import (
	"slices"
	"unsafe"
)

// Freeze copies keys and cells, so that the copy can be saved while f goes on. The copy is good for
// Save alone; its memory is not charged.
func (f *FlatSet) Freeze() *FlatSet {
	c := &FlatSet{
		keyTypes: f.keyTypes, cellTypes: f.cellTypes,
		live: slices.Clone(f.live), slots: f.slots, count: f.count,
		keys: slices.Clone(f.keys), cells: slices.Clone(f.cells),
	}
	for i := range c.keys {
		k := &c.keys[i]
		k.valid, k.data, k.heap = slices.Clone(k.valid), cloneAligned(k.data), k.heap.clone()
	}
	for i := range c.cells {
		v := &c.cells[i]
		v.ints, v.floats, v.blob, v.vars = slices.Clone(v.ints), slices.Clone(v.floats), cloneAligned(v.blob), v.vars.clone()
	}
	return c
}

func (h *varHeap) clone() varHeap {
	return varHeap{spans: slices.Clone(h.spans), buf: cloneAligned(h.buf), garbage: h.garbage}
}

// cloneAligned copies b to memory aligned to 8 bytes.
func cloneAligned(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	words := make([]uint64, (len(b)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))[:len(b)]
	copy(out, b)
	return out
}
