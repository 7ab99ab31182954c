package op

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// preAccumulator is an accumulator of which parts, made of some of the rows each, can be put together.
type preAccumulator interface {
	accumulator
	// merge adds cells of groups that were begun elsewhere.
	merge(cells state.Cells, other begunGroups) error
}

// maxPreGroups is how many groups are begun before an exchange: where there are more, their rows are
// better sent as they are than looked up twice.
const maxPreGroups = 32 << 10

// preGroup is the near side of an exchange below an aggregation: it begins the groups of its shard's
// rows, so that a group of many rows crosses the exchange once a shard. Past maxPreGroups, or its part
// of the work memory, it sends what it has, and then rows as they come.
//
// A group shows the least of its keys' images (1.0 or 1.00): a row whose key looks otherwise than that of the group
// that is begun crosses by itself.
type preGroup struct {
	*groupBy
	passes bool
	kin    []int32 // of the batch at hand, where some look otherwise: the rows that look as their group does
	others []int32 // and those
	cells  []*delta.Builder
}

// newExchange is the near side of an exchange: rows as they are, unless they may be grouped before.
func newExchange(n *plan.Exchange) (exec.Operator, error) {
	if n.Pre == nil {
		return newPassOn(1), nil
	}
	op, err := newGroupBy(n.Pre)
	if err != nil {
		return nil, err
	}
	g := op.(*groupBy)
	g.groups.bare = true
	for _, c := range g.groups.calls {
		if _, can := c.acc.(preAccumulator); !can {
			return newPassOn(1), nil
		}
	}
	p := &preGroup{groupBy: g}
	if slices.ContainsFunc(g.groups.keyTypes, func(t sqltype.OID) bool { return !sqltype.OpsOf(t).OneImage }) {
		g.apart = p.alike
	}
	for _, t := range g.groups.cellTypes() {
		p.cells = append(p.cells, delta.NewBuilder(columnOfCell(t)))
	}
	return p, nil
}

// alike leaves the rows that look otherwise than their groups out of sel; slots are then those of what is left.
func (p *preGroup) alike(keys []delta.Column, sel []int32, slots []state.Slot) []int32 {
	p.others = none(p.others)
	kept := sel
	for i, row := range sel {
		switch {
		case !p.groups.flat.Looks(slots[i], keys, row):
			if len(p.others) == 0 {
				kept = append(none(p.kin), sel[:i]...)
			}
			p.others = append(p.others, row)
		case len(p.others) > 0:
			slots[len(kept)] = slots[i]
			kept = append(kept, row)
		}
	}
	if len(p.others) > 0 {
		p.kin = kept
	}
	return kept
}

// cellTypes are those of a group, in order.
func (g *grouping) cellTypes() []state.CellType {
	cells := []state.CellType{state.CellInt64, state.CellInt64}
	for _, c := range g.calls {
		cells = append(cells, c.acc.cells()...)
	}
	return cells
}

// columnOfCell is the type that cells have on their way.
func columnOfCell(t state.CellType) sqltype.OID {
	if t == state.CellInt64 {
		return sqltype.Int8
	}
	return sqltype.Bytea
}

// Spills implements exec.Spiller: it has its part of the work memory.
func (p *preGroup) Spills() bool { return true }

func (p *preGroup) Open(env exec.Env) error {
	p.passes = false
	return p.groupBy.Open(env)
}

func (p *preGroup) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if p.passes {
		return out.Emit(in)
	}
	sel, errs := liveRows(in, &p.all), in.Errs
	for _, c := range p.groups.calls {
		failed, err := c.prepare(in, sel)
		if err != nil {
			return err
		}
		errs = joinErrors(errs, failed)
	}
	if len(errs) > 0 {
		p.sel = without(p.sel, sel, errs)
		sel = p.sel
		d, _ := errorsOnly(in, errs, in.Cols)
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	if len(sel) == 0 {
		return nil
	}
	if err := p.update(ctx, in, sel, errs); err != nil {
		return err
	}
	if len(p.others) > 0 {
		rows := *in
		rows.Sel, rows.Errs, p.others = p.others, nil, none(p.others)
		if err := out.Emit(&rows); err != nil {
			return err
		}
	}
	if work := p.env.WorkMemory(); len(p.touched) <= maxPreGroups && (work == 0 || p.env.Held() <= work) {
		return nil
	}
	p.passes = true
	return p.send(ctx, out)
}

