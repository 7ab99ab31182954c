package state

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Frozen is flat state as it was at one moment, as far as it is not durable yet. Nothing is copied to
// make it: who writes a page of f afterwards first puts away what the page had. Save it in any
// goroutine, then tell with Durable that the checkpoint is; Release it in any case.
//
//	f ── Write(slots) ──► page not yet taken: its rows to copies ──┐
//	                                                               ├─► blocks ─► pieces
//	Save ── page by page, from f itself or from copies ────────────┘
//
// INVARIANT: a page of f that is not in done is as it was at the Freeze; who changes that, or looks
// at it from another goroutine, holds mu and puts it in done (take).
type Frozen struct {
	set   *FlatSet
	types []sqltype.OID // of the columns that are saved
	keys  []flatKey     // these share f's memory
	cells []flatCell
	live  []uint64
	slots int
	count int
	dirty []uint64    // slots that are saved; nil = none
	kept  []flatLevel // levels that stay

	mu       sync.Mutex
	done     []uint64         // by page
	copies   map[int][]*block // by page: rows put away by the writer
	builder  *flatBuilder     // the writer's
	charged  int64            // for copies
	failed   error            // there was no room for a copy
	over     bool
	durable  bool
	made     []flatLevel // levels of the checkpoint, once saved
	saveable bool
}

// flatLevel is pieces of rows, each slot at most once. Levels follow one another: what a later one
// says of a slot is newer. Each has at least twice as many rows as the next, so that there are few, and a row is
// written again as often as their number doubles.
type flatLevel struct {
	pieces []flatPiece
	slots  *levelSlots
}

// levelSlots are the slots of a level, not known before its pieces were loaded.
type levelSlots struct {
	set  []uint64
	rows int
}

func newLevelSlots(set []uint64) *levelSlots { return &levelSlots{set, countBits(set)} }

type flatPiece struct {
	from  piece.Reader
	place piece.Place
	rows  uint64
}

// pageSlots is how many slots are put away together.
const pageSlots = 256

// Freeze takes f as it is. Only the newest one can be saved. REQUIRES: f's goroutine.
func (f *FlatSet) Freeze() *Frozen {
	f.settleFrozen()
	if f.passing {
		f.last = &Frozen{set: f}
		return f.last
	}
	if f.later != nil {
		f.last = &Frozen{set: f, slots: f.later.slots, count: f.later.count, kept: f.later.levels}
		return f.last // all of it is durable
	}
	fr := &Frozen{
		set: f, types: flatTypes(f.keyTypes, f.cellTypes), keys: slices.Clone(f.keys), cells: slices.Clone(f.cells),
		live: f.live, slots: f.slots, count: f.count, copies: map[int][]*block{},
		done: make([]uint64, len(f.live)/(pageSlots/64)/64+1),
	}
	fr.choose(f)
	f.frozen = fr
	return fr
}

// settleFrozen takes over what has become of the Freeze before.
func (f *FlatSet) settleFrozen() {
	before := f.last
	f.frozen, f.last = nil, nil
	if before == nil {
		return
	}
	before.mu.Lock()
	defer before.mu.Unlock()
	before.endLocked()
	switch {
	case before.durable && f.later != nil:
		f.later.levels = before.made
		return
	case before.durable:
		f.levels = before.made
		return
	}
	orBits(&f.unsaved, before.dirty)
}

// choose decides what is saved: what has changed, with the last levels where they have less than twice as many rows;
// or everything, where more than half of what would be kept is of no use. The rest of f's levels stays.
func (fr *Frozen) choose(f *FlatSet) {
	f.last, fr.kept = fr, f.levels
	rows := countBits(f.unsaved)
	if rows == 0 && len(f.levels) > 0 {
		return
	}
	fr.dirty = f.unsaved
	for n := len(fr.kept); n > 0 && fr.kept[n-1].slots.rows < 2*rows; n = len(fr.kept) {
		orBits(&fr.dirty, fr.kept[n-1].slots.set)
		fr.kept, rows = fr.kept[:n-1], countBits(fr.dirty)
	}
	for _, l := range fr.kept {
		rows += l.slots.rows
	}
	if len(fr.kept) == 0 || rows > 2*f.count {
		fr.dirty, fr.kept = slices.Clone(f.live), nil
	}
	f.unsaved = make([]uint64, len(f.live))
}

// preserve puts away the pages of slots, which the writer is about to change. REQUIRES: the writer.
func (fr *Frozen) preserve(slots []Slot) (over bool) {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	if fr.over || fr.failed != nil {
		return true
	}
	for _, s := range slots {
		page := int(s) / pageSlots
		if int(s) >= 64*len(fr.live) || fr.isDoneLocked(page) {
			continue
		}
		if !fr.isDirty(page) {
			continue
		}
		if fr.builder == nil {
			fr.builder = newFlatBuilder(fr.types)
		}
		fr.takeLocked(page, fr.builder)
		blocks := fr.builder.finish()
		fr.copies[page] = blocks
		size := int64(0)
		for _, b := range blocks {
			size += b.bytes()
		}
		if fr.set.account != nil {
			if err := fr.set.account(size); err != nil {
				fr.failed = fmt.Errorf("%w: %w", ErrOutOfMemory, err)
				fr.endLocked()
				return true
			}
		}
		fr.charged += size
	}
	return false
}

func (fr *Frozen) isDoneLocked(page int) bool { return fr.done[page/64]>>(page%64)&1 == 1 }

