package state

import (
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/internal/delta"
)

// Ready loads what a checkpoint has of the groups and was not asked for yet: into memory, or behind it where there is
// less than they take. After an error they must not be used.
func (g *Groups) Ready() (err error) {
	later := g.mem.later
	if later == nil || g.mode != groupsInMemory || g.behind == nil || len(g.mem.keyTypes) == 0 ||
		!g.budget.wouldBePast(g.mem.laterBytes()) {
		return g.mem.Ready()
	}
	defer recovered(&err)
	if last := g.mem.last; last != nil {
		later.levels = last.newestLevels(later.levels)
	}
	err = g.loadBehind(later)
	if errors.Is(err, errOwed) {
		g.behind.Discard()
		return g.mem.Ready()
	}
	if err == nil {
		err = g.behind.Publish(SameVersion)
	}
	if err != nil {
		g.behind.Discard()
		g.mem.Clear()
		return err
	}
	g.mode = groupsBehind
	g.budget.moved.Add(1)
	g.forget()
	return nil
}

// Owes tells that groups of which an integer cell is 0 have to be found by Scan: they are in memory as long as there are
// any.
func (g *Groups) Owes(cell int) { g.owes, g.owing = cell, true }

var errOwed = errors.New("groups are owed")

// wouldBePast is isPast for who is about to take so many bytes.
func (b *GroupBudget) wouldBePast(bytes int64) bool {
	if b.past != nil {
		return b.past(bytes)
	}
	return b.limit > 0 && b.used.Load()+bytes > b.limit && bytes >= b.leastPast()
}

func (f *FlatSet) charge(bytes int64) error {
	if f.account == nil {
		return nil
	}
	if err := f.account(bytes); err != nil {
		return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	return nil
}

// laterBytes is the memory that what is not loaded yet takes, at least.
func (f *FlatSet) laterBytes() int64 {
	each, vars := int64(8+1), false // a place in the index, and the bucket
	for i := range f.keys {
		each += int64(f.keys[i].width)
		vars = vars || f.keys[i].hasHeap()
	}
	for i, t := range f.cellTypes {
		switch t {
		case CellInt64, CellFloat64:
			each += 8
		case CellVar:
			vars = true
		default:
			each += int64(f.cells[i].size)
		}
	}
	size := each * int64(f.later.slots)
	for _, l := range f.later.levels {
		for _, p := range l.pieces {
			if vars {
				size += p.place.Size
			}
		}
	}
	return size
}

// loadBehind gives what is not loaded yet to what is behind. What a slot has is what the newest level says of it.
func (g *Groups) loadBehind(later *laterLoad) error {
	seen := make([]uint64, (later.slots+63)/64)
	if err := g.mem.charge(int64(8 * len(seen))); err != nil {
		return err
	}
	defer func() { _ = g.mem.charge(-int64(8 * len(seen))) }() // giving back never fails
	found := 0
	for i := len(later.levels) - 1; i >= 0; i-- {
		for _, p := range later.levels[i].pieces {
			err := p.eachBlock(flatTypes(g.mem.keyTypes, g.mem.cellTypes), func(b *block) error {
				n, err := g.blockBehind(b, later.slots, seen)
				found += n
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	if found != later.count {
		return corrupt("%d keys, not %d", found, later.count)
	}
	return nil
}

// blockBehind gives the rows of a block behind whose slots were not seen yet.
func (g *Groups) blockBehind(b *block, slots int, seen []uint64) (found int, err error) {
	part := NewFlat(g.mem.keyTypes, g.mem.cellTypes, Options{})
	var rows []Slot
	places := sliceOf[Slot](cloneAligned(b.cols[0].Data))
	for i, s := range places {
		if s < 0 || int(s) >= slots {
			return 0, corrupt("slot %d of %d", s, slots)
		}
		fresh := !bitAt(seen, s)
		delta.SetBit(seen, int32(s))
		if fresh && !b.cols[1].Null(int32(i)) && b.cols[1].Data[i] != 0 {
			rows = append(rows, Slot(i))
		}
		places[i] = Slot(i) // of part
	}
	if g.owing {
		shown := sliceOf[int64](b.cols[2+len(g.mem.keyTypes)+g.owes].Data)
		for _, i := range rows {
			if shown[i] == 0 {
				return 0, errOwed
			}
		}
	}
	as := &block{cols: append([]delta.Column(nil), b.cols...), weights: b.weights, n: b.n}
	as.cols[0].Data = bytesOf(places)
	if err := part.loadBlock(as, len(places)); err != nil {
		return 0, err
	}
	return len(rows), g.appendFrom(part, rows, 1)
}
