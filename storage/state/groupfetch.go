package state

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
)

// Fetch brings the keys of rows sel (nil = every row) to memory that are behind, sorted, so that it reads each block once. Probe
// does it for the keys it is given; more at once are cheaper. At least one key column.
func (g *Groups) Fetch(ctx context.Context, keys []delta.Column, sel []int32) error {
	if err := g.Ready(); err != nil {
		return err
	}
	if g.mode != groupsBehind {
		return nil
	}
	keys, missing, err := g.absent(keys, sel)
	if len(missing) == 0 || err != nil {
		return err
	}
	from, err := g.lastTick()
	if err != nil {
		return err
	}
	cursor, err := from.Probe(ctx, keys, missing)
	if err != nil {
		return err
	}
	defer cursor.Close()
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		if d.Len == 0 {
			continue
		}
		if err := g.load(&d, nil); err != nil {
			return err
		}
	}
	return nil
}

// absent are the rows of sel whose keys are not in memory, each key once, in the order of what is behind; and the
// columns in that order.
func (g *Groups) absent(keys []delta.Column, sel []int32) ([]delta.Column, []int32, error) {
	if sel == nil {
		sel = g.mem.everyRow(keys, 0)
	}
	slots, err := g.found(keys, sel)
	if err != nil {
		return nil, nil, err
	}
	missing := g.missing[:0]
	for i, row := range sel {
		if slots[i] == NoSlot {
			missing = append(missing, row)
		}
	}
	keys = g.inOrder(keys)
	g.order.Sort(keys, missing)
	n := 0
	for i, row := range missing {
		if i == 0 || g.order.comparePrefix(keys, row, keys, missing[n-1]) != 0 {
			missing[n] = row
			n++
		}
	}
	g.missing = missing[:n]
	return keys, g.missing, nil
}

// found probes memory alone; what it gives is valid until the next call.
func (g *Groups) found(keys []delta.Column, sel []int32) ([]Slot, error) {
	if cap(g.slots) < len(sel) {
		g.slots = make([]Slot, len(sel))
	}
	slots := g.slots[:len(sel)]
	return slots, g.mem.Probe(keys, sel, false, slots)
}

// inOrder are key columns in the order of what is behind.
func (g *Groups) inOrder(keys []delta.Column) []delta.Column {
	if g.lead == 0 {
		return keys
	}
	out := append(make([]delta.Column, 0, len(keys)), keys[g.lead])
	for i := range keys {
		if i != g.lead {
			out = append(out, keys[i])
		}
	}
	return out
}

// lastTick is what is behind, less what was deleted since the last Settle.
func (g *Groups) lastTick() (View, error) {
	if g.gone {
		return g.behind.Head(), nil
	}
	if g.base == nil {
		base, err := g.behind.At(^CommitSeq(0))
		if err != nil {
			return nil, err
		}
		g.base = base
	}
	return g.base, nil
}

// load takes rows of what is behind into memory, whose keys are not there.
func (g *Groups) load(d *delta.Batch, sel []int32) error {
	n := len(g.mem.keyTypes)
	if sel == nil {
		sel = g.mem.everyRow(d.Cols, 0)[:d.Len]
	}
	if cap(g.slots) < len(sel) {
		g.slots = make([]Slot, len(sel))
	}
	slots := g.slots[:len(sel)]
	if err := g.mem.Probe(d.Cols[:n], sel, true, slots); err != nil {
		return err
	}
	for i, s := range slots {
		if d.Weight(sel[i]) != 1 {
			return ErrNegativeWeight // a key has one row
		}
		if err := g.mem.decodeCells(s, d.Cols[n].Bytes(sel[i])); err != nil {
			return err
		}
		setBit(&g.known, int(s))
	}
	g.budget.fetched.Add(uint64(len(sel)))
	return g.mem.settle()
}

// FetchWhile brings keys to memory that are behind, in the order of key column lead, until some row of the lead
// column is wanted no more.
func (g *Groups) FetchWhile(ctx context.Context, wanted func(lead *delta.Column, row int32) bool) error {
	if err := g.Ready(); err != nil {
		return err
	}
	if g.mode != groupsBehind {
		return nil
	}
	from, err := g.lastTick()
	if err != nil {
		return err
	}
	cursor, err := from.Scan(ctx, Range{})
	if err != nil {
		return err
	}
	defer cursor.Close()
	var sel []int32
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		if err := g.breathe(); err != nil {
			return err
		}
		sel = sel[:0]
		for _, row := range liveRows(&d) {
			if !wanted(&d.Cols[g.lead], row) {
				more = false
				break
			}
			sel = append(sel, row)
		}
		if len(sel) == 0 {
			continue
		}
		if err := g.loadAbsent(&d, sel); err != nil {
			return err
		}
	}
	return nil
}

// loadAbsent loads the rows of sel whose keys are not in memory.
func (g *Groups) loadAbsent(d *delta.Batch, sel []int32) error {
	slots, err := g.found(d.Cols[:len(g.mem.keyTypes)], sel)
	if err != nil {
		return err
	}
	missing := g.missing[:0]
	for i, row := range sel {
		if slots[i] == NoSlot {
			missing = append(missing, row)
		}
	}
	if g.missing = missing; len(missing) == 0 {
		return nil
	}
	return g.load(d, missing)
}

func liveRows(d *delta.Batch) []int32 {
	if d.Sel != nil {
		return d.Sel
	}
	rows := make([]int32, d.Len)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}
