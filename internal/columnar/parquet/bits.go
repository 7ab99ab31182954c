package parquet

import "encoding/binary"

// bitsAt is the number of width bits (64 at most) at a place of b, least significant first; all of
// them are in b.
func bitsAt(b []byte, at uint64, width uint) uint64 {
	i, shift := at>>3, uint(at&7)
	var word uint64
	if i+8 <= uint64(len(b)) {
		word = le.Uint64(b[i:])
	} else {
		for j, v := range b[i:] {
			word |= uint64(v) << (8 * j)
		}
	}
	word >>= shift
	if shift+width > 64 {
		word |= uint64(b[i+8]) << (64 - shift)
	}
	if width == 64 {
		return word
	}
	return word & (1<<width - 1)
}

// hybrid reads numbers of a fixed width in runs of equal ones and of bit-packed ones (Encodings.md,
// "Run Length Encoding / Bit-Packing Hybrid").
type hybrid struct {
	b     []byte
	width uint

	equal  uint64 // numbers left in a run of equal ones
	value  uint32
	packed uint64 // numbers left in a bit-packed run
	bit    uint64 // where the next of them is
	bits   []byte // of the run
}

// newHybrid reads numbers of width bits, 32 at most.
func newHybrid(b []byte, width uint) hybrid { return hybrid{b: b, width: width} }

// read fills dst.
func (h *hybrid) read(dst []uint32) error {
	for len(dst) > 0 {
		switch {
		case h.equal > 0:
			n := int(min(h.equal, uint64(len(dst))))
			for i := range dst[:n] {
				dst[i] = h.value
			}
			h.equal -= uint64(n)
			dst = dst[n:]
		case h.packed > 0:
			n := int(min(h.packed, uint64(len(dst))))
			if h.bit+uint64(n)*uint64(h.width) > 8*uint64(len(h.bits)) {
				return bad("a bit-packed run is cut off")
			}
			for i := range dst[:n] {
				dst[i] = uint32(bitsAt(h.bits, h.bit, h.width))
				h.bit += uint64(h.width)
			}
			h.packed -= uint64(n)
			dst = dst[n:]
		default:
			if err := h.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// run begins the next run.
func (h *hybrid) run() error {
	head, n := binary.Uvarint(h.b)
	if n <= 0 || head>>1 > 1<<32 {
		return bad("a page has fewer values or levels than it says")
	}
	h.b = h.b[n:]
	if head&1 == 0 {
		size := int(h.width+7) / 8
		if size > len(h.b) {
			return bad("a run of equal values is cut off")
		}
		var word [4]byte
		copy(word[:], h.b[:size])
		h.equal, h.value, h.b = head>>1, le.Uint32(word[:]), h.b[size:]
		return nil
	}
	// Some writers end the last run with its last number, not with its last group of eight.
	size := min(head>>1*uint64(h.width), uint64(len(h.b)))
	h.packed, h.bit = head>>1*8, 0
	h.bits, h.b = h.b[:size], h.b[size:]
	return nil
}
