package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// accumulator is what an aggregate keeps of each group: cells of flat state, and for some an
// arrangement.
type accumulator interface {
	cells() []state.CellType
	// open is given the groups and where the accumulator's cells begin.
	open(env exec.Env, g *grouping, first int) error
	// add applies rows of arg, none of them NULL; slots are their groups. For count(*) arg is nil.
	add(rows addition) error
	// settle makes the cells of groups that a tick touched ready for result: it is called for some of
	// them after another, once nothing is added any more.
	settle(ctx context.Context, slots []state.Slot) error
	// result appends one value a slot to b, or NULL after fail(i, error).
	result(slots []state.Slot, b *delta.Builder, fail func(i int, err *sqlerr.Error)) error
	// drop forgets what is kept of groups outside their cells.
	drop(ctx context.Context, slots []state.Slot) error
	// publish ends a tick.
	publish(v state.CommitSeq) error
}

// keeper is an accumulator that keeps the rows of its groups, and makes their results of these: the results
// of before a tick are made only when they are put out.
type keeper interface {
	accumulator
	// pin keeps the rows readable as they were at the end of the last tick, or part of one, until unpin.
	pin() error
	unpin()
	// read is result, of rows as they were when they were pinned, or else as they are.
	read(ctx context.Context, pinned bool, slots []state.Slot, b *delta.Builder, fail func(i int, err *sqlerr.Error)) error
}

// addition is rows for an accumulator.
type addition struct {
	arg     *delta.Column  // the first argument
	more    []delta.Column // the others, then what the rows are ordered by
	keys    []delta.Column
	rows    []int32
	slots   []state.Slot
	weights []int64 // by row; nil = 1
	size    int     // physical rows of the columns
	cells   state.Cells
}

func (a *addition) weight(row int32) int64 {
	if a.weights == nil {
		return 1
	}
	return a.weights[row]
}

// cellsOnly is what accumulators without an arrangement share.
type cellsOnly struct {
	groups *state.Groups
	first  int
}

func (c *cellsOnly) open(_ exec.Env, g *grouping, first int) error {
	c.groups, c.first = g.flat, first
	return nil
}
func (c *cellsOnly) settle(context.Context, []state.Slot) error { return nil }
func (c *cellsOnly) drop(context.Context, []state.Slot) error   { return nil }
func (c *cellsOnly) publish(state.CommitSeq) error              { return nil }

// countAcc counts rows: all of them, or those whose argument is not NULL.
type countAcc struct{ cellsOnly }

func (c *countAcc) cells() []state.CellType { return []state.CellType{state.CellInt64} }

func (c *countAcc) add(a addition) error {
	n := a.cells.Int64(c.first)
	if a.weights == nil {
		for _, s := range a.slots {
			n[s]++
		}
		return nil
	}
	for i, row := range a.rows {
		n[a.slots[i]] += a.weights[row]
	}
	return nil
}

func (c *countAcc) result(slots []state.Slot, b *delta.Builder, _ func(int, *sqlerr.Error)) error {
	n := c.groups.Int64(c.first)
	for _, s := range slots {
		delta.Append(b, n.At(s))
	}
	return nil
}

// boolAcc is bool_and and bool_or: how many values there are, and how many are true.
type boolAcc struct {
	cellsOnly
	all bool
}

func (c *boolAcc) cells() []state.CellType {
	return []state.CellType{state.CellInt64, state.CellInt64}
}

func (c *boolAcc) add(a addition) error {
	n, yes := a.cells.Int64(c.first), a.cells.Int64(c.first+1)
	values := delta.Values[uint8](a.arg)
	for i, row := range a.rows {
		w := a.weight(row)
		n[a.slots[i]] += w
		yes[a.slots[i]] += w * int64(values[a.arg.At(row)])
	}
	return nil
}

func (c *boolAcc) result(slots []state.Slot, b *delta.Builder, _ func(int, *sqlerr.Error)) error {
	n, yes := c.groups.Int64(c.first), c.groups.Int64(c.first+1)
	for _, s := range slots {
		switch {
		case n.At(s) == 0:
			b.AppendNull()
		case c.all:
			b.AppendBool(yes.At(s) == n.At(s))
		default:
			b.AppendBool(yes.At(s) > 0)
		}
	}
	return nil
}

func (c *countAcc) merge(cells state.Cells, other begunGroups) error {
	addCells(cells, c.first, other)
	return nil
}

func (c *boolAcc) merge(cells state.Cells, other begunGroups) error {
	addCells(cells, c.first, other)
	return nil
}
