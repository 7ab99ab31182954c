package exectest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/delta/deltatest"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// feed gives the batches of a leaf in a tick, and the progress after them.
type feed interface {
	pull(leaf plan.RelationID, to func(*delta.Batch) error) (exec.Progress, error)
}

// step is a node at work.
type step struct {
	leaf  plan.RelationID // a Scan's
	op    exec.Operator
	ins   []*step
	types []sqltype.OID
}

func build(n plan.Node) (*step, error) {
	s := &step{types: typesOf(n)}
	if scan, ok := n.(*plan.Scan); ok {
		s.leaf = scan.Relation
		return s, nil
	}
	var err error
	if s.op, err = op.Build(n); err != nil {
		return nil, err
	}
	for _, in := range n.Inputs() {
		child, err := build(in)
		if err != nil {
			return nil, err
		}
		s.ins = append(s.ins, child)
	}
	return s, nil
}

func (s *step) open(m *memory, path string) error {
	if s.op == nil {
		return nil
	}
	for i, in := range s.ins {
		if err := in.open(m, fmt.Sprintf("%s.%d", path, i)); err != nil {
			return err
		}
	}
	return s.op.Open(env{m, path})
}

func (s *step) close() error {
	var errs []error
	for _, in := range s.ins {
		errs = append(errs, in.close())
	}
	if s.op != nil {
		errs = append(errs, s.op.Close())
	}
	return errors.Join(errs...)
}

// out is a function as an exec.Out.
type out func(*delta.Batch) error

func (o out) Emit(d *delta.Batch) error { return o(d) }

// run moves a step over a tick. Batches on its edges have at most size rows.
func (s *step) run(ctx context.Context, t exec.Tick, f feed, size int, to out) (exec.Progress, error) {
	if s.op == nil {
		p, err := f.pull(s.leaf, to)
		if errors.Is(err, exec.ErrStop) {
			err = nil
		}
		return p, err
	}
	if timed, ok := s.op.(exec.Timed); ok {
		timed.BeginTick(t)
	}
	for port, in := range s.ins {
		edge := handOver(in.types, size, func(d *delta.Batch) error { return s.op.Push(ctx, port, d, to) })
		p, err := in.run(ctx, t, f, size, edge)
		if err != nil {
			return p, err
		}
		if err := s.op.EndInput(ctx, port, p, to); err != nil && !errors.Is(err, exec.ErrStop) {
			return p, err
		}
	}
	for {
		next, err := s.op.EndTick(ctx, t, to)
		if errors.Is(err, exec.ErrStop) {
			return next.Out, nil
		}
		if err != nil || !next.More {
			return next.Out, err
		}
	}
}

// handOver passes batches on as copies of at most size rows, which it poisons after each call,
// having checked that the receiver did not write into them.
func handOver(types []sqltype.OID, size int, to out) out {
	return func(d *delta.Batch) error {
		if err := checkBatch(d, types); err != nil {
			return err
		}
		whole := delta.NewBatchBuilder(types)
		whole.AppendBatch(d)
		all := whole.Batch()
		for from := 0; from < all.Len; from += size {
			piece, control := cut(&all, types, from, size), cut(&all, types, from, size)
			err := to(&piece)
			if !sameBatch(&piece, &control) {
				return errors.New("a receiver wrote into a borrowed batch")
			}
			deltatest.Poison(&piece)
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// checkBatch holds what delta.Batch promises.
func checkBatch(d *delta.Batch, types []sqltype.OID) error {
	if len(d.Cols) != len(types) {
		return fmt.Errorf("batch of %d columns on an edge of %d", len(d.Cols), len(types))
	}
	for i, t := range types {
		if d.Cols[i].Type != t || d.Cols[i].Len < d.Len {
			return fmt.Errorf("column %d: type %d with %d rows, want %d with %d", i, d.Cols[i].Type, d.Cols[i].Len, t, d.Len)
		}
	}
	if len(d.Errs) > 0 && d.Sel == nil {
		return errors.New("batch with errors but without selection")
	}
	if d.Rows() > 8192 {
		return fmt.Errorf("batch of %d rows", d.Rows())
	}
	for k, row := range d.Sel {
		if row < 0 || int(row) >= d.Len || k > 0 && d.Sel[k-1] >= row {
			return errors.New("selection does not ascend")
		}
		for _, e := range d.Errs {
			if e.Row == row {
				return errors.New("an error is selected")
			}
		}
	}
	for k, e := range d.Errs {
		if e.Err == nil || k > 0 && d.Errs[k-1].Row >= e.Row {
			return errors.New("errors are not in order")
		}
	}
	return nil
}

// cut copies rows [from, from+size) of dense b.
func cut(b *delta.Batch, types []sqltype.OID, from, size int) delta.Batch {
	part := *b
	part.Sel, part.Errs = []int32{}, nil
	failed := map[int32]bool{}
	for _, e := range b.Errs {
		failed[e.Row] = true
		if int(e.Row) >= from && int(e.Row) < from+size {
			part.Errs = append(part.Errs, e)
		}
	}
	for i := from; i < min(from+size, b.Len); i++ {
		if !failed[int32(i)] {
			part.Sel = append(part.Sel, int32(i))
		}
	}
	made := delta.NewBatchBuilder(types)
	made.AppendBatch(&part)
	return made.Batch()
}

func sameBatch(a, b *delta.Batch) bool {
	if a.Len != b.Len || len(a.Errs) != len(b.Errs) || len(a.Sel) != len(b.Sel) {
		return false
	}
	for i := range int32(a.Len) {
		if a.Weight(i) != b.Weight(i) || delta.CompareRows(a.Cols, i, b.Cols, i) != 0 {
			return false
		}
	}
	return true
}
