package state

import (
	"encoding/binary"
	"math"
)

// Settle ends a tick at version v: what it has written goes behind, if the groups are there or on their way.
// moved: the slots from before mean nothing any more.
func (g *Groups) Settle(v CommitSeq) (moved bool, err error) {
	if g.behind == nil || len(g.mem.keyTypes) == 0 {
		return false, nil
	}
	past := g.budget.isPast(g.tell())
	if g.mode == groupsInMemory && (!past || g.mem.later != nil) { // what a checkpoint has was not asked for yet
		return false, nil
	}
	return g.settle(v, past, g.budget.step)
}

// SettlePart ends a part of a tick: everything goes behind. The slots from before mean nothing any more.
func (g *Groups) SettlePart() error {
	if err := g.Ready(); err != nil {
		return err
	}
	g.budget.parts.Add(1)
	_, err := g.settle(SameVersion, true, math.MaxInt)
	return err
}

func (g *Groups) settle(v CommitSeq, past bool, keys int) (moved bool, err error) {
	if g.mode == groupsInMemory {
		g.mode, g.next = groupsMoving, 0
		g.budget.moved.Add(1)
	}
	if g.failed != nil {
		return false, g.failed
	}
	written := len(g.list)
	if err := g.settleDirty(); err != nil {
		return false, err
	}
	if g.mode == groupsMoving {
		if err := g.move(max(keys, 2*written)); err != nil {
			return false, err
		}
	}
	if g.base != nil {
		g.base.Release()
		g.base = nil
	}
	g.gone = false
	if err := g.behind.Publish(v); err != nil {
		return false, err
	}
	switch {
	case g.mode == groupsMoving && int(g.next) < g.mem.slots:
		return false, nil
	case g.mode == groupsBehind && !past:
		return false, nil
	}
	g.mode = groupsBehind
	g.forget()
	return true, g.settleBeside()
}

// moveKeys is how many keys a tick's end moves at least.
const moveKeys = 64 << 10

// settleKeys is how many rows are made between two looks at whether to go on.
const settleKeys = 4096

// settleDirty writes the rows of the slots that were written.
func (g *Groups) settleDirty() error {
	live := g.list[:0]
	for _, s := range g.list {
		if bitAt(g.dirty, s) {
			clearBit(g.dirty, int(s))
			setBit(&g.known, int(s))
			live = append(live, s)
		}
	}
	err := g.append(live, 1)
	g.list = g.list[:0]
	if err == nil {
		err = g.settleBeside()
	}
	return err
}

// move writes the rows of slots that have none, about so many.
func (g *Groups) move(keys int) error {
	part := make([]Slot, 0, settleKeys)
	for ; int(g.next) < g.mem.slots && keys > 0; g.next++ {
		if s := g.next; bitAt(g.mem.live, s) && !bitAt(g.known, s) {
			setBit(&g.known, int(s))
			part = append(part, s)
			keys--
		}
		if len(part) == settleKeys {
			if err := g.append(part, 1); err != nil {
				return err
			}
			part = part[:0]
		}
	}
	return g.append(part, 1)
}

// append gives rows of slots to what is behind.
func (g *Groups) append(slots []Slot, weight int64) error { return g.appendFrom(g.mem, slots, weight) }

func (g *Groups) appendFrom(mem *FlatSet, slots []Slot, weight int64) error {
	for len(slots) > 0 {
		n := mem.portion(slots)
		g.rows.Clear()
		for i := range mem.keys {
			mem.keys[i].appendTo(g.rows.Cols[i], slots[:n])
		}
		cells := g.rows.Cols[len(mem.keys)]
		for _, s := range slots[:n] {
			g.cells = mem.appendCells(g.cells[:0], s)
			cells.AppendBytes(g.cells)
			g.rows.End(weight)
		}
		d := g.rows.Batch()
		if err := g.behind.Append(&d); err != nil {
			return err
		}
		if err := g.breathe(); err != nil {
			return err
		}
		g.budget.settled.Add(uint64(n))
		slots = slots[n:]
	}
	return nil
}

func (g *Groups) breathe() error {
	if breathe := g.behind.options.Breathe; breathe != nil {
		return breathe()
	}
	return nil
}

// forget lets go of everything in memory.
func (g *Groups) forget() {
	g.mem.Clear()
	g.mem.passing = true
	g.known, g.dirty, g.list = nil, nil, nil
	g.budget.cleared.Add(1)
	g.tell()
}

// tell gives the budget the memory that g takes.
func (g *Groups) tell() int64 {
	now := g.mem.charged
	g.budget.used.Add(now - g.told)
	g.told = now
	return now
}

// settleBeside charges what is kept beside the FlatSet.
func (g *Groups) settleBeside() error {
	size := int64(8*(cap(g.known)+cap(g.dirty)) + 4*(cap(g.list)+cap(g.slots)+cap(g.missing)))
	if g.mem.account == nil || size == g.charged {
		return nil
	}
	if err := g.mem.account(size - g.charged); err != nil {
		return err
	}
	g.charged = size
	return nil
}

// portion is how many of slots make one batch.
func (f *FlatSet) portion(slots []Slot) (n int) {
	size := 0
	for n < len(slots) && n < settleKeys && size < maxBatch {
		size += heapBytes(f.keys, f.cells, slots[n])
		n++
	}
	return n
}

// appendCells appends the cells of a slot to b, one behind the other: integers zigzag varints, the bytes of a
// CellVar behind their number, the rest as it is.
func (f *FlatSet) appendCells(b []byte, s Slot) []byte {
	for i := range f.cells {
		c := &f.cells[i]
		switch f.cellTypes[i] {
		case CellInt64:
			b = binary.AppendVarint(b, c.ints[s])
		case CellFloat64:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(c.floats[s]))
		case CellVar:
			v := c.vars.get(s)
			b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
		default:
			b = append(b, f.Blob(i, s)...)
		}
	}
	return b
}

// decodeCells sets the cells of a slot to what appendCells gave.
func (f *FlatSet) decodeCells(s Slot, b []byte) error {
	for i := range f.cells {
		c := &f.cells[i]
		switch f.cellTypes[i] {
		case CellInt64:
			v, n := binary.Varint(b)
			if n <= 0 {
				return corrupt("integer of a group")
			}
			c.ints[s], b = v, b[n:]
		case CellFloat64:
			if len(b) < 8 {
				return corrupt("number of a group")
			}
			c.floats[s], b = math.Float64frombits(binary.LittleEndian.Uint64(b)), b[8:]
		case CellVar:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return corrupt("bytes of a group")
			}
			if err := c.vars.set(s, b[n:n+int(size)]); err != nil {
				return err
			}
			b = b[n+int(size):]
		default:
			if len(b) < c.size {
				return corrupt("bytes of a group")
			}
			b = b[copy(c.blob[int(s)*c.size:][:c.size], b):]
		}
	}
	if len(b) > 0 {
		return corrupt("%d bytes behind a group", len(b))
	}
	return nil
}
