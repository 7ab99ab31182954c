package op

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// keptCalls are the aggregates of a groupBy that keep the rows of their groups. What such an aggregate was
// before a tick is read when it is put out, from its rows as they were: the old values of all groups of a tick might not
// have room.
type keptCalls struct {
	accs    []*keptAcc
	at      []int      // output columns
	rows    *groupRows // some rows of old, with them
	charged int64
}

// keptRows is about how many rows' worth of groups is put out at once.
const keptRows = 64 << 10

// partEnd is the place in touched up to which groups are put out next.
func (g *groupBy) partEnd() int {
	end := min(g.at+outRows, len(g.touched))
	if len(g.kept.accs) == 0 {
		return end
	}
	rows, sum := g.groups.flat.Int64(cellRows), int64(0)
	for at := g.at; at < end; at++ {
		if sum += rows.At(g.touched[at]); sum > keptRows {
			return at + 1
		}
	}
	return end
}

// pinKept keeps the rows readable as they were before the tick.
func (g *groupBy) pinKept() error {
	for _, k := range g.kept.accs {
		if err := k.pin(); err != nil {
			return err
		}
	}
	return nil
}

// before is the rows that slots, which come next in touched, had before the tick: those of rows from place first on.
func (g *groupBy) before(ctx context.Context, slots []state.Slot) (rows *groupRows, first int, err error) {
	if len(g.kept.accs) == 0 {
		return g.old, g.was, nil
	}
	var had []state.Slot
	for i, s := range slots {
		if g.had[g.at+i] {
			had = append(had, s)
		}
	}
	rows = g.kept.rows
	rows.clear()
	if len(had) == 0 {
		return rows, 0, nil
	}
	sel := rowNumbers(len(had))
	for i := range sel {
		sel[i] += int32(g.was)
		if err := g.old.errs[g.was+i]; err != nil {
			rows.fail(i, g.old.calls[g.was+i], err)
		}
	}
	for i, c := range rows.cols {
		col := g.old.cols[i].Column()
		c.Gather(&col, sel)
	}
	for i, k := range g.kept.accs {
		c := rows.cols[g.kept.at[i]]
		c.Clear()
		if err := k.read(ctx, true, had, c, rows.failing(0, g.kept.at[i]-len(g.keys))); err != nil {
			return nil, 0, err
		}
	}
	rows.n = len(had)
	return rows, 0, g.kept.chargeRows(g)
}

// chargeRows charges the rows that are about to be put out: both sides, and the copy that goes out.
func (k *keptCalls) chargeRows(g *groupBy) error {
	if len(k.accs) == 0 {
		return nil
	}
	size := int64(0)
	for _, r := range []*groupRows{k.rows, g.now} {
		for _, c := range r.cols {
			size += 2 * int64(c.Size())
		}
	}
	if size < chargeStep {
		size = 0
	}
	err := g.env.Account(size - k.charged)
	if err == nil {
		k.charged = size
	}
	return err
}

// forget unpins the rows, and lets go what was large.
func (k *keptCalls) forget(g *groupBy) {
	for _, acc := range k.accs {
		acc.unpin()
		acc.once.end()
	}
	if k.charged == 0 {
		return
	}
	k.rows, g.now, g.made = newGroupRows(g.groups.outTypes), newGroupRows(g.groups.outTypes), delta.NewBatchBuilder(g.groups.outTypes)
	_ = g.env.Account(-k.charged) // giving back never fails
	k.charged = 0
}

// mergeKept has the rows of all in temporary runs merged, if some are: then groups are put out in the order of
// their keys.
func (g *groupBy) mergeKept(ctx context.Context) error {
	some := false
	for _, k := range g.kept.accs {
		some = some || k.once.spilled.some()
	}
	if !some {
		return nil
	}
	for _, k := range g.kept.accs {
		if err := k.merge(ctx); err != nil {
			return err
		}
	}
	keys := g.groups.flat.Keys(g.touched)
	types := make([]sqltype.OID, len(keys))
	for i := range keys {
		types[i] = keys[i].Type
	}
	perm, m := rowNumbers(len(g.touched)), g.env.Meter()
	state.NewRowOrder(types, upTo(len(keys)), nil).SortUntil(keys, perm, func() bool { return m.Breathe() != nil })
	if err := m.Err(); err != nil {
		return err
	}
	touched := make([]state.Slot, len(perm))
	for i, at := range perm {
		touched[i] = g.touched[at]
	}
	copy(g.touched, touched)
	return nil
}

var _ keeper = (*keptAcc)(nil)
