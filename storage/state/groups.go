package state

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Groups is accumulators by key, like Flat, of an operator that ticks; they go on where memory ends.
// While the share of memory is enough all are in a FlatSet. Past it they live in an arrangement behind,
// a row a key, and the FlatSet has those that ticks touched lately.
//
//	          Fetch(keys): rows as of the last tick
//	behind ──────────────────────────────────────────► FlatSet ── slots ──► operator
//	       ◄──────────────────────────────────────────
//	          Settle(v): -row as it was, +row as it is, of every slot written
//
//	in memory ── past its share at a tick's end ──► moving ── every key has its row behind ──► behind
//	   └── past it within a tick, with what that touches: a part of the tick ends ────────────────▲
//
// Moving takes some keys at every tick's end, and all of them at the end of a part; until it is done the FlatSet has
// everything, and is what a checkpoint has. There is no way back: a FlatSet that everything fits in is as good as one without
// anything behind it, but for what Settle writes.
//
// Slots are valid until a Settle that says that they have moved. One goroutine uses it.
type Groups struct {
	mem    *FlatSet
	behind *RunSet // nil = memory is all there is
	budget *GroupBudget
	// lead is the key column that comes first in the order of what is behind.
	lead  int
	order *RowOrder // of key columns in that order

	mode groupMode
	// next: moving has come to this slot.
	next Slot
	// known are the slots that have a row behind, as they were at the last Settle unless they are dirty.
	known []uint64
	dirty []uint64 // written since
	list  []Slot   // these, and some that are not any more
	base  View     // behind at the last Settle, nil until needed
	// gone: keys of base were deleted since.
	gone bool
	// owing: groups of which cell owes is 0 are in memory.
	owing bool
	owes  int
	// failed is what Write could not tell.
	failed  error
	told    int64 // bytes that the budget knows of
	charged int64 // for what is kept beside the FlatSet

	rows    *delta.BatchBuilder
	cells   []byte
	missing []int32
	slots   []Slot
}

type groupMode uint8

const (
	groupsInMemory groupMode = iota
	groupsMoving
	groupsBehind
)

// GroupRows are the rows and the key of the arrangement behind Groups with these keys, of which column
// lead comes first.
func GroupRows(key []sqltype.OID, lead int) (row []sqltype.OID, by []int) {
	row = append(append(row, key...), sqltype.Bytea)
	by = append(by, lead)
	for i := range key {
		if i != lead {
			by = append(by, i)
		}
	}
	return row, by[:len(key)]
}

