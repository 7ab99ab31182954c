package state

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// oneSlab is how many keys share one index; above, each bucket (first byte of the key's hash)
// has its own, so that none ever stalls for long when it grows.
const oneSlab = 1 << 16

// FlatSet is Flat in memory. One goroutine uses it.
type FlatSet struct {
	keyTypes  []sqltype.OID
	cellTypes []CellType
	account   func(int64) error
	breathe   func() error // nil = never

	keys    []flatKey
	cells   []flatCell
	buckets []uint8 // by slot
	live    []uint64
	free    []Slot
	slots   int // handed out, free ones among them
	room    int // slots that every column has memory for
	count   int
	slabs   []slab // 1, or 256
	hashes  []uint64
	all     []int32
	charged int64

	// unsaved are the slots that changed since the last Freeze, levels what is durable.
	unsaved []uint64
	levels  []flatLevel
	// last is the newest Freeze; frozen too, while it has pages that it shares with f.
	last, frozen *Frozen
	// later is what is still to be loaded, nil = nothing.
	later *laterLoad
	// passing: what it has is elsewhere too, so that checkpoints need not have it.
	passing bool
}

var _ Flat = (*FlatSet)(nil)

// flatCell is one cell column: the member its type asks for.
type flatCell struct {
	ints   []int64
	floats []float64
	blob   []byte
	size   int // of a blob
	vars   varHeap
}

// NewFlat makes empty flat state.
func NewFlat(key []sqltype.OID, cells []CellType, options Options) *FlatSet {
	f := &FlatSet{keyTypes: key, cellTypes: cells, account: options.Merges.relieved(options.Account), breathe: options.Breathe}
	f.Clear()
	return f
}

// Clear forgets every key and gives the memory back.
func (f *FlatSet) Clear() {
	f.keys, f.cells = nil, nil
	for _, t := range f.keyTypes {
		f.keys = append(f.keys, newFlatKey(t, f.breathe))
	}
	for _, t := range f.cellTypes {
		c := flatCell{vars: varHeap{breathe: f.breathe}}
		if t&cellBlob != 0 {
			c.size = int(t &^ cellBlob)
		}
		f.cells = append(f.cells, c)
	}
	f.buckets, f.live, f.free = nil, nil, nil
	f.slots, f.room, f.count = 0, 0, 0
	f.slabs = make([]slab, 1)
	f.unsaved, f.levels, f.last, f.frozen, f.later = nil, nil, nil, nil, nil
	_ = f.settle() // gives back, which cannot fail
}

