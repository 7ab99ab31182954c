package state

import "slices"

// varSpan is where a slot's bytes lie in a varHeap, in units of 8 bytes; the room of a span is its
// length rounded up.
type varSpan struct{ at, len uint32 }

func roundUp8(n int) int { return (n + 7) &^ 7 }

// varHeap keeps one byte string a slot, without pointers. Replaced strings leave garbage, which
// is squeezed out when it is more than half.
type varHeap struct {
	spans   []varSpan
	buf     []byte
	garbage int
	breathe func() error // called while much is copied; nil = never
}

// maxHeap is what 32 bits of 8-byte units address.
const maxHeap = 8 << 32

func (h *varHeap) bytes() int64 { return int64(cap(h.buf) + 8*cap(h.spans)) }

func (h *varHeap) get(s Slot) []byte {
	p := h.spans[s]
	if p.len == 0 {
		return nil
	}
	from := int(p.at) * 8
	return h.buf[from : from+int(p.len) : from+int(p.len)]
}

// set replaces the bytes of s by b, which may alias what get returned.
func (h *varHeap) set(s Slot, b []byte) error {
	room, need := roundUp8(int(h.spans[s].len)), roundUp8(len(b))
	if need == 0 { // its place may be none: squeeze passes over what is empty
		h.spans[s].len = 0
		h.garbage += room
		return nil
	}
	if need <= room {
		copy(h.buf[int(h.spans[s].at)*8:], b)
		h.spans[s].len = uint32(len(b))
		h.garbage += room - need
		return nil
	}
	h.garbage += room
	h.spans[s].len = 0
	if h.garbage > 1<<16 && h.garbage > len(h.buf)/2 {
		h.squeeze()
	}
	if len(h.buf)+need > maxHeap {
		return ErrOutOfMemory
	}
	if len(h.buf)+need > cap(h.buf) {
		h.buf = stretch(h.buf, len(h.buf)+max(need, len(h.buf)/4, 512), h.breathe)
	}
	h.spans[s] = varSpan{at: uint32(len(h.buf) / 8), len: uint32(len(b))}
	h.buf = append(h.buf, b...)
	for len(h.buf)&7 != 0 {
		h.buf = append(h.buf, 0)
	}
	return nil
}

// squeezeSlots is how many strings move between two looks at whether to go on.
const squeezeSlots = 16 << 10

func (h *varHeap) squeeze() {
	old := h.buf
	h.spans = slices.Clone(h.spans) // a Frozen may have these
	h.buf = make([]byte, 0, (len(old)-h.garbage)*5/4+64)
	for s := range h.spans {
		p := &h.spans[s]
		if p.len == 0 {
			continue
		}
		if s%squeezeSlots == 0 && h.breathe != nil {
			_ = h.breathe() // what there is must not be lost
		}
		from := int(p.at) * 8
		p.at = uint32(len(h.buf) / 8)
		h.buf = append(h.buf, old[from:from+roundUp8(int(p.len))]...)
	}
	h.garbage = 0
}