// isDirty: something of the page is to be saved.
func (fr *Frozen) isDirty(page int) bool {
	const words = pageSlots / 64
	from := page * words
	for _, w := range fr.dirty[min(from, len(fr.dirty)):min(from+words, len(fr.dirty))] {
		if w != 0 {
			return true
		}
	}
	return false
}

// takeLocked gives the rows of a page to into. REQUIRES: fr.mu held, the page is not done.
func (fr *Frozen) takeLocked(page int, into *flatBuilder) {
	fr.done[page/64] |= 1 << (page % 64)
	into.live, into.dead = into.live[:0], into.dead[:0]
	for s := page * pageSlots; s < min((page+1)*pageSlots, fr.slots, 64*len(fr.dirty)); s++ {
		switch {
		case fr.dirty[s/64]>>(s%64)&1 == 0:
		case fr.live[s/64]>>(s%64)&1 == 1:
			into.live = append(into.live, Slot(s))
		default:
			into.dead = append(into.dead, Slot(s))
		}
	}
	into.add(fr)
}

// endLocked gives back what the writer has put away. REQUIRES: fr.mu held.
func (fr *Frozen) endLocked() {
	fr.over = true
	fr.copies = nil
	if fr.set.account != nil && fr.charged != 0 {
		_ = fr.set.account(-fr.charged) // giving back never fails
	}
	fr.charged = 0
}

// Durable tells that the checkpoint that fr was saved in is, so that later ones need not save it again.
func (fr *Frozen) Durable() {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	fr.durable = fr.saveable
}

// Release ends it: who writes need not put anything away any more.
func (fr *Frozen) Release() {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	fr.endLocked()
}

// flatTypes are the columns of saved rows: slot, whether it has a key, key columns, cells.
func flatTypes(keys []sqltype.OID, cells []CellType) []sqltype.OID {
	out := append([]sqltype.OID{sqltype.Int4, sqltype.Bool}, keys...)
	for _, c := range cells {
		switch c {
		case CellInt64:
			out = append(out, sqltype.Int8)
		case CellFloat64:
			out = append(out, sqltype.Float8)
		default:
			out = append(out, sqltype.Bytea)
		}
	}
	return out
}

// flatBuilder makes blocks of rows of flat state.
type flatBuilder struct {
	live, dead []Slot // of the page that is added
	cols       []*delta.Builder
	blocks     []*block
}

func newFlatBuilder(types []sqltype.OID) *flatBuilder {
	b := &flatBuilder{}
	for _, t := range types {
		b.cols = append(b.cols, delta.NewBuilder(t))
	}
	return b
}

// flatBlockRows and blockBytes close a block.
const flatBlockRows = 1024

// add adds the rows of live and dead slots.
func (b *flatBuilder) add(fr *Frozen) {
	for len(b.live) > 0 {
		n, size := 0, 0
		for n < len(b.live) && (n == 0 || size < blockBytes) {
			size += heapBytes(fr.keys, fr.cells, b.live[n])
			n++
		}
		b.addLive(fr, b.live[:n])
		b.live = b.live[n:]
		b.endIfFull()
	}
	for _, s := range b.dead {
		delta.Append(b.cols[0], int32(s))
		b.cols[1].AppendBool(false)
		for i := range fr.keys {
			b.cols[2+i].AppendNull()
		}
		for i := range fr.cells {
			b.cols[2+len(fr.keys)+i].AppendNull()
		}
	}
	b.endIfFull()
}

// heapBytes is the length of what a slot has without a fixed length.
func heapBytes(keys []flatKey, cells []flatCell, s Slot) (size int) {
	for i := range keys {
		if keys[i].hasHeap() {
			size += int(keys[i].heap.spans[s].len)
		}
	}
	for i := range cells {
		if cells[i].vars.spans != nil {
			size += int(cells[i].vars.spans[s].len)
		}
	}
	return size
}

func (b *flatBuilder) addLive(fr *Frozen, slots []Slot) {
	for _, s := range slots {
		delta.Append(b.cols[0], int32(s))
		b.cols[1].AppendBool(true)
	}
	for i := range fr.keys {
		fr.keys[i].appendTo(b.cols[2+i], slots)
	}
	for i := range fr.cells {
		fr.cells[i].appendTo(b.cols[2+len(fr.keys)+i], fr.set.cellTypes[i], slots)
	}
}

func (c *flatCell) appendTo(b *delta.Builder, t CellType, slots []Slot) {
	for _, s := range slots {
		switch t {
		case CellInt64:
			delta.Append(b, c.ints[s])
		case CellFloat64:
			delta.Append(b, c.floats[s])
		case CellVar:
			b.AppendBytes(c.vars.get(s))
		default:
			b.AppendBytes(c.blob[int(s)*c.size:][:c.size])
		}
	}
}

func (b *flatBuilder) endIfFull() {
	size := 0
	for _, c := range b.cols {
		size += c.Size()
	}
	if b.cols[0].Len() > flatBlockRows-pageSlots || size >= blockBytes {
		b.end()
	}
}

// end closes the block in the making.
func (b *flatBuilder) end() {
	n := b.cols[0].Len()
	if n == 0 {
		return
	}
	made := &block{n: int32(n), cols: make([]delta.Column, len(b.cols))}
	for i, c := range b.cols {
		made.cols[i] = ownColumn(c)
		c.Clear()
	}
	b.blocks = append(b.blocks, made)
}

// finish gives the blocks, and begins anew.
func (b *flatBuilder) finish() []*block {
	b.end()
	out := b.blocks
	b.blocks = nil
	return out
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