func (p *preGroup) EndTick(ctx context.Context, _ exec.Tick, out exec.Out) (exec.Next, error) {
	if err := ctx.Err(); err != nil {
		return exec.Next{}, context.Cause(ctx)
	}
	return exec.Next{Out: p.least()}, p.send(ctx, out)
}

// send sends all groups on, and forgets them.
func (p *preGroup) send(ctx context.Context, out exec.Out) error {
	to := out.(exec.GroupsOut)
	for p.at < len(p.touched) {
		if err := p.env.Meter().Breathe(); err != nil {
			return err
		}
		slots := p.touched[p.at:min(p.at+outRows, len(p.touched))]
		p.at += len(slots)
		d := delta.Batch{Len: len(slots), Cols: p.groups.flat.Keys(slots)}
		for i, b := range p.cells {
			b.Clear()
			p.groups.readCells(i, slots, b)
			d.Cols = append(d.Cols, b.Column())
		}
		if err := to.EmitGroups(&d); err != nil {
			return err
		}
	}
	p.reset()
	p.groups.flat.Clear()
	return nil
}

// readCells appends cell column i of slots.
func (g *grouping) readCells(i int, slots []state.Slot, b *delta.Builder) {
	if b.Type() == sqltype.Int8 {
		cells := g.flat.Int64(i)
		for _, s := range slots {
			delta.Append(b, cells.At(s))
		}
		return
	}
	for _, s := range slots {
		b.AppendBytes(g.flat.Var(i, s))
	}
}

// Combine implements exec.Combiner: groups that were begun before the exchange.
func (g *groupBy) Combine(ctx context.Context, in *delta.Batch, _ exec.Out) error {
	if cap(g.slots) < in.Len {
		g.slots = make([]state.Slot, in.Len)
	}
	rows, err := g.splitBegun(ctx, in, g.slots[:in.Len])
	if err != nil || len(rows) == 0 {
		return err
	}
	slots := g.slots[:len(rows)]
	if err := g.touch(ctx, slots); err != nil {
		return err
	}
	if g.groups.images != nil {
		if err := g.groups.images.Append(&delta.Batch{Len: in.Len, Cols: in.Cols[:len(g.keys)], Sel: rows}); err != nil {
			return err
		}
	}
	cells, other := g.groups.flat.Write(slots), in.Cols[len(g.keys):]
	addCells(cells, cellRows, begunGroups{other[:1], rows, slots})
	at := groupCells
	for _, c := range g.groups.calls {
		n := len(c.acc.cells())
		if err := c.acc.(preAccumulator).merge(cells, begunGroups{other[at : at+n], rows, slots}); err != nil {
			return err
		}
		at += n
	}
	return g.makeRoom(ctx)
}

// begunGroups are cells of groups that were begun elsewhere: those of rows, for slots.
type begunGroups struct {
	cols  []delta.Column
	rows  []int32
	slots []state.Slot
}

// part is some of the columns.
func (b begunGroups) part(from, to int) begunGroups {
	return begunGroups{b.cols[from:to], b.rows, b.slots}
}

// addCells adds columns of numbers to the cells from first on.
func addCells(cells state.Cells, first int, other begunGroups) {
	for k := range other.cols {
		into, from := cells.Int64(first+k), delta.Values[int64](&other.cols[k])
		for i, s := range other.slots {
			into[s] += from[other.rows[i]]
		}
	}
}

// add128s adds 128-bit numbers, whose halves are two columns, to the cells at first and behind.
func add128s(cells state.Cells, first int, other begunGroups) {
	intoLo, intoHi := cells.Int64(first), cells.Int64(first+1)
	lo, hi := delta.Values[int64](&other.cols[0]), delta.Values[int64](&other.cols[1])
	for i, s := range other.slots {
		row, before := other.rows[i], uint64(intoLo[s])
		intoLo[s] += lo[row]
		intoHi[s] += hi[row]
		if uint64(intoLo[s]) < before {
			intoHi[s]++
		}
	}
}