// NewGroups puts an arrangement of GroupRows behind mem, which are both empty or as a checkpoint has
// them: of one of them it has nothing. nil: there is nothing behind.
func NewGroups(mem *FlatSet, behind *RunSet, lead int, budget *GroupBudget) *Groups {
	g := &Groups{mem: mem, behind: behind, lead: lead, budget: budget}
	if behind == nil {
		return g
	}
	row, by := GroupRows(mem.keyTypes, lead)
	g.rows = delta.NewBatchBuilder(row)
	types := make([]sqltype.OID, len(by))
	for i, c := range by {
		types[i] = row[c]
	}
	g.order = NewRowOrder(types, upTo(len(types)), nil)
	if behind.current().rows > 0 {
		g.mode = groupsBehind
		mem.passing = true
	}
	budget.enter()
	return g
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Behind: not all keys are in memory, so that it is worth while to Fetch many at once.
func (g *Groups) Behind() bool { return g.mode == groupsBehind }

// Crowded: not all keys will stay in memory: the next Settle moves some, or one before has begun to.
func (g *Groups) Crowded() bool {
	return g.behind != nil && len(g.mem.keyTypes) > 0 && (g.mode != groupsInMemory || g.budget.isPast(g.tell()))
}

// Full: memory is taken now: with what the tick has touched yet, a part of it should end.
func (g *Groups) Full() bool {
	return g.behind != nil && len(g.mem.keyTypes) > 0 && g.budget.isPast(g.tell())
}

// groupRoom is about the memory that a group takes with what a tick remembers of it.
const groupRoom = 256

// AtOnce is how many keys it is well to Fetch at once: most of them if there is memory.
func (g *Groups) AtOnce(most int) int {
	if g.budget == nil || g.budget.limit == 0 {
		return most
	}
	return int(min(int64(most), max(g.budget.limit/2/groupRoom, settleKeys)))
}

// Probe is Flat.Probe; keys that are behind come to memory.
func (g *Groups) Probe(ctx context.Context, keys []delta.Column, sel []int32, insert bool, slots []Slot) error {
	if err := g.Ready(); err != nil {
		return err
	}
	if g.mode == groupsBehind {
		if err := g.Fetch(ctx, keys, sel); err != nil {
			return err
		}
	}
	return g.mem.Probe(keys, sel, insert, slots)
}

// Int64, Float64, Blob, Var, Keys and Clear are Flat's.
func (g *Groups) Int64(i int) Ints                 { return g.mem.Int64(i) }
func (g *Groups) Float64(i int) Floats             { return g.mem.Float64(i) }
func (g *Groups) Blob(i int, s Slot) []byte        { return g.mem.Blob(i, s) }
func (g *Groups) Var(i int, s Slot) []byte         { return g.mem.Var(i, s) }
func (g *Groups) Blank(first int, s Slot) bool     { return g.mem.Blank(first, s) }
func (g *Groups) Keys(slots []Slot) []delta.Column { return g.mem.Keys(slots) }

// Looks is FlatSet.Looks.
func (g *Groups) Looks(s Slot, keys []delta.Column, row int32) bool { return g.mem.Looks(s, keys, row) }

// Write is Flat.Write.
func (g *Groups) Write(slots []Slot) Cells {
	if g.mode != groupsInMemory {
		g.writing(slots)
	}
	return g.mem.Write(slots)
}

// SetVar is Flat.SetVar.
func (g *Groups) SetVar(i int, s Slot, b []byte) error {
	if g.mode != groupsInMemory && !bitAt(g.dirty, s) {
		g.writing([]Slot{s})
	}
	return g.mem.SetVar(i, s, b)
}

// Delete is Flat.Delete.
func (g *Groups) Delete(slots []Slot) {
	if g.mode != groupsInMemory {
		g.writing(slots)
		for _, s := range slots {
			clearBit(g.dirty, int(s)) // the slot may be another key's yet
			if bitAt(g.known, s) {
				clearBit(g.known, int(s))
				g.gone = true
			}
		}
	}
	g.mem.Delete(slots)
}

// Scan visits the slots in memory, like Flat.Scan.
func (g *Groups) Scan(visit func(slots []Slot) bool) error {
	if err := g.Ready(); err != nil {
		return err
	}
	return g.mem.Scan(visit)
}

// Clear empties groups of a one-shot run.
func (g *Groups) Clear() { g.mem.Clear() }

// Free tells the budget that the groups are no more. The memory is their owner's to give back.
func (g *Groups) Free() {
	if g.behind != nil {
		g.budget.leave(g.told)
		g.behind = nil
	}
}

// bitAt is bit s of a bitmap that may end before.
func bitAt(set []uint64, s Slot) bool {
	return int(s)/64 < len(set) && set[s/64]>>(s%64)&1 == 1
}

// writing notes slots that are about to change, and takes back what is behind of them.
func (g *Groups) writing(slots []Slot) {
	from := len(g.list)
	for _, s := range slots {
		if !bitAt(g.dirty, s) {
			setBit(&g.dirty, int(s))
			g.list = append(g.list, s)
		}
	}
	fresh := g.list[from:]
	g.slots = g.slots[:0]
	for _, s := range fresh {
		if bitAt(g.known, s) {
			g.slots = append(g.slots, s)
		}
	}
	if err := g.append(g.slots, -1); err != nil && g.failed == nil {
		g.failed = err
	}
}