// settle charges what has grown.
func (f *FlatSet) settle() error {
	if f.account == nil {
		return nil
	}
	size := int64(cap(f.buckets) + 8*(cap(f.live)+cap(f.unsaved)) + 4*cap(f.free))
	for i := range f.keys {
		size += f.keys[i].bytes()
	}
	for i := range f.cells {
		c := &f.cells[i]
		size += int64(8*cap(c.ints)+8*cap(c.floats)+cap(c.blob)) + c.vars.bytes()
	}
	for i := range f.levels {
		size += int64(8 * cap(f.levels[i].slots.set))
	}
	for i := range f.slabs {
		size += int64(8 * len(f.slabs[i].entries))
	}
	if size == f.charged {
		return nil
	}
	if err := f.account(size - f.charged); err != nil {
		return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	f.charged = size
	return nil
}

// Probe implements Flat.
func (f *FlatSet) Probe(keys []delta.Column, sel []int32, insert bool, slots []Slot) error {
	if f.later != nil {
		if err := f.Ready(); err != nil {
			return err
		}
	}
	rows := sel
	if sel == nil {
		sel = f.everyRow(keys, len(slots))
	}
	if cap(f.hashes) < len(sel) {
		f.hashes = make([]uint64, max(len(sel), 2*cap(f.hashes), 8))
	}
	hashes := f.hashes[:len(sel)]
	delta.HashKeys(keys, len(sel), rows, hashes)
	before := f.slots
	var err error
	if len(keys) == 1 && plainInts(&keys[0]) && f.keys[0].plain() {
		switch f.keys[0].width {
		case 8:
			err = probeInts[int64](f, keys, sel, hashes, insert, slots)
		case 4:
			err = probeInts[int32](f, keys, sel, hashes, insert, slots)
		}
	} else {
		err = f.probeRows(keys, sel, hashes, insert, slots)
	}
	if err == nil && f.slots != before {
		err = f.settle()
	}
	return err
}

// everyRow is 0..n-1 for n rows of keys, or for one row a slot without key columns.
func (f *FlatSet) everyRow(keys []delta.Column, n int) []int32 {
	if len(keys) > 0 {
		n = keys[0].Len
	}
	for len(f.all) < n {
		f.all = append(f.all, int32(len(f.all)))
	}
	return f.all[:n]
}

func plainInts(c *delta.Column) bool {
	return c.Valid == nil && !c.Const && sqltype.OpsOf(c.Type).OneImage && (c.Phys == sqltype.PhysInt64 || c.Phys == sqltype.PhysInt32)
}

func (k *flatKey) plain() bool { return !k.nulls }

func (f *FlatSet) slabOf(hash uint64) *slab {
	if len(f.slabs) == 1 {
		return &f.slabs[0]
	}
	return &f.slabs[bucketOf(hash)]
}

// probeInts is Probe for one integer key without NULLs.
func probeInts[T int32 | int64](f *FlatSet, keys []delta.Column, sel []int32, hashes []uint64, insert bool, slots []Slot) error {
	values := delta.Values[T](&keys[0])
	stored := fixedSlice[T](f.keys[0].data)
	for i, row := range sel {
		h, v := hashes[i], values[row]
		b := f.slabOf(h)
		slots[i] = NoSlot
		if mask := uint64(len(b.entries)) - 1; len(b.entries) > 0 {
			tag := tagOf(h)
			for at := tag & mask; ; at = (at + 1) & mask {
				e := b.entries[at]
				if e == 0 {
					break
				}
				if s := Slot(uint32(e)) - 1; e>>32 == tag && stored[s] == v {
					slots[i] = s
					break
				}
			}
		}
		if slots[i] == NoSlot && insert {
			s, err := f.insert(keys, row, h)
			if err != nil {
				return err
			}
			slots[i] = s
			stored = fixedSlice[T](f.keys[0].data)
		}
	}
	return nil
}

func fixedSlice[T int32 | int64](b []byte) []T { return sqltype.Values[T](&sqltype.Vec{Data: b}) }

// probeRows is Probe for any keys.
func (f *FlatSet) probeRows(keys []delta.Column, sel []int32, hashes []uint64, insert bool, slots []Slot) error {
	for i, row := range sel {
		h := hashes[i]
		s := f.find(keys, row, h)
		if s == NoSlot && insert {
			var err error
			if s, err = f.insert(keys, row, h); err != nil {
				return err
			}
		}
		slots[i] = s
	}
	return nil
}

func (f *FlatSet) find(keys []delta.Column, row int32, h uint64) Slot {
	b := f.slabOf(h)
	if len(b.entries) == 0 {
		return NoSlot
	}
	mask, tag := uint64(len(b.entries)-1), tagOf(h)
	for at := tag & mask; ; at = (at + 1) & mask {
		e := b.entries[at]
		if e == 0 {
			return NoSlot
		}
		if s := Slot(uint32(e)) - 1; e>>32 == tag && f.equal(s, keys, row) {
			return s
		}
	}
}

func (f *FlatSet) equal(s Slot, keys []delta.Column, row int32) bool {
	for i := range f.keys {
		if !f.keys[i].equal(s, &keys[i], row) {
			return false
		}
	}
	return true
}

// Looks reports whether the keys of slot s look as those of row do, to which they are equal: in every bit that is shown.
func (f *FlatSet) Looks(s Slot, keys []delta.Column, row int32) bool {
	for i := range f.keys {
		if !f.keys[i].looks(s, &keys[i], row) {
			return false
		}
	}
	return true
}

func (f *FlatSet) insert(keys []delta.Column, row int32, h uint64) (Slot, error) {
	s := f.newSlot()
	f.writing(s)
	for i := range f.keys {
		if err := f.keys[i].store(s, &keys[i], row); err != nil {
			return NoSlot, err
		}
	}
	delta.SetBit(f.live, int32(s))
	f.link(s, h)
	return s, nil
}

// link makes a slot that has its key be found by its hash.
func (f *FlatSet) link(s Slot, h uint64) {
	f.buckets[s] = bucketOf(h)
	f.count++
	if f.count > oneSlab && len(f.slabs) == 1 {
		f.split()
	}
	f.slabOf(h).insert(tagOf(h), s)
}

// index makes every live slot be found, and the others free.
func (f *FlatSet) index() error {
	var err error
	f.scan(func(slots []Slot) bool {
		if f.breathe != nil {
			if err = f.breathe(); err != nil {
				return false
			}
		}
		keys := f.Keys(slots)
		hashes := make([]uint64, len(slots))
		delta.HashKeys(keys, len(slots), nil, hashes)
		for i, s := range slots {
			f.link(s, hashes[i])
		}
		return true
	})
	if err != nil {
		return err
	}
	for s := f.slots - 1; s >= 0; s-- {
		if !delta.Bit(f.live, int32(s)) {
			f.free = append(f.free, Slot(s))
		}
	}
	return f.settle()
}

// split moves the one index into 256.
func (f *FlatSet) split() {
	old := f.slabs[0]
	f.slabs = make([]slab, 256)
	for _, e := range old.entries {
		if e != 0 {
			s := Slot(uint32(e)) - 1
			f.slabs[f.buckets[s]].insert(e>>32, s)
		}
	}
}

// Delete implements Flat.
func (f *FlatSet) Delete(slots []Slot) {
	keys := f.Keys(slots)
	hashes := make([]uint64, len(slots))
	delta.HashKeys(keys, len(slots), nil, hashes)
	f.Write(slots)
	for i, s := range slots {
		if !delta.Bit(f.live, int32(s)) {
			continue
		}
		f.slabOf(hashes[i]).remove(tagOf(hashes[i]), s)
		delta.ClearBit(f.live, int32(s))
		f.zero(s)
		f.free = append(f.free, s)
		f.count--
	}
}

// zero clears the cells of s, and lets go of its bytes.
func (f *FlatSet) zero(s Slot) {
	for i := range f.cells {
		c := &f.cells[i]
		switch {
		case c.ints != nil:
			c.ints[s] = 0
		case c.floats != nil:
			c.floats[s] = 0
		case c.blob != nil:
			clear(c.blob[int(s)*c.size:][:c.size])
		case c.vars.spans != nil:
			_ = c.vars.set(s, nil) // shrinks, which cannot fail
		}
	}
	for i := range f.keys {
		if f.keys[i].hasHeap() {
			_ = f.keys[i].heap.set(s, nil)
		}
	}
}

// Int64 implements Flat.
func (f *FlatSet) Int64(i int) Ints { return Ints{f.cells[i].ints} }

// Float64 implements Flat.
func (f *FlatSet) Float64(i int) Floats { return Floats{f.cells[i].floats} }

// Blob implements Flat.
func (f *FlatSet) Blob(i int, s Slot) []byte {
	c := &f.cells[i]
	from := int(s) * c.size
	return c.blob[from : from+c.size : from+c.size]
}

// Var implements Flat.
func (f *FlatSet) Var(i int, s Slot) []byte { return f.cells[i].vars.get(s) }

// Blank reports whether all cells of a slot from column first on are as those of a key that was just inserted.
func (f *FlatSet) Blank(first int, s Slot) bool {
	for i := first; i < len(f.cells); i++ {
		switch c := &f.cells[i]; {
		case c.ints != nil && c.ints[s] != 0, c.floats != nil && c.floats[s] != 0:
			return false
		case c.blob != nil && slices.ContainsFunc(f.Blob(i, s), func(b byte) bool { return b != 0 }):
			return false
		case c.vars.spans != nil && len(f.Var(i, s)) > 0:
			return false
		}
	}
	return true
}

// Write implements Flat.
func (f *FlatSet) Write(slots []Slot) Cells {
	if f.frozen != nil && f.frozen.preserve(slots) {
		f.frozen = nil
	}
	set := f.unsaved
	for _, s := range slots {
		set[uint32(s)>>6] |= 1 << (uint32(s) & 63)
	}
	return Cells{f}
}

// writing is Write of one slot.
func (f *FlatSet) writing(s Slot) {
	if f.frozen != nil && f.frozen.preserve([]Slot{s}) {
		f.frozen = nil
	}
	f.unsaved[s>>6] |= 1 << (s & 63)
}

// SetVar implements Flat.
func (f *FlatSet) SetVar(i int, s Slot, b []byte) error {
	f.writing(s)
	h := &f.cells[i].vars
	before := cap(h.buf)
	if err := h.set(s, b); err != nil {
		return err
	}
	if cap(h.buf) != before {
		return f.settle()
	}
	return nil
}

// Keys implements Flat.
func (f *FlatSet) Keys(slots []Slot) []delta.Column {
	out := make([]delta.Column, len(f.keys))
	for i := range f.keys {
		b := delta.NewBuilder(f.keyTypes[i])
		f.keys[i].appendTo(b, slots)
		out[i] = b.Take()
	}
	return out
}

// Len implements Flat.
func (f *FlatSet) Len() int {
	if f.later != nil {
		return f.later.count
	}
	return f.count
}

// Scan implements Flat. visit may write cells and delete the slots it was given.
func (f *FlatSet) Scan(visit func(slots []Slot) bool) error {
	if err := f.Ready(); err != nil {
		return err
	}
	f.scan(visit)
	return nil
}

func (f *FlatSet) scan(visit func(slots []Slot) bool) {
	var group []Slot
	for w := range f.live {
		for x := f.live[w]; x != 0; x &= x - 1 {
			group = append(group, Slot(w*64+bits.TrailingZeros64(x)))
		}
		if len(group) >= blockRows || w == len(f.live)-1 && len(group) > 0 {
			if !visit(group) {
				return
			}
			group = group[:0]
		}
	}
}
