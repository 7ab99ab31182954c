package state

// slab is one open-addressing index from key hash to slot: entries of tag (high half) and
// slot+1 (low half), 0 = free. The tag alone decides the place, so growing needs no keys.
type slab struct {
	entries []uint64
	used    int
}

const minSlab = 16

// tagOf are the bits of a hash below its bucket byte.
func tagOf(hash uint64) uint64 { return hash << 8 >> 32 }

// bucketOf is the first byte of a hash.
func bucketOf(hash uint64) uint8 { return uint8(hash >> 56) }

func (b *slab) insert(tag uint64, s Slot) {
	if 3*len(b.entries) < 4*(b.used+1) || len(b.entries) == 0 {
		b.grow()
	}
	b.place(tag<<32 | uint64(s+1))
	b.used++
}

func (b *slab) place(e uint64) {
	mask := uint64(len(b.entries) - 1)
	at := e >> 32 & mask
	for b.entries[at] != 0 {
		at = (at + 1) & mask
	}
	b.entries[at] = e
}

func (b *slab) grow() {
	old := b.entries
	b.entries = make([]uint64, max(minSlab, 2*len(old)))
	for _, e := range old {
		if e != 0 {
			b.place(e)
		}
	}
}

// remove deletes the entry of slot s, closing the gap so that no probe meets a hole.
func (b *slab) remove(tag uint64, s Slot) {
	mask := uint64(len(b.entries) - 1)
	at := tag & mask
	for uint32(b.entries[at]) != uint32(s+1) {
		at = (at + 1) & mask
	}
	b.used--
	for next := at; ; {
		next = (next + 1) & mask
		e := b.entries[next]
		if e == 0 {
			b.entries[at] = 0
			return
		}
		// e may move to the gap unless its home lies cyclically after it.
		if home := e >> 32 & mask; (next-home)&mask >= (next-at)&mask {
			b.entries[at] = e
			at = next
		}
	}
}
