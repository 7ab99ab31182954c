package op

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// groupBy aggregates. A batch updates cells; a group that it touches for the first time in a
// tick has its row remembered before. The end of the tick emits the touched groups whose row
// is another now: -old +new, each once.
type groupBy struct {
	ports
	groups  *grouping
	keys    []int
	close   *closing // ON WINDOW CLOSE, else nil
	input   bool     // the input edge is append-only
	env     exec.Env
	spill   groupSpill
	waiting gathered
	kept    keptCalls
	looks   looks
	apart   func(keys []delta.Column, sel []int32, slots []state.Slot) []int32 // leaves rows out; nil = none

	// Within a tick.
	tick    uint32
	marks   []uint32 // by slot: the tick that touched it
	touched []state.Slot
	had     []bool // by place in touched: its row is in old
	marked  int64  // charged for these three
	old     *groupRows
	images  state.View // before the tick; nil until needed
	settled bool
	holds   bool // keeps back what it would put out
	mixed   bool // rows were taken back
	enough  int  // touched groups before which a part does not end
	at, was int  // places in touched and old that EndTick has come to

	now    *groupRows
	made   *delta.BatchBuilder
	all    []int32
	sel    []int32
	slots  []state.Slot
	slotOf []state.Slot
	shown  []state.Slot
}

func newGroupBy(n *plan.GroupBy) (exec.Operator, error) {
	g := &groupBy{ports: newPorts(1), keys: n.Keys, input: n.Input.Props().AppendOnly}
	in := fieldTypes(n.Input.Props())
	g.groups = &grouping{outTypes: fieldTypes(&n.P)}
	g.spill.types = in
	for _, k := range n.Keys {
		g.groups.keyTypes = append(g.groups.keyTypes, in[k])
	}
	for i := range n.Aggs {
		call, err := newAggCall(overKeys(&n.Aggs[i], n.Keys), i)
		if err != nil {
			return nil, err
		}
		g.groups.calls = append(g.groups.calls, call)
		if k, ok := call.acc.(*keptAcc); ok {
			g.kept.accs, g.kept.at = append(g.kept.accs, k), append(g.kept.at, len(n.Keys)+i)
		}
	}
	if n.OnClose != nil {
		g.close = &closing{WindowClose: *n.OnClose, start: n.Keys[n.OnClose.Key]}
		g.groups.lead = n.OnClose.Key
	}
	g.old, g.now = newGroupRows(g.groups.outTypes), newGroupRows(g.groups.outTypes)
	g.made = delta.NewBatchBuilder(g.groups.outTypes)
	g.kept.rows = newGroupRows(g.groups.outTypes)
	return g, nil
}

// newDistinct makes DISTINCT: a group for every row, and no aggregates.
func newDistinct(n *plan.Distinct) (exec.Operator, error) {
	return newGroupBy(&plan.GroupBy{P: n.P, Input: n.Input, Keys: upTo(len(n.P.Fields))})
}

func (g *groupBy) Open(env exec.Env) error {
	g.env = env
	g.reset()
	g.marks, g.touched, g.had, g.marked = nil, nil, nil, 0 // what the run before charged is given back
	g.kept.charged = 0
	g.spill, g.waiting, g.mixed, g.enough = groupSpill{types: g.spill.types}, gathered{}, false, 0
	if g.close != nil {
		g.close.open()
	}
	if err := g.groups.open(env, g.input || env.Once()); err != nil {
		return err
	}
	if g.close == nil { // else nobody owes anything
		g.groups.flat.Owes(cellShown)
	}
	return nil
}

// reset forgets a tick.
func (g *groupBy) reset() {
	g.tick++
	g.touched, g.had = g.touched[:0], g.had[:0]
	g.old.clear()
	g.settled, g.at, g.was = false, 0, 0
	g.kept.forget(g)
	if g.images != nil {
		g.images.Release()
		g.images = nil
	}
}

