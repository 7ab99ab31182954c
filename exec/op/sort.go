package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// sorter puts a one-shot result in order. A view has none: there it passes rows on. Rows that it has
// no memory for go to temporary runs, sorted, which are merged in the end.
type sorter struct {
	ports
	env     exec.Env
	in      *sortedInput
	rows    *rowBuffer
	sorted  bool
	emitted int
}

// Spills implements exec.Spiller.
func (s *sorter) Spills() bool { return true }

func newSort(n *plan.Sort) (exec.Operator, error) {
	in := newSortedInput(n.Input.Props(), n.Keys)
	return &sorter{ports: newPorts(1), in: in, rows: newRowBuffer(in)}, nil
}

func (s *sorter) Open(env exec.Env) error {
	s.env, s.sorted, s.emitted = env, false, 0
	if err := s.rows.clear(env); err != nil {
		return err
	}
	return s.in.open(env)
}

func (s *sorter) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if !s.env.Once() {
		return out.Emit(in)
	}
	rows, errs, err := s.in.extend(in)
	if err != nil {
		return err
	}
	if err := s.rows.append(&rows); err != nil {
		return err
	}
	if s.rows.full() {
		if err := s.rows.spill(); err != nil {
			return err
		}
	}
	return s.in.passErrors(in, errs, out)
}

func (s *sorter) EndTick(ctx context.Context, _ exec.Tick, out exec.Out) (exec.Next, error) {
	if !s.sorted {
		s.sorted = true
		if err := s.rows.settleOrder(); err != nil {
			return exec.Next{}, err
		}
	}
	if s.rows.spilled.some() {
		more, err := s.rows.emitSpilled(out)
		return exec.Next{More: more, Out: s.least()}, err
	}
	end := min(s.emitted+outRows, len(s.rows.perm))
	if end > s.emitted {
		if err := s.rows.emit(s.rows.perm[s.emitted:end], nil, out); err != nil {
			return exec.Next{}, err
		}
		s.emitted = end
	}
	return exec.Next{More: end < len(s.rows.perm), Out: s.least()}, nil
}

func (s *sorter) Close() error { return s.rows.clear(s.env) }

// rowBuffer is rows of a one-shot run that wait to be sorted. Their memory is charged.
type rowBuffer struct {
	env     exec.Env
	in      *sortedInput
	order   *state.RowOrder
	held    *delta.BatchBuilder
	made    *delta.BatchBuilder
	perm    []int32
	charged int64
	spilled sortedRuns // rows that were held before
}

// newRowBuffer orders by in's keys, with groups by these columns first.
func newRowBuffer(in *sortedInput, groups ...int) *rowBuffer {
	order := state.NewRowOrder(in.types, groups, in.order)
	return &rowBuffer{
		in: in, order: order, spilled: sortedRuns{order: order, types: in.types},
		held: delta.NewBatchBuilder(in.types), made: delta.NewBatchBuilder(in.types[:in.width]),
	}
}

func (b *rowBuffer) append(rows *delta.Batch) error {
	more := rows.Size()
	if err := b.env.Account(more); err != nil {
		return err
	}
	b.charged += more
	b.held.AppendBatch(rows)
	return b.settle()
}

func (b *rowBuffer) settle() error {
	now := int64(b.held.Size())
	if now == b.charged {
		return nil
	}
	err := b.env.Account(now - b.charged)
	if err == nil {
		b.charged = now
	}
	return err
}

// clear empties the buffer and charges env from now on; nil env is one that was never opened.
func (b *rowBuffer) clear(env exec.Env) error {
	b.held.Clear()
	b.perm = b.perm[:0]
	if b.charged != 0 {
		if err := b.settle(); err != nil {
			return err
		}
	}
	b.spilled.end()
	b.spilled.open(env)
	b.env = env
	return nil
}

// full: the rows have no more room.
func (b *rowBuffer) full() bool {
	share := b.env.WorkMemory()
	return share > 0 && b.charged > share
}

// spill puts the rows into a temporary run, in order.
func (b *rowBuffer) spill() error {
	if err := b.sort(); err != nil {
		return err
	}
	rows := b.held.Batch()
	return b.spillSorted(&rows)
}

// spillSorted puts rows, which are those held, into a temporary run in the order of perm.
func (b *rowBuffer) spillSorted(rows *delta.Batch) error {
	if err := b.spilled.write(rows, b.perm); err != nil {
		return err
	}
	b.held = delta.NewBatchBuilder(b.in.types) // the memory is wanted elsewhere
	b.perm = b.perm[:0]
	return b.settle()
}

// settleOrder ends the gathering of rows: they can be had in order.
func (b *rowBuffer) settleOrder() error {
	if !b.spilled.some() {
		return b.sort()
	}
	if err := b.spill(); err != nil {
		return err
	}
	return b.spilled.start()
}

// emitSpilled puts out the next rows of those in temporary runs, without their keys.
func (b *rowBuffer) emitSpilled(out exec.Out) (more bool, err error) {
	b.made.Clear()
	if more, err = b.spilled.next(b.made, outRows); err != nil {
		return false, err
	}
	d := b.made.Batch()
	return more, out.Emit(&d)
}

// quickSort is how many rows are sorted without a look at whether to go on.
const quickSort = 8 << 10

// sort makes perm the rows in order.
func (b *rowBuffer) sort() error {
	b.perm = b.perm[:0]
	for i := range int32(b.held.Len()) {
		b.perm = append(b.perm, i)
	}
	if len(b.perm) <= quickSort {
		b.order.Sort(b.held.Batch().Cols, b.perm)
		return nil
	}
	m := b.env.Meter()
	b.order.SortUntil(b.held.Batch().Cols, b.perm, func() bool { return m.Breathe() != nil })
	return m.Err()
}

// truncate keeps the rows of perm only.
func (b *rowBuffer) truncate() error {
	rows := b.held.Batch()
	kept := delta.NewBatchBuilder(b.in.types)
	for i, c := range kept.Cols {
		c.Gather(&rows.Cols[i], b.perm)
	}
	for _, row := range b.perm {
		kept.End(rows.Weight(row))
	}
	b.held = kept
	return b.settle()
}

// emit puts rows out without their keys; weights replaces theirs unless nil.
func (b *rowBuffer) emit(rows []int32, weights []int64, out exec.Out) error {
	held := b.held.Batch()
	b.made.Clear()
	for i, c := range b.made.Cols {
		c.Gather(&held.Cols[i], rows)
	}
	for k, row := range rows {
		if weights != nil {
			b.made.End(weights[k])
		} else {
			b.made.End(held.Weight(row))
		}
	}
	d := b.made.Batch()
	return out.Emit(&d)
}