func (g *groupBy) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	sel, errs := liveRows(in, &g.all), in.Errs
	if g.close != nil {
		var err error
		if sel, err = g.close.onTime(g.env, in, sel); err != nil {
			return err
		}
	}
	if err := g.groups.flat.Ready(); err != nil { // which may find that they are behind
		return err
	}
	if g.groups.flat.Behind() {
		return g.gather(ctx, in, sel, out)
	}
	if err := g.take(ctx, in, sel, errs, out); err != nil {
		return err
	}
	_, err := g.endPart(ctx, out)
	return err
}

// take takes rows of a batch whose others have failed with errs.
func (g *groupBy) take(ctx context.Context, in *delta.Batch, sel []int32, errs delta.RowErrors, out exec.Out) error {
	for _, c := range g.groups.calls {
		failed, err := c.prepare(in, sel)
		if err != nil {
			return err
		}
		errs = joinErrors(errs, failed)
	}
	if len(errs) > 0 {
		g.sel = without(g.sel, sel, errs)
		sel = g.sel
		d, _ := errorsOnly(in, errs, nullColumns(g.groups.outTypes, in.Len))
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	if len(sel) == 0 {
		return nil
	}
	if err := g.update(ctx, in, sel, errs); err != nil {
		return err
	}
	return g.makeRoom(ctx)
}

// update applies rows to their groups.
func (g *groupBy) update(ctx context.Context, in *delta.Batch, sel []int32, failed delta.RowErrors) error {
	keys := pickColumns(in.Cols, g.keys)
	if cap(g.slots) < len(sel) {
		g.slots = make([]state.Slot, len(sel))
	}
	all := sel
	sel, err := g.split(ctx, in, keys, sel, g.slots[:len(sel)])
	if err != nil {
		return err
	}
	if g.apart != nil {
		sel = g.apart(keys, sel, g.slots[:len(sel)])
	}
	slots := g.slots[:len(sel)]
	if err := g.touch(ctx, slots); err != nil {
		return err
	}
	cells := g.groups.flat.Write(slots)
	if g.groups.images != nil {
		of := sel
		if g.env.Once() {
			of = g.looks.of(keys, sel, slots)
		}
		if err := g.groups.images.Append(&delta.Batch{Len: in.Len, Cols: keys, Sel: of, Weights: in.Weights}); err != nil {
			return err
		}
	}
	rows := cells.Int64(cellRows)
	if cap(g.slotOf) < in.Len {
		g.slotOf = make([]state.Slot, in.Len)
	}
	if len(sel) < len(all) {
		for _, row := range all {
			g.slotOf[:in.Len][row] = state.NoSlot
		}
	}
	for i, row := range sel {
		w := in.Weight(row)
		g.mixed = g.mixed || w < 0
		rows[slots[i]] += w
		g.slotOf[:in.Len][row] = slots[i]
	}
	for _, c := range g.groups.calls {
		if err := c.apply(in, keys, sel, slots, g.slotOf[:in.Len], cells, failed); err != nil {
			return err
		}
	}
	return nil
}

// touch remembers the rows of groups that this tick had not touched, as they were before it.
func (g *groupBy) touch(ctx context.Context, slots []state.Slot) error {
	g.shown = g.shown[:0]
	shown := g.groups.flat.Int64(cellShown)
	for _, s := range slots {
		for int(s) >= len(g.marks) {
			g.marks = append(g.marks, 0)
		}
		if g.marks[s] == g.tick {
			continue
		}
		g.marks[s] = g.tick
		g.touched = append(g.touched, s)
		had := shown.At(s) != 0
		g.had = append(g.had, had)
		if had {
			g.shown = append(g.shown, s)
		}
	}
	if err := g.chargeMarks(); err != nil {
		return err
	}
	if len(g.shown) == 0 {
		return nil
	}
	if g.groups.images != nil && g.images == nil {
		var err error
		if g.images, err = g.groups.images.At(newest); err != nil {
			return err
		}
	}
	if err := g.pinKept(); err != nil {
		return err
	}
	return g.groups.show(ctx, g.shown, g.images, false, g.old)
}

func (g *groupBy) EndTick(ctx context.Context, t exec.Tick, out exec.Out) (exec.Next, error) {
	if err := ctx.Err(); err != nil {
		return exec.Next{}, context.Cause(ctx)
	}
	if !g.settled {
		if err := g.settle(ctx); err != nil {
			return exec.Next{}, err
		}
		g.holds = t.Hold && g.close == nil && g.old.n == 0 && !g.groups.flat.Crowded() // what goes behind must have been put out
		if g.holds {
			return exec.Next{Out: g.least()}, g.finish(t)
		}
		if t.Hold || t.Due {
			if err := g.owe(); err != nil {
				return exec.Next{}, err
			}
		}
	}
	if g.close != nil {
		if err := g.closeWindows(ctx, out); err != nil {
			return exec.Next{}, err
		}
		return exec.Next{Out: g.least()}, g.finish(t)
	}
	if err := g.emit(ctx, g.partEnd(), out); err != nil {
		return exec.Next{}, err
	}
	if g.at < len(g.touched) {
		return exec.Next{More: true}, nil
	}
	if more, err := g.nextPartition(ctx, out); err != nil || more {
		return exec.Next{More: more}, err
	}
	return exec.Next{Out: g.least()}, g.finish(t)
}

// settle makes every touched group's cells final for this tick.
func (g *groupBy) settle(ctx context.Context) error {
	g.settled = true
	if len(g.keys) == 0 && g.close == nil {
		// The group of everything exists from the first tick on.
		one := make([]state.Slot, 1)
		if err := g.groups.flat.Probe(ctx, nil, []int32{0}, true, one); err != nil {
			return err
		}
		if g.groups.flat.Int64(cellShown).At(one[0]) == 0 {
			if err := g.touch(ctx, one); err != nil {
				return err
			}
		}
	}
	rows := g.groups.flat.Int64(cellRows)
	for part := range slices.Chunk(g.touched, settleSlots) {
		if err := g.env.Meter().Breathe(); err != nil {
			return err
		}
		for _, s := range part {
			if rows.At(s) < 0 {
				return state.ErrNegativeWeight
			}
		}
		for _, c := range g.groups.calls {
			if err := c.acc.settle(ctx, part); err != nil {
				return err
			}
		}
	}
	return g.mergeKept(ctx)
}

// owe has the tick put out the groups too that ticks before it have kept back. They are in memory.
func (g *groupBy) owe() error {
	if g.close != nil {
		return nil
	}
	shown := g.groups.flat.Int64(cellShown)
	err := g.groups.flat.Scan(func(slots []state.Slot) bool {
		if g.env.Meter().Breathe() != nil {
			return false // the meter keeps why
		}
		for _, s := range slots {
			if shown.At(s) == 0 && (int(s) >= len(g.marks) || g.marks[s] != g.tick) {
				g.touched, g.had = append(g.touched, s), append(g.had, false)
			}
		}
		return true
	})
	return errors.Join(errsFirst(err, g.env.Meter().Err()), g.chargeMarks())
}

// settleSlots is how many groups are settled between two looks at whether to go on.
const settleSlots = 16 << 10

// emit puts out the difference that touched groups up to place end make.
func (g *groupBy) emit(ctx context.Context, end int, out exec.Out) error {
	slots := g.touched[g.at:end]
	rows := g.groups.flat.Int64(cellRows)
	g.shown = g.shown[:0]
	var dead []state.Slot
	for _, s := range slots {
		if rows.At(s) > 0 || len(g.keys) == 0 {
			g.shown = append(g.shown, s)
		} else {
			dead = append(dead, s)
		}
	}
	g.now.clear()
	var head state.View
	if g.groups.images != nil {
		head = g.groups.images.Head()
	}
	if err := g.groups.show(ctx, g.shown, head, true, g.now); err != nil {
		return err
	}
	old, was, err := g.before(ctx, slots)
	if err != nil {
		return err
	}
	oldCols, nowCols := old.columns(), g.now.columns()
	shown := g.groups.flat.Write(slots).Int64(cellShown)
	var before, after []int32
	k := 0
	for i, s := range slots {
		lives := k < len(g.shown) && g.shown[k] == s
		had := g.had[g.at+i]
		if !(had && lives && sameRow(old, oldCols, was, g.now, nowCols, k)) {
			if had {
				before = append(before, int32(was))
			}
			if lives {
				after = append(after, int32(k))
			}
		}
		if had {
			g.was++
			was++
		}
		if lives {
			shown[s] = 1
			k++
		}
	}
	g.at = end
	if len(dead) > 0 {
		g.groups.flat.Delete(dead)
	}
	return errsFirst(emitRows(old, before, g.now, after, g.made, out), g.kept.chargeRows(g))
}

// finish ends the tick.
func (g *groupBy) finish(t exec.Tick) error {
	g.reset()
	g.mixed, g.enough = false, 0
	if g.env.Once() {
		return nil
	}
	if err := g.publish(t.To); err != nil {
		return err
	}
	if g.holds {
		return nil
	}
	moved, err := g.groups.flat.Settle(t.To)
	if err == nil && moved {
		err = g.dropMarks() // they are by slot
	}
	return err
}

// publish makes what arrangements beside the groups were given version v.
func (g *groupBy) publish(v state.CommitSeq) error {
	if g.groups.images != nil {
		if err := g.groups.images.Publish(v); err != nil {
			return err
		}
	}
	for _, c := range g.groups.calls {
		if err := c.acc.publish(v); err != nil {
			return err
		}
	}
	return nil
}

// endPart ends a part of the tick when the groups that it has touched, with those that were there, take more
// than their memory: they put out what they are now, as at a tick's end, and go behind. A group that is
// touched again puts out another difference; nobody sees the one in between, as all of a tick's output becomes
// visible at its end.
func (g *groupBy) endPart(ctx context.Context, out exec.Out) (ended bool, err error) {
	if len(g.touched) <= g.enough || !g.groups.flat.Full() {
		return false, nil
	}
	if g.mixed {
		if whole, err := g.whole(); err != nil || !whole {
			g.enough = len(g.touched) + len(g.touched)/4
			return false, err
		}
	}
	if err := g.settle(ctx); err != nil {
		return false, err
	}
	if g.close != nil {
		g.close.next = math.MinInt64 // there may be new windows
	} else {
		if !g.groups.flat.Behind() {
			if err := g.owe(); err != nil {
				return false, err
			}
		}
		for g.at < len(g.touched) {
			if err := g.env.Meter().Breathe(); err != nil {
				return false, err
			}
			if err := g.emit(ctx, g.partEnd(), out); err != nil {
				return false, err
			}
		}
	}
	g.reset()
	if err := g.publish(state.SameVersion); err != nil {
		return false, err
	}
	if err := g.groups.flat.SettlePart(); err != nil {
		return false, err
	}
	return true, g.dropMarks() // they are by slot
}

// whole: what the tick has taken back was there, as far as the groups need it to put out a difference. Rows of a tick come
// in any order: one may be taken back before it came. What is kept beside the groups is then published, which finds
// that out; not so the values of a DISTINCT aggregate, which compares what is published with what was added since.
// A group without rows would be deleted, so that it must have nothing else: one more of this and one less of that
// may be no row, and yet a sum.
func (g *groupBy) whole() (bool, error) {
	for _, c := range g.groups.calls {
		if _, ok := c.acc.(*distinctAcc); ok {
			return false, nil
		}
	}
	rows := g.groups.flat.Int64(cellRows)
	broken := func(s state.Slot) bool {
		n := rows.At(s)
		return n < 0 || n == 0 && !g.groups.flat.Blank(groupCells, s)
	}
	if slices.ContainsFunc(g.touched, broken) {
		return false, nil
	}
	switch err := g.publish(state.SameVersion); {
	case errors.Is(err, state.ErrNegativeWeight):
		return false, nil
	default:
		return err == nil, err
	}
}

func (g *groupBy) Close() error {
	g.reset()
	return nil
}
